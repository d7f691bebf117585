"""A process that is killed while it writes: every acknowledged event is in its record."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from labctl.record import describe_run, recover_run

ROOT = Path(__file__).resolve().parents[3]

WRITER = """
import sys
from pathlib import Path
from labctl.record import RunFolder
from tests.unit.record.some_events import begun, tick

folder = RunFolder.create(Path(sys.argv[1]), "heating-curve", "water")
journal = folder.open_journal(real_time=False)
print(folder.path, flush=True)
journal.append(begun())
number = 0
while True:
    for event in tick(number * 10**8):
        seq = journal.append(event)
    number += 1
    if number % 7 == 0:
        journal.durable(seq).result()
        print(seq, flush=True)
"""


@pytest.mark.parametrize("trial", range(3))
def test_a_killed_run_has_lost_nothing_that_was_acknowledged(tmp_path: Path, trial: int) -> None:
    """Killed at a moment of its own, a run is shown as cut off, holds all that was acknowledged,
    and has its run.json and data.csv made from that."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    path = Path(process.stdout.readline().strip())
    acknowledged = [process.stdout.readline() for _ in range(random.Random(trial).randrange(1, 60))]
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate()
    last = int((acknowledged + rest.splitlines())[-1])
    found = describe_run(path)

    assert "cut off" == found.state
    assert last <= found.durable_seq
    assert "running" == found.facts["state"]

    recovered = recover_run(path)
    said = json.loads((path / "run.json").read_text())
    rows = (path / "data.csv").read_text().splitlines()

    assert "cut off" == said["state"]
    assert "no closing event" in said["recovered"]
    assert (True, found.head_hash) == (recovered.matches, recovered.head_hash)
    assert 1 + found.durable_seq // 2 == len(rows)
