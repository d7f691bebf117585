"""The hand-held meter's personality against the protocol card."""

from __future__ import annotations

import pytest

from labctl.clock import NS
from labctl_simulators.wire import Center309, SimLink
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, ask


@pytest.fixture
def world() -> World:
    """A bench in the dark."""
    return World(draw(1, SAMPLE, {}))


@pytest.fixture
def meter(world: World) -> Center309:
    """A meter with the probe on T1 and the ambient bead on T2."""
    return Center309(world, {1: world.probe_degc, 2: world.ambient_degc})


@pytest.fixture
def link(world: World, meter: Center309) -> SimLink:
    """The line to it."""
    return SimLink("meter", world, meter)


def tenths(packet: bytes, number: int) -> int:
    return int.from_bytes(packet[5 + 2 * number : 7 + 2 * number], "big", signed=True)


def test_a_packet_has_the_card_s_form(world: World, link: SimLink) -> None:
    """45 bytes from 02 to 03, Celsius, tenths; inputs with nothing on them are overloads."""
    packet = ask(link, b"A")

    assert (45, 0x02, 0x80, 0x03) == (len(packet), packet[0], packet[1], packet[44])
    assert tenths(packet, 1) / 10 == pytest.approx(world.probe_degc(), abs=0.7)
    assert tenths(packet, 2) / 10 == pytest.approx(world.ambient_degc(), abs=0.7)
    assert [0x7FFF, 0x7FFF] == [tenths(packet, 3), tenths(packet, 4)]
    assert 0b1100 == packet[39] == packet[43]


def test_the_model_and_nothing_else(link: SimLink) -> None:
    """`K` names it; other letters are heard in silence."""
    assert b"309\r" == ask(link, b"K")
    assert b"" == ask(link, b"*IDN?\r\n", 1.0)


def test_it_does_not_hear_while_it_sends(link: SimLink) -> None:
    """A second `A` before the packet's end is lost."""
    link.write(b"A", NS)
    link.write(b"A", NS + NS // 50)
    arrived = link.next_chunk(3 * NS)

    assert arrived is not None
    assert arrived[0] - NS > 46 * 10 * NS // 9600
    assert link.next_chunk(3 * NS) is None
    assert 45 == len(ask(link, b"A", 4.0))


def test_a_new_reading_comes_once_a_second(world: World, link: SimLink) -> None:
    """Asked five times a second, each reading is told five times."""
    world.schedule(0, lambda: setattr(world.thermal, "bead", 60.0))
    told = [tenths(ask(link, b"A", 2.0 + k * 0.2), 1) for k in range(10)]

    assert 1 == len(set(told[:5])) == len(set(told[5:]))


def test_its_keys_change_what_it_shows(world: World, meter: Center309, link: SimLink) -> None:
    """Fahrenheit, hold, largest: told in the mode byte; held is held; `N` leaves the largest."""
    meter.celsius = False
    fahrenheit = ask(link, b"A", 1.0)
    meter.hold = True
    held = ask(link, b"A", 5.0)
    meter.hold, meter.shows = False, 1
    largest = ask(link, b"A", 6.0)
    ask(link, b"N", 7.0)

    assert tenths(fahrenheit, 1) / 10 == pytest.approx(world.probe_degc() * 1.8 + 32, abs=1.5)
    assert [0x00, 0x20, 0x02] == [fahrenheit[1], held[1], largest[1]]
    assert tenths(fahrenheit, 1) == tenths(held, 1)
    assert 0x00 == ask(link, b"A", 8.0)[1]


def test_above_two_hundred_degrees_there_are_no_tenths(world: World, link: SimLink) -> None:
    """The bit of byte 43, and whole degrees."""
    world.schedule(0, lambda: setattr(world.thermal, "bead", 250.0))
    packet = ask(link, b"A", 0.01)

    assert packet[43] & 1
    assert 200 <= tenths(packet, 1) <= 250


def test_a_broken_thermocouple_shows_ol(meter: Center309, link: SimLink) -> None:
    """7FFF with its bit among the overloads."""
    meter.upsets.open_channels.add(1)
    packet = ask(link, b"A")

    assert (0x7FFF, 1) == (tenths(packet, 1), packet[39] & 1)
