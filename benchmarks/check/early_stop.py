"""Early stop on electrically calibrated cells against 10 min of light and 15 min of cooling.

Each cell is calibrated once by a simulated record of a resistor (10 + 10 min, not counted: it
serves all later runs in that cell), filled again, and lit twice: until the deviation without the
inputs is 2 % and for one time constant of cooling, as a protocol with
`until: {efficiency_statistical: 2 %}` and `until: {time_constants: 1}` does; and for the standard
times. Everything goes through the shipped monitor, its stopping rule and its calibration.

Cells obey the check's own equations and are drawn from its own prior (inference alone), errors of
all inputs and what differs between two runs among it. The richer world of the simulators, through
the engine, is given for information.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, quantiles, stdev

from benchmarks import _binomial
from benchmarks._figures import Figure
from benchmarks.check._calibrated import CalibratedCell, Phases
from benchmarks.check._cells import on_all_cores

TARGET = 0.02
_CELLS = {"short": 24, "full": 215}
_WORLDS = {"short": 0, "full": 12}
_DRAWS, _APART = 100, 40
_LEAST = 0.93
_STANDARD_S = 1500.0
_TIMES_SHORTER = 2.5


@dataclass(frozen=True, slots=True)
class Pair:
    """One cell, lit early and by the standard; and whether its calibration passed."""

    calibrated: bool
    early: Phases
    standard: Phases
    readable: float
    efficiencies: list[float]
    """True ones that would have shown the same readings, with the inputs' errors drawn."""
    apart: float | None
    """Relative deviation of the early run, were the two rates taken as independent."""


def both(seed: int) -> Pair:
    """The cell of this seed."""
    cell = CalibratedCell(seed)
    early, standard = cell.run(TARGET), cell.run(None)
    apart = None
    if seed <= _APART:
        times = {"heat_s": early.heated_s, "cool_s": early.cooled_s}
        apart = cell.run(None, apart=True, **times).relative_sd
    drawn = cell.efficiencies(_DRAWS)
    return Pair(cell.passed, early, standard, cell.readable, drawn, apart)


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part."""
    pairs = list(on_all_cores(both, range(1, _CELLS[profile] + 1)))
    used = [pair for pair in pairs if pair.calibrated]
    yield Figure(
        "calibrations that pass their own check", len(used), f"of {len(pairs)}", profile,
        beside="the others would not be kept, and are left out below",
    )  # fmt: skip
    yield from _coverage(used, profile)
    yield from _time(used, profile)
    yield from _uncertainty(used, profile)
    yield from _verdicts(used, profile)
    if _WORLDS[profile]:
        yield from _richer(profile)


def _coverage(pairs: Sequence[Pair], profile: str) -> Iterator[Figure]:
    n = len(pairs)
    for words in ("early", "standard"):
        runs = [(p.early if words == "early" else p.standard, p) for p in pairs]
        goal = f">= {_LEAST}" if words == "early" else ""
        held = sum(
            abs(run.value.value - pair.readable) <= 1.96 * run.relative_sd * run.value.value
            for run, pair in runs
        )
        yield Figure(
            f"{words}: interval without the inputs holds it", held / n, "of cells", profile,
            beside=f"inputs as stated; {_binomial.words(held, n)}", goal=goal,
            holds=held / n >= _LEAST if goal else None,
        )  # fmt: skip
        shares = [
            fmean(
                abs(run.value.value - true) <= 1.96 * run.value.sd_total
                for true in pair.efficiencies
            )
            for run, pair in runs
        ]
        error = stdev(shares) / n**0.5
        yield Figure(
            f"{words}: total interval holds the efficiency", fmean(shares), "of cells", profile,
            beside=f"errors of all inputs drawn {_DRAWS} times a cell; ± {1.96 * error:.3f}",
            goal=goal, holds=fmean(shares) >= _LEAST if goal else None,
        )  # fmt: skip


def _time(pairs: Sequence[Pair], profile: str) -> Iterator[Figure]:
    totals = [pair.early.total_s for pair in pairs]
    tenths = quantiles(totals, n=10)
    mean = fmean(totals)
    most = _STANDARD_S / _TIMES_SHORTER
    yield Figure(
        "heating and cooling, mean", mean, "s", profile,
        beside=f"10 + 15 min: {_STANDARD_S:.0f} s, {_STANDARD_S / mean:.2g} times as long; tenths "
        f"{', '.join(f'{t:.0f}' for t in (tenths[0], tenths[4], tenths[8]))} s (1st, 5th, 9th)",
        goal=f"<= {most:.0f} s, 1/{_TIMES_SHORTER:g} of it", holds=mean <= most,
    )  # fmt: skip
    heated = [pair.early.heated_s for pair in pairs]
    late = sum(t >= 600.0 for t in heated)
    yield Figure(
        "light, mean", fmean(heated), "s", profile,
        beside=f"600 s: {600.0 / fmean(heated):.2g} times the dose; {late} of {len(pairs)} were "
        "lit to the end, because the deviation or a check did not let them end",
    )  # fmt: skip


def _uncertainty(pairs: Sequence[Pair], profile: str) -> Iterator[Figure]:
    totals = [_relative(p.early) / _relative(p.standard) for p in pairs]
    readings = [p.early.relative_sd / p.standard.relative_sd for p in pairs]
    early = fmean(_relative(p.early) for p in pairs)
    yield Figure(
        "stated deviation, early over standard, mean", fmean(totals), "", profile,
        beside=f"{early * 100.0:.2f} % early; without the inputs {fmean(readings):.3f}, "
        f"{fmean(p.early.relative_sd for p in pairs) * 100.0:.2f} % early",
        goal="<= 1.05 (the same)", holds=fmean(totals) <= 1.05,
    )  # fmt: skip
    apart = [p.apart / p.early.relative_sd for p in pairs if p.apart is not None]
    yield Figure(
        "the two rates as independent, over together", fmean(apart), "", profile,
        beside="what leaving out their correlation would overstate",
    )  # fmt: skip


def _verdicts(pairs: Sequence[Pair], profile: str) -> Iterator[Figure]:
    for words, runs in (
        ("early", [pair.early for pair in pairs]),
        ("standard", [pair.standard for pair in pairs]),
    ):
        said = [run.verdict.verdict for run in runs]
        why = sorted(
            {r.partition(":")[0] for run in runs if run.verdict.verdict == "fail"
             for r in run.verdict.reasons}
        )  # fmt: skip
        yield Figure(
            f"{words}: healthy runs that fail", said.count("fail"), f"of {len(said)}", profile,
            beside=f"{said.count('cannot tell')} cannot tell" + (f"; {'; '.join(why)}" * bool(why)),
        )  # fmt: skip


def _relative(run: Phases) -> float:
    return run.value.sd_total / run.value.value


# -- the richer world, through the engine ------------------------------------------------------

_EARLY = f"""\
schema: labctl.protocol/1
name: early
needs: {{laser: laser, probe: thermometer, ambient: thermometer, meter: power_meter}}
record: {{every: 1 s}}
steps:
  - baseline: {{for: 60 s}}
  - irradiate:
      power: 1.0 W
      until: {{efficiency_statistical: {TARGET * 100.0:g} %}}
      at_most: 10 min
      if_late: continue
  - cool: {{until: {{time_constants: 1}}, at_most: 15 min}}
