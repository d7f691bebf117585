"""The guard's rules, as levels: looked at in full at every tick, never as edges.

`decide` reads a state and a time and returns every rule that is violated. It does nothing, knows no
clock and no instrument, and so it is the same in a process of its own and in a test.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from labctl.clock import NS
from labctl.events import Beam
from labctl.guard._state import (
    DARK_W,
    LIT,
    LIVE,
    SETTLE_NS,
    GuardState,
    meter_threshold_w,
    powers_since,
)
from labctl.talk import GuardSpec, Phase, Trip

_GATE_NS = NS // 2
"""The same of a blade or a contact."""
_END_NS = NS // 4
"""The engine ends a step at its declared end, and the guard must not race it."""
_QUANTA = 3
"""A reading that should have changed by so many has frozen when it did not."""
_WARMER_THAN_LIQUID = 6.0
"""A bead in the light may be above the liquid by so many margins; that is for the check to tell."""
_BROKEN = frozenset({"open", "range", "no-sensor", "device"})
"""Of an invalid reading. One that came late, or not at all, ages until `stale` fires."""


def decide(spec: GuardSpec, state: GuardState, now_ns: int) -> list[Trip]:
    """Every rule violated at `now_ns`, in the order of RULES; empty when none is."""
    found = (r.check(spec, state, now_ns) for r in RULES if state.phase in r.phases)
    return [trip for trip in found if trip is not None]


Check = Callable[[GuardSpec, GuardState, int], Trip | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name, the phases in which it holds, and its check."""

    name: str
    phases: frozenset[Phase]
    check: Check


def _over(rule: str, what: str, value: float, limit: float, unit: str) -> Trip | None:
    """A trip unless the value is within its limit: one that is no number is not."""
    return None if value <= limit else Trip(rule, what, value, limit, unit)


def _old(rule: str, what: str, seen_ns: int, now_ns: int, limit_s: float) -> Trip | None:
    """A trip when `seen_ns` is longer ago than the limit."""
    age_s = (now_ns - seen_ns) / NS
    return _over(rule, f"{what} {age_s:.2f} s ago", age_s, limit_s, "s")


