"""What watchers cost: tick lateness, memory, processor, and how old a sample is when it is seen.

The same protocol on the same world by `labctl run` with no service, and by a service, where nobody,
one page and fifty pages watch in turns of some seconds. What the machine does besides falls on all
three alike: the turns are of one run, whose own journal says how late its ticks were. Those who
watch share the machine's cores with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

from benchmarks._figures import Figure
from benchmarks.service._kept import (
    API,
    Kept,
    environment,
    kept,
    percentile,
    usage,
    wait,
    world,
)
from labctl.clock import NS
from labctl.events import Sample
from labctl.record import JournalReader

ROUNDS = {"short": 2, "full": 12}
TURN_S = {"short": 5.0, "full": 15.0}
MANY = 50
TURNS = (0, 1, MANY)
MEMORY_MB, SHARE, SEEN_S, LATER_S = 60.0, 0.05, 0.02, 0.005
_STEADY_S = 3.0
"""After the first light: what is imported and set up on the way is no watcher's cost."""


@dataclass(slots=True)
class Turn:
    """All turns of one number of watchers."""

    spans: list[tuple[float, float]] = field(default_factory=list)
    """From when to when, seconds since the epoch."""
    cpu_s: float = 0.0
    seen_s: list[float] = field(default_factory=list)
    """Age of each row when the first watcher had it."""
    late_s: list[float] = field(default_factory=list)

    @property
    def took_s(self) -> float:
        return sum(end - begin for begin, end in self.spans)


