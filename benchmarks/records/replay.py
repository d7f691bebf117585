"""50 simulated runs through the check again; and one reading of each changed, journal made anew.
And one of them onto MQTT as fast as a broker takes it.

In short a run is a minute of the protocol, in full ten.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks._figures import Figure
from benchmarks.records._made import BRIEF, CHECKED, FAULTS, remade, simulated
from labctl.record import Outcome, read_journal, verify_run
from labctl.replay import replay_run

RUNS = 50
_READING = re.compile(rb'(\["(probe|ambient)\.temperature",)([0-9.]+),')


def measure(profile: str, runs: int = RUNS) -> Iterator[Figure]:
    """Yield the figures of this part."""
    parameters = BRIEF if profile == "short" else CHECKED
    same = verdicts = by_head = by_verify_alone = by_replay = 0
    virtual_s = real_s = 0.0
    with tempfile.TemporaryDirectory() as root:
        for seed in range(1, runs + 1):
            fault = FAULTS[seed % len(FAULTS)]
            folder = simulated(Path(root), seed, parameters, fault=fault)
            started = time.perf_counter()
            replay = replay_run(folder)
            real_s += time.perf_counter() - started
            virtual_s += read_journal(folder / "journal.jsonl").events[-1].t_ns / 1e9
            same += replay.same
            verdicts += replay.verdict is not None and replay.verdict == replay.verdict_now
            _tamper(folder / "journal.jsonl", random.Random(seed))
            by_head += verify_run(folder).outcome is Outcome.CHANGED
            (folder / "run.json").unlink()
            # data.csv beside it tells too, as long as nobody made that anew.
            (folder / "data.csv").unlink()
            by_verify_alone += verify_run(folder).outcome is Outcome.CHANGED
            by_replay += not replay_run(folder).same
            shutil.rmtree(folder)
        if runs >= RUNS:
            # The tests have this one among those of telemetry.
            yield from _onto_mqtt(Path(root), profile)
    yield _of_all("verdicts identical in a replay", verdicts, runs, profile)
    yield _of_all("all the check said identical, byte for byte", same, runs, profile)
    yield _of_all(
        "one reading 0.3 K off, journal made anew: found by verify",
        by_head,
        runs,
        profile,
        beside=f"without any head hash kept: {by_verify_alone} of {runs}, and it says so",
    )
    yield _of_all("the same, found by replay", by_replay, runs, profile)
    yield Figure(
        "replay, over the time that the run took",
        virtual_s / real_s,
        "x",
        profile,
        beside="real time",
    )


def _onto_mqtt(root: Path, profile: str) -> Iterator[Figure]:
    """A run of minutes onto the embedded broker, in a process and a runtime folder of its own."""
    folder = simulated(root, 1, CHECKED)
    done = subprocess.run(
        [sys.executable, "-m", "labctl", "replay", str(folder), "--mqtt", "auto", "--speed", "max",
         "--json"],
        env={**os.environ, "LABCTL_RUNTIME_DIR": str(root / "runtime")},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    lost = told["dropped"] + told["spilled"]
    yield Figure(
        "replayed onto MQTT as fast as it goes", told["events"] / told["took_s"], "events/s",
        profile, beside=f"{told['last_s'] / told['took_s']:.0f} times the run's own pace",
    )  # fmt: skip
    yield Figure("events lost on the way", lost, f"of {told['events']}", profile, goal="0",
                 holds=lost == 0)  # fmt: skip


def _of_all(name: str, number: int, runs: int, profile: str, beside: str = "") -> Figure:
    return Figure(
        name, number, f"of {runs}", profile, beside=beside, goal="all", holds=number == runs
    )


def _tamper(journal: Path, dice: random.Random) -> None:
    """Make one reading of the sample or of the air another one, by who knows the format."""
    lines = journal.read_bytes().splitlines(keepends=True)
    at = dice.choice([number for number, line in enumerate(lines) if _READING.search(line)])
    found = dice.choice(list(_READING.finditer(lines[at])))
    changed = b"%b%r," % (found[1], float(found[3]) + dice.choice((-0.3, 0.3)))
    lines[at] = lines[at][: found.start()] + changed + lines[at][found.end() :]
    journal.write_bytes(remade(lines))
