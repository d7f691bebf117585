"""Wrong units of inputs, judged by the physics, and named as hypotheses: none is ever applied.

A cuvette's time constant follows from its size: 220 s for 1 mL, as volume over surface for others.
An efficiency lies between 0 and 1. An absorbance is that of its concentration. What lies outside is
tried with the usual slips, and those that bring it inside are named.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from labctl.photothermal._finding import Finding, Severity
from labctl.photothermal._inputs import Known
from labctl.photothermal._setting import Setting

_TAU_S = 220.0
_TAU_FACTOR = 6.0
"""Insulated, stirred, in air or in a holder: so far either way."""
_UNKNOWN_TAU_S = (15.0, 5000.0)
"""From a drop to 100 mL."""
_ML = 1e-6
_LN10 = math.log(10.0)
_TIMES = ((60.0, "minutes"), (3600.0, "hours"), (1e-3, "milliseconds"), (1e-6, "microseconds"))
_PLAUSIBLE = (0.02, 1.0)
_LEAST = 0.01
_SPOTS_CM2 = (0.05, 5.0)
_ALLOWANCE = 0.25
"""Of the efficiency: what a rate by one node and a wall left out may be wrong by."""
_LASERS_W = (1e-3, 50.0)
"""What heats a cuvette so that a thermocouple sees it, and is not a cutter of steel."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known otherwise of quantities that may have been given in a wrong unit."""

    efficiency: Known | None = None
    """Of the material, as others found it."""
    absorbance: Known | None = None
    """From concentration, mass absorption coefficient and path."""
    spot_area_m2: float | None = None


def audit_units(
    tau_s: float | None, rate_k_per_s: float | None, setting: Setting, expected: Expected
) -> tuple[Finding, ...]:
    """Judge the time constant (s) and heating rate (K/s) of a record, by one node, beside its
    inputs."""
    found = []
    slow = None if tau_s is None else _time(tau_s, setting)
    if slow is not None:
        found.append(slow)
    found += _absorbance(setting, expected)
    # A rate in wrong seconds makes every efficiency wrong: one cause is enough.
    if rate_k_per_s is not None and slow is None:
        found += _efficiency(rate_k_per_s, setting, expected)
    if all(each.code != "efficiency-impossible" for each in found):
        found += _power(setting)
    return tuple(found)


def _power(setting: Setting) -> list[Finding]:
    """Where no efficiency says so, for want of volume or absorbance."""
    power = setting.power_w
    if power is None or power.value <= 0.0 or _LASERS_W[0] <= power.value <= _LASERS_W[1]:
        return []
    high = power.value > 1.0
    tried = f"If these are mW, the power is {power.value * 1e-3:.3g} W: name the unit."
    return [
        Finding(
            "power-unit",
            Severity.DOUBTFUL,
            f"{power.value:.4g} W at the sample is no usual power of a laser on a cuvette "
            f"({_LASERS_W[0]:g} to {_LASERS_W[1]:g} W)",
            tried if high else "Name the unit of the power.",
            hypothesis=high,
        )
    ]


def _time(tau_s: float, setting: Setting) -> Finding | None:
    volume = setting.inputs.volume_m3
    low, high = _UNKNOWN_TAU_S
    of = "any vessel from a drop to 100 mL"
    if volume is not None:
        middle = _TAU_S * (volume.value / _ML) ** (1.0 / 3.0)
        low, high = middle / _TAU_FACTOR, middle * _TAU_FACTOR
        of = f"{volume.value / _ML:.3g} mL"
    if low <= tau_s <= high:
        return None
    seen = f"a time constant of {tau_s:.3g} s is not that of {of} ({low:.0f} to {high:.0f} s)"
    middle = math.sqrt(low * high)
    fitting = [(k, unit) for k, unit in _TIMES if low <= tau_s * k <= high]
    if not fitting:
        return Finding(
            "time-constant", Severity.DOUBTFUL, seen, "Check the time column and the volume."
        )
    factor, unit = min(fitting, key=lambda pair: abs(math.log(tau_s * pair[0] / middle)))
    return Finding(
        "time-unit",
        Severity.WRONG,
        seen,
        f"If the times are {unit}, it is {tau_s * factor:.0f} s: name the unit in the column's "
        "header.",
        hypothesis=True,
    )


