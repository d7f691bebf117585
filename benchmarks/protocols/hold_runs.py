"""Dose-hold as whole simulated runs: file, engine, guard, drivers, wires, check, record.

Seeds 1, 2, 3 ..., the shipped bench and dispersion, the disturbances of the `hold` part. The truth
is the world's own: its bead's surroundings, its dose, its log of the light.
"""

from __future__ import annotations

import concurrent.futures
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks._figures import Figure
from benchmarks.check._cells import on_all_cores
from benchmarks.check._world_runs import shipped
from benchmarks.protocols._held import disturbance
from labctl import protocol as protocols
from labctl.engine import RunRequest, carry_out
from labctl.events import Dose, Emission, StepEnded
from labctl.record import read_journal

SEEDS = {"short": 8, "full": 80}
DOSE_S = 600.0
HIGH_DEGC = 48.0
PROTOCOL = """
schema: labctl.protocol/1
name: dose-hold
needs: {laser: laser, probe: thermometer, ambient: thermometer, meter: power_meter}
limits: {temperature: 55 degC, total: 60 min}
record: {every: 500 ms}
steps:
  - baseline: {for: 20 s}
  - hold_temperature:
      between: [43 degC, 48 degC]
      power_limit: 2.0 W
      until: {cem43: 10 min}
      at_most: 28 min
  - cool: {for: 4 min}
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one."""

    outcome: str
    """Of the run, and why."""
    hold: str
    """Why the hold ended."""
    told: tuple[float, float, float]
    """CEM43 with its bounds, s."""
    true_s: float
    peak_degc: float
    commands: int


def run(seed: int) -> Run:
    """One run in virtual time."""
    bench, specimen = shipped()
    fault = disturbance(seed, 100.0)
    with tempfile.TemporaryDirectory() as place:
        done = carry_out(
            RunRequest(
                plan=protocols.loads(PROTOCOL, bench=bench),
                bench_file=bench,
                specimen=specimen,
                runs_dir=Path(place),
                seed=seed,
                faults=(fault,) if fault else (),
                speed=None,
            ),
            publish=(),
            ask=_nobody,
            on_begin=lambda begun: None,
            on_signals=lambda loop, stop: lambda: None,
        )
        events = read_journal(done.folder.path / "journal.jsonl").events
        truth = json.loads((done.folder.path / "truth.json").read_text())
    cem43 = next(e for e in reversed(events) if isinstance(e, Dose)).results["cem43"]
    ends = [e.why for e in events if isinstance(e, StepEnded)]
    return Run(
        f"{done.ended.outcome}: {done.ended.why}",
        ends[1] if len(ends) > 1 else done.ended.why,
        (60.0 * cem43["value"], 60.0 * cem43["low"], 60.0 * cem43["high"]),
        float(truth["cem43_s"]),
        float(truth["peak_liquid_degc"]),
        sum(isinstance(e, Emission) for e in events),
    )


def _nobody(text: str) -> concurrent.futures.Future[str]:
    raise RuntimeError(f"a person was asked: {text}")


def measure(profile: str) -> Iterator[Figure]:
    """How they end, dose, band."""
    n = SEEDS[profile]
    runs = list(on_all_cores(run, range(1, n + 1)))
    reached = [one for one in runs if one.hold == "reached"]
    others = sorted({one.hold for one in runs if one.hold != "reached"})
    yield Figure(
        "dose-hold, whole runs: the dose was reached", 100.0 * len(reached) / n, "%", profile,
        beside=f"{n} runs with disturbances; else: {'; '.join(others) or 'none'}",
    )  # fmt: skip
    off = max((100.0 * abs(one.told[0] / DOSE_S - 1.0) for one in reached), default=0.0)
    yield Figure(
        "dose-hold, whole runs: CEM43 as told off its target, worst", off, "%", profile,
        beside="of the runs that reached it", goal="<= 2 %", holds=off <= 2.0,
    )  # fmt: skip
    inside = sum(one.told[1] <= one.true_s <= one.told[2] for one in runs)
    yield Figure(
        "dose-hold, whole runs: true CEM43 within the interval told", 100.0 * inside / n, "%",
        profile, beside=f"{n} runs", goal=">= 95 %", holds=inside >= 0.95 * n,
    )  # fmt: skip
    above = max(one.peak_degc for one in runs) - HIGH_DEGC
    yield Figure(
        "dose-hold, whole runs: hottest liquid above the band, worst", above, "K", profile,
        beside=f"{n} runs; {max(one.commands for one in runs)} words about the light at most",
        goal="<= 0.3 K", holds=above <= 0.3,
    )  # fmt: skip
