"""The fibre-optic thermometer's personality against the protocol card."""

from __future__ import annotations

import pytest

from labctl_simulators.wire import FobThermometer, SimLink
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, ask


@pytest.fixture
def world() -> World:
    """A bench in the dark."""
    return World(draw(1, SAMPLE, {}))


@pytest.fixture
def thermometer(world: World) -> FobThermometer:
    """Probes on channels 1 and 2 of four."""
    return FobThermometer(world, {1: world.probe_degc, 2: world.ambient_degc})


@pytest.fixture
def link(world: World, thermometer: FobThermometer) -> SimLink:
    """The line to it."""
    return SimLink("fibres", world, thermometer)


def test_every_answer_ends_on_the_prompt(world: World, link: SimLink) -> None:
    """One channel, all of them line by line, the enclosure; channels without a probe are dashes."""
    one, many = ask(link, b"t1\r"), ask(link, b"t\r", 1.0)

    assert one.endswith(b"\r*")
    assert float(one[:-2]) == pytest.approx(world.probe_degc(), abs=0.6)
    assert 4 == many.count(b"\r")
    assert many.endswith(b"---.-\r---.-\r*")
    assert ask(link, b"b\r", 2.0).startswith(b"b:")
    assert b"*" == ask(link, b"q+\r", 3.0)


def test_what_it_does_not_know_is_an_error_without_a_prompt(link: SimLink) -> None:
    """A channel that there is not, and another letter."""
    assert b"Err1\r" == ask(link, b"t5\r")
    assert b"Err1\r" == ask(link, b"*IDN?\r", 1.0)


def test_a_model_with_one_channel_takes_no_number(world: World) -> None:
    """`t` alone reads it."""
    link = SimLink("fibre", world, FobThermometer(world, {1: world.probe_degc}, 1))

    assert b"Err1\r" == ask(link, b"t1\r")
    assert 1 == ask(link, b"t\r", 1.0).count(b"\r")


def test_it_scans_a_channel_four_times_a_second(world: World, link: SimLink) -> None:
    """Asked ten times a second it says the same again; slow is the average of the last four."""
    ask(link, b"q+\r")
    world.schedule(0, lambda: setattr(world.thermal, "bead", 60.0))
    told = [ask(link, b"t1\r", 2.0 + k * 0.02) for k in range(10)]
    assert 1 == len(set(told))
    ask(link, b"q-\r", 4.0)
    assert float(ask(link, b"t1\r", 4.1)[:-2]) < 60.5


def test_fahrenheit_is_told_as_such(world: World, link: SimLink) -> None:
    """`uf` and back."""
    ask(link, b"uf\r")
    assert float(ask(link, b"t1\r", 1.0)[:-2]) == pytest.approx(
        world.probe_degc() * 1.8 + 32.0, abs=1.1
    )
