"""Two runs on one bench, and a trip that outlives its process, over TCP."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from tests.scenario.test_guard_process import (
    ARGS,
    LEASE_S,
    PATIENCE_S,
    SLACK_S,
    Run,
    _wait_for,
    environment,
    run,
)

__all__ = ["run"]


def labctl(folder: Path, *args: str, typed: str | None = None) -> tuple[int, str]:
    """Exit code and what is said; `typed` comes from a terminal, and without it there is none."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "labctl", *args],
            cwd=folder, env=environment(folder),
            stdin=subprocess.DEVNULL if typed is None else theirs,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        said = ""
        assert process.stdout is not None
        for line in (typed or "").splitlines():
            # What is typed before it is asked for counts for nothing.
            while not said.endswith(("to go on: ", "mended: ")):
                said += process.stdout.read(1)
            os.write(ours, line.encode() + b"\n")
            said += "\n"
        rest, _ = process.communicate(timeout=PATIENCE_S)
        return process.returncode, said + rest
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_second_start_is_refused_and_told_who_has_the_bench(run: Run) -> None:
    """Nothing of the run that goes on is touched."""
    code, said = labctl(run.folder, *ARGS, "--bench", "b.yaml")
    assert 2 == code, said
    assert "one bench, one owner" in said
    assert f"pid {run.engine} of " in said and ", run " in said
    assert "on" == run.edges()[-1]["edge"]


def test_a_trip_stays_until_a_person_resets_it_at_the_bench(run: Run) -> None:
    """It is on disk before the engine, which is stopped, can know of it; the next run is refused;
    no pipe resets it, nor another name; a person at a terminal does, and is on record."""
    trips = run.folder / "rt" / "state" / "trips"
    run.send(run.engine, signal.SIGSTOP)
    assert run.until_dark() < LEASE_S + SLACK_S
    # After off, and before anybody is told.
    _wait_for(lambda: bool(list(trips.glob("*.json"))))
    (kept,) = trips.glob("*.json")
    assert "lease" == json.loads(kept.read_text())["rule"]
    run.send(run.engine, signal.SIGCONT)
    assert 4 == run.ended()[0]

    code, said = labctl(run.folder, *ARGS, "--bench", "b.yaml")
    assert 4 == code, said
    assert "has not been reset" in said
    code, said = labctl(run.folder, "reset", "--bench", "b.yaml")
    assert 2 == code and "no terminal" in said
    code, said = labctl(run.folder, "reset", "--bench", "b.yaml", typed="bench-2")
    assert 2 == code and kept.exists(), said

    code, said = labctl(run.folder, "reset", "--bench", "b.yaml", typed="simulated\nlaptop slept")
    assert 0 == code, said
    assert "TRIPPED" in said and not kept.exists()
    (line,) = (trips / "resets.jsonl").read_text().splitlines()
    assert ("lease", "laptop slept") == (json.loads(line)["rule"], json.loads(line)["why"])
    assert [("on"), ("off")] == [edge["edge"] for edge in run.edges()]
    assert (0, "nothing is tripped on simulated\n") == labctl(
        run.folder, "reset", "--bench", "b.yaml"
    )