@dataclass(frozen=True, slots=True)
class Alone:
    """`labctl run`."""

    late_s: list[float]
    share: float
    peak_mb: float


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part."""
    rounds, turn_s = ROUNDS[profile], TURN_S[profile]
    with tempfile.TemporaryDirectory() as root:
        alone = _alone(_made(root, "alone"), 2.0 * turn_s)
        turns, peak_mb = _watched(_made(root, "watched"), rounds, turn_s)
    busy = f"machine's load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    nobody_s = percentile(turns[0].late_s, 0.99)
    for viewers in (1, MANY):
        late_s = percentile(turns[viewers].late_s, 0.99)
        beside = (
            f"nobody watching, same run: {nobody_s * 1e3:.2f} ms; labctl run: "
            f"{percentile(alone.late_s, 0.99) * 1e3:.2f} ms; {busy}"
        )
        yield Figure(f"sampling, {viewers} watching: tick lateness p99", late_s * 1e3, "ms",
                     profile, beside, f"{LATER_S * 1e3:g} ms above nobody",
                     late_s - nobody_s <= LATER_S)  # fmt: skip
    shares = {viewers: turn.cpu_s / turn.took_s for viewers, turn in turns.items()}
    words = ", ".join(f"{viewers} watching {share:.1%}" for viewers, share in shares.items())
    above = shares[1] - alone.share
    yield Figure("one page: share of a core above labctl run", above * 100, "%", profile,
                 f"labctl run {alone.share:.1%}; {words}", f"{SHARE * 100:g} %",
                 above <= SHARE)  # fmt: skip
    above_mb = peak_mb - alone.peak_mb
    yield Figure("one page: memory above labctl run", above_mb, "MB", profile,
                 f"labctl run {alone.peak_mb:.0f} MB", f"{MEMORY_MB:g} MB",
                 above_mb <= MEMORY_MB)  # fmt: skip
    for viewers, goal in ((1, SEEN_S), (MANY, None)):
        ages_s = turns[viewers].seen_s
        seen_s = percentile(ages_s, 0.95)
        middle = f"median {percentile(ages_s, 0.5) * 1e3:.1f} ms of {len(ages_s)} rows; {busy}"
        yield Figure(f"{viewers} watching: sample to client p95", seen_s * 1e3, "ms", profile,
                     middle, "" if goal is None else f"{goal * 1e3:g} ms",
                     None if goal is None else seen_s <= goal)  # fmt: skip


def _made(root: str, name: str) -> Path:
    place = Path(root) / name
    place.mkdir()
    return place


def _samples(folder: Path) -> list[tuple[float, float]]:
    """Of each tick of the one run: when it was, on the run's clock, and how long after it its
    sample came, past the quickest: the exchanges are the same."""
    journal = next((folder / "runs").glob("*/001-*")) / "journal.jsonl"
    samples = [event for event in JournalReader(journal) if isinstance(event, Sample)]
    late_s = [(event.t_ns - event.scheduled_ns) / NS for event in samples]
    return [
        (event.scheduled_ns / NS, late - min(late_s))
        for event, late in zip(samples, late_s, strict=True)
    ]


def _given(heat_s: float) -> Mapping[str, str]:
    return {"baseline": "5 s", "heat": f"{heat_s:g} s", "cool": "5 s", "every": "100 ms"}


def _alone(folder: Path, heat_s: float) -> Alone:
    with world(folder) as bench:
        parts = [
            part for name, value in _given(heat_s).items() for part in ("-p", f"{name}={value}")
        ]
        process = subprocess.Popen(
            [sys.executable, "-m", "labctl", "run", "heating-curve", "--bench", str(bench),
             "--sample", "pda-aminoacid", "--runs", str(folder / "runs"), "--broker", "off",
             "--no-figure", "--json", *parts],
            cwd=folder, env=environment(folder), stdout=subprocess.DEVNULL,
        )  # fmt: skip
        log = folder / "emission.jsonl"
        wait(lambda: log.exists() and '"on"' in log.read_text())
        time.sleep(_STEADY_S)
        begun_s, (before_s, _) = time.time(), usage(process.pid)
        time.sleep(max(1.0, heat_s - 2.0 * _STEADY_S))
        cpu_s, peak_mb = usage(process.pid)
        share = (cpu_s - before_s) / (time.time() - begun_s)
        process.wait(60)
    return Alone([late for _, late in _samples(folder)], share, peak_mb)


def _watched(folder: Path, rounds: int, turn_s: float) -> tuple[dict[int, Turn], float]:
    with ExitStack() as stack:
        bench = stack.enter_context(world(folder))
        service = stack.enter_context(kept(folder, "--bench", str(bench)))
        whole_s = rounds * turn_s * len(TURNS) + 2.0 * _STEADY_S
        item = service.start(**_given(whole_s))
        wait(lambda: service.ask("GET", "/bench")["tone"] == "on")
        time.sleep(_STEADY_S)
        zero_s = datetime.fromisoformat(
            service.ask("GET", "/bench")["run"]["began_utc"]
        ).timestamp()
        turns, peak_mb = asyncio.run(_take_turns(service, rounds, turn_s, zero_s))
        service.ask("POST", "/stop")
        service.until_done(item)
    for at_s, late_s in _samples(folder):
        for turn in turns.values():
            if any(begin <= zero_s + at_s < end for begin, end in turn.spans):
                turn.late_s.append(late_s)
    return turns, peak_mb


async def _take_turns(
    service: Kept, rounds: int, turn_s: float, zero_s: float
) -> tuple[dict[int, Turn], float]:
    """All turns, and the service's largest size when one page had watched."""
    turns = {viewers: Turn() for viewers in TURNS}
    peak_mb = 0.0
    for number in range(rounds):
        for viewers, turn in turns.items():
            begun_s, (before_s, _) = time.time(), usage(service.process.pid)
            watching = [
                asyncio.create_task(_watch(service, turn.seen_s if first == 0 else None, zero_s))
                for first in range(viewers)
            ]
            await asyncio.sleep(turn_s)
            after_s, seen_mb = usage(service.process.pid)
            turn.spans.append((begun_s, time.time()))
            turn.cpu_s += after_s - before_s
            if number == 0 and viewers == 1:
                peak_mb = seen_mb
            for one in watching:
                one.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
    return turns, peak_mb


async def _watch(service: Kept, ages_s: list[float] | None, zero_s: float) -> None:
    """A page; with `ages_s` it looks how old each row is."""
    headers = {"Authorization": f"Bearer {service.token}"}
    url = f"ws{service.url[4:]}{API}/live"
    page: ClientConnection
    newest_s = 0.0
    async with connect(url, additional_headers=headers, compression=None, max_size=None) as page:
        async for text in page:
            now_s = time.time()
            if ages_s is None:
                continue
            said = json.loads(text)
            if said["type"] == "batch":
                # Some are told again, with what the check has said of them since.
                new = [row[0] for row in said["points"] if row[0] > newest_s]
                ages_s.extend(now_s - zero_s - at_s for at_s in new)
                newest_s = max([newest_s, *new])
