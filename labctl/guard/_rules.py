"""The guard's rules, as levels: looked at in full at every tick, never as edges.

`decide` looks at what is known and at a time. It does nothing, knows no clock and no instrument,
and so it is the same in a process of its own and in a test.
"""

from __future__ import annotations

from collections.abc import Iterator

from labctl import evidence
from labctl.clock import NS
from labctl.events import Beam
from labctl.evidence import SETTLE_NS, Known
from labctl.talk import LIT, LIVE, GuardSpec, Heartbeat, Trip

_GATE_NS = NS // 2
"""A blade or a contact may take so long to agree with what it was told."""
_END_NS = NS // 4
"""The engine ends a step at its declared end, and the guard must not race it."""
_QUANTA = 3
"""A reading that should have changed by so many has frozen when it did not."""
_BROKEN = frozenset({"open", "range", "no-sensor", "device"})
"""Of an invalid reading. One that came late, or not at all, ages until `stale` fires."""


def decide(spec: GuardSpec, known: Known, now_ns: int) -> list[Trip]:
    """Every rule violated at `now_ns`, the most telling first: the first names the cause."""
    lit, live = known.phase in LIT, known.phase in LIVE
    rules = ((_dark, not lit), (_lease, lit), (_reading, live), (_heating, lit), (_loop, live),
             (_source, lit), (_spent, lit))  # fmt: skip
    return [trip for look, holds in rules if holds for trip in look(spec, known, now_ns)]


def take_beat(spec: GuardSpec, known: Known, beat: Heartbeat, now_ns: int) -> None:
    """Take in a control step's guarded reading; a new and valid one renews the lease. A lease that
    has run out stays so: a machine that was suspended must not renew it."""
    fresh = evidence.note_heartbeat(spec, known, beat, now_ns)
    if fresh and known.phase in LIT and now_ns <= known.lease_until_ns:
        known.lease_until_ns = now_ns + round(spec.lease_s * NS)


def _over(rule: str, what: str, value: float, limit: float, unit: str) -> Iterator[Trip]:
    """A trip unless the value is within its limit: one that is no number is not."""
    if not value <= limit:
        yield Trip(rule, what, value, limit, unit)


def _old(rule: str, what: str, seen_ns: int, now_ns: int, limit_s: float) -> Iterator[Trip]:
    age_s = (now_ns - seen_ns) / NS
    yield from _over(rule, f"{what} {age_s:.2f} s ago", age_s, limit_s, "s")


def _lease(spec: GuardSpec, known: Known, now_ns: int) -> Iterator[Trip]:
    late_s = (now_ns - known.lease_until_ns) / NS + spec.lease_s
    what = f"no control step with a fresh reading for {late_s:.2f} s"
    yield from _over("lease", what, late_s, spec.lease_s, "s")


def _dark(spec: GuardSpec, known: Known, now_ns: int) -> Iterator[Trip]:
    """What was read before off, or while it took effect, says nothing of the dark: a source that
    does not answer leaves the last reading where it was."""
    seen, dark_ns = known.seen, known.dark_ns + SETTLE_NS
    if seen and seen.taken_ns >= dark_ns and seen.said.beam is Beam.ON:
        yield Trip("unbidden", "the source reads ON although commanded off")
    elif seen and seen.meter_ns >= dark_ns and seen.measured_power_w:
        what = f"{seen.measured_power_w:.3f} W measured although commanded off"
        most_w = evidence.meter_threshold_w(known)
        yield from _over("unbidden", what, seen.measured_power_w, most_w, "W")


def _reading(spec: GuardSpec, known: Known, now_ns: int) -> Iterator[Trip]:
    """There is a guarded reading, it is one, it is new, and it is within its limits."""
    beat, channel = known.beat, spec.guarded_channel
    degc, low_degc = beat.temperature_degc if beat else None, spec.min_temperature_degc
    if degc is not None and not degc >= low_degc:
        what = f"{channel} is {degc:.2f} degC: reversed or out of place"
        yield Trip("temperature-low", what, degc, low_degc, "degC")
    elif degc is not None:
        what = f"{channel} is {degc:.2f} degC"
        yield from _over("temperature", what, degc, spec.max_temperature_degc, "degC")
    if beat and beat.invalid in _BROKEN:
        yield Trip("open", f"{channel} is invalid: {beat.invalid}")
    if beat and known.temperatures:
        taken_ns, what = known.temperatures[-1][0], f"{channel} was last valid"
        yield from _old("stale", what, taken_ns, now_ns, spec.staleness_s)
    else:
        yield Trip("stale", f"{channel} has never been {'valid' if beat else 'read'}")


