"""10 000 synthetic runs in one folder: how long a search takes, how fast the index is made again.

A synthetic run is a real one's first lines and its last ones under other names, 8 kB, so that ten
thousand fit; a journal of an hour is read at both ends alone too, which a second figure shows.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks._figures import Figure
from benchmarks.records._made import BRIEF, sealed, simulated
from labctl.catalogue import Catalogue, Query
from labctl.notes import FILE as NOTES
from labctl.notes import add_note, change_tags

RUNS = 10_000
FULL_SIZE = 200
"""Journals of full length, for the rate at which those are read."""
_DAY_RUNS = 20
_NOTED = 20
"""One in so many has a note and a tag."""
_HOUR_BYTES = 10_000_000
"""A journal of an hour at 2 Hz with the check is about half of it."""
SEARCHES = {
    "by sample and verdict": Query(sample="sample-7", verdict="fail"),
    "by lot": Query(lot="lot-3"),
    "by protocol and dates": Query(protocol="heating*", since="2024-06-01", until="2024-06-30"),
    "by part of a name": Query(sample="*ple-1?"),
    "by tag and words of a note": Query(tags=("figure-2",), text="THE LID"),
}


def measure(profile: str, runs: int = RUNS) -> Iterator[Figure]:
    """Yield the figures of this part; as many runs in short as in full."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        source = simulated(root / "source", 1, BRIEF)
        records = root / "runs"
        synthetic(source, records, runs)
        with Catalogue(records) as catalogue:
            rate = runs / _seconds(lambda: catalogue.refresh(rebuild=True))
        yield Figure(f"index of {runs} runs made again", rate, "runs/s", profile)
        for name, query in SEARCHES.items():
            times, count = [], 0
            for _ in range(20):
                started = time.perf_counter()
                with Catalogue(records) as catalogue:
                    catalogue.refresh()
                    count = len(catalogue.search(query))
                times.append(time.perf_counter() - started)
            longest = 1e3 * max(times)
            yield Figure(
                f"search {name}: folders looked at, {count} found, longest of 20",
                longest,
                "ms",
                profile,
                beside=f"median {1e3 * statistics.median(times):.0f} ms",
                goal=f"< 100 ms among {RUNS}",
                holds=longest < 100.0 if runs == RUNS else None,
            )
        yield _command(records, profile)
        yield _full_size(source, root / "long", profile)


def synthetic(source: Path, records: Path, runs: int) -> None:
    """Fill `records` with runs under other names, 20 a day."""
    dice = random.Random(1)
    lines = (source / "journal.jsonl").read_bytes().splitlines()
    first = next(number for number, line in enumerate(lines) if b'"k":"sample"' in line)
    head, tail = lines[: first + 1], lines[-4:]
    facts: dict[str, Any] = json.loads((source / "run.json").read_text())
    add_note(source, "the lid was off until 60 s", who="A. Ito", user="aito")
    change_tags(source, ["figure-2"], who="A. Ito", user="aito")
    for number in range(runs):
        day = date(2024, 1, 1) + timedelta(days=number // _DAY_RUNS)
        sample, lot = f"sample-{dice.randrange(40)}", f"lot-{dice.randrange(12)}"
        verdict = dice.choice(("pass", "pass", "pass", "fail", "cannot tell"))
        folder = records / day.isoformat() / f"{number % _DAY_RUNS + 1:03d}-heating-curve-{sample}"
        folder.mkdir(parents=True)
        journal = b"".join(_renamed(line, sample, lot, verdict) for line in (*head, *tail))
        (folder / "journal.jsonl").write_bytes(journal)
        (folder / "run.json").write_text(json.dumps(facts | {"sample": sample}))
        if number % _NOTED == 0:
            shutil.copy(source / NOTES, folder / NOTES)


def _renamed(line: bytes, sample: str, lot: str, verdict: str) -> bytes:
    data = json.loads(line)
    del data["c"]
    names = {"sample": sample, "lot": lot, "verdict": verdict}
    data |= {key: names[key] for key in names.keys() & data.keys()}
    return sealed(json.dumps(data, separators=(",", ":"))[:-1].encode())


def _command(records: Path, profile: str) -> Figure:
    """The whole command, Python's start included."""
    command = [sys.executable, "-m", "labctl", "runs", "--runs", str(records)]
    took = [
        _seconds(
            lambda: subprocess.run(
                [*command, "--sample", "sample-7", "--json"], check=True, capture_output=True
            )
        )
        for _ in range(5)
    ]
    return Figure("`labctl runs --sample`, start to end", 1e3 * min(took), "ms", profile)


def _full_size(source: Path, records: Path, profile: str) -> Figure:
    """The rate for journals as long as an hour's."""
    lines = (source / "journal.jsonl").read_bytes().splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if b'"k":"sample"' in line)
    between = b"".join(lines[first:-4])
    long = b"".join((*lines[:first], between * (_HOUR_BYTES // len(between)), *lines[-4:]))
    day = records / "2024-01-01"
    for number in range(FULL_SIZE):
        folder = day / f"{number:03d}-long"
        folder.mkdir(parents=True)
        path = folder / "journal.jsonl"
        if number:
            # One file under many names: the disk need not hold 2 GB for what is read of them.
            path.hardlink_to(day / "000-long" / "journal.jsonl")
        else:
            path.write_bytes(long)
        shutil.copy(source / "run.json", folder / "run.json")
    with Catalogue(records) as catalogue:
        rate = FULL_SIZE / _seconds(lambda: catalogue.refresh(rebuild=True))
    return Figure(
        f"the same rate with journals of {_HOUR_BYTES / 1e6:.0f} MB", rate, "runs/s", profile
    )


def _seconds(what: Callable[[], object]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started
