"""What the check gives to a hold of temperature."""

from __future__ import annotations

import pytest

from labctl.events import HEATER, Sample
from labctl.monitor import Monitor
from tests.unit.monitor.story import events, fixed, heat_per_watt, play
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
