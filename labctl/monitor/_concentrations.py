"""What the runs of several concentrations of one sample say together: one efficiency, or not.

Each run has a verdict of its own. The rise saturates with concentration, because the light does
(1 - 10^-A); the efficiency is what is left when that is divided out, and it must be one number. A
trend says that the absorbance is not all absorption (scattering, aggregates), or that a dilution is
not what it is said to be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labctl.events import Criterion, Verdict
from labctl.monitor._criteria import CANNOT_TELL, FAIL, NOT_APPLICABLE, PASS
from labctl.monitor._estimates import figures
from labctl.photothermal import drift

NAME = "one efficiency over the concentrations"
_SD, _TREND = 2.0, 0.05
_THRESHOLD = (
    f"slope within {_SD:g} standard deviations of 0 (fail beyond, and from {_TREND * 100:g} % from "
    "the lowest to the highest on)"
)
_OWN = ("absorbance", "volume")
"""Inputs that each sample has its own of; what power and vessel leave open is common to all."""


@dataclass(frozen=True, slots=True)
class AtConcentration:
    """One run of the series."""

    sample: str
    concentration_kg_per_m3: float | None
    """None where it is not stated, as of a solvent."""
    verdict: Verdict


def over_concentrations(runs: Sequence[AtConcentration]) -> tuple[Criterion, tuple[str, ...]]:
    """The criterion of the series, and its table in lines. Runs without an efficiency, or that did
    not pass, are in the table and not in the slope."""
    lines = tuple(_line(run) for run in runs)
    used = [
        run
        for run in runs
        if run.verdict.verdict == PASS
        and run.concentration_kg_per_m3 is not None
        and "efficiency" in run.verdict.results
    ]
    values = [float(run.verdict.results["efficiency"]["value"]) for run in used]
    variances = [_own_sd(run.verdict) ** 2 for run in used]
    at = [run.concentration_kg_per_m3 or 0.0 for run in used]
    found = drift(at, values, np.diag(variances)) if used and min(variances) > 0.0 else None
    if found is None:
        why = "three runs that passed, at concentrations that are stated, are the fewest"
        return Criterion(NAME, None, _THRESHOLD, NOT_APPLICABLE, why), lines
    reach = _SD * found.sd
    words = f"{found.change * 100:+.1f} ± {reach * 100:.1f} % from the lowest to the highest"
    outcome, why = PASS, ""
    if abs(found.change) > reach:
        outcome = FAIL if abs(found.change) >= _TREND else CANNOT_TELL
        why = f"a trend of {words}"
    elif reach > _TREND:
        outcome, why = CANNOT_TELL, f"{words}, so that {_TREND * 100:g} % could be hidden"
    return Criterion(NAME, figures(found.change, 3), _THRESHOLD, outcome, why), lines


def _own_sd(verdict: Verdict) -> float:
    """Of an efficiency, what the other samples do not share."""
    value = verdict.results["efficiency"]
    own = [float(verdict.budget.get(name, 0.0)) * float(value["value"]) for name in _OWN]
    return math.hypot(float(value["sd_statistical"]), *own)


def _line(run: AtConcentration) -> str:
    parts = [f"{run.sample:<16}"]
    amount = run.concentration_kg_per_m3
    parts.append("" if amount is None else f"{amount * 1e3:.4g} ug/mL")
    for name, unit, digits in (("temperature_rise", " K", 2), ("efficiency", "", 3)):
        value = run.verdict.results.get(name)
        shown = ""
        if value is not None:
            sd = math.hypot(value["sd_statistical"], value["sd_inputs"])
            if name == "efficiency":
                sd = _own_sd(run.verdict)
            shown = f"{value['value']:.{digits}f} ± {sd:.{digits}f}{unit}"
        parts.append(shown)
    parts.append(run.verdict.verdict)
    head, amount_text, rise, efficiency, word = parts
    return f"{head}  {amount_text:>12}  {rise:>16}  {efficiency:>14}  {word}".rstrip()
