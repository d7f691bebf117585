"""Faults of thermostat, pump and assay: each does what it says, when it says."""

from __future__ import annotations

import pytest

from labctl.bench import find_bench, load
from labctl.clock import NS
from labctl.instruments import InputError, SimSpec
from labctl_simulators.bench import DEFAULT_BENCH
from labctl_simulators.session import Session, open_session
from labctl_simulators.wire import NewEraPumps
from labctl_simulators.world import Bath
from tests.unit.simulators._helpers import SAMPLE, ask, at

STATED = load(find_bench("simulated-release").path).statement()


def session(*faults: str) -> Session:
    return open_session(SimSpec(3, faults, {**SAMPLE, "solvent": "water"}, bench=STATED))


def bath(opened: Session) -> Bath:
    found = opened.world.bath
    assert found is not None
    return found


def warm(opened: Session, t_s: float, degc: float = 37.0) -> Bath:
    """Regulating from the beginning, seen at `t_s`."""
    it = bath(opened)
    it.set_degc = degc
    it.start()
    at(opened.world, t_s)
    return it


def test_a_healthy_bath_holds_its_set_point() -> None:
    """What the faults are held against."""
    it = warm(session(), 5400.0)

    assert it.fluid_degc == pytest.approx(37.0, abs=0.3)
    assert not it.tripped


@pytest.mark.parametrize("fault", ["thermostat-stuck@120s", "thermostat-runs-away@120s"])
def test_a_heater_that_does_not_obey_heats_until_the_protection_ends_it(fault: str) -> None:
    """Stuck while it heats, or on by itself: stop does not help, 70 degC does."""
    opened = session(fault)
    warm(opened, 130.0)
    it = bath(opened)
    it.stop()
    at(opened.world, 7200.0)

    assert it.tripped
    assert it.fluid_degc < 71.0


def test_a_broken_heater_lets_it_cool() -> None:
    """From the fault on, though it regulates."""
    opened = session("thermostat-cold@3600s")
    before = warm(opened, 3599.0).fluid_degc
    at(opened.world, 7200.0)

    assert bath(opened).on
    assert bath(opened).fluid_degc < before - 1.0


def test_a_sensor_that_is_off_is_off_in_the_fluid() -> None:
    """It shows its set point, and the fluid is colder by the size."""
    it = warm(session("thermostat-offset=+2K@0s"), 7200.0)

    assert it.sensor_degc == pytest.approx(37.0, abs=0.2)
    assert it.fluid_degc == pytest.approx(35.0 - it.true.sensor_offset_k, abs=0.3)


def test_an_alarm_stops_it_and_is_told_by_its_status() -> None:
    """And ends with the fault."""
    opened = session("thermostat-stops@600s+600s")
    warm(opened, 700.0)
    link = opened.link("sim://bath")

    assert b"LOW LEVEL" in ask(link, b"status\r", 700.0)
    assert not bath(opened).on
    assert b"REMOTE STOP" in ask(link, b"status\r", 1300.0)


def test_a_pump_stalls_in_the_middle_of_a_delivery() -> None:
    """What had left the syringe by then is in the sample, no more."""
    opened = session("pump-stalled@5s")
    pumps = opened.devices["pumps"].personality
    assert isinstance(pumps, NewEraPumps)
    link = opened.link("sim://pumps")
    for line in (b"0\r", b"0VOL UL\r", b"0VOL 100\r", b"0RAT 600 UM\r", b"0RUN\r"):
        ask(link, line)
    before_m3 = opened.world.chemistry.medium.volume_m3
    at(opened.world, 30.0)
    given_m3 = opened.world.chemistry.medium.volume_m3 - before_m3

    assert b"A?S" in ask(link, b"0\r", 30.0)
    assert 30e-9 < given_m3 < 51e-9


def test_one_measurement_is_an_outlier_and_the_next_is_not() -> None:
    """By so much of the full scale."""
    hit, healthy = session("assay-outlier=+50%@10s"), session()
    apart = []
    for t_s in (5.0, 15.0, 25.0):
        values = [at(each.world, t_s).signal("quinidine") for each in (hit, healthy)]
        apart.append(values[0] - values[1])

    assert [0.0, 0.0] == [apart[0], apart[2]]
    assert apart[1] == pytest.approx(0.5 * 0.06 * 4e5, rel=0.1)


def test_a_lamp_that_drifts_changes_every_measurement() -> None:
    """Less its offset, by the size, until its end."""
    hit, healthy = session("assay-drift=-10%@10s+10s"), session()
    for each in (hit, healthy):
        each.world.chemistry.medium.gain("iron", 0.05 * 1e-6)
    ratio = [
        at(hit.world, t_s).signal("iron") / at(healthy.world, t_s).signal("iron")
        for t_s in (15.0, 25.0)
    ]

    assert ratio[0] < 0.97
    assert 1.0 == pytest.approx(ratio[1])


@pytest.mark.parametrize(
    ("fault", "said"),
    [("thermostat-stuck@1s", "thermostat"), ("pump-stalled@1s", "pump"),
     ("assay-drift@1s", "assay")],
)  # fmt: skip
def test_a_bench_without_refuses_them(fault: str, said: str) -> None:
    """Nothing is injected into nothing."""
    with pytest.raises(InputError, match=f"needs an? {said}"):
        open_session(SimSpec(3, (fault,), SAMPLE, DEFAULT_BENCH))


def test_a_late_reply_hits_the_bath_too() -> None:
    """By its key."""
    opened = session("late-reply:bath=900ms@5s")
    link = opened.link("sim://bath")
    link.write(b"status\r", 6 * NS)

    assert link.next_chunk(round(6.5 * NS)) is None
    assert link.next_chunk(round(7.5 * NS)) is not None
