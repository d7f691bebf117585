"""The last word: criteria declared before the run, each with its value, and the verdict in words.

Whiteness and size of the innovations, too little data, and a small disagreement can lower a pass to
'cannot tell'. A fail needs an alarm, a hard rule, or a contradiction in the physics.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from labctl.clock import NS
from labctl.events import Alarm, Criterion, Verdict
from labctl.monitor._alarms import SPOILING
from labctl.monitor._estimates import Estimates, Snapshot, figures
from labctl.monitor._handed_on import handed_on, heat_capacity_criterion, plain
from labctl.monitor._history import History
from labctl.monitor._meter_watch import MeterWatch
from labctl.monitor._priors import Kind, Priors, Thresholds
from labctl.photothermal import Estimate, FilterBank, Moments, NoiseEstimate, ljung_box, nis_band

_LAST = 60
"""Readings whose mean innovation says whether the end is explained."""

PASS, FAIL, CANNOT_TELL, NOT_APPLICABLE = "pass", "fail", "cannot tell", "not applicable"


def verdict(
    t_ns: int,
    priors: Priors,
    assumptions: tuple[str, ...],
    estimates: Estimates,
    history: History,
    bank: FilterBank | None,
    noise: NoiseEstimate,
    meter: MeterWatch,
    alarms: tuple[Alarm, ...],
) -> Verdict:
    """Judge the run as it stands. Changes nothing."""
    if bank is None:
        return Verdict(t_ns, "none", ("the probe gave no reading",), (), {}, assumptions)
    if history.lit_s == 0.0:
        return _without_light(t_ns, assumptions, alarms)
    mean_power_w = history.energy_j / history.lit_s
    last = estimates.work_out(bank, mean_power_w, history.lit_s)
    used, extra = _before_trouble(last, history, alarms)
    criteria = (
        *_alarm_criteria(alarms, priors),
        *_innovation_criteria(history, noise, priors.thresholds),
        _possible(used, priors),
        _agreement(used, history, alarms, priors.thresholds),
        _power_criterion(meter, priors),
        *heat_capacity_criterion(used, priors),
        _enough_data(used, estimates, priors),
    )
    word, reasons = _weigh(criteria, alarms, used, estimates, priors)
    return Verdict(
        t_ns,
        word,
        reasons,
        criteria,
        results(used, estimates, priors),
        (*assumptions, *extra, *_left_out(history)),
        {name: figures(part, 3) for name, part in sorted(used.budget.items())},
    )


def _without_light(t_ns: int, assumptions: tuple[str, ...], alarms: tuple[Alarm, ...]) -> Verdict:
    if alarms:
        reasons = tuple(_in_words(alarm) for alarm in alarms)
        return Verdict(t_ns, FAIL, reasons, (), {}, assumptions)
    return Verdict(
        t_ns, "none", ("the laser was never on: there was nothing to check",), (), {}, assumptions
    )


def _before_trouble(
    last: Snapshot, history: History, alarms: tuple[Alarm, ...]
) -> tuple[Snapshot, tuple[str, ...]]:
    """The estimates from before the first unexplained change, where there are any."""
    onsets = [alarm.onset_ns / NS for alarm in alarms if alarm.name in SPOILING]
    if not onsets:
        return last, ()
    kept = history.before(min(onsets))
    if kept is None:
        return last, ("the numbers include readings after the alarm and are not to be used",)
    return kept.estimates, (f"the numbers are from the readings before {kept.t_s:.0f} s",)


def _left_out(history: History) -> tuple[str, ...]:
    """What the check did without, in words."""
    counted = (
        (history.invalid, "readings of the probe were invalid"),
        (history.left_out, "readings that stood alone, far from all others, were left out"),
        (history.gaps, "gaps in the readings: temperatures started anew behind them"),
    )
    return tuple(f"{n} {words}" for n, words in counted if n)


# -- criteria ----------------------------------------------------------------------------------


def _alarm_criteria(alarms: Sequence[Alarm], priors: Priors) -> tuple[Criterion, ...]:
    steps = [a for a in alarms if a.name != "time"]
    words = "; ".join(_in_words(alarm) for alarm in steps)
    time = [a for a in alarms if a.name == "time"]
    return (
        Criterion(
            "no unexplained alarm",
            float(len(steps)),
            f"0 alarms (log likelihood ratio >= {priors.steps.threshold(1.0):.1f} at 1 Hz)",
            FAIL if steps else PASS,
            words,
        ),
        Criterion(
            "time runs forward",
            float(len(time)),
            "0 readings out of order",
            FAIL if time else PASS,
            "; ".join(alarm.size for alarm in time),
        ),
    )


def _innovation_criteria(
    history: History, noise: NoiseEstimate, limits: Thresholds
) -> tuple[Criterion, ...]:
    innovations = np.array(history.innovations_k)
    residuals = innovations / np.sqrt(np.array(history.spreads_k2) + noise.variance)
    n = len(residuals)
    if n < 100:
        why = f"{n} readings are too few"
        return (
            Criterion("size of the innovations", None, "99 % band", CANNOT_TELL, why),
            Criterion("whiteness", None, f">= {limits.ljung_box_p:g}", CANNOT_TELL, why),
        )
    nis = float(residuals @ residuals) / n
    low, high = nis_band(n, noise.dof)
    inside = low <= nis <= high
    p = ljung_box(residuals)
    white = p is not None and p >= limits.ljung_box_p
    followed = Criterion(
        "readings of one cell",
        float(history.lost),
        "0 times lost",
        CANNOT_TELL if history.lost else PASS,
        "the readings were those of no cell; the estimate started anew" if history.lost else "",
    )
    last = innovations[-_LAST:]
    mean = float(last.mean())
    reach = limits.end_k + 3.0 * math.sqrt(noise.variance / len(last))
    return (
        followed,
        Criterion(
            "size of the innovations",
            figures(nis, 4),
            f"{low:.3f} to {high:.3f} (99 % band of the mean square)",
            PASS if inside else CANNOT_TELL,
            "" if inside else "the model's errors are not of the size it states",
        ),
        Criterion(
            "whiteness",
            None if p is None else figures(p, 3),
            f">= {limits.ljung_box_p:g} (Ljung-Box, 20 lags)",
            PASS if white else CANNOT_TELL,
            "" if white else "the model's errors have a memory: it leaves something out",
        ),
        Criterion(
            "end explained",
            figures(mean, 3),
            f"within ± {reach:.2g} K",
            PASS if abs(mean) <= reach else CANNOT_TELL,
            "" if abs(mean) <= reach else "the last readings are not where the model has them",
        ),
    )


def _possible(used: Snapshot, priors: Priors) -> Criterion:
    name, words = "0 < efficiency <= 1", "within 2 standard deviations"
    value = used.efficiency
    if value is None:
        why = "a blank has none" if priors.kind is Kind.BLANK else "no efficiency is computed"
        return Criterion(name, None, words, NOT_APPLICABLE, why)
    low, high = value.value - 2.0 * value.sd_total, value.value + 2.0 * value.sd_total
    if high <= 0.0 or low > 1.0:
        why = (
            f"an efficiency of {value.value:.2f} cannot be: check the power at the sample "
            "(W, not W/cm2), the absorbance (decadic) and the volume"
        )
        return Criterion(name, figures(value.value, 4), words, FAIL, why)
    return Criterion(name, figures(value.value, 4), words, PASS)


def _agreement(
    used: Snapshot, history: History, alarms: Sequence[Alarm], limits: Thresholds
) -> Criterion:
    """Heat loss from heating alone against that from all readings: nested estimates, so that the
    variance of their difference is the difference of their variances (Hausman 1978)."""
    name = "heating and cooling agree"
    words = f"within {limits.agreement_sd:g} standard deviations (heat loss)"
    first = history.at_first_off
    if any(alarm.name in SPOILING for alarm in alarms):
        return Criterion(name, None, words, NOT_APPLICABLE, "an alarm came first")
    if first is None or history.dark_after_s < limits.least_heating_s:
        return Criterion(name, None, words, NOT_APPLICABLE, "there was no cooling to compare with")
    i = Moments.LN_LOSS
    before, after = first.estimates.moments, used.moments
    difference = float(after.mean[i] - before.mean[i])
    variance = float(before.covariance[i, i] - after.covariance[i, i])
    # What the two branches of a real cell may differ by at no fault of anybody.
    sd = math.sqrt(max(variance, 0.0) + 0.02**2)
    z = difference / sd
    outcome, why = PASS, ""
    if abs(z) > limits.agreement_sd:
        outcome = CANNOT_TELL
        why = f"cooling gives a heat loss {difference * 100.0:+.0f} % from that of heating"
        if abs(z) > limits.contradiction_sd and abs(difference) > limits.contradiction_relative:
            outcome = FAIL
    return Criterion(name, figures(z, 3), words, outcome, why)


def _power_criterion(meter: MeterWatch, priors: Priors) -> Criterion:
    name = "power as commanded"
    words = f"within ± {priors.thresholds.power_relative * 100.0:.0f} % of the command"
    ratio = meter.mean_ratio
    if not priors.has_meter or ratio is None:
        return Criterion(name, None, words, NOT_APPLICABLE, "no power meter watched the light")
    agrees = abs(ratio - 1.0) <= priors.thresholds.power_relative
    return Criterion(
        name,
        figures(ratio, 4),
        words,
        PASS if agrees else FAIL,
        "" if agrees else f"the meter saw {ratio * 100.0:.0f} % of the commanded power",
    )


def _enough_data(used: Snapshot, estimates: Estimates, priors: Priors) -> Criterion:
    limits = priors.thresholds
    ratio = used.lit_s / used.thermal.time_constant_s[0]
    words = (
        f"light for {limits.least_heating_s:g} s or more, statistical deviation "
        f"<= {limits.largest_relative_sd * 100.0:g} %"
    )
    why = ""
    value: Estimate | None = used.efficiency
    if priors.kind is not Kind.EFFICIENCY:
        value = estimates.time_constant(used)
    if used.lit_s < limits.least_heating_s:
        why = f"the light was on for {used.lit_s:.0f} s only"
    elif value is not None and value.sd_statistical > limits.largest_relative_sd * abs(value.value):
        why = f"heating for {ratio:.2f} time constants leaves the result open"
    return Criterion(
        "enough data (heating / time constant)",
        figures(ratio, 3),
        words,
        CANNOT_TELL if why else PASS,
        why,
    )


# -- words -------------------------------------------------------------------------------------


def _weigh(
    criteria: Sequence[Criterion],
    alarms: Sequence[Alarm],
    used: Snapshot,
    estimates: Estimates,
    priors: Priors,
) -> tuple[str, tuple[str, ...]]:
    failed = [c for c in criteria if c.outcome == FAIL]
    open_ = [c for c in criteria if c.outcome == CANNOT_TELL]
    if failed:
        reasons = [f"{c.name}: {c.why}" for c in (*failed, *open_)]
        reasons += [f"to tell the causes apart: {a.split_by}" for a in alarms if a.split_by]
        return FAIL, tuple(dict.fromkeys(reasons))
    if open_:
        return CANNOT_TELL, tuple(f"{c.name}: {c.why}" for c in open_)
    return PASS, (_in_a_sentence(used, estimates, priors),)


def _in_words(alarm: Alarm) -> str:
    causes = " or ".join(alarm.causes)
    return f"{alarm.size} from {alarm.onset_ns / NS:.0f} s (class {alarm.fault_class}: {causes})"


def _in_a_sentence(used: Snapshot, estimates: Estimates, priors: Priors) -> str:
    tau = estimates.time_constant(used)
    loss = estimates.heat_loss(used)
    if used.efficiency is not None:
        value = used.efficiency
        return (
            f"the readings follow the model: efficiency {value.value:.3f} ± "
            f"{1.96 * value.sd_total:.3f} (95 %), time constant {tau.value:.0f} s"
        )
    if priors.kind is Kind.BLANK and loss is not None:
        return (
            f"the readings follow the model of a blank: heat loss {loss.value * 1e3:.1f} mW/K, "
            f"time constant {tau.value:.0f} s"
        )
    return (
        f"the readings follow the model: time constant {tau.value:.0f} s; no efficiency "
        f"without {' and '.join(priors.missing)}"
    )


def results(used: Snapshot, estimates: Estimates, priors: Priors) -> dict[str, Any]:
    """Names in the field's terms -> value, deviations and 95 % interval, SI."""
    found: dict[str, Any] = {}
    value = used.efficiency
    if value is not None:
        found["efficiency"] = plain(value)
        share = priors.inputs.shares()[0]
        external = Estimate(
            value.value * share, value.sd_statistical * share, value.sd_inputs * share
        )
        found["external_efficiency"] = plain(external)
    loss = estimates.heat_loss(used)
    if loss is not None:
        found["heat_loss_coefficient"] = plain(loss)
    found["time_constant"] = plain(estimates.time_constant(used))
    thermal = used.thermal
    found["temperature_rise"] = plain(Estimate(thermal.rise_k, thermal.rise_sd_k, 0.0, "K"))
    rate = thermal.rate
    found["heating_rate"] = plain(
        Estimate(
            rate.k_per_s_w * used.power_w, rate.sd * used.power_w, rate.sd_wall * used.power_w,
            "K/s",
        )
    )  # fmt: skip
    found.update(handed_on(used, priors))
    return found
