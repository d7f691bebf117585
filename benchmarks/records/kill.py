"""kill -9 at random moments under load: what was acknowledged is in the recovered record, and
nothing is in it that was not written.

Three kinds of end. A process of its own (`_writer`) keeps a record at three loads, on the disk as
it is and on one whose syncs take 20 ms more, says through a pipe what is on the disk, and is
killed. A whole `labctl run` of the simulated bench, tapped (`_tapped`), is killed; its journal must
begin as that of the same run left alone, byte for byte. A kill leaves the page cache standing, so
the power cut is played: of what was not synced each sector is kept, zeroed or never there.

Everything that comes back is held against the events that were drawn, one by one: `lost` is what
was acknowledged and is not there, `corrupt` what is there and is not what was written.
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._figures import Figure
from benchmarks.records._writer import drawn_events
from labctl.errors import LabctlError
from labctl.record import (
    Disk,
    Journal,
    JournalState,
    Outcome,
    read_facts,
    read_journal,
    recover_run,
    verify_run,
)

ROOT = Path(__file__).resolve().parents[2]
TRIALS = {"short": (40, 5, 200), "full": (500, 40, 1000)}
"""Of writers killed, of whole runs killed, of power cuts."""
LOADS = ((1_000, 0.5), (10_000, 0.4), (0, 0.12))
"""Events a second (0: as many as go), and seconds in which the moment falls."""
SLOW_S = 0.02
SECTOR = 512
RUN = ("run", "heating-curve", "-p", "baseline=10s", "-p", "heat=60s", "-p", "cool=30s",
       "--speed", "200", "--seed", "3", "--broker", "off", "--no-figure")  # fmt: skip


@dataclass
class Tally:
    """What came of many ends."""

    acknowledged: int = 0
    kept: int = 0
    lost: list[str] = field(default_factory=list)
    """The trials that lost something acknowledged, in words."""
    corrupt: list[str] = field(default_factory=list)
    """The trials that gave back something else than was written, or called it something else."""
    torn: int = 0
    """Trials in whose file something stands behind the good part."""
    damaged: int = 0
    """Power cuts whose file is called damaged, since what follows its good part has line ends."""
    again: int = 0
    """Runs that were over before their moment, and drawn again."""
    after_s: list[float] = field(default_factory=list)


def measure(
    profile: str, writers: int | None = None, runs: int | None = None, cuts: int | None = None
) -> Iterator[Figure]:
    """Yield the figures of this part."""
    counts = TRIALS[profile]
    writers = counts[0] if writers is None else writers
    runs = counts[1] if runs is None else runs
    cuts = counts[2] if cuts is None else cuts
    if writers:
        yield from _figures("kill -9 of a writer", killed_writers(writers), writers, profile)
    if runs:
        yield from _figures("kill -9 of labctl run", killed_runs(runs), runs, profile)
    if cuts:
        yield from _figures("power cut, played", power_cuts(cuts), cuts, profile)


def _figures(name: str, tally: Tally, trials: int, profile: str) -> Iterator[Figure]:
    for words in (*tally.lost, *tally.corrupt):
        print(f"{name}: {words}", file=sys.stderr)
    about = [f"{tally.acknowledged} acknowledged, {tally.kept} recovered"]
    about += [f"{tally.torn} with something behind the good part"]
    if tally.after_s:
        about += [f"at {1e3 * min(tally.after_s):.0f} to {1e3 * max(tally.after_s):.0f} ms, "
                  f"median {1e3 * statistics.median(tally.after_s):.0f}"]  # fmt: skip
    if tally.damaged:
        about += [f"{tally.damaged} called damaged, the others cut off"]
    if tally.again:
        about += [f"{tally.again} drawn again"]
    yield Figure(
        f"{name}: trials that lost what was acknowledged",
        len(tally.lost),
        f"of {trials}",
        profile,
        beside="; ".join(about),
        goal="0",
        holds=not tally.lost and tally.acknowledged > 0,
    )
    yield Figure(
        f"{name}: trials with corrupt data accepted",
        len(tally.corrupt),
        f"of {trials}",
        profile,
        beside="each event held against the one that was written",
        goal="0",
        holds=not tally.corrupt and tally.kept > 0,
    )


# -- a writer ----------------------------------------------------------------------------------


def killed_writers(trials: int) -> Tally:
    """Each killed at a moment of its own, at the loads in turn, every other one on a slow disk."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as root:
        for trial in range(trials):
            rate, within_s = LOADS[trial % len(LOADS)]
            slow_s = SLOW_S * (trial // len(LOADS) % 2)
            after_s = random.Random(trial).uniform(0.0, within_s)
            tally.after_s.append(after_s)
            path, told = _killed(Path(root), trial, rate, slow_s, after_s)
            words = f"trial {trial}, {rate or 'all'} events a second, after {after_s:.4f} s"
            _judge(tally, words, path, trial, told)
    return tally


def _killed(root: Path, seed: int, rate: int, slow_s: float, after_s: float) -> tuple[Path, int]:
    """The folder of a writer that was killed, and the last event it acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.records._writer", str(root), str(seed), str(rate),
         str(slow_s)],
        cwd=ROOT, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        path = Path(process.stdout.readline().decode().strip())
        time.sleep(after_s)
    finally:
        process.send_signal(signal.SIGKILL)
        told, _ = process.communicate()
    if process.returncode != -signal.SIGKILL:
        raise SystemExit("the writer ended by itself")
    # A number whose newline is missing may lack digits.
    whole = told[: told.rfind(b"\n") + 1].split()
    return path, int(whole[-1]) if whole else 0


def _judge(tally: Tally, words: str, path: Path, seed: int, told: int) -> None:
    """Recover the record, and hold what is in it against what was told and what was drawn."""
    tally.acknowledged += told
    try:
        found = recover_run(path)
        reading = read_journal(path / "journal.jsonl")
        checked = verify_run(path)
    except LabctlError as error:
        (tally.lost if told else tally.corrupt).append(f"{words}: {error}")
        return
    tally.kept += reading.durable_seq
    tally.torn += found.tail_bytes > 0
    if reading.durable_seq < told:
        tally.lost.append(f"{words}: {told} acknowledged, {reading.durable_seq} recovered")
    drawn = drawn_events(seed)
    other = sum(event != next(drawn) for event in reading.events)
    if other:
        tally.corrupt.append(f"{words}: {other} events are other ones")
    rows = (path / "data.csv").read_bytes().count(b"\n") - 1
    samples = sum(event.kind == "sample" for event in reading.events)
    if max(rows, 0) != samples:
        tally.corrupt.append(f"{words}: {rows} rows of {samples} samples")
    said = json.loads((path / "run.json").read_text())
    if checked.outcome is not Outcome.CUT_OFF or said["state"] != "cut off":
        tally.corrupt.append(f"{words}: called {checked.outcome}, {said['state']} in run.json")


# -- a whole run -------------------------------------------------------------------------------


def killed_runs(trials: int) -> Tally:
    """`labctl run` on the simulated bench, killed between its first file and its end."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as root:
        whole, lasted_s = _whole_run(Path(root) / "whole")
        dice = random.Random(0)
        done = 0
        while done < trials:
            after_s = dice.uniform(0.0, lasted_s)
            folder = Path(root) / f"{done}-{tally.again}"
            path, told, ended = _killed_run(folder, after_s)
            if ended:
                tally.again += 1
                continue
            done += 1
            tally.after_s.append(after_s)
            _judge_run(tally, f"run {done}, after {after_s:.4f} s", path, told, whole)
    return tally


def _begin_run(root: Path) -> tuple[subprocess.Popen[str], Path]:
    root.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.records._tapped", str(root / "told"), *RUN, "--plain",
         "--runs", str(root / "runs")],
        cwd=root,
        env={**os.environ, "LABCTL_RUNTIME_DIR": str(root), "PYTHONPATH": str(ROOT),
             "LABCTL_NO_BOOTSTRAP": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    journals = (root / "runs").glob("*/*/journal.jsonl")
    while (journal := next(journals, None)) is None:
        if process.poll() is not None:
            raise SystemExit(f"labctl run ended by itself: {process.communicate()[1]}")
        time.sleep(0.001)
        journals = (root / "runs").glob("*/*/journal.jsonl")
    return process, journal.parent


def _whole_run(root: Path) -> tuple[bytes, float]:
    """The journal of the run left alone, and how long it wrote on it."""
    process, path = _begin_run(root)
    begun_s = time.monotonic()
    while process.poll() is None and read_facts(path / "run.json").get("state") != "closed":
        time.sleep(0.002)
    lasted_s = time.monotonic() - begun_s
    process.communicate()
    return (path / "journal.jsonl").read_bytes(), lasted_s


def _killed_run(root: Path, after_s: float) -> tuple[Path, int, bool]:
    """The folder, the last event called durable, and whether it was over before its moment."""
    process, path = _begin_run(root)
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    told = (root / "told").read_bytes()
    whole = told[: told.rfind(b"\n") + 1].split()
    return path, int(whole[-1]) if whole else 0, process.returncode != -signal.SIGKILL


def _judge_run(tally: Tally, words: str, path: Path, told: int, whole: bytes) -> None:
    tally.acknowledged += told
    try:
        tally.torn += recover_run(path).tail_bytes > 0
        reading = read_journal(path / "journal.jsonl")
        checked = verify_run(path)
    except LabctlError as error:
        (tally.lost if told else tally.corrupt).append(f"{words}: {error}")
        return
    tally.kept += reading.durable_seq
    if reading.durable_seq < told:
        tally.lost.append(f"{words}: {told} acknowledged, {reading.durable_seq} recovered")
    good = (path / "journal.jsonl").read_bytes()[: reading.good_bytes]
    if not whole.startswith(good):
        tally.corrupt.append(f"{words}: the journal is not how the run left alone begins")
    right = {Outcome.CUT_OFF} if good != whole else {Outcome.NO_HEAD, Outcome.INTACT}
    if checked.outcome not in right:
        tally.corrupt.append(f"{words}: called {checked.outcome}: {checked.why}")


# -- a power cut -------------------------------------------------------------------------------


class Platter(Disk):
    """A disk that knows what has been synced. The file is what a kill would leave, `left` what a
    power cut may."""

    def __init__(self) -> None:
        self.written = b""
        self.synced = 0

    def write(self, handle: int, data: bytes) -> int:
        """As any disk."""
        taken = super().write(handle, data)
        self.written += data[:taken]
        return taken

    def sync(self, handle: int) -> None:
        """Nothing is lost any more, as far as the disk can be trusted."""
        self.synced = len(self.written)

    def left(self, dice: random.Random) -> bytes:
        """What was synced, and of the rest any sectors, in a file of any length."""
        rest = bytearray(self.written[self.synced :])
        del rest[dice.randrange(len(rest) + 1) :]
        for at in range(0, len(rest), SECTOR):
            if dice.random() < 0.5:
                rest[at : at + SECTOR] = bytes(len(rest[at : at + SECTOR]))
        return self.written[: self.synced] + bytes(rest)


def power_cuts(trials: int) -> Tally:
    """The power fails at a sync, after its write and before it has come to anything."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as root:
        for trial in range(trials):
            dice = random.Random(trial)
            path = Path(root) / str(trial)
            path.mkdir()
            told, left = _cut(path / "journal.jsonl", trial, dice)
            (path / "journal.jsonl").write_bytes(left)
            tally.acknowledged += told
            reading = read_journal(path / "journal.jsonl")
            tally.kept += reading.durable_seq
            tally.torn += reading.good_bytes < len(left)
            tally.damaged += reading.state is JournalState.DAMAGED
            if reading.durable_seq < told:
                words = f"trial {trial}: {told} acknowledged, {reading.durable_seq} recovered"
                tally.lost.append(words)
            drawn = drawn_events(trial)
            if any(event != next(drawn) for event in reading.events):
                tally.corrupt.append(f"trial {trial}: an event is another one")
    return tally


def _cut(path: Path, seed: int, dice: random.Random) -> tuple[int, bytes]:
    """What was acknowledged, and the bytes that are left."""
    platter = _Failing(dice.randrange(2, 12))
    journal = Journal(path, real_time=False, disk=platter)
    drawn = drawn_events(seed)
    try:
        while journal.fault is None:
            for _ in range(dice.randrange(1, 40)):
                seq = journal.append(next(drawn))
            journal.durable(seq).result()
    except LabctlError:
        pass
    journal.close()
    return journal.durable_seq, platter.left(dice)


class _Failing(Platter):
    """Fails at its n-th sync: that is where the power goes."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self._left = last

    def sync(self, handle: int) -> None:
        """As any, until it is the last one."""
        self._left -= 1
        if self._left == 0:
            raise OSError("the power is gone")
        super().sync(handle)
