"""Figures for Prometheus: what is on the disk is told as such, and nothing that is not."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import cast

from labctl.engine import Engine
from labctl.events import Note
from labctl.record import Disk, RunFolder
from tests.unit.service.kept import API, client, make_service


class Held(Disk):
    """Its syncs wait until they are let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def sync(self, handle: int) -> None:
        self.go.wait(10)
        super().sync(handle)


def test_events_count_as_durable_when_they_are_on_the_disk(tmp_path: Path) -> None:
    """Three are taken while the disk does not answer; then three are durable; then no run is on."""
    service, disk = make_service(tmp_path), Held()
    folder = RunFolder.create(tmp_path / "runs", "log")

    def told() -> tuple[str, str]:
        lines = client(service).get(f"{API}/metrics").text.splitlines()
        (taken,) = (line for line in lines if line.startswith("labctl_run_events_taken "))
        (durable,) = (line for line in lines if line.startswith("labctl_run_events_durable "))
        return taken.split()[1], durable.split()[1]

    service.control.begun(cast(Engine, None), folder)
    assert ("0", "0") == told()
    journal = folder.open_journal(real_time=False, disk=disk)
    for number in range(3):
        seq = journal.append(Note(number, "test", "a note"))
    assert ("3", "0") == told()
    disk.go.set()
    journal.durable(seq).result(5)
    assert ("3", "3") == told()
    folder.finish()
    service.control.left()
    assert ("0", "0") == told()
