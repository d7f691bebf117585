"""What must never happen in a run, judged by the simulated world's own log.

Light outside a lease: every instant of light lies within a lease after the command, or after a
control step whose reading of the guarded channel was valid and newer than the one before, and
before the declared end; the time to off that the bench prints comes on top. Where the laser itself
does not obey, so does the time of the other path; where there is none, the run must end by saying
so.

A cap passed: by how much the liquid is truly hotter than the cap. What the sensor explains is

    rate * (lag of the bead + mixing of the liquid + one period and one scan + off) + its errors

where the rate is what the light can do at most: its true power times the heat that a watt gives to
the liquid, over the liquid's heat capacity, all by the world; and, where a fault blinds the sensor,
the time its row allows it to go unseen.
"""

from __future__ import annotations

from benchmarks.guard._deeds import STALL_S
from benchmarks.guard._drawn import Acting, Told
from benchmarks.guard._list import LIST
from labctl.bench import off_latency
from labctl.clock import NS
from labctl.errors import Exit
from labctl.events import LASER, Beam, Emission, EmissionIntent, Reading, Sample

GUARDED = "probe.temperature"
_TICK_S = 0.05
_SECOND_PATH_S = 3.0
"""A laser that does not obey: a second until every path is tried, and the slowest of them."""
_UNBIDDEN_S = 1.0
_SCAN_S, _MIXING_S = 0.35, 0.9
_POWER_SHARE = 1.3
"""Most that the light is above its mean: warming up, and a step of a fifth."""
_ERRORS_K = 1.5
"""Cold junction (three times 0.3 K), gain, channel and noise of the simulated thermometer."""
_STUCK = ("laser-ignores-off", "laser-lies-about-off", "unplugged-port", "late-reply")
_SHUTTER_GONE = ("shutter-stuck", "unplugged-port", "late-reply")
_BLIND = ("frozen-reading", "bead-out", "shorted-", "reversed-", "swapped-", "late-reply")


def light_outside(told: Told) -> str:
    """What light there was that nothing had granted; '' where there was none."""
    for on_ns, off_ns in told.light:
        over_s = (off_ns - _granted_until_ns(told, on_ns)) / NS
        if over_s > 0.0 and not _said_so(told):
            return f"{over_s:.2f} s of light outside a lease, from {on_ns / NS:.2f} s"
    return ""


def off_said_in_light(told: Told) -> str:
    """OFF told while there was light; '' where it was not."""
    for said in told.of(Emission):
        if said.beam is Beam.OFF and said.source == LASER:
            for on_ns, off_ns in told.light:
                if on_ns < said.t_ns < off_ns:
                    return f"OFF said at {said.t_ns / NS:.2f} s in light ({said.how})"
    if told.lit_at_the_end and told.ended is not None and told.ended.beam is Beam.OFF:
        return "OFF said at the end in light"
    return ""


def cap_passed(told: Told) -> str:
    """By how much the liquid was hotter than its sensor explains; '' where it was not."""
    over_k = told.truth["peak_liquid_degc"] - told.shape.cap_degc
    allowed_k = explained_k(told)
    return f"{over_k:.1f} K over, {allowed_k:.1f} K explained" if over_k > allowed_k else ""


def explained_k(told: Told) -> float:
    """What lag and errors of the sensor explain of an exceedance, K."""
    truth = told.truth
    power_w = max((e["mean_power_w"] for e in truth["emission"]), default=0.0) * _POWER_SHARE
    plateau = truth["plateau"]
    per_watt = plateau["heat_w"] / plateau["power_w"] if plateau["power_w"] else 0.0
    rate = power_w * per_watt / truth["liquid_heat_capacity_j_per_k"]
    unseen_s = truth["bead_lag_s"] + _MIXING_S + told.shape.period_s + _SCAN_S + _off_s(told)
    unseen_s += sum(_blind_s(told, fault) for fault in told.shape.faults)
    return rate * unseen_s + _ERRORS_K


def _blind_s(told: Told, fault: Acting) -> float:
    """How long a fault may keep the sensor from telling, s."""
    if fault.text == "!stalled":
        return STALL_S
    if not fault.text.startswith(_BLIND):
        # Nothing is told at all then, and the lease ends the light.
        return told.shape.lease_s if "port" in fault.text or "open-" in fault.text else 0.0
    rows = [row.within_s(told.shape.period_s) for row in LIST if row.fault == fault.text]
    return max(rows, default=told.shape.lease_s)


def _off_s(told: Told) -> float:
    worst = off_latency(told.file)
    return _TICK_S + (worst.asked_s if worst is not None else 0.0)


def _granted_until_ns(told: Told, on_ns: int) -> int:
    """Until when light that began then was granted, with the time to off on top."""
    slack_s = _off_s(told)
    if any(fault.text.startswith(_STUCK) for fault in told.shape.faults):
        slack_s += _SECOND_PATH_S
    if "!stalled" in told.done_ns:
        # The loop of the guard stands still with everything else of it, in one process.
        slack_s += STALL_S
    commanded = [
        e.t_ns
        for e in told.of(Emission)
        if e.beam is Beam.ON and e.source == LASER and "commanded" in e.how
    ]
    begun_ns = max((t_ns for t_ns in commanded if t_ns <= on_ns), default=None)
    if begun_ns is None or _ended_ns(told, begun_ns) < on_ns:
        # Nobody asked for it.
        return on_ns + round((_UNBIDDEN_S + 2 * told.shape.period_s) * NS)
    lease_ns = round(told.shape.lease_s * NS)
    until_ns = begun_ns + lease_ns
    for t_ns in _fresh(told):
        if begun_ns < t_ns <= until_ns:
            until_ns = t_ns + lease_ns
    return min(until_ns, _ended_ns(told, begun_ns)) + round(slack_s * NS)


def _ended_ns(told: Told, begun_ns: int) -> int:
    """The declared end of the emission that was commanded then."""
    intents = [e for e in told.of(EmissionIntent) if e.t_ns <= begun_ns and e.source == LASER]
    return begun_ns + intents[-1].at_most_ns


def _fresh(told: Told) -> list[int]:
    """When a control step had a valid and newer reading of the guarded channel."""
    found, newest_ns = [], -1
    for sample in told.of(Sample):
        for reading in sample.readings:
            if (
                isinstance(reading, Reading)
                and reading.channel == GUARDED
                and reading.t_ns > newest_ns
            ):
                newest_ns = reading.t_ns
                found.append(sample.t_ns)
    return found


def _said_so(told: Told) -> bool:
    """Nothing on this bench could end the light, and the run says that it is not off."""
    faults = told.shape.faults
    laser = any(fault.text.startswith((*_STUCK, "laser-on-by-itself")) for fault in faults)
    gated = "shutter" in told.file.roles
    shutter = gated and any(fault.text.startswith(_SHUTTER_GONE) for fault in faults)
    loud = told.ended is not None and told.ended.exit_code in (
        Exit.SAFETY,
        Exit.BEAM_NOT_CONFIRMED_OFF,
    )
    return loud and laser and (shutter or not gated)
