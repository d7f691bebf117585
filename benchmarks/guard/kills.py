"""Engine and guard killed and stopped at random moments of runs over TCP: when the light ends.

Emission delay 0.5 s, lease 0.3 s. The moment is drawn evenly from the three seconds after on was
written, so a sixth of them fall into the emission delay. A latency is from the signal to the last
light at the sample, by the simulated world's log; nothing of it is labctl's own word. A run whose
light ended by itself before its moment (a lease that a busy machine missed) is drawn again, and
counted. Measured beside: how long world, engine and guard waited for a processor meanwhile. A miss
that a busy machine has made is named as such, and is a miss all the same.
"""

from __future__ import annotations

import math
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks._figures import Figure
from benchmarks.guard._run import Campaigner, GaveUpError, served
from benchmarks.guard._served import bench_for
from labctl.bench import OffLatency, off_latency
from labctl.clock import real_ns

_WINDOW_S = 3.0
_BATCH = 25
"""Runs on one served world."""


@dataclass(frozen=True)
class Deed:
    """What is done to a run, how often, and by when its light must be gone."""

    name: str
    do: Callable[[Campaigner], None]
    bound_s: float
    short: int
    full: int
    printed: Callable[[OffLatency], float | None]
    """What the bench itself prints as its bound."""
    bench: str = "simulated"


def _kill_both(run: Campaigner) -> None:
    # Both stopped first: else the one that is left for a moment may still switch off.
    for pid in (run.guard, run.engine.pid):
        os.kill(pid, signal.SIGSTOP)
    for pid in (run.guard, run.engine.pid):
        os.kill(pid, signal.SIGKILL)


DEEDS = (
    Deed(
        "kill -9 of the engine",
        lambda run: os.kill(run.engine.pid, signal.SIGKILL),
        0.5,
        25,
        200,
        lambda told: told.engine_killed_s,
    ),
    Deed(
        "SIGSTOP of the engine",
        lambda run: os.kill(run.engine.pid, signal.SIGSTOP),
        0.7,
        5,
        50,
        lambda told: told.engine_hangs_s,
    ),
    Deed(
        "kill -9 of the guard",
        lambda run: os.kill(run.guard, signal.SIGKILL),
        1.0,
        5,
        50,
        lambda told: told.guard_hangs_s,
    ),
    Deed(
        "SIGSTOP of the guard",
        lambda run: os.kill(run.guard, signal.SIGSTOP),
        1.0,
        5,
        50,
        lambda told: told.guard_hangs_s,
    ),
    # The board's timeout is 0.6 s; its contact takes 5 ms.
    Deed(
        "engine and guard killed: dead-man",
        _kill_both,
        0.7,
        5,
        50,
        lambda told: told.both_gone_s,
        "simulated-gates",
    ),
)


def measure(profile: str) -> Iterator[Figure]:
    """Median, distribution and maximum of each deed."""
    for seed, deed in enumerate(DEEDS, 1):
        yield from _figures(deed, seed, _count(deed, profile), profile)


def _count(deed: Deed, profile: str) -> int:
    return deed.short if profile == "short" else deed.full


@dataclass
class Campaign:
    """What came of one deed done again and again."""

    took_s: list[float] = field(default_factory=list)
    """From the deed to the dark, run by run; infinite where the light does not end."""
    queued_s: list[float] = field(default_factory=list)
    """How long the processes waited for a processor until then."""
    again: int = 0
    """Runs whose light ended, or never came, before their moment."""
    guards_stayed: int = 0

    def by_the_machine(self, limit_s: float) -> int:
        """Misses that would be none without the waiting for a processor."""
        both = zip(self.took_s, self.queued_s, strict=True)
        return sum(t_s > limit_s >= t_s - queued_s for t_s, queued_s in both)


def _figures(deed: Deed, seed: int, count: int, profile: str) -> Iterator[Figure]:
    done = _campaign(deed, seed, count)
    took_s = done.took_s
    name = f"simulated laser, {deed.name}"
    within = sum(t_s <= deed.bound_s for t_s in took_s)
    ordered = sorted(took_s)
    tenths = ", ".join(f"{1e3 * ordered[math.ceil(q * count) - 1]:.0f}" for q in (0.1, 0.9))
    limit = f"{1e3 * deed.bound_s:.0f} ms"
    misses = count - within
    blame = f"; {done.by_the_machine(deed.bound_s)} of {misses} misses by the machine" * (
        misses > 0
    )
    yield Figure(
        f"{name}: within {limit}",
        within,
        f"of {count}",
        profile,
        beside=f"seed {seed}; {done.again} ended by themselves before their moment{blame}",
        goal="all",
        holds=within == count,
    )
    told = off_latency(bench_for(deed.bench))
    printed_s = deed.printed(told) if told is not None else None
    if printed_s is not None:
        kept = sum(t_s <= printed_s for t_s in took_s)
        yield Figure(
            f"{name}: within the bench's own bound",
            kept,
            f"of {count}",
            profile,
            beside=f"{1e3 * printed_s:.0f} ms as the bench prints it"
            + (", and the opening of its port" if "of the guard" in deed.name else ""),
            goal="all",
            holds=kept == count,
        )
    yield Figure(
        f"{name}: median",
        1e3 * statistics.median(took_s),
        "ms",
        profile,
        beside=f"tenth and ninetieth percentile {tenths} ms",
    )
    yield Figure(
        f"{name}: longest",
        1e3 * ordered[-1],
        "ms",
        profile,
        beside=f"limit {limit}",
        goal=f"<= {limit}",
        holds=ordered[-1] <= deed.bound_s,
    )
    yield Figure(
        f"{name}: processes kept waiting for a processor, longest",
        1e3 * max(done.queued_s),
        "ms",
        profile,
        beside=f"median {1e3 * statistics.median(done.queued_s):.0f} ms",
    )
    yield Figure(
        f"{name}: guards that did not leave by themselves",
        done.guards_stayed,
        f"of {count}",
        profile,
        goal="none",
        holds=done.guards_stayed == 0,
    )


def _campaign(deed: Deed, seed: int, count: int) -> Campaign:
    draw = random.Random(seed)
    done = Campaign()
    while len(done.took_s) < count:
        with served(deed.bench, seed) as bench:
            for number in range(_BATCH):
                _one(deed, Campaigner(bench, number), draw, done)
                if len(done.took_s) == count:
                    break
        if done.again > max(count, _BATCH):
            raise GaveUpError(f"{done.again} runs ended by themselves: this machine is too busy")
    return done


def _one(deed: Deed, run: Campaigner, draw: random.Random, done: Campaign) -> None:
    try:
        try:
            run.until_commanded()
        except GaveUpError as why:
            # Nothing was lit, or no longer: there is nothing to measure.
            print(f"no light: {why}", file=sys.stderr)
            done.again += 1
            return
        time.sleep(draw.uniform(0.0, _WINDOW_S))
        if not run.untroubled():
            done.again += 1
            return
        queued, deed_ns = run.queued(), real_ns()
        deed.do(run)
        try:
            took_s = run.dark_after(deed_ns, queued)
        except GaveUpError:
            took_s = math.inf
        done.took_s.append(took_s)
        done.queued_s.append(queued.seconds)
    finally:
        run.clear()
        done.guards_stayed += run.guard_stayed
