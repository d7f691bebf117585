"""Runs to compare, made of nothing but what is compared."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from labctl.compare import Side
from labctl.events import Beam, Mode, RunBegun, RunEnded, Verdict
from labctl.figure import Curve

BUDGET = {"power at the sample": 0.03, "absorbance": 0.02, "volume": 0.01, "model": 0.01}


def result(value: float, statistical: float = 0.002, budget: Mapping[str, float] = BUDGET) -> Any:
    """An efficiency as a record has it."""
    inputs = value * math.sqrt(sum(part**2 for part in budget.values()))
    sd = math.hypot(statistical, inputs)
    return {"value": value, "sd_statistical": statistical, "sd_inputs": inputs,
            "low": value - 1.96 * sd, "high": value + 1.96 * sd, "unit": ""}  # fmt: skip


def curve(of: Callable[[float], float], *, end_s: float = 300.0, period_s: float = 1.0) -> Curve:
    """Readings of a function of the run's clock."""
    times = [number * period_s for number in range(round(end_s / period_s) + 1)]
    return Curve(array("d", times), array("d", map(of, times)))


def side(
    letter: str = "A",
    efficiency: float | None = 0.5,
    *,
    mode: Mode = Mode.REAL,
    outcome: str = "completed",
    verdict: str = "pass",
    budget: Mapping[str, float] = BUDGET,
    assumptions: tuple[str, ...] = (),
    faults: tuple[str, ...] = (),
    **begun: Any,
) -> Side:
    """A real run of one protocol, bench and sample, lit at 60 s; all can be changed."""
    results = {} if efficiency is None else {"efficiency": result(efficiency, budget=budget)}
    start = RunBegun(0, mode, "heating-curve", "p", "bench-2", "b", "pda", "s", None, "0.1.0",
                     faults=faults)  # fmt: skip
    end_ns = 300_000_000_000
    return Side(
        run=f"2026-01-31/00{ord(letter) - 64}-heating-curve-pda",
        letter=letter,
        state="closed",
        begun=replace(start, **begun),
        ended=RunEnded(end_ns, outcome, "why", 0, verdict, Beam.OFF, "", 300, 1.0),
        verdict=Verdict(end_ns, verdict, ("reason",), (), results, assumptions, dict(budget)),
        priors={"vessel": "quartz cuvette, 10 mm"},
        probe=curve(lambda t_s: 22.0 + (0.1 * (t_s - 60.0) if t_s > 60.0 else 0.0)),
        lit_s=60.0,
        baseline_degc=22.0,
    )
