"""The alarms of the check, each with the causes that its data cannot tell apart.

Fault classes are those of the project's table of faults (docs/reference/faults.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from labctl.clock import NS, ns
from labctl.events import Alarm
from labctl.monitor._priors import Priors
from labctl.monitor._second_watch import Whose
from labctl.monitor._sizes import size_of
from labctl.photothermal import (
    BEAD_OUT,
    BEAD_STEP,
    HEAT,
    HEAT_RAMP,
    NOT_TOLD_APART,
    OFFSET,
    SHIFT,
    Cause,
    Step,
)

BY_THE_BANK = frozenset(
    {"heat-step", "heat-ramp", "bead-step", "bead-light", "bead-out", "shift", "no-rise"}
)
"""Names of the alarms that rest on the estimator."""
SILENCING = BY_THE_BANK | {"stuck-probe"}
"""Alarms after which the estimator sees what is no fault of its own."""
SPOILING = frozenset({"heat-step", "heat-ramp", "bead-step", "bead-out", "shift", "stuck-probe"})
"""Alarms after which the estimates are not to be used; the others are inside the model."""

POWER, OVERLAP, EFFICIENCY, LOSS = "power", "overlap of beam and sample", "efficiency", "heat loss"
AMBIENT, LIGHT, OFF = "ambient temperature", "light on the bead", "offset of the probe"
NO_LIGHT = "no light, though it was told or logged"
LIGHT_ALL_THE_SAME = "light, though none was told or logged"
PROBE_OFF = "ambient probe off, or elsewhere"
BLEACHING = "bleaching or settling of the particles"
OUT = "bead out of the sample"
JUNCTION = "reference junction of the thermocouples"
BOTH_LIT, BOTH_OUT = "light on both beads", "both beads out of the sample"
_METER = "a power meter on a pick-off tells the power from the rest"
_PROBE = "an ambient thermocouple tells the surroundings from the rest"
_COOLING = "the cooling branch tells heat loss from the rest"
_AFTERWARDS = "the absorbance after the run tells the particles from the rest"
_SECOND = "a second thermocouple in the sample tells the bead from the liquid"
_SWITCH_OFF = "the switch-off: light on the bead jumps back there"
_MEANS: Mapping[Cause, tuple[str, ...]] = {
    Cause.HEAT_IN: (POWER, OVERLAP, EFFICIENCY, BLEACHING),
    Cause.HEAT_OUT: (LOSS,),
    Cause.SURROUNDINGS: (AMBIENT,),
    Cause.BEAD_LIGHT: (LIGHT, BOTH_LIT),
    Cause.READING: (OFF, JUNCTION),
}


_LATER_STEP = 0.10
"""Relative. A loss of heat below this is not told from a ramp: what the bank has learned of a ramp
before it is found makes it look like a step that came later."""
_DIMMED_S = 40.0
"""A bead that is on its way to no farther than the light warms the liquid in so long may be in a
liquid that has lost its light."""
_SMALL_JUMP_K = 0.3
_HEAT_SHAPES, _BEAD_SHAPES = frozenset({HEAT, HEAT_RAMP}), frozenset({BEAD_STEP, OFFSET})
_NAMES: Mapping[int, tuple[str, int]] = {
    HEAT: ("heat-step", 1),
    HEAT_RAMP: ("heat-ramp", 14),
    BEAD_STEP: ("bead-step", 7),
    OFFSET: ("bead-step", 7),
    BEAD_OUT: ("bead-out", 8),
    SHIFT: ("shift", 0),
}
"""Shape -> name of the alarm, fault class."""


def of_step(
    t_ns: int,
    step: Step,
    lit: bool,
    priors: Priors,
    *,
    unsettled_room: bool,
    loss_known: bool = True,
    heating_k_per_s: float = 0.0,
) -> Alarm:
    """What the detector found on the innovations, with every shape that is near the best.
    `unsettled_room`: the ambient probe saw a step not long ago, and how far it has reached the cell
    is not known; `loss_known`: the cell is warm enough for its heat loss to be a measure;
    `heating_k_per_s`: by how much the light warms the liquid."""
    near = {
        shape
        for shape, ratio in enumerate(step.by_shape)
        if ratio > step.log_ratio - NOT_TOLD_APART
    }
    if step.shape == HEAT and -_LATER_STEP < step.size < 0.0 and lit:
        near.add(HEAT_RAMP)
    if step.shape == BEAD_OUT and step.size > 0.0 and lit:
        # What is warmer than a heated liquid is not the air beside it.
        near.add(BEAD_STEP)
    shapes = {SHIFT} if step.shape == SHIFT else {step.shape, *near}
    name, fault_class = _NAMES[step.shape]
    size = size_of(step, t_ns / NS, lit=lit, loss_known=loss_known)
    causes, split = _causes(shapes, lit, priors)
    dimmed = step.shape == BEAD_OUT and lit and abs(step.size) < _DIMMED_S * heating_k_per_s
    if size.like_no_light or dimmed:
        causes = (NO_LIGHT, *causes)
    elif not lit and step.size > 0.0 and shapes & _HEAT_SHAPES:
        if size.like_light or step.shape in _BEAD_SHAPES:
            causes = (LIGHT_ALL_THE_SAME, *causes)
        if step.shape in _HEAT_SHAPES and step.size > 1.0:
            # No heat loss is less than none.
            causes = tuple(cause for cause in causes if cause != LOSS)
    if unsettled_room and shapes & _HEAT_SHAPES and AMBIENT not in causes:
        causes += (AMBIENT,)
    return Alarm(
        t_ns,
        name=name,
        fault_class=fault_class,
        causes=causes,
        onset_ns=ns(max(0.0, step.onset_s)),
        size=size.words,
        split_by=split,
    )


def _causes(shapes: set[int], lit: bool, priors: Priors) -> tuple[tuple[str, ...], str]:
    """All causes of these shapes that no monitor rules out, and what would tell them apart."""
    causes: list[str] = []
    split: list[str] = []
    if shapes & _HEAT_SHAPES:
        if lit and not priors.has_meter:
            causes.append(POWER)
            split.append(_METER)
        if lit and HEAT in shapes:
            causes += [OVERLAP, EFFICIENCY]
        if lit and HEAT_RAMP in shapes:
            causes.append(BLEACHING)
            split.append(_AFTERWARDS)
        causes.append(LOSS)
        if lit:
            split.append(_COOLING)
        if not priors.has_ambient:
            causes.append(AMBIENT)
            split.append(_PROBE)
    if shapes & _BEAD_SHAPES:
        # An onset between two readings makes the one look like the other: both, while lit.
        if lit:
            causes.append(LIGHT)
            split.append(_SWITCH_OFF)
        causes.append(OFF)
    if BEAD_OUT in shapes:
        causes.append(OUT)
    if shapes & _HEAT_SHAPES and shapes - _HEAT_SHAPES and not priors.has_second:
        split.append(_SECOND)
    return tuple(causes) or ("something of no known shape",), "; ".join(split)


def behind_the_light(alarm: Alarm, priors: Priors, *, warms: bool = False) -> Alarm:
    """An alarm soon after the light went off, with what may have changed while it was on. A change
    too slow to be found there is taken for heat loss; in the dark that heat loss is wrong, and the
    readings leave the model as some shape that is none of the cause. `warms`: or the light is still
    on."""
    slow = [POWER] * (not priors.has_meter) + [BLEACHING, LOSS]
    slow += [AMBIENT] * (not priors.has_ambient) + [LIGHT_ALL_THE_SAME] * warms
    causes = alarm.causes + tuple(cause for cause in slow if cause not in alarm.causes)
    told = [how for how in alarm.split_by.split("; ") if how]
    hows = {POWER: _METER, BLEACHING: _AFTERWARDS, AMBIENT: _PROBE}
    told += [how for cause, how in hows.items() if cause in slow and how not in told]
    if not priors.has_second and _SECOND not in told:
        told.append(_SECOND)
    return replace(alarm, causes=causes, split_by="; ".join(told))


def from_afar(alarm: Alarm) -> Alarm:
    """An alarm of a run whose sample began far from where the ambient probe is: what the check took
    for the surroundings may be none."""
    if PROBE_OFF in alarm.causes:
        return alarm
    return replace(alarm, causes=(*alarm.causes, PROBE_OFF))


def worth_naming(step: Step, priors: Priors) -> bool:
    """False for a step of the bead that is smaller than what is named."""
    return step.shape not in _BEAD_SHAPES or abs(step.size) >= priors.steps.smallest_bead_k


def too_early(step: Step) -> bool:
    """True where a small jump of the bead and a change of heat explain as much: named by the bead
    now, it would most likely be called by another name in a few seconds."""
    return (
        step.shape in _BEAD_SHAPES
        and abs(step.size) < _SMALL_JUMP_K
        and max(step.by_shape[HEAT], step.by_shape[HEAT_RAMP]) > step.log_ratio - NOT_TOLD_APART
    )


def as_first_told(first: Step, now: Step) -> Step:
    """The step with the shape that was told, now that another explains as much but is too small to
    be a fault; with the evidence of now for the other shapes."""
    by_shape = tuple(
        0.0 if shape == now.shape else ratio for shape, ratio in enumerate(now.by_shape)
    )
    ratio = by_shape[first.shape] if first.shape < len(by_shape) else first.log_ratio
    return replace(first, by_shape=by_shape, log_ratio=ratio, settled=True)


def settled(alarm: Alarm, first: Alarm) -> Alarm:
    """The alarm as the shapes have it a few seconds after it was first told."""
    return replace(alarm, refines=first.refines or first.name)


def narrowed(t_ns: int, alarm: Alarm, ruled_out: frozenset[Cause]) -> Alarm:
    """The alarm without the causes that what came since rules out."""
    gone = {words for cause in ruled_out for words in _MEANS[cause]}
    causes = tuple(cause for cause in alarm.causes if cause not in gone)
    if not causes or causes == alarm.causes:
        return alarm
    told = {POWER: _METER, AMBIENT: _PROBE, LOSS: _COOLING, BLEACHING: _AFTERWARDS}
    several = len(causes) > 1
    split = "; ".join(how for cause, how in told.items() if cause in causes and several)
    first = alarm.refines or alarm.name
    return replace(alarm, t_ns=t_ns, causes=causes, split_by=split, refines=first)


def by_two_beads(t_ns: int, alarm: Alarm, whose: Whose, lit: bool) -> Alarm:
    """The alarm as the second bead has it: what changed is at the probe's bead alone, since the
    second one did not follow, or it is in what both have in common. An offset and light on the bead
    are not told apart by this."""
    if JUNCTION in alarm.causes:
        return alarm
    of_bead = {LIGHT, OFF, OUT}
    if whose is Whose.BEAD:
        causes = tuple(c for c in alarm.causes if c in of_bead)
        causes = causes or ((LIGHT, OFF, OUT) if lit else (OFF, OUT))
    else:
        causes = tuple(c for c in alarm.causes if c not in of_bead)
        if alarm.name == "bead-out" and not causes:
            causes = (BOTH_OUT,)
        elif alarm.name == "bead-step":
            # What jumps at once, on both, need not be the liquid.
            causes += (JUNCTION, BOTH_LIT) if lit and LIGHT in alarm.causes else (JUNCTION,)
    if causes == alarm.causes:
        return alarm
    name, fault_class = alarm.name, alarm.fault_class
    if whose is Whose.BEAD and name in {"heat-step", "heat-ramp", "shift"}:
        name, fault_class = ("bead-out", 8) if causes == (OUT,) else ("bead-step", 7)
    elif whose is Whose.LIQUID and name == "bead-out" and causes != (BOTH_OUT,):
        name, fault_class = "heat-step", 1
    told = [how for how in alarm.split_by.split("; ") if how]
    hows = {
        _METER: POWER in causes, _PROBE: AMBIENT in causes, _COOLING: LOSS in causes,
        _AFTERWARDS: BLEACHING in causes, _SWITCH_OFF: bool({LIGHT, BOTH_LIT} & set(causes)),
    }  # fmt: skip
    if hows[_SWITCH_OFF] and _SWITCH_OFF not in told:
        told.append(_SWITCH_OFF)
    split = "; ".join(how for how in told if hows.get(how, True) and len(causes) > 1)
    return replace(
        alarm, t_ns=t_ns, name=name, fault_class=fault_class, causes=causes, split_by=split,
        refines=alarm.refines or alarm.name,
    )  # fmt: skip


def light_on_bead(t_ns: int, since_s: float, light_k: float, sd_k: float) -> Alarm:
    """The bead jumped with the light."""
    return Alarm(
        t_ns,
        name="bead-light",
        fault_class=7,
        causes=(LIGHT,),
        onset_ns=ns(since_s),
        size=f"{light_k:+.2f} ± {sd_k:.2f} K at the bead while the light is on",
        split_by="",
    )


def stuck_probe(t_ns: int, since_s: float, value_degc: float) -> Alarm:
    """The probe repeats one reading."""
    return Alarm(
        t_ns,
        name="stuck-probe",
        fault_class=9,
        causes=("probe or its scanner stuck",),
        onset_ns=ns(since_s),
        size=f"every reading {value_degc:.6g} degC",
        split_by="",
    )


def power_step(t_ns: int, onset_s: float, size: float) -> Alarm:
    """The power meter saw the power change under an unchanged command."""
    return Alarm(
        t_ns,
        name="power-step",
        fault_class=1,
        causes=(POWER,),
        onset_ns=ns(onset_s),
        size=f"{size * 100.0:+.1f} % of the power at the sample, seen by the power meter",
        split_by="",
    )


def ambient_step(t_ns: int, onset_s: float, size_k: float) -> Alarm:
    """The ambient probe saw the surroundings change faster than a room does."""
    return Alarm(
        t_ns,
        name="ambient-step",
        fault_class=1,
        causes=(AMBIENT,),
        onset_ns=ns(max(0.0, onset_s)),
        size=f"{size_k:+.1f} K so far, seen by the ambient probe",
        split_by="",
    )


def junction_jumped(t_ns: int, alarm: Alarm, size_k: float) -> Alarm:
    """The bead's step stands on the ambient channel too, at the same time: what both readings have
    in common is their reference."""
    return replace(
        alarm,
        t_ns=t_ns,
        causes=(JUNCTION,),
        size=f"{size_k:+.2f} K on the probe and on the ambient channel",
        split_by="",
        refines=alarm.refines or alarm.name,
    )


def power_not_as_commanded(t_ns: int, since_s: float, ratio: float) -> Alarm:
    """The power meter disagrees with the command beyond both calibrations."""
    return Alarm(
        t_ns,
        name="power-monitor",
        fault_class=1,
        causes=(POWER, "calibration of the meter or of the laser"),
        onset_ns=ns(since_s),
        size=f"{ratio * 100.0:.0f} % of the commanded power",
        split_by="a power meter at the sample's place",
    )


def light_in_the_dark(t_ns: int, power_w: float) -> Alarm:
    """The meter sees light though the beam is told off."""
    return Alarm(
        t_ns,
        name="light-in-the-dark",
        fault_class=5,
        causes=("laser lit though told off", "stray light on the meter"),
        onset_ns=t_ns,
        size=f"{power_w:.3g} W at the sample",
        split_by="",
    )


def no_rise(t_ns: int, since_s: float, priors: Priors) -> Alarm:
    """Light, and no heat."""
    causes = (OVERLAP, EFFICIENCY)
    return Alarm(
        t_ns,
        name="no-rise",
        fault_class=1,
        causes=causes if priors.has_meter else (NO_LIGHT, POWER, *causes),
        onset_ns=ns(since_s),
        size="no rise of temperature that particles would make",
        split_by="" if priors.has_meter else "a power meter on a pick-off",
    )


def time_went_back(t_ns: int, now_s: float, before_s: float) -> Alarm:
    """A reading is not later than the one before."""
    return Alarm(
        t_ns,
        name="time",
        fault_class=18,
        causes=("clock of the record",),
        onset_ns=ns(before_s),
        size=f"a reading at {now_s:.3f} s after one at {before_s:.3f} s",
        split_by="",
    )
