"""What a point costs: the whole simulated chain beside a bare loop and beside bluesky's RunEngine.

A point of labctl is everything: the simulated world and wires, three instruments' drivers, the
guard, the journal synced each 100 ms, and (in its own figure) the check. A point of bluesky is one
soft device set, two read and recorded; a point of the bare loop is two numbers and a row of CSV.
All are measured in one run, because only ratios hold.
"""

from __future__ import annotations

import asyncio
import csv
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks import _chain
from benchmarks._figures import Figure
from benchmarks._peers import peer_python

_PEERS = ("bluesky", "ophyd-async")


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this benchmark."""
    short = profile == "short"
    points, rounds = (2_000, 3) if short else (20_000, 5)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        bare_us = _median(lambda: _bare(points, root), rounds)
        bluesky = _bluesky(300 if short else 3_000, rounds)
        dark_us = _median(lambda: _chain.point_us(points, root, check=False), rounds)
        check_us = _median(lambda: _chain.point_us(points, root, check=True), rounds)
        factor = _chain.hour_factor(root)
    peer = f"bluesky + ophyd-async, {bluesky:.0f} us" if bluesky else "bluesky (not to be had here)"
    yield Figure("bare asyncio loop, CSV", bare_us, "us/point", profile)
    if bluesky:
        yield Figure("bluesky RunEngine, soft devices", bluesky, "us/point", profile)
    yield Figure(
        "whole chain, without the check",
        dark_us,
        "us/point",
        profile,
        beside=peer,
        goal="<= 1/10 of bluesky's",
        holds=dark_us <= bluesky / 10 if bluesky else None,
    )
    yield Figure(
        "whole chain, with the check",
        check_us,
        "us/point",
        profile,
        beside=peer,
        goal="aim 100 us",
        holds=None,
    )
    yield Figure(
        "an hour at 10 Hz with the check, virtual over real",
        factor,
        "x",
        profile,
        beside="real time",
        goal=">= 300 (aim 1000)",
        holds=factor >= 300,
    )


def _median(once: Callable[[], float], rounds: int) -> float:
    once()
    return statistics.median(once() for _ in range(rounds))


def _bare(points: int, root: Path) -> float:
    """An asyncio loop that makes two numbers and writes a row of CSV."""

    async def main() -> float:
        with (root / "bare.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            started = time.perf_counter()
            for index in range(points):
                await asyncio.sleep(0)
                writer.writerow((index, index * 0.5, index * 0.25))
            return time.perf_counter() - started

    return asyncio.run(main()) / points * 1e6


def _bluesky(points: int, rounds: int) -> float | None:
    """Microseconds a point of bluesky, in an environment of its own; None where it cannot be."""
    python = peer_python(_PEERS)
    if python is None:
        return None
    script = Path(__file__).parent / "peers" / "bluesky_point.py"
    runs = [_call([str(python), str(script), str(points)]) for _ in range(rounds)]
    return statistics.median(runs)


def _call(command: Iterable[str]) -> float:
    done = subprocess.run(list(command), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        raise SystemExit("the peer failed")
    return float(done.stdout.strip().splitlines()[-1])
