"""The induction heater's personality against the protocol card."""

from __future__ import annotations

import pytest

from labctl_simulators.wire import EasyHeat, SimLink
from labctl_simulators.world import CoilCurrent, World, draw
from tests.unit.simulators._helpers import SAMPLE, ask

SAID = {"field_a_per_m": 15e3, "at_current_a": 200.0, "resistance_ohm": 0.01, "deviation": 0.0}


@pytest.fixture
def world() -> World:
    """Iron in a cell with a coil around it."""
    return World(draw(1, {**SAMPLE, "material": "iron-oxide", "iron_kg_per_m3": 5.0}, {}))


@pytest.fixture
def unit(world: World) -> EasyHeat:
    """At address 3."""
    return EasyHeat(world, CoilCurrent(world.fit_coil(fibre=True), SAID, 1), 3)


@pytest.fixture
def link(world: World, unit: EasyHeat) -> SimLink:
    """The line to it."""
    return SimLink("induction", world, unit)


def data(link: SimLink, at_s: float) -> list[str]:
    return ask(link, b"3,rdata\r", at_s).decode().strip().split(",")


def test_it_heats_at_the_current_that_was_set_and_tells_it(world: World, link: SimLink) -> None:
    """Eight fields; the field goes with the current; what sets something is answered by nothing."""
    assert b"" == ask(link, b"3,amps,150\r", 0.5)
    assert b"" == ask(link, b"3,HON\r", 1.0)
    told = data(link, 2.0)

    assert (8, "3", "1", "150.0") == (len(told), *told[:3])
    assert 150.0 == pytest.approx(float(told[3]), abs=0.5)
    assert 150.0**2 * 0.01 == pytest.approx(float(told[4]), rel=0.05)
    assert 300.0 == pytest.approx(float(told[5]), abs=2.0)
    assert world.coil is not None
    assert 0.75 * 15e3 == pytest.approx(world.coil.field_a_per_m, rel=0.15)
    assert world.magnetising.lit
    ask(link, b"3,hoff\r", 3.0)
    assert not world.magnetising.lit
    assert ["0", "150.0", "0.0"] == data(link, 4.0)[1:4]


def test_it_hears_its_own_address_and_that_of_all(world: World, link: SimLink) -> None:
    """Off for everybody is heard and not answered."""
    assert b"" == ask(link, b"1,rdata\r")
    ask(link, b"3,amps,50\r", 1.0)
    ask(link, b"3,hon\r", 2.0)
    assert b"" == ask(link, b"0,hoff\r", 3.0)
    assert "0" == data(link, 4.0)[1]


def test_one_that_is_controlled_from_its_panel_only_switches_off(
    unit: EasyHeat, link: SimLink
) -> None:
    """Current and on are for whom the panel says; off is for everybody."""
    unit.listens = False
    ask(link, b"3,amps,50\r")
    ask(link, b"3,hon\r", 1.0)

    assert ["0", "10.0"] == data(link, 2.0)[1:3]
    assert b"400\r\n" == ask(link, b"3,maxamps\r", 3.0)