"""


def _in_the_world(seed: int) -> tuple[bool, bool, float, str]:
    """(calibrated, interval holds, heating and cooling in s, verdict) of the cell of this seed."""
    from labctl import bench as benches
    from labctl import protocol as protocols
    from labctl import sample as samples
    from labctl.engine import RunRequest, RunResult, carry_out
    from labctl.errors import InputError
    from labctl.events import StepEnded
    from labctl.monitor import read_calibration
    from labctl.record import read_journal

    bench = benches.load(benches.find_bench("simulated-heater").path)

    def done(request: RunRequest) -> RunResult:
        return carry_out(
            request, publish=(), ask=_nobody, on_begin=lambda begun: None,
            on_signals=lambda loop, stop: lambda: None,
        )  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        plan = protocols.load(
            protocols.find("electrical-calibration"),
            ["every=1 s", "heat=10 min", "cool=10 min"], bench=bench,
        )  # fmt: skip
        water, particles = (samples.load(samples.find(n)) for n in ("water", "pda-aminoacid"))
        request = RunRequest(plan, bench, water, Path(folder), seed=seed, speed=None)
        try:
            calibration = read_calibration(done(request).folder.path)
        except InputError:
            return False, False, 0.0, ""
        plan = protocols.loads(_EARLY, bench=bench)
        result = done(replace(request, plan=plan, specimen=particles, calibration=calibration))
        events = read_journal(result.folder.path / "journal.jsonl").events
        ends = [event.t_ns / 1e9 for event in events if isinstance(event, StepEnded)]
        truth = json.loads((result.folder.path / "truth.json").read_bytes())
    assert result.verdict is not None
    found = result.verdict.results["efficiency"]
    inside = found["low"] <= truth["efficiency"] <= found["high"]
    return True, inside, ends[-1] - ends[0], result.verdict.verdict


def _nobody(text: str) -> Future[str]:
    raise RuntimeError(f"a person was asked: {text}")


def _richer(profile: str) -> Iterator[Figure]:
    runs = [run for run in on_all_cores(_in_the_world, range(1, _WORLDS[profile] + 1)) if run[0]]
    n = len(runs)
    honest = sum(inside or verdict == "cannot tell" for _, inside, _, verdict in runs)
    yield Figure(
        "richer world: total interval holds it, or 'cannot tell'", honest / max(n, 1), "of cells",
        profile,
        beside=f"{_binomial.words(honest, n)}; {_WORLDS[profile] - n} calibrations did not pass; "
        f"mean {fmean(run[2] for run in runs):.0f} s; for information",
    )  # fmt: skip
