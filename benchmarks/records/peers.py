"""Durable rows a second, and rows lost at a kill -9, beside QCoDeS, PyMeasure and SQLite.

A row is a time and four numbers. Each store runs in a process of its own
(`benchmarks/peers/rows.py`), all of them in turn and again, so that a busy machine is as busy for
each; what counts are ratios within a round. The clock stops when all rows are where they stay and
a sync covers them; what a store does once behind that is told beside. Every peer is measured synced
each 100 ms, as the journal is, and as it comes. Goals are held against QCoDeS, PyMeasure's CSV and
SQLite; beside them stand two floors: `csv.writer` with nothing around it, and SQLite given all rows
of 100 ms at once.

Syncs are counted, and made 20 ms slower, by a shim around fsync and fdatasync (`slow_sync.c`) that
is loaded into every process alike; without a C compiler those figures are left out.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks._figures import Figure
from benchmarks._peers import peer_python
from labctl.record import read_journal

HERE = Path(__file__).resolve().parents[1] / "peers"
ROOT = HERE.parents[1]
PEERS = ("qcodes", "pymeasure")
GROUP = "0.1"
"""Seconds between two syncs."""
SLOW_MS = 20
PROFILES = {"short": (3, 0.5, 2), "full": (7, 3.0, 10)}
"""Rounds, seconds a store in each, kills."""
KILL_RATE = 1000
KILL_WITHIN_S = (1.0, 7.0)
"""QCoDeS, as it comes, writes each 5 s."""


@dataclass(frozen=True)
class Contender:
    """A store, and how often it syncs."""

    store: str
    every: str
    words: str


OURS = (
    Contender("labctl", GROUP, "labctl's journal"),
    Contender("labctl-run", GROUP, "labctl's journal and data.csv"),
)
SYNCED = (
    Contender("qcodes", GROUP, "QCoDeS, write_period 0.1 s"),
    Contender("pymeasure", GROUP, "PyMeasure's CSV, synced"),
    Contender("csv", GROUP, "the floor, csv.writer synced"),
    Contender("sqlite", GROUP, "SQLite WAL FULL"),
    Contender("gathered", GROUP, "the floor, SQLite WAL FULL given 100 ms at once"),
)
AS_THEY_COME = (
    Contender("qcodes", "own", "QCoDeS as it comes"),
    Contender("pymeasure", "own", "PyMeasure's CSV as it comes"),
    Contender("sqlite", "own", "SQLite WAL FULL, a row a commit"),
)
GOALS = {"qcodes": 1.0, "pymeasure": 1.0, "sqlite": 1 / 3}
"""What labctl's rows a second over the peer's, both synced each 100 ms, must come to."""


@dataclass(frozen=True)
class Took:
    """One store in one round."""

    rows_a_s: float
    cpu_us: float
    syncs_a_s: float | None
    covered: bool
    """Whether a sync covers every row in the end."""
    closing_s: float
    """What it does once, behind all rows."""


def measure(
    profile: str,
    rounds: int | None = None,
    seconds: float | None = None,
    kills: int | None = None,
    stores: Sequence[str] = (),
) -> Iterator[Figure]:
    """Yield the figures of this part; `stores` are those to run, all where there are none."""
    lengths = PROFILES[profile]
    rounds = lengths[0] if rounds is None else rounds
    seconds = lengths[1] if seconds is None else seconds
    kills = lengths[2] if kills is None else kills
    foreign = None
    if not stores or set(stores) & set(PEERS):
        foreign = peer_python(PEERS)
    some = [each for each in (*OURS, *SYNCED, *AS_THEY_COME) if not stores or each.store in stores]
    if foreign is None:
        some = [each for each in some if each.store not in PEERS]
    with tempfile.TemporaryDirectory() as folder:
        bench = _Bench(Path(folder), foreign, seconds)
        yield from _rates(bench, some, rounds, 0, profile)
        if bench.shim is not None:
            synced = [each for each in some if each.every == GROUP]
            yield from _rates(bench, synced, rounds, SLOW_MS, profile)
        if kills:
            yield from _lost(bench, some, kills, profile)


class _Bench:
    """Where and how the stores are run."""

    def __init__(self, folder: Path, foreign: Path | None, seconds: float) -> None:
        self._folder, self._foreign, self._seconds = folder, foreign, seconds
        self._count = 0
        self.shim = _shim(folder)

    def begin(
        self, who: Contender, seconds: float, rate: int, more_ms: int = 0
    ) -> tuple[subprocess.Popen[str], Path]:
        """The store, and its folder."""
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        python = str(self._foreign) if who.store in PEERS else sys.executable
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "SYNC_MORE_MS": str(more_ms),
        }
        if self.shim is not None:
            environment["LD_PRELOAD"] = str(self.shim)
        command = [python, str(HERE / "rows.py"), who.store, who.every, str(seconds), str(rate)]
        process = subprocess.Popen(
            [*command, str(folder)], cwd=folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        return process, folder

    def took(self, who: Contender, more_ms: int) -> Took:
        """As many rows as it takes, for some time."""
        process, folder = self.begin(who, self._seconds, 0, more_ms)
        out, words = process.communicate()
        if process.returncode != 0:
            raise SystemExit(f"{who.words}: {words}")
        told = json.loads(out.strip().splitlines()[-1])
        syncs = None if told["syncs"] is None else told["syncs"] / told["seconds"]
        shutil.rmtree(folder)
        return Took(
            told["rows"] / told["seconds"],
            1e6 * told["cpu"] / told["rows"],
            syncs,
            told["covered"] == told["rows"],
            told["closing"],
        )


def _shim(folder: Path) -> Path | None:
    """slow_sync.c, compiled; None (said on stderr) where it cannot be."""
    made = folder / "slow_sync.so"
    try:
        subprocess.run(
            ["cc", "-O2", "-shared", "-fPIC", "-o", str(made), str(HERE / "slow_sync.c"), "-ldl"],
            check=True, capture_output=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no slow syncs: {error}", file=sys.stderr)
        return None
    return made


def _rates(
    bench: _Bench, some: Sequence[Contender], rounds: int, more_ms: int, profile: str
) -> Iterator[Figure]:
    """What each came to, and labctl over each in the same round."""
    took = [{who: bench.took(who, more_ms) for who in some} for _ in range(rounds)]
    slower = f", each sync {more_ms} ms slower" if more_ms else ""
    for who in some:
        mine = [each[who] for each in took]
        cpu_us = statistics.median(each.cpu_us for each in mine)
        about = f"{cpu_us:.3g} us of a processor a row"
        counted = [each.syncs_a_s for each in mine if each.syncs_a_s is not None]
        about += f", {statistics.median(counted):.3g} syncs a second" if counted else ""
        about += (
            f", once {1e3 * statistics.median(each.closing_s for each in mine):.2g} ms to close"
        )
        about += "" if all(each.covered for each in mine) else "; never synced, nothing is durable"
        rows = statistics.median(each.rows_a_s for each in mine)
        yield Figure(f"{who.words}{slower}", rows, "rows/s", profile, beside=about)
    for ours in (who for who in some if who in OURS):
        for peer in (who for who in some if who in SYNCED):
            ratios = [each[ours].rows_a_s / each[peer].rows_a_s for each in took]
            ratio, goal = statistics.median(ratios), GOALS.get(peer.store)
            yield Figure(
                f"{ours.words} over {peer.words}{slower}",
                ratio,
                "x",
                profile,
                beside=f"{min(ratios):.3g} to {max(ratios):.3g} in {rounds} rounds",
                goal="" if goal is None else f">= {goal:.2g}",
                holds=None if goal is None else ratio >= goal,
            )


# -- kills -------------------------------------------------------------------------------------


def _lost(
    bench: _Bench, some: Sequence[Contender], kills: int, profile: str
) -> Iterator[Figure]:  # fmt: skip
    """All side by side at 1000 rows a second, each killed at a moment of its own."""
    gone: dict[Contender, list[int]] = {who: [] for who in some}
    broken = dict.fromkeys(some, 0)
    for number in range(kills):
        dice = random.Random(number)
        running = [(who, *bench.begin(who, 60.0, KILL_RATE)) for who in some]
        begun = [_begun(process) for _, process, _ in running]
        at_s = [dice.uniform(*KILL_WITHIN_S) for _ in running]
        for place in sorted(range(len(running)), key=lambda place: begun[place] + at_s[place]):
            process = running[place][1]
            time.sleep(max(0.0, begun[place] + at_s[place] - time.monotonic()))
            process.send_signal(signal.SIGKILL)
            process.communicate()
        for who, _, folder in running:
            handed, covered = struct.unpack("<QQ", (folder / "handed").read_bytes())
            left = rows_left(who.store, folder)
            gone[who].append(max(0, handed - left))
            broken[who] += covered > left
            shutil.rmtree(folder)
    for who, lost in gone.items():
        yield Figure(
            f"{who.words}: rows handed over and gone at a kill -9",
            statistics.mean(lost),
            "rows",
            profile,
            beside=f"at {KILL_RATE} rows/s, at most {max(lost)} in {kills} kills; "
            f"{broken[who]} of them lost a row that a sync had covered",
            goal="no synced row lost" if who in OURS else "",
            holds=broken[who] == 0 if who in OURS else None,
        )


def _begun(process: subprocess.Popen[str]) -> float:
    """When it said so."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "begun":
            return time.monotonic()
    raise SystemExit(f"a store did not begin: {process.communicate()[1]}")


def rows_left(store: str, folder: Path) -> int:
    """Rows that this store's own kind of reader finds."""
    if store in ("labctl", "labctl-run"):
        journal = next(folder.rglob("journal.jsonl"))
        return read_journal(journal).durable_seq
    if store in ("csv", "pymeasure"):
        lines = (folder / "rows.csv").read_text().split("\n")[:-1]
        return max(0, sum(not line.startswith("#") for line in lines) - 1)
    with sqlite3.connect(folder / "rows.db") as db:
        table = "rows"
        if store == "qcodes":
            # It has a row of its own for each number; the last one's count.
            (table,) = db.execute("SELECT result_table_name FROM runs").fetchone()
        (count,) = db.execute(f'SELECT count(current) FROM "{table}"').fetchone()
    db.close()
    return int(count)
