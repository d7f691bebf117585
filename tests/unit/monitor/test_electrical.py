"""An electrical calibration through the monitor, and what it makes of a later run in the same cell
(inference alone: cells of the check's own model)."""

import json
import math
from dataclasses import replace

import pytest

from labctl.clock import NS
from labctl.events import HEATER, Emission, Event, PriorsFixed, Reading, Sample, Verdict
from labctl.monitor import Kind, Priors, build_priors, calibration_of, cell_of
from labctl.photothermal import ElectricalCalibration, Known
from tests.unit.monitor.story import INPUTS, LOSS, WALL, events, heat_per_watt, play
from tests.unit.photothermal.cell import Cell, curve

POWER_W = 0.5
WATER = replace(INPUTS, particles=False, absorbance=None, power_relative_sd=0.002)
PARTICLES = replace(INPUTS, specific_heat_j_per_kg_k=Known(4180.0, 125.0))
CELL = Cell(liquid_j_per_k=4.22, wall_j_per_k=1.2, coupling_w_per_k=0.13)
EFFICIENCY = 0.38


def _fixed(inputs=PARTICLES, *, calibrates: bool = False) -> PriorsFixed:  # type: ignore[no-untyped-def]
    priors, assumptions = build_priors(
        inputs,
        heat_loss=LOSS,
        wall_heat_capacity=WALL,
        calibrates=calibrates,
        has_ambient=True,
        has_meter=True,
        nominal_power_w=POWER_W if calibrates else 1.0,
        vessel="cuvette",
    )
    return PriorsFixed(0, json.loads(json.dumps(priors.to_plain())), assumptions)


def _by_resistor(told: list[Event]) -> list[Event]:
    """The same story with the heat from the resistor, its supply's readings for the meter's."""
    out: list[Event] = []
    for event in told:
        if isinstance(event, Emission):
            event = replace(event, source=HEATER)
        elif isinstance(event, Sample):
            event = replace(
                event,
                readings=tuple(
                    replace(r, channel="heater.power")
                    if isinstance(r, Reading) and r.channel == "meter.power"
                    else r
                    for r in event.readings
                ),
            )
        out.append(event)
    return out


def _calibrate(cell: Cell = CELL) -> tuple[Verdict, Priors, list[Event]]:
    points = curve(replace(cell, heat_per_watt=1.0), seed=61, heat_s=500.0, power_w=POWER_W)
    told = _by_resistor(events(points, commanded_w=POWER_W))
    monitor, _ = play(told, _fixed(WATER, calibrates=True))
    return monitor.verdict(900 * NS), monitor.priors, told


@pytest.fixture(scope="module")
def calibrated() -> tuple[Verdict, Priors, list[Event]]:
    """The cell that the later run is done in."""
    return _calibrate()


@pytest.fixture(scope="module")
def calibration(calibrated: tuple[Verdict, Priors, list[Event]]) -> ElectricalCalibration:
    """Of that."""
    verdict, priors, told = calibrated
    assert "pass" == verdict.verdict, verdict.reasons
    cell = cell_of(told, priors)
    return calibration_of(cell, priors, date="2026-11-21", head_hash="ab" * 32)


def test_a_calibration_has_no_efficiency(
    calibrated: tuple[Verdict, Priors, list[Event]],
) -> None:
    """It gives heat loss and time constant, and never an efficiency."""
    verdict, priors, _ = calibrated

    assert Kind.ELECTRICAL == priors.kind
    assert "efficiency" not in verdict.results
    assert {"heat_loss_coefficient", "time_constant", "flutter"} <= set(verdict.results)


def test_a_cell_with_another_heat_capacity_than_stated_is_not_passed() -> None:
    """A resistor that finds a sixth more than volume and specific heat make is no calibration."""
    verdict, _, _ = _calibrate(replace(CELL, liquid_j_per_k=4.9))

    assert "pass" != verdict.verdict
    assert "heat capacity as stated" in {c.name for c in verdict.criteria if c.outcome != "pass"}


def test_a_later_run_has_the_calibration_in_its_priors(calibration: ElectricalCalibration) -> None:
    """The priors event holds the calibration and says which it was; reading it back gives it."""
    event = _fixed(replace(PARTICLES, electrical=calibration))

    assert calibration == Priors.from_plain(event.priors).inputs.electrical
    assert any("calibrated electrically on 2026-11-21" in a for a in event.assumptions)
    assert any("abababababab" in a for a in event.assumptions)
    assert not any("wall as stated" in a for a in event.assumptions)


def test_a_calibrated_cell_needs_no_heat_capacity(calibration: ElectricalCalibration) -> None:
    """The efficiency is right, the budget has no specific heat, and what the readings and the wall
    leave is smaller than without the calibration."""
    cell = replace(CELL, heat_per_watt=heat_per_watt(EFFICIENCY))
    told = events(curve(cell, seed=62, heat_s=240.0, cool_s=240.0))

    with_it = play(told, _fixed(replace(PARTICLES, electrical=calibration)))[0].verdict(540 * NS)
    without = play(told, _fixed())[0].verdict(540 * NS)

    found = with_it.results["efficiency"]
    assert "pass" == with_it.verdict, with_it.reasons
    assert found["low"] <= EFFICIENCY <= found["high"]
    assert "specific heat" not in with_it.budget
    assert "electrical power" in with_it.budget
    assert _of_readings(with_it) < 0.5 * _of_readings(without)


def _of_readings(verdict: Verdict) -> float:
    found = verdict.results["efficiency"]
    wall: float = verdict.budget.get("wall heat capacity", 0.0)
    return math.hypot(found["sd_statistical"] / found["value"], wall)


def test_the_laser_is_no_heater(calibration: ElectricalCalibration) -> None:
    """An emission of the other source changes nothing in a run that is checked for one."""
    points = curve(replace(CELL, heat_per_watt=0.0), seed=63, heat_s=100.0, cool_s=20.0)

    monitor, _ = play(_by_resistor(events(points)), _fixed())

    assert "none" == monitor.verdict(180 * NS).verdict