def _lease(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    late_s = (now_ns - state.lease_until_ns) / NS + spec.lease_s
    what = f"no control step with a fresh reading for {late_s:.2f} s"
    return _over("lease", what, late_s, spec.lease_s, "s")


def _exposure(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    limit_s = min(spec.max_exposure_s, state.at_most_ns / NS)
    lit_s = (now_ns - state.lit_ns - _END_NS) / NS
    return _over("exposure", f"lit for {lit_s + _END_NS / NS:.1f} s", lit_s, limit_s, "s")


def _energy(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    what = f"{state.energy_j:.1f} J given in this run"
    return _over("energy", what, state.energy_j, spec.max_energy_j, "J")


def _stale(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    if state.beat is None or not state.temperatures:
        never = "read" if state.beat is None else "valid"
        return Trip("stale", f"{spec.guarded_channel} has never been {never}")
    what = f"{spec.guarded_channel} was last valid"
    return _old("stale", what, state.temperatures[-1][0], now_ns, spec.staleness_s)


def _open(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    beat = state.beat
    if beat is None or beat.invalid not in _BROKEN:
        return None
    return Trip("open", f"{spec.guarded_channel} is invalid: {beat.invalid}")


def _temperature(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    degc = state.beat.temperature_degc if state.beat else None
    if degc is None:
        return None
    what, low_degc = f"{spec.guarded_channel} is {degc:.2f} degC", spec.min_temperature_degc
    if not degc >= low_degc:
        return Trip("temperature-low", f"{what}: reversed or out of place", degc, low_degc, "degC")
    return _over("temperature", what, degc, spec.max_temperature_degc, "degC")


def _rate(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    # Of this emission only: a hot sample in the dark may cool faster than a lit one ever does.
    window = [reading for reading in state.temperatures if reading[0] >= state.lit_ns]
    span_s = (window[-1][0] - window[0][0]) / NS if len(window) > 2 else 0.0
    # Over less than most of the window, noise alone is a rate.
    if span_s < 0.6 * spec.rate_window_s:
        return None
    rate = (window[-1][1] - window[0][1]) / span_s
    what = f"{spec.guarded_channel} rises by {rate:.2f} K/s"
    if rate > 0.0:
        return _over("rise", what, rate, spec.max_rise_k_per_s, "K/s")
    most_fall = spec.max_fall_k_per_s + _fall_of_less_light(spec, state, window[0], span_s)
    what = f"{spec.guarded_channel} falls by {-rate:.2f} K/s while the sample is heated: "
    return _over("fall", what + "the probe is not in the liquid", -rate, most_fall, "K/s")


def _fall_of_less_light(
    spec: GuardSpec, state: GuardState, first: tuple[int, float], span_s: float
) -> float:
    """How much faster a probe in the liquid may fall because the power was lowered: a bead loses
    what the light has just given to it, and the liquid cools by the part that is missing of the
    highest power that has heated it."""
    power_w, just_w = state.commanded_w, max(powers_since(state, first[0] - SETTLE_NS))
    most_w = max(state.most_w, power_w)
    if power_w >= most_w:
        return 0.0
    bead_k = _WARMER_THAN_LIQUID * spec.rise_margin_k * (1.0 - power_w / just_w)
    return bead_k / span_s + state.rise.fades_k_per_s(spec, first[1]) * (1.0 - power_w / most_w)


def _follow(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    rise, rise_k = state.rise, state.rise.rise_k
    if rise_k is None:
        return None
    what = f"{spec.guarded_channel} rose by {rise_k:.2f} K with {rise.given_j:.0f} J"
    least_k = rise.least_k - spec.rise_margin_k
    if spec.least_k_per_j > 0.0 and rise_k < least_k:
        what += f", at least {rise.least_k:.2f} K was to be expected: not in the sample, not in "
        what += "the beam, or the sample takes up less than it is said to"
        return Trip("follow", what, rise_k, least_k, "K")
    most_k = math.inf
    if spec.most_k_per_j > 0.0:
        most_k = rise.most_k + _WARMER_THAN_LIQUID * spec.rise_margin_k
    what += f", at most {rise.most_k:.2f} K was to be expected"
    return _over("follow", what, rise_k, most_k, "K")


def _frozen(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    # At a plateau, or where a quantum is coarse, a healthy reading repeats itself.
    expected_k = state.rise.least_k - state.rise.same_k
    if not 0 < spec.frozen_after <= state.identical or expected_k <= _QUANTA * spec.resolution_k:
        return None
    what = (
        f"{spec.guarded_channel} gave the same value {state.identical} times, over which it should "
        f"have risen by {expected_k:.2f} K"
    )
    return Trip("frozen", what, state.identical, spec.frozen_after, "readings")


def _power(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    measured_w = state.seen.measured_power_w if state.seen else None
    # What a laser gives before it takes its power is for the closed shutter.
    if measured_w is None or state.held_back:
        return None
    what = f"{measured_w:.3f} W measured"
    return _over("power", what, measured_w, spec.max_measured_power_w, "W")


def _mismatch(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    seen = state.seen
    if spec.power_mismatch == 0 or seen is None or seen.measured_power_w is None:
        return None
    measured_w, settled_ns = seen.measured_power_w, min(now_ns, seen.meter_ns) - SETTLE_NS
    # Where it has just been changed, a meter that lags shows what lies between.
    asked_w = powers_since(state, settled_ns)
    near_w = min(max(measured_w, min(asked_w)), max(asked_w))
    off_by = measured_w / near_w - 1.0
    # Too little waits while the source says that it is starting, too much does not.
    since_ns = state.lit_ns if off_by > 0.0 else state.light_ns
    near = abs(off_by) <= spec.power_mismatch or abs(measured_w - near_w) <= DARK_W
    if settled_ns < since_ns or near:
        return None
    what = f"{measured_w:.3f} W measured, {near_w:.3f} W commanded"
    return Trip("power-mismatch", what, abs(off_by), spec.power_mismatch, "relative")


def _interlock(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    seen = state.seen
    if not spec.needs_interlock:
        return None
    # Not readable is open.
    if seen is None or seen.said.interlock_closed is not True:
        return Trip("interlock", "the interlock does not read closed")
    return Trip("interlock", "the key switch reads off") if seen.said.key_on is False else None


def _gate(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    for name, seen in state.gates.items():
        old = _old("gate", f"the {name} was last heard", seen.taken_ns, now_ns, spec.staleness_s)
        if old is not None:
            return old
        if seen.through and seen.state.dropped:
            return Trip("gate", f"the {name} has dropped by itself")
        settled = seen.taken_ns - seen.since_ns > _GATE_NS
        if settled and seen.state.blocks is seen.through:
            said = "blocks though let through" if seen.through else "lets through though blocked"
            return Trip("gate", f"the {name} {said}")
    return None


def _dropped(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    seen = state.seen
    if seen is None or seen.said.beam is not Beam.OFF or now_ns - state.light_ns < SETTLE_NS:
        return None
    why = f" ({', '.join(seen.said.faults)})" if seen.said.faults else ""
    return Trip("dropped", f"the source reads OFF although commanded on{why}")


def _starting(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    seen = state.seen
    if seen is None or not seen.said.starting or state.meter_saw_it:
        return None
    starting_s = (seen.taken_ns - state.lit_ns) / NS
    what = f"{starting_s:.1f} s after on the source says that it is starting, and no light is seen"
    return _over("starting", what, starting_s, spec.starts_within_s, "s")


def _fault(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    seen = state.seen
    # What it said before on may be why it was dark.
    if seen is None or not seen.said.faults or seen.taken_ns <= state.lit_ns:
        return None
    return Trip("fault", f"the source says: {', '.join(seen.said.faults)}")


def _source_silent(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    seen_ns = max(state.seen.taken_ns if state.seen else 0, state.lit_ns)
    return _old("source-silent", "the source was last heard", seen_ns, now_ns, spec.staleness_s)


def _unbidden(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    seen, dark_ns = state.seen, state.dark_ns + SETTLE_NS
    if seen is None:
        return None
    # What was read before off, or while it took effect, says nothing of the dark: a source that
    # does not answer leaves the last reading where it was.
    if seen.taken_ns >= dark_ns and seen.said.beam is Beam.ON:
        return Trip("unbidden", "the source reads ON although commanded off")
    if seen.meter_ns < dark_ns or not seen.measured_power_w:
        return None
    what = f"{seen.measured_power_w:.3f} W measured although commanded off"
    return _over("unbidden", what, seen.measured_power_w, meter_threshold_w(state), "W")


_DARK = frozenset({Phase.DISARMED, Phase.ARMED, Phase.TRIPPED})

RULES: tuple[Rule, ...] = (
    Rule("unbidden", _DARK, _unbidden),
    Rule("lease", LIT, _lease),
    Rule("temperature", LIVE, _temperature),
    Rule("open", LIVE, _open),
    Rule("stale", LIVE, _stale),
    Rule("rate", LIT, _rate),
    Rule("frozen", LIT, _frozen),
    Rule("follow", LIT, _follow),
    Rule("interlock", LIVE, _interlock),
    Rule("gate", LIVE, _gate),
    Rule("power", LIT, _power),
    Rule("power-mismatch", LIT, _mismatch),
    Rule("starting", LIT, _starting),
    Rule("dropped", LIT, _dropped),
    Rule("fault", LIT, _fault),
    Rule("source-silent", LIT, _source_silent),
    Rule("exposure", LIT, _exposure),
    Rule("energy", LIT, _energy),
)
"""All rules, the most telling first: the first that fires names the cause."""
