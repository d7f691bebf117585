"""The alarms of the check, each with the causes that its data cannot tell apart.

Fault classes are those of the project's table of faults: 1 the heat is not what it should be, 7 the
bead does not show the liquid, 8 light that should not be, 0 the record itself.
"""

from __future__ import annotations

from labctl.clock import ns
from labctl.events import Alarm
from labctl.monitor._priors import Priors
from labctl.photothermal import Step

BY_THE_BANK = frozenset({"heat-step", "bead-step", "bead-light", "no-rise"})
"""Names of the alarms that rest on the estimator."""


def heat_step(t_ns: int, step: Step, lit: bool, priors: Priors) -> Alarm:
    """The liquid's heat balance changed, and no monitor says why."""
    causes: list[str] = []
    split: list[str] = []
    if lit:
        if priors.has_meter:
            causes.append("overlap of beam and sample")
        else:
            causes += ["power", "overlap of beam and sample"]
            split.append("a power meter on a pick-off tells the power from the rest")
        causes.append("efficiency")
        what = "of the absorbed power"
        split.append("the cooling branch tells heat loss from the rest")
    else:
        what = "of the heat loss"
    causes.append("heat loss")
    if not priors.has_ambient:
        causes.append("ambient temperature")
        split.append("an ambient thermocouple tells the surroundings from the rest")
    size = step.size if lit else -step.size
    return Alarm(
        t_ns,
        name="heat-step",
        fault_class=1,
        causes=tuple(causes),
        onset_ns=ns(step.onset_s),
        size=f"{size * 100.0:+.1f} ± {step.sd * 100.0:.1f} % {what}",
        split_by="; ".join(split),
    )


def bead_step(t_ns: int, step: Step, lit: bool) -> Alarm:
    """The bead moved against the liquid faster than the liquid can."""
    return Alarm(
        t_ns,
        name="bead-step",
        fault_class=7,
        causes=("light on the bead", "offset of the probe") if lit else ("offset of the probe",),
        onset_ns=ns(step.onset_s),
        size=f"{step.size:+.2f} ± {step.sd:.2f} K at the bead",
        split_by="the switch-off: light on the bead jumps back there" if lit else "",
    )


def light_on_bead(t_ns: int, since_s: float, light_k: float, sd_k: float) -> Alarm:
    """The bead jumped with the light."""
    return Alarm(
        t_ns,
        name="bead-light",
        fault_class=7,
        causes=("light on the bead",),
        onset_ns=ns(since_s),
        size=f"{light_k:+.2f} ± {sd_k:.2f} K at the bead while the light is on",
        split_by="",
    )


def power_step(t_ns: int, onset_s: float, size: float) -> Alarm:
    """The power meter saw the power change under an unchanged command."""
    return Alarm(
        t_ns,
        name="power-step",
        fault_class=1,
        causes=("power",),
        onset_ns=ns(onset_s),
        size=f"{size * 100.0:+.1f} % of the power at the sample, seen by the power meter",
        split_by="",
    )


def power_not_as_commanded(t_ns: int, since_s: float, ratio: float) -> Alarm:
    """The power meter disagrees with the command beyond both calibrations."""
    return Alarm(
        t_ns,
        name="power-monitor",
        fault_class=1,
        causes=("power", "calibration of the meter or of the laser"),
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
    causes = ("overlap of beam and sample", "efficiency")
    return Alarm(
        t_ns,
        name="no-rise",
        fault_class=1,
        causes=causes if priors.has_meter else ("power", *causes),
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
