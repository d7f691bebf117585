"""The field's own ways to an efficiency, each under its name, with its known bias beside it.

They are here to be compared with: all of them take the cell as one node, leave the wall's heat
capacity out of C, take I as the power before the wall and subtract the solvent's heat whole, as
their papers do. What each of these does to the answer is told as a bias, in per cent of the
efficiency where this record and its inputs say how much.

Sources tagged "not checked" are quoted from the field's use of them, not from the paper.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labctl.photothermal._branches import Branches, branches
from labctl.photothermal._combine import Estimate
from labctl.photothermal._discretise import Floats
from labctl.photothermal._exponential import fit_exponential
from labctl.photothermal._inputs import Known
from labctl.photothermal._log_linear import FLOOR, LogLinear, log_linear_cooling
from labctl.photothermal._one_node import fit_one_node
from labctl.photothermal._record import Record, UnusableError
from labctl.photothermal._setting import Bias, Classical, Setting

_ROPER = "Roper, Ahn, Hoepfner, J. Phys. Chem. C 111, 3636 (2007); not checked"
_CHEN = "Chen et al., Small 6, 2272 (2010); not checked"
_LAST_SHARE = 0.02
"""Of the heating, averaged for T_max: the largest reading alone is noise."""
_LEAST_LAST = 5
_SLOPE_S = 30.0
_SLOPE_ROWS = 5


def classical_methods(record: Record, setting: Setting | None = None) -> tuple[Classical, ...]:
    """All of them on a usable record with known light; a method that the record cannot carry says
    why. UnusableError where the light is not known or was never on."""
    given = Setting() if setting is None else setting
    cut = branches(record)
    return tuple(
        _tried(method, record, cut, given)
        for method in (one_node, roper, roper_corrected, rate_constant, initial_slope, cooling)
    )


def _tried(
    method: Callable[[Record, Branches, Setting], Classical],
    record: Record,
    cut: Branches,
    setting: Setting,
) -> Classical:
    try:
        return method(record, cut, setting)
    except UnusableError as error:
        name, equation, source = _TITLES[method]
        return Classical(name, equation, source, why=str(error), missing=setting.missing)


# -- the methods -------------------------------------------------------------------------------


def one_node(record: Record, cut: Branches, setting: Setting) -> Classical:
    """One time constant through heating and cooling together (`fit_one_node`):
    eta = (A_r C - Q_dis) / (I (1 - 10^-A)), hS = C/tau."""
    fit = fit_one_node(record)
    rate, tau = (
        Estimate(value, sd, 0.0, unit)
        for (value, sd), unit in ((fit.rate_k_per_s, "K/s"), (fit.time_constant_s, "s"))
    )
    notes = tuple(f"fails: {reason}" for reason in fit.reasons)
    return _told(one_node, setting, rate, tau, _slow_biases(setting), notes)


def roper(record: Record, cut: Branches, setting: Setting) -> Classical:
    """Steady state: eta = (hS (T_max - T_s) - Q_dis) / (I (1 - 10^-A)), hS = C/tau, tau from
    ln theta of the cooling. Takes the heating as long enough to be at its end."""
    return _roper(record, cut, setting, roper)


def roper_corrected(record: Record, cut: Branches, setting: Setting) -> Classical:
    """The same with the plateau that the heating would have reached:
    T_plateau - T_s = (T_max - T_s - (T_0 - T_s) e^{-t_heat/tau}) / (1 - e^{-t_heat/tau})."""
    return _roper(record, cut, setting, roper_corrected)


def _roper(
    record: Record,
    cut: Branches,
    setting: Setting,
    which: Callable[[Record, Branches, Setting], Classical],
) -> Classical:
    surroundings, start, hottest = _levels(record, cut)
    line = log_linear_cooling(record, cut, surroundings.value, hottest.value)
    tau = _time_constant(line)
    heating_s = cut.heating_s or 0.0
    left = math.exp(-heating_s / line.time_constant_s)
    rise, sd = hottest.value - surroundings.value, math.hypot(hottest.sd, surroundings.sd)
    biases = []
    if which is roper_corrected:
        rise = (rise - (start.value - surroundings.value) * left) / (1.0 - left)
        sd /= 1.0 - left
    else:
        words = (
            f"heated for {heating_s / line.time_constant_s:.1f} time constants and taken as steady"
        )
        biases.append(Bias(words, -100.0 * left))
    relative = math.hypot(sd / rise if rise > 0.0 else 0.0, line.sd_s / line.time_constant_s)
    rate = rise / line.time_constant_s
    return _told(
        which,
        setting,
        Estimate(rate, abs(rate) * relative, 0.0, "K/s"),
        tau,
        (*biases, *_slow_biases(setting)),
        (_floor_words(line), surroundings.words),
    )


def rate_constant(record: Record, cut: Branches, setting: Setting) -> Classical:
    """Rate constants of the heating alone: T = T_0 + (A_r/B)(1 - e^{-B t}), B = hS/C,
    eta = (A_r C - Q_dis) / (I (1 - 10^-A)). Takes the start as the surroundings."""
    t, y = _since_light(record, cut)
    _, start, _ = _levels(record, cut)

    def basis(tau: float, times: Floats) -> Floats:
        return (-tau * np.expm1(-times / tau))[:, None]

    span_s = float(t[-1])
    fit, other = (
        fit_exponential(t, y - level, basis, max(span_s, 1e-9) / 1000.0, 30.0 * span_s)
        for level in (start.value, start.value + start.sd)
    )
    rate, sd = float(fit.coefficients[0]), fit.sd
    if rate <= 0.0:
        raise UnusableError("the temperature does not rise under light")
    moved = abs(fit.time_constant_s - other.time_constant_s)
    tau = Estimate(fit.time_constant_s, math.hypot(float(sd[-1]), moved), 0.0, "s")
    moved = abs(rate - float(other.coefficients[0]))
    return _told(
        rate_constant,
        setting,
        Estimate(rate, math.hypot(float(sd[0]), moved), 0.0, "K/s"),
        tau,
        _slow_biases(setting),
        ("both constants from the heating branch, the start taken as the surroundings",),
    )


def initial_slope(record: Record, cut: Branches, setting: Setting) -> Classical:
    """A straight line through the first 30 s of light (5 readings where they are rarer):
    eta = (C dT/dt - Q_dis) / (I (1 - 10^-A)). Needs neither equilibrium nor heat loss."""
    t, y = _since_light(record, cut)
    n = max(int(np.searchsorted(t, _SLOPE_S, side="right")), _SLOPE_ROWS)
    if len(t) < _SLOPE_ROWS:
        raise UnusableError(f"{len(t)} rows of heating are too few for a slope")
    x, y = t[:n], y[:n]
    slope, sd = _slope(x, y)
    window_s = float(x[-1] - x[0])
    biases = [Bias(f"a straight line through {window_s:.0f} s of a curve that bends")]
    try:
        tau = rate_constant(record, cut, Setting()).time_constant
    except UnusableError:
        tau = None
    if tau is not None:
        bent = _slope(x, -tau.value * np.expm1(-x / tau.value))[0]
        biases = [Bias(biases[0].what, 100.0 * (bent - 1.0))]
    biases.append(Bias("the probe's lag and light on it weigh fully: not known from the slope"))
    biases.append(Bias("the wall takes part of the heat after the first seconds: up to -21 %"))
    biases += _optical_biases(setting)
    return _told(initial_slope, setting, Estimate(slope, sd, 0.0, "K/s"), None, tuple(biases), ())


def cooling(record: Record, cut: Branches, setting: Setting) -> Classical:
    """The cooling alone: tau from t = -tau ln theta down to theta = 0.2, hS = C/tau. It says
    nothing of the light."""
    surroundings, _, hottest = _levels(record, cut)
    line = log_linear_cooling(record, cut, surroundings.value, hottest.value)
    spread = 50.0 * (line.high_s - line.low_s) / line.time_constant_s
    words = f"moves with the floor of theta: {line.low_s:.0f} to {line.high_s:.0f} s"
    return _told(
        cooling,
        setting,
        None,
        _time_constant(line),
        (Bias(f"{words} (half width {spread:.0f} %)"),),
        (_floor_words(line), surroundings.words),
    )


# -- parts -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Level:
    value: float
    sd: float
    words: str = ""


def _levels(record: Record, cut: Branches) -> tuple[_Level, _Level, _Level]:
    """Surroundings, start and the temperature at the end of the light, in degC."""
    y = record.temperature_degc
    dark = y[cut.before]
    heating = y[cut.heating]
    if not len(heating):
        raise UnusableError("there is no reading under light")
    start = _mean(dark) if len(dark) >= 3 else _Level(float(y[0]), 0.0)
    surroundings = _Level(start.value, start.sd, "surroundings: mean of the readings before light")
    if len(dark) < 3:
        surroundings = _Level(
            start.value, 0.0, "surroundings: the first reading, for want of any before the light"
        )
    if record.ambient_degc is not None:
        ambient = record.ambient_degc[np.isfinite(record.ambient_degc)]
        if len(ambient):
            mean = _mean(ambient)
            surroundings = _Level(mean.value, mean.sd, "surroundings: the ambient probe's mean")
    last = max(_LEAST_LAST, round(_LAST_SHARE * len(heating)))
    return surroundings, start, _mean(heating[-last:])


def _mean(values: Floats) -> _Level:
    n = len(values)
    sd = float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    return _Level(float(values.mean()), sd)


def _since_light(record: Record, cut: Branches) -> tuple[Floats, Floats]:
    t = record.time_s[cut.heating] - cut.on_s
    if len(t) < _SLOPE_ROWS:
        raise UnusableError(f"{len(t)} rows of heating are too few")
    return t, record.temperature_degc[cut.heating]


def _slope(x: Floats, y: Floats) -> tuple[float, float]:
    middle = x.mean()
    spread = float(((x - middle) ** 2).sum())
    slope = float(((x - middle) * y).sum()) / spread
    off = y - y.mean() - slope * (x - middle)
    return slope, math.sqrt(float(off @ off) / max(1, len(x) - 2) / spread)


def _time_constant(line: LogLinear) -> Estimate:
    return Estimate(line.time_constant_s, line.sd_s, 0.0, "s")


def _floor_words(line: LogLinear) -> str:
    return f"ln theta down to theta = {FLOOR:g}, {line.rows} rows"


def _told(
    which: Callable[[Record, Branches, Setting], Classical],
    setting: Setting,
    rate: Estimate | None,
    tau: Estimate | None,
    biases: tuple[Bias, ...],
    notes: tuple[str, ...],
) -> Classical:
    name, equation, source = _TITLES[which]
    heat = setting.inputs.liquid_heat_capacity_j_per_k
    loss = None
    if tau is not None:
        notes = (*notes, f"{_WHITE_ONLY} in {_HELD_PERCENT[which]} % of them")
    if heat is not None and tau is not None:
        value = heat.value / tau.value
        loss = Estimate(
            value, value * tau.sd_statistical / tau.value, value * heat.sd / heat.value, "W/K"
        )
    found = None if rate is None else _efficiency(rate, setting)
    if found is None:
        biases = tuple(bias for bias in biases if bias.what not in _OF_EFFICIENCY)
    else:
        biases = (*biases, *_shading(found.value, setting))
    needs = setting.missing if rate is not None else _without_heat(setting)
    return Classical(name, equation, source, found, tau, loss, rate, needs, "", biases, notes)


_WHITE_ONLY = (
    "± of the time constant is that of one exponential and white errors: of 200 simulated cells "
    "with a wall, recorded for 0.3 to 3 time constants, it held the truth"
)
_HELD_PERCENT: dict[Callable[[Record, Branches, Setting], Classical], int] = {
    one_node: 49,
    roper: 15,
    roper_corrected: 15,
    rate_constant: 13,
    cooling: 15,
}
"""Where 95 would be right."""


def _without_heat(setting: Setting) -> tuple[str, ...]:
    """What a heat loss needs and has not."""
    return tuple(n for n in setting.missing if n in ("volume", "density", "specific heat"))


def _efficiency(rate: Estimate, setting: Setting) -> Estimate | None:
    """(C rate - Q_dis) / (I (1 - 10^-A)); None where an input is not known, and for a blank."""
    inputs, power = setting.inputs, setting.power_w
    heat, absorbance = inputs.liquid_heat_capacity_j_per_k, inputs.absorbance
    if heat is None or power is None or absorbance is None or not inputs.particles:
        return None
    absorbed = 1.0 - 10.0**-absorbance.value
    if absorbed <= 0.0 or power.value <= 0.0:
        return None
    solvent = setting.solvent_share() or Known(0.0, 0.0)
    per_rate = heat.value / (power.value * absorbed)
    gross = rate.value * per_rate
    value = gross - solvent.value / absorbed
    of_absorbance = math.log(10.0) * (1.0 - absorbed) / absorbed * absorbance.sd
    sd = math.sqrt(
        (gross * heat.sd / heat.value) ** 2
        + (gross * power.sd / power.value) ** 2
        + (value * of_absorbance) ** 2
        + (solvent.sd / absorbed) ** 2
    )
    return Estimate(value, rate.sd_statistical * per_rate, sd)


_NO_WALL = "the wall's heat capacity is left out of C: about -21 % for 1 mL in a quartz cell"
_FRONT = "I is taken before the front wall, which reflects part of it"
_OF_EFFICIENCY = (_FRONT,)


def _slow_biases(setting: Setting) -> tuple[Bias, ...]:
    heat, wall = setting.inputs.liquid_heat_capacity_j_per_k, setting.wall_j_per_k
    percent = None
    words = _NO_WALL
    if heat is not None and wall is not None:
        percent = -100.0 * wall.value / (heat.value + wall.value)
        words = f"the wall's heat capacity, {wall.value:.2g} J/K, is left out of C"
    return (Bias(words, percent), *_optical_biases(setting))


def _optical_biases(setting: Setting) -> tuple[Bias, ...]:
    return (Bias(_FRONT, 100.0 * (setting.inputs.wall_transmission.value - 1.0)),)


def _shading(value: float, setting: Setting) -> tuple[Bias, ...]:
    """Particles shade the solvent: of what was subtracted, only a part was the solvent's."""
    solvent, inputs = setting.solvent_share(), setting.inputs
    if solvent is None:
        return (Bias("no solvent heat was subtracted: its coefficient is not known here"),)
    absorbance = inputs.absorbance
    if absorbance is None or value <= 0.0 or absorbance.value <= 0.0:
        return ()
    alone = -math.log10(1.0 - min(solvent.value / inputs.wall_transmission.value, 0.99))
    both = absorbance.value + alone
    beside = alone / both * (1.0 - 10.0**-both) * inputs.wall_transmission.value
    absorbed = 1.0 - 10.0**-absorbance.value
    percent = -100.0 * (solvent.value - beside) / absorbed / value
    return (Bias("the solvent's heat is subtracted whole though particles shade it", percent),)


_TITLES: dict[Callable[[Record, Branches, Setting], Classical], tuple[str, str, str]] = {
    one_node: (
        "one time constant",
        "C dT/dt = Q u(t) - hS (T - T_s); eta = (A_r C - Q_dis) / (I (1 - 10^-A))",
        _ROPER,
    ),
    roper: (
        "Roper, steady state",
        "eta = (hS (T_max - T_s) - Q_dis) / (I (1 - 10^-A)), hS = C/tau",
        _ROPER,
    ),
    roper_corrected: (
        "Roper, corrected",
        "as steady state, with (T_max - T_s) / (1 - e^(-t_heat/tau))",
        _ROPER,
    ),
    rate_constant: (
        "Chen, rate constants",
        "T = T_0 + (A_r/B) (1 - e^(-B t)); eta = (A_r C - Q_dis) / (I (1 - 10^-A))",
        _CHEN,
    ),
    initial_slope: (
        "initial slope",
        "eta = (C dT/dt - Q_dis) / (I (1 - 10^-A))",
        "follows from the lumped balance at t = 0",
    ),
    cooling: ("log-linear cooling", "t = -tau ln theta; hS = C/tau", _ROPER),
}
