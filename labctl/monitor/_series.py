"""What several pulses in one run say together: cycles at one power, or a series of powers.

Each pulse's rise is held beside the one that the check's own cell gives under the same light, so
that heat left over from the pulse before, and a loss that grows with temperature, are not taken for
something of the sample. What is left should be one number. Over cycles its drift is a loss of
heating (bleaching, settling); over powers it is an efficiency that depends on the power, or a power
that is not what it is said to be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labctl.events import Criterion, Verdict
from labctl.monitor._criteria import CANNOT_TELL, DECLARED, FAIL, NOT_APPLICABLE, PASS
from labctl.monitor._estimates import figures
from labctl.monitor._handed_on import plain
from labctl.monitor._priors import Priors
from labctl.monitor._pulses import WINDOW_S, Pulse
from labctl.monitor._verdict import concluded
from labctl.photothermal import (
    CellParameters,
    Drift,
    Estimate,
    FilterBank,
    PowerSteps,
    drift,
    solve_cell,
    thermal,
)

Floats = NDArray[np.float64]

CYCLES, POWERS = "T_max over the cycles", "one efficiency over the powers"
FEWEST = 3
"""Pulses, or powers: a line goes through any two."""
_SD = 2.0
_LOSS, _TREND = 0.02, 0.05
"""Changes that matter; the field takes 2 % as the loss of absorbance that a stable sample may
have."""
_NO_ABSORBANCE = (
    "the absorbance before and after the cycles is not measured here: measure it, and hold a loss "
    "of more than 2 % against the sample"
)
_ALIKE_S = 2.0
"""Pulses no more different than that are of one length."""
_THRESHOLDS = {
    CYCLES: f"slope within {_SD:g} standard deviations of 0 (fail beyond, and from "
    f"{_LOSS * 100:g} % from the first to the last on)",
    POWERS: f"slope within {_SD:g} standard deviations of 0 (fail beyond, and from "
    f"{_TREND * 100:g} % between the powers on)",
}


def kind_of(powers_w: Sequence[float | None]) -> str:
    """What so many pulses of these powers are: `CYCLES`, `POWERS`, or '' for no series."""
    apart = set(powers_w)
    if len(powers_w) < FEWEST or None in apart:
        return ""
    if len(apart) == 1:
        return CYCLES
    return POWERS if len(apart) >= FEWEST else ""


def declared_series(powers_w: Sequence[float | None]) -> tuple[Criterion, ...]:
    """The criteria of such a series, with their thresholds and the worst they can make."""
    kind = kind_of(powers_w)
    if not kind:
        return ()
    return (Criterion(kind, None, _THRESHOLDS[kind], DECLARED, "can make it fail"),)


def with_series(
    found: Verdict,
    pulses: Sequence[Pulse],
    bank: FilterBank | None,
    priors: Priors,
    noise_k2: float,
) -> Verdict:
    """The verdict with what the pulses of the run say together; as it is where they are none."""
    results, criteria = judged_series(pulses, bank, priors, noise_k2)
    if not criteria:
        return found
    told = concluded(replace(found, results={**found.results, **results}), criteria)
    if "retention" in results:
        told = replace(told, assumptions=(*told.assumptions, _NO_ABSORBANCE))
    if found.verdict == FAIL:
        # What failed without it comes first.
        return replace(told, reasons=tuple(dict.fromkeys((*found.reasons, *told.reasons))))
    return told


def judged_series(
    pulses: Sequence[Pulse], bank: FilterBank | None, priors: Priors, noise_k2: float
) -> tuple[dict[str, Any], tuple[Criterion, ...]]:
    """Results and criteria of the pulses of a run that is over; nothing where they are none."""
    kind = kind_of([pulse.asked_w for pulse in pulses])
    if not kind or bank is None:
        return {}, ()
    why = _why_not(pulses)
    gains = None if why else _gains(pulses, bank, priors, noise_k2)
    if gains is None:
        why = why or "the cell that the check has found does not heat"
        return {}, (Criterion(kind, None, _THRESHOLDS[kind], NOT_APPLICABLE, why),)
    values, covariance = gains
    if kind == CYCLES:
        found = drift(range(len(values)), values, covariance)
        results = _cycles(pulses, values, found)
    else:
        found = drift([pulse.power_w or 0.0 for pulse in pulses], values, covariance)
        results = _powers(pulses, values, found)
    return results, (_judge(kind, found),)


def _why_not(pulses: Sequence[Pulse]) -> str:
    if not all(pulse.steady for pulse in pulses):
        return "the power was changed within a pulse"
    lengths = [pulse.on_s for pulse in pulses]
    if max(lengths) - min(lengths) > _ALIKE_S:
        return "the pulses are not of one length"
    if min(lengths) < 2.0 * WINDOW_S:
        return f"the pulses are shorter than {2.0 * WINDOW_S:g} s"
    return ""


def _judge(kind: str, found: Drift | None) -> Criterion:
    threshold, limit = _THRESHOLDS[kind], _LOSS if kind == CYCLES else _TREND
    if found is None:
        return Criterion(kind, None, threshold, NOT_APPLICABLE, "there is no rise to compare")
    reach = _SD * found.sd
    value = figures(found.change, 3)
    words = f"{found.change * 100:+.1f} ± {reach * 100:.1f} %"
    between = "from the first to the last" if kind == CYCLES else "from the lowest to the highest"
    if abs(found.change) > reach:
        outcome = FAIL if abs(found.change) >= limit else CANNOT_TELL
        why = f"{kind}: a trend of {words} {between}"
    elif reach > limit:
        outcome = CANNOT_TELL
        why = f"{kind}: {words} {between}, so that {limit * 100:g} % could be hidden"
    else:
        outcome, why = PASS, ""
    return Criterion(kind, value, threshold, outcome, why)


def _gains(
    pulses: Sequence[Pulse], bank: FilterBank, priors: Priors, noise_k2: float
) -> tuple[list[float], Floats] | None:
    """Of every pulse the rise as measured over that of the check's cell, and their covariance:
    the readings' noise, the flutter of the heat, and how the surroundings wander from where they
    were before the first pulse, all as the check takes them."""
    expected = _expected_k(pulses, bank, priors)
    if not all(math.isfinite(rise) and rise > 0.0 for rise in expected):
        return None
    ground = pulses[0].before_k
    power_w = max(pulse.power_w or 0.0 for pulse in pulses)
    found = thermal(bank.moments(), priors.bank.heat_capacity_j_per_k, power_w)
    heat = bank.flutter_k2_per_s() * 0.5 * found.time_constant_s[0]
    since_s = np.array([pulse.on_at_s + pulse.on_s - pulses[0].on_at_s for pulse in pulses])
    rises_k = np.array(expected)
    # A random walk; where two have walked together is common to them.
    variance = priors.bank.drift_k2_per_s * np.minimum(since_s[:, None], since_s)
    variance += noise_k2 / pulses[0].readings[0]
    variance += np.diag([heat + noise_k2 / pulse.readings[2] for pulse in pulses])
    values = [
        (pulse.end_k - ground) / rise_k for pulse, rise_k in zip(pulses, expected, strict=True)
    ]
    return values, variance / np.outer(rises_k, rises_k)


def _expected_k(pulses: Sequence[Pulse], bank: FilterBank, priors: Priors) -> list[float]:
    """The probe at the end of every pulse over its surroundings, by the check's cell."""
    moments, capacity = bank.moments(), priors.bank.heat_capacity_j_per_k
    mean = [float(value) for value in moments.mean]
    cell = CellParameters(
        heat_capacity_j_per_k=capacity,
        heat_per_watt=mean[moments.RATE] * capacity,
        heat_loss_w_per_k=math.exp(mean[moments.LN_LOSS]) * capacity,
        wall_j_per_k=math.exp(mean[moments.LN_WALL]),
        coupling_w_per_k=math.exp(mean[moments.LN_COUPLING]),
        lag_s=math.exp(-mean[moments.LN_INVERSE_LAG]),
        light_k_per_w=mean[moments.LIGHT],
        curve_per_k=mean[moments.CURVE],
        wall_loss_share=priors.bank.wall_loss_share,
    )
    times, edges, powers = [pulses[0].on_at_s - 1.0], [pulses[0].on_at_s - 1.0], [0.0]
    for pulse in pulses:
        times.append(pulse.on_at_s + pulse.on_s - 0.5 * WINDOW_S)
        edges += [pulse.on_at_s, pulse.on_at_s + pulse.on_s]
        powers += [pulse.power_w or 0.0, 0.0]
    with np.errstate(all="ignore"):
        solved = solve_cell(cell, np.array(times), PowerSteps(np.array(edges), np.array(powers)), 0)
    return [float(value) for value in solved.bead_degc[1:]]