def _absorbance(setting: Setting, expected: Expected) -> list[Finding]:
    given, due = setting.inputs.absorbance, expected.absorbance
    if given is None or due is None or given.value <= 0.0 or due.value <= 0.0:
        return []
    ratio = given.value / due.value
    sd = math.hypot(given.sd / given.value, due.sd / due.value)
    if abs(math.log(ratio)) <= 2.0 * sd or abs(math.log(ratio / _LN10)) > 2.0 * sd:
        return []
    return [
        Finding(
            "absorbance-natural",
            Severity.DOUBTFUL,
            f"the absorbance {given.value:.3g} is {ratio:.2g} times that of the concentration "
            f"({due.value:.3g}), and ln 10 is 2.3",
            f"If it is natural (base e), the decadic one is {given.value / _LN10:.3g}.",
            hypothesis=True,
        )
    ]


def _efficiency(rate: float, setting: Setting, expected: Expected) -> list[Finding]:
    value = _of(rate, setting)
    if value is None:
        return []
    absorbed = setting.inputs.absorbance is not None
    name = "an efficiency" if absorbed else "heat over power"
    power = setting.power_w.value if setting.power_w else 0.0
    if value * (1.0 - _ALLOWANCE) > 1.0 or value < _LEAST:
        tried = [t for t in _tries(value, setting, expected) if t[0] is None or _plausible(t[0])]
        words = "; ".join(text for _, text in tried) or "no usual slip of a unit explains it"
        return [
            Finding(
                "efficiency-impossible",
                Severity.WRONG,
                f"{name} of {value:.2g} at {power:.3g} W "
                + ("cannot be" if value >= _LEAST else "is next to nothing"),
                f"{words[0].upper()}{words[1:]}.",
                hypothesis=bool(tried),
            )
        ]
    due = expected.efficiency
    if due is None or not absorbed:
        return []
    sd = math.hypot(due.sd, _ALLOWANCE * value)
    if abs(value - due.value) <= 3.0 * sd:
        return []
    tried = [
        t for t in _tries(value, setting, expected)
        if t[0] is not None and abs(t[0] - due.value) <= 2.0 * math.hypot(due.sd, _ALLOWANCE * t[0])
    ]  # fmt: skip
    if not tried:
        return []
    return [
        Finding(
            "efficiency-unexpected",
            Severity.DOUBTFUL,
            f"an efficiency of {value:.2g}, where {due.value:.2g} ± {due.sd:.2g} is expected",
            "; ".join(text for _, text in tried).capitalize() + ".",
            hypothesis=True,
        )
    ]


def _plausible(value: float) -> bool:
    return _PLAUSIBLE[0] <= value <= _PLAUSIBLE[1]


def _of(rate: float, setting: Setting) -> float | None:
    """(C rate/I - solvent)/(1 - 10^-A); without an absorbance C rate/I."""
    inputs, power = setting.inputs, setting.power_w
    heat = inputs.liquid_heat_capacity_j_per_k
    if heat is None or power is None or power.value <= 0.0 or not inputs.particles:
        return None
    gross = heat.value * rate / power.value
    if inputs.absorbance is None or inputs.absorbance.value <= 0.0:
        return gross
    solvent = setting.solvent_share() or Known(0.0, 0.0)
    absorbed: float = 1.0 - 10.0**-inputs.absorbance.value
    return (gross - solvent.value) / absorbed


def _tries(
    value: float, setting: Setting, expected: Expected
) -> Iterator[tuple[float | None, str]]:
    """(what the efficiency would be, in words) for each slip; None where that is not known."""
    power = setting.power_w.value if setting.power_w else 0.0
    yield value * 1e3, f"if the power is {power:.3g} mW, it is {value * 1e3:.2g}"
    yield value / 1e3, f"if the power is {power:.3g} kW, or the volume uL, it is {value / 1e3:.2g}"
    area = expected.spot_area_m2
    if area is not None:
        cm2 = area * 1e4
        yield value / cm2, f"if {power:.3g} is W/cm2 on {cm2:.2g} cm2, it is {value / cm2:.2g}"
    elif _SPOTS_CM2[0] * _PLAUSIBLE[0] <= value <= _SPOTS_CM2[1]:
        yield None, f"if {power:.3g} is W/cm2, the power is that times the area of the spot"
    absorbance = setting.inputs.absorbance
    if absorbance is not None and absorbance.value > 0.0:
        now, decadic = (1.0 - 10.0**-absorbance.value), (1.0 - math.exp(-absorbance.value))
        natural = value * now / decadic
        yield natural, f"if the absorbance is natural (base e), it is {natural:.2g}"
    yield value / 60.0, f"if the times are minutes, it is {value / 60.0:.2g}"
