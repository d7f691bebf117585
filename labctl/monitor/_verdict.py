"""The last word: the declared criteria with their values, and the verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from labctl.clock import NS
from labctl.events import Alarm, Criterion, Verdict
from labctl.monitor._alarms import SPOILING
from labctl.monitor._criteria import CANNOT_TELL, FAIL, PASS, in_words, judged
from labctl.monitor._estimates import Estimates, Snapshot, figures
from labctl.monitor._handed_on import handed_on, plain
from labctl.monitor._history import History
from labctl.monitor._improve import improvement
from labctl.monitor._meter_watch import MeterWatch
from labctl.monitor._priors import Kind, Priors, listed
from labctl.monitor._room import Room
from labctl.photothermal import Estimate, FilterBank, NoiseEstimate

FLOOR = (
    "statistical deviations and limits of detection hold for white noise: on a real bench they are "
    "a floor"
)
TO_TELL_APART = "to tell the causes apart"
MOSTLY_ASSUMED_WORDS = (
    "heat loss, time constant and rise are not told: nothing is stated of the vessel, and the "
    "record is too short to say more of them than what was assumed"
)
NUMBERS = "the numbers"
"""After an alarm, the line of a verdict's assumptions that says from which readings its results are
begins so."""


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
    room: Room,
    *,
    rested: bool = False,
) -> Verdict:
    """Judge the run as it stands. Changes nothing. `rested`: the check was told to, for a while."""
    if bank is None:
        why = "the check has taken no reading of the probe"
        if rested:
            why = "there was no light: the check rested while the medium was handled"
        return Verdict(t_ns, "none", (why,), (), {}, assumptions)
    if history.lit_s == 0.0:
        return _without_light(t_ns, assumptions, alarms)
    mean_power_w = history.energy_j / history.lit_s
    last = estimates.work_out(bank, mean_power_w, history.lit_s)
    used, extra = _before_trouble(last, history, alarms)
    if room.bank is not None:
        used, extra = last, (f"{NUMBERS} are those with the surroundings left open",)
    criteria = judged(priors, used, estimates, history, noise, meter, alarms, room)
    word, reasons = _weigh(criteria, alarms, used, estimates, priors)
    return Verdict(
        t_ns,
        word,
        reasons,
        criteria,
        results(used, estimates, priors),
        (FLOOR, *assumptions, *extra, *_no_plateau(used), *_left_out(history)),
        {name: figures(part, 3) for name, part in sorted(used.budget.items())},
        improvement(used, priors),
    )


def concluded(
    verdict: Verdict, steps: Sequence[Criterion], *, not_completed: str | None = None
) -> Verdict:
    """The verdict of a whole run: the check's own, what the protocol's steps had to say, and why
    the run did not come to its end (None for one that did)."""
    verdict = replace(verdict, criteria=(*verdict.criteria, *steps))
    if not_completed is not None:
        why = f"the run did not complete ({not_completed})"
        return replace(verdict, verdict="none", reasons=(why, *verdict.reasons))
    word, reasons = verdict.verdict, verdict.reasons
    for criterion in steps:
        if criterion.outcome == FAIL:
            word, reasons = FAIL, (criterion.why, *reasons)
        elif criterion.outcome == CANNOT_TELL and word == PASS:
            word, reasons = CANNOT_TELL, (criterion.why, *reasons)
    return replace(verdict, verdict=word, reasons=reasons)


def unchecked(t_ns: int, steps: Sequence[Criterion]) -> Verdict:
    """The verdict of a run in which there is nothing to check."""
    return Verdict(t_ns, "none", ("nothing to check in this protocol",), tuple(steps), {}, ())


def _without_light(t_ns: int, assumptions: tuple[str, ...], alarms: tuple[Alarm, ...]) -> Verdict:
    if alarms:
        reasons = tuple(in_words(alarm) for alarm in alarms)
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
        return last, (f"{NUMBERS} include readings after the alarm and are not to be used",)
    return kept.estimates, (f"{NUMBERS} are from the readings before {kept.t_s:.0f} s",)


def _no_plateau(used: Snapshot) -> tuple[str, ...]:
    if not used.learned:
        return (MOSTLY_ASSUMED_WORDS,)
    if used.has_plateau:
        return ()
    return (
        "heat loss, time constant and rise are not known: the heating was too short to tell how "
        "the heat loss changes on the way to the plateau",
    )


def _left_out(history: History) -> tuple[str, ...]:
    """What the check did without, in words."""
    counted = (
        (history.invalid, "readings of the probe were invalid"),
        (history.left_out, "readings that stood alone, far from all others, were left out"),
        (history.gaps, "gaps in the readings: temperatures started anew behind them"),
    )
    return tuple(f"{n} {words}" for n, words in counted if n)


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
        reasons += [f"{TO_TELL_APART}: {a.split_by}" for a in alarms if a.split_by]
        return FAIL, tuple(dict.fromkeys(reasons))
    if open_:
        return CANNOT_TELL, tuple(f"{c.name}: {c.why}" for c in open_)
    return PASS, (_in_a_sentence(used, estimates, priors),)


def _in_a_sentence(used: Snapshot, estimates: Estimates, priors: Priors) -> str:
    tau = estimates.time_constant(used)
    told = f"time constant {tau.value:.0f} ± {1.96 * tau.sd_total:.0f} s"
    if not used.has_loss:
        told = "time constant not known"
    loss = estimates.heat_loss(used)
    if used.efficiency is not None:
        value = used.efficiency
        return (
            f"the readings follow the model: efficiency {value.value:.3f} ± "
            f"{1.96 * value.sd_total:.3f} (95 %), {told}"
        )
    heated, field = used.magnetic, priors.field
    if heated is not None and field is not None:
        rate, power = heated.absorption, heated.loss
        return (
            f"the readings follow the model: SAR {rate.value / 1e3:.4g} ± "
            f"{1.96e-3 * rate.sd_total:.2g} W/g of iron at {heated.amplitude_a_per_m / 1e3:.3g} "
            f"kA/m and {field.frequency_hz / 1e3:.4g} kHz, ILP {power.value * 1e9:.4g} ± "
            f"{1.96e9 * power.sd_total:.2g} nH m^2/kg (95 %), {told}"
        )
    if priors.kind is Kind.BLANK and loss is not None:
        return (
            f"the readings follow the model of a blank: heat loss {loss.value * 1e3:.1f} ± "
            f"{1.96e3 * loss.sd_total:.1f} mW/K (95 %), {told}"
        )
    if priors.kind is Kind.ELECTRICAL:
        return (
            f"the readings follow the model of a calibration: {told} (95 %); "
            "`labctl calibrate` works the cell out from the whole record"
        )
    what = "efficiency" if priors.field is None else "absorption rate"
    return (
        f"the readings follow the model: {told} (95 %); no {what} without {listed(priors.missing)}"
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
    if used.magnetic is not None:
        found["specific_absorption_rate"] = plain(used.magnetic.absorption)
        found["intrinsic_loss_power"] = plain(used.magnetic.loss)
    thermal = used.thermal
    # A blank rises by so little that its plateau is always known.
    if used.has_loss or priors.kind is Kind.BLANK:
        loss = estimates.heat_loss(used)
        if loss is not None:
            found["heat_loss_coefficient"] = plain(loss)
        found["time_constant"] = plain(estimates.time_constant(used))
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
