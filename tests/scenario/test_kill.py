"""A process of its own, ended from outside: what its record says afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from labctl.errors import Exit
from labctl.events import Beam, Emission, EmissionIntent, Event, RunEnded, Sample
from labctl.record import JournalState, describe_run, read_journal

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Running:
    """A `labctl run` that has been lit for a moment."""

    process: subprocess.Popen[str]
    environment: dict[str, str]
    runs_dir: Path

    @property
    def record(self) -> Path:
        (journal,) = self.runs_dir.rglob("journal.jsonl")
        return journal.parent

    def events(self) -> tuple[JournalState, tuple[Event, ...]]:
        reading = read_journal(self.record / "journal.jsonl")
        return reading.state, reading.events


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A run at a speed that a person could watch, told event by event, waited for until lit."""
    environment = {
        **os.environ,
        "LABCTL_RUNTIME_DIR": str(tmp_path / "runtime"),
        "LABCTL_NO_BOOTSTRAP": "1",
    }
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "labctl", "run", "heating-curve", "--speed", "20"),
            *("-p", "baseline=5s", "--runs", str(tmp_path / "runs")),
            *("--broker", "off", "--json", "--no-figure"),
        ],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if '"emission"' in line:
                break
        # Nobody reads the rest: it must not stop the run by a full pipe.
        drain = threading.Thread(target=process.stdout.read)
        drain.start()
        yield Running(process, environment, tmp_path / "runs")
    finally:
        process.kill()
        process.wait()
        drain.join()
        process.stdout.close()


def test_a_killed_run_leaves_a_readable_record_that_says_so(running: Running) -> None:
    """SIGKILL: every line is whole, the record is called cut off, and nothing claims OFF."""
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()
    state, events = running.events()

    assert JournalState.CUT_OFF == state
    assert "cut off" == describe_run(running.record).state
    assert any(isinstance(event, Sample) for event in events)
    assert not any(isinstance(event, RunEnded) for event in events)
    assert any(isinstance(event, EmissionIntent) for event in events)
    assert Beam.OFF not in [event.beam for event in events if isinstance(event, Emission)]


def check_stopped(running: Running) -> None:
    """Closed by its last event, OFF confirmed before it, exit code 5 everywhere."""
    state, events = running.events()
    ended = events[-1]
    said = json.loads((running.record / "run.json").read_text())

    assert Exit.STOPPED == running.process.returncode
    assert JournalState.CLOSED == state
    assert isinstance(ended, RunEnded)
    assert ("stopped", Exit.STOPPED, Beam.OFF) == (ended.outcome, ended.exit_code, ended.beam)
    assert Beam.OFF == [event for event in events if isinstance(event, Emission)][-1].beam
    assert ("closed", 5) == (said["state"], said["exit_code"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_dark_and_closed(running: Running, number: signal.Signals) -> None:
    """Ctrl-C, `kill` and a closed terminal: beam off, record closed, exit code 5."""
    running.process.send_signal(number)
    running.process.wait(timeout=20)

    check_stopped(running)


def test_labctl_stop_ends_the_run_from_outside(running: Running) -> None:
    """Another process of the same user asks, waits, and is told that the run is closed."""
    stop = subprocess.run(
        [sys.executable, "-m", "labctl", "stop"],
        cwd=ROOT,
        env=running.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    running.process.wait(timeout=20)

    assert (0, True) == (stop.returncode, "closed" in stop.stdout)
    check_stopped(running)
