"""What the check gives to a hold of temperature."""

from __future__ import annotations

import random

import pytest

from labctl.clock import NS
from labctl.events import HEATER, Beam, Emission, Event, Reading, Sample
from labctl.monitor import Monitor
from labctl.monitor._power import PowerInput
from tests.unit.monitor.story import alarms, events, fixed, heat_per_watt, play
from tests.unit.photothermal.cell import Cell, curve


def test_before_any_reading_a_hold_starts_from_the_priors() -> None:
    """The model is that of the priors, and nobody knows where the cell stands."""
    priors = fixed()

    model, start = Monitor.from_event(priors).hold()

    bank = priors.priors["bank"]
    assert bank["heat_per_watt"] / bank["heat_capacity_j_per_k"] == model.rate_k_per_s_w
    assert start is None


def test_after_a_heating_a_hold_knows_what_the_check_found() -> None:
    """Heating rate within three deviations of the truth and far narrower than before; the cell
    stands where the last readings were."""
    per_watt = heat_per_watt(0.4)
    told = events(curve(Cell(heat_per_watt=per_watt), seed=1, cool_s=0.0))
    monitor, _ = play(told, fixed())

    before, _ = Monitor.from_event(fixed()).hold()
    model, start = monitor.hold()

    capacity = fixed().priors["bank"]["heat_capacity_j_per_k"]
    found = model.rate_k_per_s_w * capacity
    sd = 3.0 * found * model.rate_relative_sd
    assert per_watt == pytest.approx(found, abs=sd)
    assert model.rate_relative_sd < 0.2 * before.rate_relative_sd
    assert start is not None
    last = told[-1]
    assert isinstance(last, Sample)
    assert last.readings[0].value == pytest.approx(start.bead_degc, abs=0.1)


def test_a_resistor_heats_by_the_heat_capacity_alone() -> None:
    """One watt in the resistor is one watt in the liquid, whatever the light does."""
    model, _ = Monitor.from_event(fixed()).hold(HEATER)

    assert 1.0 == model.rate_k_per_s_w * fixed().priors["bank"]["heat_capacity_j_per_k"]


def _adjusted(by: float, factor: float) -> tuple[Monitor, list[Event]]:
    """A heating whose power is commanded otherwise by some share every second from 200 s on, to
    and fro; the light is `factor` times what is commanded, and the meter sees it."""
    rng = random.Random(1)
    cell, x = Cell(heat_per_watt=heat_per_watt(0.4)), (0.0, 0.0, 0.0)
    told: list[Event] = []
    power_w = 0.0
    for second in range(600):
        if second == 60:
            power_w = 1.0
        elif second > 200:
            power_w = 1.0 + by * (second % 2)
        if second >= 60:
            told.append(Emission(second * NS, Beam.ON, "commanded", power_w))
        for _ in range(5):
            x = cell.step(x, factor * power_w, 0.2)
        t_ns = (second + 1) * NS
        degc = 22.0 + x[2] + rng.gauss(0.0, 0.03)
        told.append(
            Sample(
                t_ns,
                t_ns,
                (
                    Reading("probe.temperature", degc, "degC", t_ns),
                    Reading("ambient.temperature", 22.0, "degC", t_ns),
                    Reading("meter.power", factor * power_w, "W", t_ns),
                ),
            )
        )
    return play(told, fixed())


def test_a_power_that_is_adjusted_all_the_time_leaves_the_check_its_sight() -> None:
    """Four hundred commands of 10 % to and fro raise no alarm, and the efficiency is found as well
    as under one power: they are no edges, each of which would be forgotten around."""
    steady, _ = _adjusted(0.0, 1.0)
    adjusted, said = _adjusted(0.1, 1.0)

    expected = steady.verdict(601 * NS).results["efficiency"]
    found = adjusted.verdict(601 * NS).results["efficiency"]
    assert [] == alarms(said)
    assert 0.4 == pytest.approx(found["value"], abs=4.0 * found["sd_statistical"])
    assert found["sd_statistical"] < 1.5 * expected["sd_statistical"]


def test_light_that_is_less_than_commanded_is_taken_as_metered_while_it_is_adjusted() -> None:
    """With 8 % less light than is commanded, the efficiency is that of the metered power."""
    monitor, said = _adjusted(0.1, 0.92)

    found = monitor.verdict(601 * NS).results["efficiency"]
    assert [] == alarms(said)
    assert 0.4 == pytest.approx(found["value"], abs=4.0 * found["sd_statistical"])


def test_half_the_power_is_an_edge_as_any() -> None:
    """A change by half under light is an edge, one by a fifth is none."""
    power = PowerInput(1.0)
    for t_s, watts in ((0.0, 1.0), (10.0, 0.8), (20.0, 0.4)):
        power.tell(t_s, Emission(round(t_s * NS), Beam.ON, "commanded", watts))

    edges = [(power.pass_edge(t_s), round(power.adjusted_w, 6)) for t_s in (0.0, 10.0, 20.0)]

    assert [(True, 0.0), (False, -0.2), (True, 0.0)] == edges
    assert 20.0 == power.lit_since_s
