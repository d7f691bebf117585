"""The criteria of the verdict: declared with their thresholds before the first reading, and held
against the run at its end.

Size, whiteness and sign runs of the innovations, too little data, and a small disagreement can
lower a pass to 'cannot tell', never to a fail. A fail needs an alarm, a hard rule, or a
contradiction in the physics.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from labctl.clock import NS
from labctl.events import Alarm, Criterion
from labctl.monitor._alarms import BY_THE_BANK, SPOILING
from labctl.monitor._estimates import Estimates, Snapshot, figures
from labctl.monitor._handed_on import heat_capacity_z, solvent_share
from labctl.monitor._history import History
from labctl.monitor._meter_watch import MeterWatch
from labctl.monitor._priors import Kind, Priors
from labctl.monitor._room import NAME as _ROOM
from labctl.monitor._room import Room, in_reach
from labctl.photothermal import Estimate, Moments, NoiseEstimate, ljung_box, nis_band, sign_runs

PASS, FAIL, CANNOT_TELL, NOT_APPLICABLE = "pass", "fail", "cannot tell", "not applicable"
DECLARED = "declared"
_WIDTH_OPEN = 0.25
"""Of the variance that heating alone leaves of the heat loss."""
_FAR_APART = math.log(2.0)
"""Heat losses of one cell that differ by more are not both of it."""
_LAST = 60
"""Readings whose mean innovation says whether the end is explained."""
_LEAST_READINGS = 100

NO_ALARM, _TIME, _CELL = "no unexplained alarm", "time runs forward", "readings of one cell"
_SIZE, _WHITE, _RUNS = "size of the innovations", "whiteness", "sign runs of the branches"
_END, _POSSIBLE, AGREE = "end explained", "0 < efficiency <= 1", "heating and cooling agree"
_BLANK, _POWER = "blank without particles", "power as commanded"
_CAPACITY, _ENOUGH = "heat capacity as stated", "enough data (heating / time constant)"


def declared(priors: Priors) -> tuple[Criterion, ...]:
    """All criteria of a run with these priors, each with its threshold and the worst it can make
    of the verdict. Nothing else goes into a verdict."""
    limits, steps = priors.thresholds, priors.steps
    rows = [
        (
            NO_ALARM,
            f"0 alarms; at most {steps.false_alarms_per_1000_h:g} false ones in 1000 h of white "
            f"noise (log likelihood ratio >= {steps.threshold(1.0):.1f} at 1 Hz), which on a real "
            "bench is a floor",
            FAIL,
        ),
        (_TIME, "0 readings out of order", FAIL),
        (_ROOM, in_reach(), CANNOT_TELL),
        (_CELL, "0 times lost", CANNOT_TELL),
        (_SIZE, "99 % band of the mean square", CANNOT_TELL),
        (_WHITE, f">= {limits.ljung_box_p:g} (Ljung-Box, 20 lags)", CANNOT_TELL),
        (_RUNS, f">= {limits.sign_runs_p:g} (signs of means of 20 readings)", CANNOT_TELL),
        (_END, f"within ± {limits.end_k:g} K, and 3 deviations of the noise", CANNOT_TELL),
        (_POSSIBLE, "within 2 standard deviations", FAIL),
        (
            AGREE,
            f"heat loss within {limits.agreement_sd:g} standard deviations (fail beyond "
            f"{limits.contradiction_sd:g} and {limits.contradiction_relative * 100.0:g} %)",
            FAIL,
        ),
        (_BLANK, f"within {limits.agreement_sd:g} standard deviations", CANNOT_TELL),
        (_POWER, f"within ± {limits.power_relative * 100.0:.0f} % of the command", FAIL),
        (
            _ENOUGH,
            f"light for {limits.least_heating_s:g} s or more, statistical deviation "
            f"<= {limits.largest_relative_sd * 100.0:g} %",
            CANNOT_TELL,
        ),
    ]
    if priors.kind is Kind.ELECTRICAL:
        rows.insert(-1, (_CAPACITY, "within 3 standard deviations", CANNOT_TELL))
    return tuple(
        Criterion(name, None, threshold, DECLARED, f"can make it {worst}")
        for name, threshold, worst in rows
    )


def judged(
    priors: Priors,
    used: Snapshot,
    estimates: Estimates,
    history: History,
    noise: NoiseEstimate,
    meter: MeterWatch,
    alarms: Sequence[Alarm],
    room: Room,
) -> tuple[Criterion, ...]:
    """The declared criteria with their values."""
    found: dict[str, Criterion] = {}
    parts = (
        _alarms(alarms, room),
        iter([room.criterion()]),
        _innovations(history, noise, priors),
        _possible(used, priors),
        _agreement(used, history, alarms, priors, room),
        _blank(used, priors),
        _power(meter, priors),
        _capacity(used, priors),
        _enough_data(used, estimates, priors),
    )
    for part in parts:
        found.update((criterion.name, criterion) for criterion in part)
    return tuple(_with_threshold(found, each) for each in declared(priors))


def _with_threshold(found: Mapping[str, Criterion], as_declared: Criterion) -> Criterion:
    criterion = found[as_declared.name]
    extra = f" ({criterion.threshold})" if criterion.threshold else ""
    return replace(criterion, threshold=as_declared.threshold + extra)


def in_words(alarm: Alarm) -> str:
    """What was found, since when, and its causes."""
    causes = " or ".join(alarm.causes)
    return f"{alarm.size} from {alarm.onset_ns / NS:.0f} s (class {alarm.fault_class}: {causes})"


def _alarms(alarms: Sequence[Alarm], room: Room) -> Iterator[Criterion]:
    steps = [a for a in alarms if a.name != "time"]
    words = "; ".join(in_words(alarm) for alarm in steps)
    outcome = FAIL if steps else PASS
    if steps and room.named and all(a.name in BY_THE_BANK for a in steps):
        outcome = CANNOT_TELL
        words = "what was told rests on the ambient probe, which the curve contradicts"
    yield Criterion(NO_ALARM, float(len(steps)), "", outcome, words)
    time = [a for a in alarms if a.name == "time"]
    sizes = "; ".join(alarm.size for alarm in time)
    yield Criterion(_TIME, float(len(time)), "", FAIL if time else PASS, sizes)


def _innovations(history: History, noise: NoiseEstimate, priors: Priors) -> Iterator[Criterion]:
    limits = priors.thresholds
    yield _unless(
        history.lost > 0,
        _CELL,
        float(history.lost),
        "the readings were those of no cell; the estimate started anew",
    )
    innovations = np.array(history.innovations_k)
    residuals = innovations / np.sqrt(np.array(history.spreads_k2) + noise.variance)
    n = len(residuals)
    if n < _LEAST_READINGS:
        for name in (_SIZE, _WHITE, _RUNS, _END):
            yield Criterion(name, None, "", CANNOT_TELL, f"{n} readings are too few")
        return
    nis = float(residuals @ residuals) / n
    low, high = nis_band(n, noise.dof)
    size = _unless(
        not low <= nis <= high,
        _SIZE,
        figures(nis, 4),
        "the model's errors are not of the size it states",
    )
    yield replace(size, threshold=f"{low:.3f} to {high:.3f} for {n} readings")
    p = ljung_box(residuals)
    memory = "the model's errors have a memory: it leaves something out"
    value = None if p is None else figures(p, 3)
    yield _unless(p is None or p < limits.ljung_box_p, _WHITE, value, memory)
    p = sign_runs(residuals, history.edges)
    if p is None:
        yield Criterion(_RUNS, None, "", NOT_APPLICABLE, "the branches are too short")
    else:
        stay = "the model's errors stay on one side for long: it leaves something out"
        yield _unless(p < limits.sign_runs_p, _RUNS, figures(p, 3), stay)
    last = innovations[-_LAST:]
    mean = float(last.mean())
    reach = limits.end_k + 3.0 * math.sqrt(noise.variance / len(last))
    yield _unless(
        abs(mean) > reach,
        _END,
        figures(mean, 3),
        "the last readings are not where the model has them",
    )


def _unless(bad: bool, name: str, value: float | None, why: str) -> Criterion:
    return Criterion(name, value, "", CANNOT_TELL if bad else PASS, why if bad else "")


def _possible(used: Snapshot, priors: Priors) -> Iterator[Criterion]:
    value = used.efficiency
    if value is None:
        why = "a blank has none" if priors.kind is Kind.BLANK else "no efficiency is computed"
        yield Criterion(_POSSIBLE, None, "", NOT_APPLICABLE, why)
        return
    low, high = value.value - 2.0 * value.sd_total, value.value + 2.0 * value.sd_total
    impossible = high <= 0.0 or low > 1.0
    check = "the power at the sample (W, not W/cm2), the absorbance (decadic) and the volume"
    if high <= 0.0:
        check = "whether the light was on when it is said to have been"
    why = f"an efficiency of {value.value:.2f} cannot be: check {check}"
    outcome = FAIL if impossible else PASS
    yield Criterion(_POSSIBLE, figures(value.value, 4), "", outcome, why if impossible else "")


def _agreement(
    used: Snapshot, history: History, alarms: Sequence[Alarm], priors: Priors, room: Room
) -> Iterator[Criterion]:
    """Heat loss from heating alone against that from all readings: nested estimates, so that the
    variance of their difference is the difference of their variances (Hausman 1978)."""
    limits, first = priors.thresholds, history.at_first_off
    if any(alarm.name in SPOILING for alarm in alarms):
        yield Criterion(AGREE, None, "", NOT_APPLICABLE, "an alarm came first")
        return
    if room.bank is not None:
        why = "the surroundings are in doubt"
        yield Criterion(AGREE, None, "", NOT_APPLICABLE, why)
        return
    if first is None or history.dark_after_s < limits.least_heating_s:
        why = "there was no cooling to compare with"
        yield Criterion(AGREE, None, "", NOT_APPLICABLE, why)
        return
    i = Moments.LN_LOSS
    before, after = first.estimates.moments, used.moments
    difference = float(after.mean[i] - before.mean[i])
    alone = float(before.covariance[i, i])
    # A heating that leaves its loss open says so by a width that is good to no more than a part.
    variance = max(alone - float(after.covariance[i, i]), _WIDTH_OPEN * alone)
    # What the two branches of a real cell may differ by at no fault of anybody.
    sd = math.sqrt(max(variance, 0.0) + 0.02**2)
    z = difference / sd
    outcome, why = PASS, ""
    if abs(z) > limits.agreement_sd:
        outcome = CANNOT_TELL
        why = f"cooling gives a heat loss {_apart(difference)} that of heating"
        if abs(z) > limits.contradiction_sd and abs(difference) > limits.contradiction_relative:
            outcome = FAIL
    yield Criterion(AGREE, figures(z, 3), "", outcome, why)


def _apart(logarithm: float) -> str:
    """In words, of a ratio; no number where one of the two is none."""
    if abs(logarithm) > _FAR_APART:
        return "more than twice" if logarithm > 0.0 else "less than half"
    return f"{math.expm1(logarithm) * 100.0:+.0f} % from"


def _blank(used: Snapshot, priors: Priors) -> Iterator[Criterion]:
    """Of a blank: it heats as its solvent does, so that an efficiency of it would be compatible
    with 0. Of another run: the blank that it starts from passed this."""
    inputs = priors.inputs
    if priors.kind is Kind.EFFICIENCY and inputs.blank is not None:
        value = figures(inputs.blank.solvent_share, 4)
        yield Criterion(_BLANK, value, "", PASS, "the blank run named passed its own check")
        return
    known = inputs.solvent_absorption_per_m
    if priors.kind is not Kind.BLANK or known is None:
        why = "no blank was named" if priors.kind is Kind.EFFICIENCY else "this is no blank"
        if priors.kind is Kind.BLANK:
            why = "the solvent's absorption is not known at this wavelength"
        yield Criterion(_BLANK, None, "", NOT_APPLICABLE, why)
        return
    found, expected = solvent_share(used, priors), inputs.shares()[1]
    sd = math.hypot(found.sd_total, expected * known.sd / known.value)
    z = (found.value - expected) / sd
    bad = abs(z) > priors.thresholds.agreement_sd
    why = (
        f"{found.value * 100.0:.2g} % of the light became heat and the solvent absorbs "
        f"{expected * 100.0:.2g} %: is it clean, and is the power right?"
    )
    yield _unless(bad, _BLANK, figures(z, 3), why)


def _power(meter: MeterWatch, priors: Priors) -> Iterator[Criterion]:
    ratio = meter.mean_ratio
    if not priors.has_meter or ratio is None:
        why = "no power meter watched the light"
        yield Criterion(_POWER, None, "", NOT_APPLICABLE, why)
        return
    agrees = abs(ratio - 1.0) <= priors.thresholds.power_relative
    why = "" if agrees else f"the meter saw {ratio * 100.0:.0f} % of the commanded power"
    yield Criterion(_POWER, figures(ratio, 4), "", PASS if agrees else FAIL, why)


def _capacity(used: Snapshot, priors: Priors) -> Iterator[Criterion]:
    """Of a calibration: the heat capacity that the resistor finds is the one that was stated."""
    if priors.kind is not Kind.ELECTRICAL:
        return
    z, why = heat_capacity_z(used, priors)
    if z is None:
        yield Criterion(_CAPACITY, None, "", CANNOT_TELL, why)
    else:
        yield _unless(abs(z) > 3.0, _CAPACITY, figures(z, 3), why)


def _enough_data(used: Snapshot, estimates: Estimates, priors: Priors) -> Iterator[Criterion]:
    limits = priors.thresholds
    ratio = used.lit_s / used.thermal.time_constant_s[0]
    why = ""
    value: Estimate | None = used.wanted
    if priors.kind not in {Kind.EFFICIENCY, Kind.MAGNETIC}:
        value = estimates.time_constant(used)
    if used.lit_s < limits.least_heating_s:
        why = f"the light was on for {used.lit_s:.0f} s only"
    elif value is not None and value.sd_statistical > limits.largest_relative_sd * abs(value.value):
        why = f"heating for {ratio:.2f} time constants leaves the result open"
    elif priors.kind is Kind.RATE and not used.learned:
        why = "nothing is stated of the vessel, and the record is too short to tell it"
    yield _unless(bool(why), _ENOUGH, figures(ratio, 3), why)
