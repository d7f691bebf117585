"""Every shipped protocol whole, with its default parameters, on its simulated bench: what it finds,
its verdict, and the wall time it takes.

The verdict that is right is stated here beside each: what is healthy passes, a dye that bleaches
fails. Of a staged release both ends are shown: held with a reason where too much of the drug has
left with the inhibitor for what is known of the loads, and lit behind its gates.
"""

from __future__ import annotations

import concurrent.futures
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks._figures import Figure
from benchmarks.protocols._staged_runs import known_loads
from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.engine import RunRequest, RunResult, carry_out
from labctl.monitor import AtConcentration, over_concentrations

SEED = 1
PARTICLES = "pda-aminoacid"


@dataclass(frozen=True, slots=True)
class Case:
    """One protocol on one bench with one sample."""

    protocol: str
    result: str
    """Name of the result that it is for."""
    right: tuple[str, ...]
    """Verdicts of which one is right."""
    bench: str = "simulated"
    sample: str = PARTICLES
    parameters: tuple[str, ...] = ()
    note: str = ""
    seed: int = SEED
    loads_measured: bool = False
    """The loads are known to 3 %, as of a lot that somebody has dissolved and measured, and not to
    the shipped sample's 10 %."""


RELEASE = "simulated-release"
CASES = (
    Case("blank", "solvent_share", ("pass",), sample="water"),
    Case("heating-curve", "efficiency", ("pass",)),
    Case("early-stop", "efficiency", ("pass",)),
    Case("on-off-cycles", "retention", ("pass",)),
    Case("on-off-cycles", "retention", ("fail",), sample="indocyanine-green"),
    Case("power-series", "efficiency_trend", ("pass",)),
    Case("cell-calibration", "time_constant", ("pass",), "simulated-heater", "water"),
    Case("dose-hold", "efficiency", ("pass",)),
    Case("triggered-release", "half_released_quinidine", ("pass",), RELEASE),
    Case(
        "triggered-release", "released_quinidine", ("pass",), RELEASE,
        parameters=("ph=pH 6.5", "glutathione=0 mM"), note=", no acid, no glutathione",
    ),
    Case(
        "acid-glutathione-release", "half_released_doxorubicin", ("pass",), "simulated-plate",
        "iron-oxide-arginine",
    ),
    Case("staged-release", "released_doxorubicin_at_gate_1", ("held",), RELEASE),
    Case(
        "staged-release", "released_doxorubicin_at_gate_2", ("pass",), RELEASE,
        note=", loads measured, seed 2", seed=2, loads_measured=True,
    ),
    Case(
        "staged-release-laser-after-drug1", "released_doxorubicin_at_gate_1", ("pass",), RELEASE,
        note=", loads measured, seed 2", seed=2, loads_measured=True,
    ),
)  # fmt: skip


def measure(profile: str) -> Iterator[Figure]:
    """One line a protocol; short and full are the same."""
    for case in CASES:
        yield _one(case, profile)
    yield _concentrations(profile)


def _one(case: Case, profile: str) -> Figure:
    file = benches.load(benches.find_bench(case.bench).path)
    specimen = samples.load(samples.find(case.sample))
    if case.loads_measured:
        specimen = known_loads(specimen)
    plan = protocols.load(
        protocols.find(case.protocol), case.parameters, bench=file, specimen=specimen
    )
    begun = time.perf_counter()
    result = _carried_out(RunRequest(plan, file, specimen, Path(), seed=case.seed, speed=None))
    took_s = time.perf_counter() - begun
    ended, verdict = result.ended, result.verdict
    word = ended.outcome if ended.outcome != "completed" else ended.verdict
    told = {} if verdict is None else verdict.results
    return Figure(
        f"{case.protocol}, {case.sample}{case.note}: {case.result}",
        float(told.get(case.result, {}).get("value", float("nan"))),
        str(told.get(case.result, {}).get("unit", "")) or "1",
        profile,
        beside=f"{_interval(told.get(case.result, {}))}verdict {word}, exit code "
        f"{ended.exit_code}, {ended.t_ns / 6e10:.0f} min in {took_s:.1f} s",
        goal=f"verdict {' or '.join(case.right)}",
        holds=word in case.right and case.result in told,
    )


def _concentrations(profile: str) -> Figure:
    file = benches.load(benches.find_bench("simulated").path)
    plan = protocols.load(protocols.find("concentration-series"), bench=file)
    begun = time.perf_counter()
    rows = []
    for one in plan.samples:
        specimen = one.specimen()
        result = _carried_out(RunRequest(one.plan, file, specimen, Path(), seed=SEED, speed=None))
        stated = specimen.concentration_kg_per_m3
        if result.verdict is not None:
            amount = None if stated is None else stated.value
            rows.append(AtConcentration(one.id, amount, result.verdict))
    took_s = time.perf_counter() - begun
    criterion, _ = over_concentrations(rows)
    words = ", ".join(f"{row.sample} {row.verdict.verdict}" for row in rows)
    return Figure(
        "concentration-series: change of the efficiency, 50 to 250 ug/mL",
        100.0 * (float("nan") if criterion.value is None else criterion.value), "%", profile,
        beside=f"{len(rows)} runs ({words}) in {took_s:.1f} s; {criterion.outcome} {criterion.why}",
        goal="no trend", holds=criterion.outcome == "pass",
    )  # fmt: skip


def _interval(entry: Any) -> str:
    if not isinstance(entry, dict) or "low" not in entry:
        return ""
    return f"95 % {entry['low']:.4g} to {entry['high']:.4g}; "


def _carried_out(request: RunRequest) -> RunResult:
    with tempfile.TemporaryDirectory() as folder:
        return carry_out(
            replace(request, runs_dir=Path(folder)),
            publish=(),
            ask=_there,
            on_begin=lambda begun: None,
            on_signals=lambda loop, stop: lambda: None,
        )


def _there(text: str) -> concurrent.futures.Future[str]:
    """A person who does what is asked."""
    answer: concurrent.futures.Future[str] = concurrent.futures.Future()
    answer.set_result("")
    return answer