# -- results -----------------------------------------------------------------------------------


def _cycles(
    pulses: Sequence[Pulse], values: Sequence[float], found: Drift | None
) -> dict[str, Any]:
    ground = pulses[0].before_k
    first = pulses[0].end_k - ground
    ratios = [(pulse.end_k - ground) / first for pulse in pulses]
    table = [
        {
            "cycle": number,
            "power_w": figures(pulse.power_w or 0.0, 4),
            "rise_k": figures(pulse.end_k - ground, 5),
            "ratio": figures(ratio, 4),
            "against_the_cell": figures(value, 4),
        }
        for number, (pulse, ratio, value) in enumerate(zip(pulses, ratios, values, strict=True), 1)
    ]
    rises = ", ".join(f"{pulse.end_k - ground:.2f}" for pulse in pulses)
    shares = ", ".join(f"{ratio:.3f}" for ratio in ratios)
    words = f"T_max {rises} K over the surroundings; T_max,n/T_max,1 {shares}"
    results: dict[str, Any] = {"cycles": {"table": table, "words": words}}
    if found is not None:
        results["retention"] = plain(Estimate(1.0 + found.change, found.sd, 0.0))
    return results


def _powers(
    pulses: Sequence[Pulse], values: Sequence[float], found: Drift | None
) -> dict[str, Any]:
    ground = pulses[0].before_k
    rows = sorted(zip(pulses, values, strict=True), key=lambda row: row[0].power_w or 0.0)
    table = [
        {
            "power_w": figures(pulse.power_w or 0.0, 4),
            "rise_k": figures(pulse.end_k - ground, 5),
            "rise_k_per_w": figures((pulse.end_k - ground) / (pulse.power_w or 1.0), 5),
            "against_the_cell": figures(value, 4),
        }
        for pulse, value in rows
    ]
    told = ", ".join(f"{row['rise_k']:.4g} K at {row['power_w']:.3g} W" for row in table)
    shares = ", ".join(f"{row['against_the_cell']:.3f}" for row in table)
    words = f"T_max {told}; over what one efficiency gives: {shares}"
    results: dict[str, Any] = {"powers": {"table": table, "words": words}}
    if found is not None:
        results["efficiency_trend"] = plain(Estimate(found.change, found.sd, 0.0))
    return results
