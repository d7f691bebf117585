"""The guard's rules, as levels: looked at in full at every tick, never as edges.

`decide` reads a state and a time and returns every rule that is violated. It does nothing, knows no
clock and no instrument, and so it is the same in a process of its own and in a test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from labctl.clock import NS
from labctl.events import Beam
from labctl.guard._messages import Trip
from labctl.guard._spec import GuardSpec
from labctl.guard._state import LIT, LIVE, GuardState, Phase, meter_threshold_w

_SETTLE_NS = 2 * NS
"""After an edge, source and meter may take this long to agree with the command."""
_GATE_NS = NS // 2
"""The same of a blade or a contact."""


def decide(spec: GuardSpec, state: GuardState, now_ns: int) -> list[Trip]:
    """Every rule violated at `now_ns`, in the order of RULES; empty when none is."""
    trips = []
    for rule in RULES:
        if state.phase in rule.phases:
            trip = rule.check(spec, state, now_ns)
            if trip is not None:
                trips.append(trip)
    return trips


Check = Callable[[GuardSpec, GuardState, int], Trip | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name, the phases in which it holds, and its check."""

    name: str
    phases: frozenset[Phase]
    check: Check


def _lease(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    if now_ns <= state.lease_until_ns:
        return None
    late_s = (now_ns - state.lease_until_ns) / NS + spec.lease_s
    return Trip(
        "lease",
        f"no control step with a fresh reading for {late_s:.2f} s",
        late_s,
        spec.lease_s,
        "s",
    )


def _exposure(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    limit_s = min(spec.max_exposure_s, state.at_most_ns / NS)
    lit_s = (now_ns - state.lit_ns) / NS
    # A quarter of a second of grace: the engine ends a step at its declared end, and the guard
    # must not race it.
    if lit_s <= limit_s + 0.25:
        return None
    return Trip("exposure", f"lit for {lit_s:.1f} s", lit_s, limit_s, "s")


def _energy(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    if state.energy_j <= spec.max_energy_j:
        return None
    return Trip(
        "energy",
        f"{state.energy_j:.1f} J given in this run",
        state.energy_j,
        spec.max_energy_j,
        "J",
    )


def _stale(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    if state.beat is None:
        return Trip("stale", f"{spec.guarded_channel} has never been read")
    last_ns = state.temperatures[-1][0] if state.temperatures else None
    if last_ns is None:
        return Trip("stale", f"{spec.guarded_channel} has never been valid")
    age_s = (now_ns - last_ns) / NS
    if age_s <= spec.staleness_s:
        return None
    return Trip(
        "stale",
        f"the last valid {spec.guarded_channel} is {age_s:.2f} s old",
        age_s,
        spec.staleness_s,
        "s",
    )


def _open(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    beat = state.beat
    # A reply that came late or not at all is not a broken sensor: it ages until `stale` fires.
    if beat is None or beat.invalid not in {"open", "range", "no-sensor", "device"}:
        return None
    return Trip("open", f"{spec.guarded_channel} is invalid: {beat.invalid}")


def _too_hot(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    beat = state.beat
    if beat is None or beat.temperature_degc is None:
        return None
    if beat.temperature_degc <= spec.max_temperature_degc:
        return None
    return Trip(
        "temperature",
        f"{spec.guarded_channel} is {beat.temperature_degc:.2f} degC",
        beat.temperature_degc,
        spec.max_temperature_degc,
        "degC",
    )


def _too_cold(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    beat = state.beat
    if beat is None or beat.temperature_degc is None:
        return None
    if beat.temperature_degc >= spec.min_temperature_degc:
        return None
    return Trip(
        "temperature-low",
        f"{spec.guarded_channel} is {beat.temperature_degc:.2f} degC: reversed or out of place",
        beat.temperature_degc,
        spec.min_temperature_degc,
        "degC",
    )


def _rate(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    # Of this emission only: a hot sample in the dark may cool faster than a lit one ever does.
    window = [reading for reading in state.temperatures if reading[0] >= state.lit_ns]
    if len(window) < 3:
        return None
    (first_ns, first), (last_ns, last) = window[0], window[-1]
    span_s = (last_ns - first_ns) / NS
    # Over less than most of the window, noise alone is a rate.
    if span_s < 0.6 * spec.rate_window_s:
        return None
    rate = (last - first) / span_s
    if rate > spec.max_rise_k_per_s:
        return Trip(
            "rise",
            f"{spec.guarded_channel} rises by {rate:.2f} K/s",
            rate,
            spec.max_rise_k_per_s,
            "K/s",
        )
    if -rate > spec.max_fall_k_per_s:
        return Trip(
            "fall",
            f"{spec.guarded_channel} falls by {-rate:.2f} K/s while the sample is heated: "
            "the probe is not in the liquid",
            -rate,
            spec.max_fall_k_per_s,
            "K/s",
        )
    return None


def _frozen(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    if spec.frozen_after == 0 or state.identical < spec.frozen_after:
        return None
    return Trip(
        "frozen",
        f"{spec.guarded_channel} gave the same value {state.identical} times",
        state.identical,
        spec.frozen_after,
        "readings",
    )


def _power(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    measured_w = state.seen.measured_power_w if state.seen else None
    # What a laser gives before it takes its power is for the closed shutter.
    if measured_w is None or measured_w <= spec.max_measured_power_w or state.held_back:
        return None
    return Trip(
        "power",
        f"{measured_w:.3f} W measured",
        measured_w,
        spec.max_measured_power_w,
        "W",
    )


def _mismatch(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    seen = state.seen
    if spec.power_mismatch == 0 or seen is None or seen.measured_power_w is None:
        return None
    if now_ns - state.lit_ns < _SETTLE_NS or seen.meter_ns - state.lit_ns < _SETTLE_NS:
        return None
    off_by = abs(seen.measured_power_w - state.commanded_w) / state.commanded_w
    if off_by <= spec.power_mismatch:
        return None
    return Trip(
        "power-mismatch",
        f"{seen.measured_power_w:.3f} W measured, {state.commanded_w:.3f} W commanded",
        off_by,
        spec.power_mismatch,
        "relative",
    )


def _interlock(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    if not spec.needs_interlock:
        return None
    seen = state.seen
    # Not readable is open.
    if seen is None or seen.interlock_closed is not True:
        return Trip("interlock", "the interlock does not read closed")
    if seen.key_on is False:
        return Trip("interlock", "the key switch reads off")
    return None


def _gate(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    for name, seen in state.gates.items():
        age_s = (now_ns - seen.taken_ns) / NS
        if age_s > spec.staleness_s:
            return Trip(
                "gate", f"the {name} was last heard {age_s:.2f} s ago", age_s, spec.staleness_s, "s"
            )
        if seen.through and seen.state.dropped:
            return Trip("gate", f"the {name} has dropped by itself")
        settled = seen.taken_ns - seen.since_ns > _GATE_NS
        if settled and seen.state.blocks is seen.through:
            said = "blocks though let through" if seen.through else "lets through though blocked"
            return Trip("gate", f"the {name} {said}")
    return None


def _dropped(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    seen = state.seen
    if seen is None or seen.beam is not Beam.OFF or now_ns - state.lit_ns < _SETTLE_NS:
        return None
    why = f" ({', '.join(seen.faults)})" if seen.faults else ""
    return Trip("dropped", f"the source reads OFF although commanded on{why}")


def _source_silent(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    seen_ns = state.seen.taken_ns if state.seen else state.lit_ns
    age_s = (now_ns - max(seen_ns, state.lit_ns)) / NS
    if age_s <= spec.staleness_s:
        return None
    return Trip(
        "source-silent",
        f"the source was last heard {age_s:.2f} s ago",
        age_s,
        spec.staleness_s,
        "s",
    )


def _unbidden(spec: GuardSpec, state: GuardState, now_ns: int) -> Trip | None:
    seen = state.seen
    if seen is None or now_ns - state.dark_ns < _SETTLE_NS:
        return None
    if seen.beam is Beam.ON:
        return Trip("unbidden", "the source reads ON although commanded off")
    measured_w = seen.measured_power_w
    threshold_w = meter_threshold_w(state)
    if measured_w is not None and measured_w > threshold_w:
        return Trip(
            "unbidden",
            f"{measured_w:.3f} W measured although commanded off",
            measured_w,
            threshold_w,
            "W",
        )
    return None


_DARK = frozenset({Phase.DISARMED, Phase.ARMED})

RULES: tuple[Rule, ...] = (
    Rule("unbidden", _DARK, _unbidden),
    Rule("lease", LIT, _lease),
    Rule("temperature", LIVE, _too_hot),
    Rule("temperature-low", LIVE, _too_cold),
    Rule("open", LIVE, _open),
    Rule("stale", LIVE, _stale),
    Rule("rate", LIT, _rate),
    Rule("frozen", LIT, _frozen),
    Rule("interlock", LIVE, _interlock),
    Rule("gate", LIVE, _gate),
    Rule("power", LIT, _power),
    Rule("power-mismatch", LIT, _mismatch),
    Rule("dropped", LIT, _dropped),
    Rule("source-silent", LIT, _source_silent),
    Rule("exposure", LIT, _exposure),
    Rule("energy", LIT, _energy),
)
"""All rules, the most telling first: the first that fires names the cause."""
