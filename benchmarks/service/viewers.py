"""What watchers cost: tick lateness, memory, processor, and how old a sample is when it is seen.

The same protocol on the same world: `labctl run` with no service, then a service with one page,
then with fifty. A run's own journal says how late its ticks were.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from websockets.asyncio.client import connect

from benchmarks._figures import Figure
from benchmarks.service._kept import (
    API,
    Kept,
    environment,
    kept,
    percentile,
    usage,
    world,
)
from labctl.clock import NS
from labctl.events import Sample
from labctl.record import JournalReader

HEAT = {"short": "15 s", "full": "9 min"}
VIEWERS = 50
MEMORY_MB, SHARE, SEEN_S, LATER_S = 60.0, 0.05, 0.02, 0.005


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run."""

    late_s: list[float]
    cpu_s: float
    took_s: float
    peak_mb: float
    seen_s: list[float]
    """Age of each row when a watcher had it."""
    rows: int


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part."""
    given = {"baseline": "5 s", "heat": HEAT[profile], "cool": "5 s", "every": "100 ms"}
    with tempfile.TemporaryDirectory() as root:
        alone = _alone(_made(root, "alone"), given)
        one = _watched(_made(root, "one"), given, 1)
        many = _watched(_made(root, "many"), given, VIEWERS)
    plain = f"labctl run: {percentile(alone.late_s, 0.99) * 1e3:.2f} ms"
    for name, cost in (("1 page", one), (f"{VIEWERS} pages", many)):
        late_s = percentile(cost.late_s, 0.99)
        more_s = late_s - percentile(alone.late_s, 0.99)
        yield Figure(f"sampling with {name}: tick lateness p99", late_s * 1e3, "ms", profile, plain,
                     f"{LATER_S * 1e3:g} ms above", more_s <= LATER_S)  # fmt: skip
    share = (one.cpu_s - alone.cpu_s) / one.took_s
    yield Figure("one page: share of a core above labctl run", share * 100, "%", profile,
                 f"labctl run {100 * alone.cpu_s / alone.took_s:.1f} %", f"{SHARE * 100:g} %",
                 share <= SHARE)  # fmt: skip
    above_mb = one.peak_mb - alone.peak_mb
    yield Figure("one page: memory above labctl run", above_mb, "MB", profile,
                 f"labctl run {alone.peak_mb:.0f} MB", f"{MEMORY_MB:g} MB",
                 above_mb <= MEMORY_MB)  # fmt: skip
    for name, cost, goal in (("one page", one, SEEN_S), (f"{VIEWERS} pages", many, None)):
        seen_s = percentile(cost.seen_s, 0.95)
        yield Figure(f"{name}: sample to client p95", seen_s * 1e3, "ms", profile,
                     f"{cost.rows} rows", "" if goal is None else f"{goal * 1e3:g} ms",
                     None if goal is None else seen_s <= goal)  # fmt: skip


def _made(root: str, name: str) -> Path:
    place = Path(root) / name
    place.mkdir()
    return place


def _late(folder: Path) -> list[float]:
    """How long after its tick each sample came, past the quickest: the exchanges are the same."""
    journal = next((folder / "runs").glob("*/001-*")) / "journal.jsonl"
    samples = [event for event in JournalReader(journal) if isinstance(event, Sample)]
    late_s = [(event.t_ns - event.scheduled_ns) / NS for event in samples]
    return [one - min(late_s) for one in late_s]


def _alone(folder: Path, given: dict[str, str]) -> Cost:
    with world(folder) as bench:
        parts = [part for name, value in given.items() for part in ("-p", f"{name}={value}")]
        begun_s = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "labctl", "run", "heating-curve", "--bench", str(bench),
             "--sample", "pda-aminoacid", "--runs", str(folder / "runs"), "--broker", "off",
             "--no-figure", "--json", *parts],
            cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL,
        )  # fmt: skip
        cpu_s, peak_mb = 0.0, 0.0
        while process.poll() is None:
            try:
                cpu_s, peak_mb = usage(process.pid)
            except (FileNotFoundError, StopIteration, ProcessLookupError):
                break
            time.sleep(0.2)
        process.wait(30)
        took_s = time.monotonic() - begun_s
    return Cost(_late(folder), cpu_s, took_s, peak_mb, [], 0)


def _watched(folder: Path, given: dict[str, str], viewers: int) -> Cost:
    with ExitStack() as stack:
        bench = stack.enter_context(world(folder))
        service = stack.enter_context(kept(folder, "--bench", str(bench)))
        # What is imported for the first run is imported for `labctl run` too: it counts for both.
        begun_s = time.monotonic()
        seen_s, rows = asyncio.run(_watch(service, given, viewers))
        took_s = time.monotonic() - begun_s
        cpu_s, peak_mb = usage(service.process.pid)
    return Cost(_late(folder), cpu_s, took_s, peak_mb, seen_s, rows)


async def _watch(service: Kept, given: dict[str, str], viewers: int) -> tuple[list[float], int]:
    """Ages of the rows that the first watcher had, of all watchers who only read."""
    ages: list[float] = []
    headers = {"Authorization": f"Bearer {service.token}"}
    url = f"ws{service.url[4:]}{API}/live"

    async def one(number: int) -> None:
        zero_s = 0.0
        async with connect(
            url, additional_headers=headers, compression=None, max_size=None
        ) as page:
            async for text in page:
                now_s = time.time()
                if number and b'"ended":{' not in text.encode():
                    continue
                said = json.loads(text)
                run = said.get("status", {}).get("run")
                if run is None:
                    continue
                zero_s = zero_s or datetime.fromisoformat(run["began_utc"]).timestamp()
                if said["type"] == "batch":
                    ages.extend(now_s - zero_s - row[0] for row in said["points"])
                if run["ended"]:
                    return

    watching = [asyncio.create_task(one(number)) for number in range(viewers)]
    await asyncio.sleep(0.5)
    item = await asyncio.to_thread(service.start, **given)
    await asyncio.gather(*watching)
    await asyncio.to_thread(service.until_done, item)
    return ages, len(ages)