def _heating(spec: GuardSpec, known: Known, now_ns: int) -> Iterator[Trip]:
    """The guarded reading does what one in a heated sample does."""
    channel, rise = spec.guarded_channel, known.rise
    if rate := evidence.rate_k_per_s(spec, known):
        rises, falls_of_less_light = rate
        what = f"{channel} rises by {rises:.2f} K/s"
        yield from _over("rise", what, rises, spec.max_rise_k_per_s, "K/s")
        most = spec.max_fall_k_per_s + falls_of_less_light
        what = f"{channel} falls by {-rises:.2f} K/s while the sample is heated: "
        yield from _over("fall", what + "the probe is not in the liquid", -rises, most, "K/s")
    # At a plateau, or where a quantum is coarse, a healthy reading repeats itself.
    due_k, same = rise.least_k - rise.same_k, known.identical
    if 0 < spec.frozen_after <= same and not due_k <= _QUANTA * spec.resolution_k:
        what = f"{channel} gave the same value {same} times, over which it should have risen by "
        yield Trip("frozen", f"{what}{due_k:.2f} K", same, spec.frozen_after, "readings")
    if rise.rise_k is None:
        return
    what = f"{channel} rose by {rise.rise_k:.2f} K with {rise.given_j:.0f} J, "
    least_k = rise.least_k - spec.rise_margin_k
    if spec.least_k_per_j > 0.0 and rise.rise_k < least_k:
        what += f"at least {rise.least_k:.2f} K was to be expected: not in the sample, not in the "
        what += "beam, or the sample takes up less than it is said to"
        yield Trip("follow", what, rise.rise_k, least_k, "K")
    elif spec.most_k_per_j > 0.0:
        what += f"at most {rise.most_k:.2f} K was to be expected"
        most_k = rise.most_k + evidence.WARMER_THAN_LIQUID * spec.rise_margin_k
        yield from _over("follow", what, rise.rise_k, most_k, "K")


def _loop(spec: GuardSpec, known: Known, now_ns: int) -> Iterator[Trip]:
    """Interlock, key and gates are as they must be; what is not readable is open."""
    said = known.seen and known.seen.said
    if spec.needs_interlock and not (said and said.interlock_closed is True):
        yield Trip("interlock", "the interlock does not read closed")
    elif spec.needs_interlock and said and said.key_on is False:
        yield Trip("interlock", "the key switch reads off")
    for name, gate in known.gates.items():
        what = f"the {name} was last heard"
        yield from _old("gate", what, gate.taken_ns, now_ns, spec.staleness_s)
        if gate.through and gate.state.dropped:
            yield Trip("gate", f"the {name} has dropped by itself")
        if gate.state.blocks is gate.through and gate.taken_ns - gate.since_ns > _GATE_NS:
            is_so = "blocks though let through" if gate.through else "lets through though blocked"
            yield Trip("gate", f"the {name} {is_so}")


def _source(spec: GuardSpec, known: Known, now_ns: int) -> Iterator[Trip]:
    """The source answers, gives what it was told to give, and says nothing against it."""
    seen = known.seen
    # What a laser gives before it takes its power is for the closed shutter.
    if seen and seen.measured_power_w is not None and not known.held_back:
        what, measured_w = f"{seen.measured_power_w:.3f} W measured", seen.measured_power_w
        yield from _over("power", what, measured_w, spec.max_measured_power_w, "W")
    if spec.power_mismatch and (differ := evidence.against_command(known, now_ns)):
        what = "{:.3f} W measured, {:.3f} W commanded".format(*differ)
        off_by = abs(differ[0] / differ[1] - 1.0)
        yield from _over("power-mismatch", what, off_by, spec.power_mismatch, "relative")
    if seen and seen.said.starting and not known.meter_saw_it:
        took_s = (seen.taken_ns - known.lit_ns) / NS
        what = f"{took_s:.1f} s after on the source says that it is starting, and no light is seen"
        yield from _over("starting", what, took_s, spec.starts_within_s, "s")
    faults = ", ".join(seen.said.faults) if seen else ""
    if seen and seen.said.beam is Beam.OFF and now_ns - known.light_ns >= SETTLE_NS:
        why = faults or "it tells no fault"
        yield Trip("dropped", f"the source reads OFF although commanded on: {why}")
    # What it said before on may be why it was dark.
    if seen and faults and seen.taken_ns > known.lit_ns:
        yield Trip("fault", f"the source says: {faults}")
    heard_ns, what = max(seen.taken_ns if seen else 0, known.lit_ns), "the source was last heard"
    yield from _old("source-silent", what, heard_ns, now_ns, spec.staleness_s)


def _spent(spec: GuardSpec, known: Known, now_ns: int) -> Iterator[Trip]:
    """Time and energy are within what the bench allows and the protocol declared."""
    lit_s, most_s = (now_ns - known.lit_ns) / NS, min(spec.max_exposure_s, known.at_most_ns / NS)
    yield from _over("exposure", f"lit for {lit_s:.1f} s", lit_s - _END_NS / NS, most_s, "s")
    what = f"{known.energy_j:.1f} J given in this run"
    yield from _over("energy", what, known.energy_j, spec.max_energy_j, "J")
