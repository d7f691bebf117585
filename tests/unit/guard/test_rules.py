"""Every rule fires on its violation and stays silent on a healthy emission."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmarks.guard._without import names
from labctl.clock import NS, ns
from labctl.events import Beam
from labctl.evidence import GateSeen, Known, SourceSeen, note_source
from labctl.guard import decide
from labctl.guard._rules import take_beat
from labctl.instruments import GateState, SourceState
from labctl.talk import GuardSpec, Heartbeat, Phase

SPEC = GuardSpec(
    guarded_channel="probe.temperature",
    max_power_w=1.5,
    max_measured_power_w=1.65,
    max_temperature_degc=75.0,
    min_temperature_degc=5.0,
    max_exposure_s=1200.0,
    max_energy_j=1800.0,
    lease_s=1.0,
    staleness_s=1.5,
    max_rise_k_per_s=5.0,
    max_fall_k_per_s=0.5,
    rate_window_s=3.0,
    frozen_after=10,
    power_mismatch=0.3,
    needs_interlock=True,
    least_k_per_j=0.02,
    most_k_per_j=0.25,
    fades_s=100.0,
    rise_margin_k=0.5,
    resolution_k=0.01,
)

NOW_NS = 100 * NS


def healthy() -> Known:
    """A state 60 s into an emission of 1 W, everything as it should be."""
    state = Known(
        phase=Phase.EMITTING,
        commanded_w=1.0,
        lit_ns=40 * NS,
        at_most_ns=600 * NS,
        lease_until_ns=97 * NS,
        energy_j=60.0,
        energy_to_ns=NOW_NS,
    )
    for step in range(8):
        taken_ns = NOW_NS - ns(0.5) * (7 - step)
        take_beat(SPEC, state, Heartbeat(taken_ns, 30.0 + 0.05 * step), taken_ns)
        note_source(state, seen(taken_ns=taken_ns))
    return state


def seen(**changes: object) -> SourceSeen:
    """What a healthy source and meter say."""
    said = SourceState(Beam.ON, None, None, interlock_closed=True, key_on=True)
    usual = SourceSeen(NOW_NS, said, measured_power_w=1.0, meter_ns=NOW_NS)
    of_source = {key: changes.pop(key) for key in (*changes,) if hasattr(said, key)}
    return replace(usual, said=replace(said, **of_source), **changes)  # type: ignore[arg-type]


def rule_names(state: Known, now_ns: int = NOW_NS) -> set[str]:
    return {trip.rule for trip in decide(SPEC, state, now_ns)}


def lease(state: Known) -> None:
    state.lease_until_ns = NOW_NS - 1


def temperature(state: Known) -> None:
    state.beat = Heartbeat(NOW_NS, 75.1)


def temperature_low(state: Known) -> None:
    state.beat = Heartbeat(NOW_NS, 4.9)


def open_thermocouple(state: Known) -> None:
    state.beat = Heartbeat(NOW_NS, None, "open")


def stale(state: Known) -> None:
    state.temperatures.clear()
    state.temperatures.append((NOW_NS - ns(1.6), 30.0))


def rises(state: Known) -> None:
    state.temperatures.extend([(NOW_NS, 60.0)])


def falls(state: Known) -> None:
    state.temperatures.extend([(NOW_NS, 25.0)])


def frozen(state: Known) -> None:
    state.identical, state.rise.least_k, state.rise.same_k = 10, 0.35, 0.31


def rises_too_little(state: Known) -> None:
    state.rise.rise_k, state.rise.least_k = 0.4, 0.91


def rises_too_much(state: Known) -> None:
    state.rise.rise_k, state.rise.most_k = 4.1, 1.0


def interlock(state: Known) -> None:
    state.seen = seen(interlock_closed=False)


def interlock_unreadable(state: Known) -> None:
    state.seen = seen(interlock_closed=None)


def key(state: Known) -> None:
    state.seen = seen(key_on=False)


def power(state: Known) -> None:
    state.seen = seen(measured_power_w=1.7)


def mismatch(state: Known) -> None:
    state.seen = seen(measured_power_w=0.6)


def never_starts(state: Known) -> None:
    state.phase, state.meter_saw_it = Phase.EMISSION_DELAY, False
    state.lit_ns, state.seen = NOW_NS - ns(2.1), seen(starting=True, measured_power_w=0.0)


def fault(state: Known) -> None:
    state.seen = seen(faults=("cooler is off",))


def dropped(state: Known) -> None:
    state.seen = seen(beam=Beam.OFF)


def silent(state: Known) -> None:
    state.seen = seen(taken_ns=NOW_NS - ns(1.6))


def exposure(state: Known) -> None:
    state.lit_ns = NOW_NS - ns(600.3)


def energy(state: Known) -> None:
    state.energy_j = 1800.1


def unbidden(state: Known) -> None:
    state.phase = Phase.ARMED


def unbidden_by_meter(state: Known) -> None:
    state.phase = Phase.DISARMED
    state.seen = seen(beam=Beam.UNKNOWN)


def gate(through: bool, **state: object) -> GateSeen:
    """What a shutter said, long after it was told anything."""
    usual = GateState(blocks=not through)
    return GateSeen(NOW_NS, replace(usual, **state), through, 40 * NS)  # type: ignore[arg-type]


def shutter_fell_shut(state: Known) -> None:
    state.gates["shutter"] = gate(True, blocks=True)


def shutter_stays_open(state: Known) -> None:
    state.gates["shutter"] = gate(False, blocks=False)


def dead_man_dropped(state: Known) -> None:
    state.gates["deadman"] = gate(True, dropped=True)


def gate_silent(state: Known) -> None:
    state.gates["shutter"] = replace(gate(True), taken_ns=NOW_NS - ns(1.6))


VIOLATIONS: list[tuple[str, Callable[[Known], None]]] = [
    ("lease", lease),
    ("temperature", temperature),
    ("temperature-low", temperature_low),
    ("open", open_thermocouple),
    ("stale", stale),
    ("rise", rises),
    ("fall", falls),
    ("frozen", frozen),
    ("follow", rises_too_little),
    ("follow", rises_too_much),
    ("interlock", interlock),
    ("interlock", interlock_unreadable),
    ("interlock", key),
    ("power", power),
    ("power-mismatch", mismatch),
    ("starting", never_starts),
    ("dropped", dropped),
    ("fault", fault),
    ("source-silent", silent),
    ("exposure", exposure),
    ("energy", energy),
    ("gate", shutter_fell_shut),
    ("gate", shutter_stays_open),
    ("gate", dead_man_dropped),
    ("gate", gate_silent),
    ("unbidden", unbidden),
    ("unbidden", unbidden_by_meter),
]


@pytest.mark.parametrize(("rule", "violate"), VIOLATIONS, ids=lambda v: getattr(v, "__name__", v))
def test_a_violated_rule_fires(rule: str, violate: Callable[[Known], None]) -> None:
    """A state that violates one rule makes that rule fire."""
    state = healthy()
    violate(state)

    assert rule in rule_names(state)


def test_no_rule_fires_on_a_healthy_emission() -> None:
    """A healthy emission violates nothing."""
    assert set() == rule_names(healthy())


def test_a_reading_that_repeats_itself_where_little_is_to_be_expected_is_not_frozen() -> None:
    """Three quanta are not exceeded: at a plateau, or by a coarse logger."""
    state = healthy()
    state.identical, state.rise.least_k, state.rise.same_k = 500, 0.33, 0.31

    assert set() == rule_names(state)


def test_without_bounds_on_the_rise_neither_frozen_nor_follow_fires() -> None:
    """Where nobody says what is to be expected they are not available, and shown so."""
    spec = replace(SPEC, least_k_per_j=0.0, most_k_per_j=0.0)
    state = Known(phase=Phase.EMITTING, commanded_w=1.0, at_most_ns=600 * NS)
    for step in range(20):
        taken_ns = ns(0.5) * (step + 1)
        state.lease_until_ns = taken_ns + NS
        note_source(state, seen(taken_ns=taken_ns, meter_ns=taken_ns))
        take_beat(spec, state, Heartbeat(taken_ns, 30.0), taken_ns)

        assert [] == decide(spec, state, taken_ns)


def test_old_readings_say_nothing_of_the_dark() -> None:
    """A source that does not answer after off leaves ON and light where they were; what is read
    two seconds after off, and not dark, is unbidden."""
    state = healthy()
    state.phase, state.commanded_w, state.dark_ns = Phase.ARMED, 0.0, NOW_NS + 1

    assert set() == rule_names(state, NOW_NS + ns(1.4))
    assert "unbidden" not in rule_names(state, NOW_NS + 5 * NS)
    later_ns = NOW_NS + 3 * NS
    state.seen = seen(taken_ns=later_ns, beam=Beam.OFF)
    assert "unbidden" not in rule_names(state, later_ns)
    state.seen = seen(taken_ns=later_ns, beam=Beam.OFF, meter_ns=later_ns)
    assert "unbidden" in rule_names(state, later_ns)
    state.seen = seen(taken_ns=later_ns)
    assert "unbidden" in rule_names(state, later_ns)


def test_gates_that_do_as_told_violate_nothing() -> None:
    """Open when opened, shut when shut, unknown where it cannot be sensed, and still moving."""
    state = healthy()
    state.gates = {
        "shutter": gate(True),
        "other": gate(False),
        "deadman": gate(True, blocks=None),
        "moving": replace(gate(True, blocks=True), since_ns=NOW_NS - ns(0.4)),
    }

    assert set() == rule_names(state)


def test_behind_a_closed_shutter_neither_power_nor_energy_counts() -> None:
    """What a laser gives before it takes its power has not reached the sample."""
    state = healthy()
    state.held_back = True
    state.seen = seen(measured_power_w=1.7)
    before_j = state.energy_j
    note_source(state, seen(taken_ns=NOW_NS + NS, measured_power_w=1.3))

    assert before_j == state.energy_j
    assert "power" not in rule_names(state)


def test_what_is_no_number_is_within_no_limit() -> None:
    """A comparison with it is false either way, and must not come out as healthy."""
    state, nan = healthy(), float("nan")
    state.beat, state.energy_j = Heartbeat(NOW_NS, nan), nan
    state.temperatures.append((NOW_NS, nan))
    state.seen = seen(measured_power_w=nan)
    state.identical, state.rise.least_k = 10, nan
    wanted = {"temperature-low", "energy", "rise", "fall", "frozen", "power", "power-mismatch"}

    assert wanted == rule_names(state)


def test_every_rule_has_a_violation_here() -> None:
    """No rule of the table can be without a test that makes it fire."""
    assert set(names()) == {rule for rule, _ in VIOLATIONS}


def test_rules_are_levels() -> None:
    """A violation that stays is reported at every look, not only at the first."""
    state = healthy()
    temperature(state)

    assert rule_names(state) == rule_names(state) == {"temperature"}


def test_only_a_newer_valid_reading_renews_the_lease() -> None:
    """A repeated or an invalid reading leaves the lease where it was."""
    state = healthy()
    until_ns = state.lease_until_ns
    beat = state.beat
    if beat is None:
        pytest.fail("a healthy state has a heartbeat")
    take_beat(SPEC, state, beat, NOW_NS + NS)
    take_beat(SPEC, state, Heartbeat(NOW_NS + NS, None, "timeout"), NOW_NS + NS)

    assert until_ns == state.lease_until_ns


def test_a_newer_valid_reading_renews_the_lease() -> None:
    """A fresh reading carries the lease one lease length beyond the control step."""
    state = healthy()
    take_beat(SPEC, state, Heartbeat(NOW_NS + 1, 30.4), NOW_NS + NS)

    assert NOW_NS + 2 * NS == state.lease_until_ns


def test_a_rate_is_seen_where_readings_are_as_far_apart_as_its_window() -> None:
    """Three of them are kept whatever the window."""
    spec = replace(SPEC, rate_window_s=1.0)
    state = Known(phase=Phase.EMITTING, commanded_w=1.0, at_most_ns=600 * NS, lit_ns=NOW_NS)
    for step in range(5):
        taken_ns = NOW_NS + step * NS
        take_beat(spec, state, Heartbeat(taken_ns, 60.0 - step), taken_ns)

    assert "fall" in {trip.rule for trip in decide(spec, state, taken_ns)}


def test_a_reading_from_the_future_is_none() -> None:
    """It would never be old: neither lease nor age take it."""
    state = healthy()
    until_ns, beat = state.lease_until_ns, state.beat
    take_beat(SPEC, state, Heartbeat(NOW_NS + NS, 30.4), NOW_NS)

    assert (until_ns, beat) == (state.lease_until_ns, state.beat)


def test_a_late_reply_is_not_a_broken_sensor() -> None:
    """One reading that timed out does not trip; the staleness of the last valid one does."""
    state = healthy()
    take_beat(SPEC, state, Heartbeat(NOW_NS + 1, None, "timeout"), NOW_NS + 1)

    assert set() == rule_names(state, NOW_NS + 1)
    assert "stale" in rule_names(state, NOW_NS + ns(1.6))


def test_energy_is_integrated_from_measured_power() -> None:
    """Two seconds at a measured 0.9 W give 1.8 J."""
    state = healthy()
    state.energy_j = 0.0
    note_source(state, seen(taken_ns=NOW_NS + 2 * NS, measured_power_w=0.9))

    assert state.energy_j == pytest.approx(1.8)


def test_the_emission_delay_ends_when_light_is_seen() -> None:
    """Read back ON turns EMISSION DELAY into EMITTING."""
    state = healthy()
    state.phase = Phase.EMISSION_DELAY
    note_source(state, seen(taken_ns=NOW_NS + 1))

    assert Phase.EMITTING == state.phase


def in_delay(seconds: float, **changes: object) -> Known:
    """A healthy start in which the source says all along that its delay runs."""
    spec = replace(SPEC, starts_within_s=7.0)
    state = Known(phase=Phase.EMISSION_DELAY, commanded_w=1.0, at_most_ns=600 * NS)
    state.lit_ns = state.light_ns = state.energy_to_ns = NOW_NS
    state.lease_until_ns = NOW_NS + NS
    for step in range(1, round(2 * seconds) + 1):
        taken_ns = NOW_NS + step * ns(0.5)
        take_beat(spec, state, Heartbeat(taken_ns, 30.0 + 0.01 * step), taken_ns)
        note_source(
            state,
            seen(
                taken_ns=taken_ns,
                meter_ns=taken_ns,
                starting=True,
                **{"measured_power_w": 0.0, **changes},
            ),
        )
        assert [] == decide(spec, state, taken_ns)
    return state


def later(state: Known, seconds: float, **said: object) -> set[str]:
    """What trips when source and meter say this so long after on."""
    spec = replace(SPEC, starts_within_s=7.0)
    now_ns = NOW_NS + ns(seconds)
    state.lease_until_ns = now_ns
    take_beat(spec, state, Heartbeat(now_ns, 30.1), now_ns)
    note_source(state, seen(taken_ns=now_ns, meter_ns=now_ns, **said))
    return {trip.rule for trip in decide(spec, state, now_ns)}


def test_while_the_source_says_that_it_is_starting_too_little_light_is_no_fault() -> None:
    """The delay ends with the light, and what is too little then has two seconds from there."""
    state = in_delay(5.0)

    assert Phase.EMISSION_DELAY is state.phase
    assert set() == later(state, 5.5)
    assert Phase.EMITTING is state.phase
    assert set() == later(state, 6.5, measured_power_w=0.6)
    assert {"power-mismatch"} == later(state, 7.5, measured_power_w=0.6)


def test_too_much_light_waits_for_no_start() -> None:
    """A source that says that it is starting, and gives more than was asked for."""
    state = in_delay(1.0)

    assert {"power"} == later(state, 1.5, starting=True, measured_power_w=1.7)
    assert {"power-mismatch"} == later(state, 2.5, starting=True, measured_power_w=1.4)


def test_a_source_that_starts_for_longer_than_declared_trips() -> None:
    """Each of its words that it is starting counts up to the bound, and no further."""
    state = in_delay(7.0)

    assert {"starting"} == later(state, 7.5, starting=True, measured_power_w=0.0)


def test_a_start_that_ends_without_light_is_found_two_seconds_later() -> None:
    """By the meter, and by the source where it reads OFF."""
    assert {"power-mismatch"} == later(in_delay(3.0), 5.0, measured_power_w=0.0)
    assert {"dropped"} == later(in_delay(3.0), 5.0, beam=Beam.OFF, measured_power_w=None)


def test_without_a_meter_the_delay_counts_for_the_limit_and_not_for_the_sample() -> None:
    """Five seconds of 1 W as commanded: spent of the bench's energy, and nothing that the sample
    can have felt."""
    state = in_delay(5.0, measured_power_w=None)

    assert (5.0, 0.0) == pytest.approx((state.energy_j, state.given_j))


def test_a_fault_from_before_on_is_no_fault_of_the_light() -> None:
    """What was read before may be why it was dark; told again, it ends the emission."""
    state = healthy()
    state.seen = seen(faults=("protection tripped",), taken_ns=state.lit_ns)

    assert "fault" not in rule_names(state)


def test_the_hash_of_the_limits_changes_with_any_of_them() -> None:
    """What a person saw cannot be swapped for other limits under the same hash."""
    assert SPEC.digest() != replace(SPEC, max_power_w=1.4).digest()
