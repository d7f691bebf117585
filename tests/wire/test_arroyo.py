"""The Arroyo personality against the protocol card, line by line."""

from __future__ import annotations

import pytest

from labctl.clock import NS
from labctl_simulators.wire import ArroyoController, SimLink
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, ask


@pytest.fixture
def world() -> World:
    """A bench in the dark."""
    return World(draw(1, SAMPLE, {}))


@pytest.fixture
def link(world: World) -> SimLink:
    """The serial line to its laser controller."""
    return SimLink("laser", world, ArroyoController(world))


TRANSCRIPT = [
    # (sent, answer): sets are silent, errors are asked for
    ("*IDN?", "Arroyo 6310 1000432 v3.12"),
    ("SN?", "1000432"),
    ("KEY?", "1"),
    ("DIO:IN? 0", "1"),
    ("LAS:OUT?", "0"),
    ("LAS:COND?", "0"),
    ("ERR?", "0"),
    ("LAS:LIM:LDI 2000", None),
    ("LAS:LIM:LDI?", "2000.0"),
    ("LAS:LDI 1461.1", None),
    ("LAS:SET:LDI?", "1461.10"),
    ("LAS:LDI?", "0.0"),  # measured, and nothing flows
    ("LAS:LDI 2500", None),
    ("ERR?", "508"),
    ("ERR?", "0"),
    ("LAS:SET:LDI?", "1461.10"),  # what was out of range changed nothing
    ("laser:set:ldi?", "1461.10"),
    ("SOUR:CURR 1", None),
    ("MEAS:CURR?", None),  # not SCPI: silence, not an answer
    ("ERR?", "123,123"),
    ("LAS:LDI abc", None),
    ("ERRSTR?", '126,"Too few or too many program data elements"'),
    ("ERRSTR?", '0,"No error"'),
    ("LAS:OUT 1", None),
    ("LAS:OUT?", "1"),
    ("LAS:OUT 0", None),
    ("LAS:OUT?", "0"),
    ("LAS:EVE?", "1024"),  # that it was on is latched
    ("LAS:EVE?", "0"),
    ("TEC:T?", "25.000"),
    ("LOCAL", None),
    ("ERR?", "0"),
]


def test_transcript(link: SimLink) -> None:
    """Each line gets the answer that the card gives it, or silence."""
    heard = [
        (line, ask(link, line.encode() + b"\r\n", 0.1 * k).decode().strip() or None)
        for k, (line, _) in enumerate(TRANSCRIPT)
    ]

    assert heard == TRANSCRIPT


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_any_line_end_is_taken_and_crlf_sent(link: SimLink, end: bytes) -> None:
    """CR alone works, replies end CR LF."""
    assert b"0\r\n" == ask(link, b"LAS:OUT?" + end)


def test_a_command_may_come_in_pieces(link: SimLink) -> None:
    """Bytes are gathered until the line ends."""
    assert b"" == ask(link, b"LAS:O")
    assert b"0\r\n" == ask(link, b"UT?\r\n")
    assert b"0\r\n" == ask(link, b"LAS:OUT?\r\n", 1.0)


def test_light_follows_the_output(world: World, link: SimLink) -> None:
    """On lights after the emission delay, off darkens; the measured current follows."""
    ask(link, b"LAS:LDI 1461.1\r\n")
    ask(link, b"LAS:OUT 1\r\n", 1.0)
    world.advance_to(NS + NS // 100)
    starting = world.power_w()
    world.advance_to(2 * NS)
    lit = world.power_w()
    current_ma = float(ask(link, b"LAS:LDI?\r\n", 2.0))
    ask(link, b"LAS:OUT 0\r\n", 3.0)

    assert 0.0 == starting
    assert lit == pytest.approx(world.truth.beam.power_factor, rel=0.02)
    assert current_ma == pytest.approx(1461.1, rel=2e-3)
    assert 0.0 == world.power_w()


def test_off_during_the_emission_delay_wins(world: World) -> None:
    """An output switched off before light came stays dark."""
    link = SimLink("laser", world, ArroyoController(world, emission_delay_s=1.0))
    ask(link, b"LAS:LDI 1461\r\nLAS:OUT 1\r\n")
    ask(link, b"LAS:OUT 0\r\n", 0.5)
    world.advance_to(3 * NS)

    assert 0.0 == world.optical_energy_j()


def test_interlock_refuses_the_output(world: World, link: SimLink) -> None:
    """With the interlock open E-202 is on the list and bit 4 in the condition."""
    world.laser.open_interlock()
    ask(link, b"LAS:OUT 1\r\n")

    assert b"202\r\n" == ask(link, b"ERR?\r\n", 0.1)
    assert b"16\r\n" == ask(link, b"LAS:COND?\r\n", 0.2)
    assert b"0\r\n" == ask(link, b"LAS:OUT?\r\n", 0.3)


def test_key_refuses_the_output(world: World, link: SimLink) -> None:
    """With the key off nothing lights."""
    world.laser.key_on = False
    ask(link, b"LAS:OUT 1\r\n")

    assert b"202\r\n" == ask(link, b"ERR?\r\n", 0.1)
    assert b"0\r\n" == ask(link, b"KEY?\r\n", 0.2)


def test_limit_drags_the_set_point_down(link: SimLink) -> None:
    """A limit below the set point takes it along, and the condition says so once on."""
    ask(link, b"LAS:LDI 1500\r\nLAS:LIM:LDI 1000\r\nLAS:OUT 1\r\n")

    assert b"1000.00\r\n" == ask(link, b"LAS:SET:LDI?\r\n", 1.0)
    assert str(1024 + 1).encode() + b"\r\n" == ask(link, b"LAS:COND?\r\n", 1.1)


def test_serial_line_is_paced(link: SimLink) -> None:
    """Ten bits a byte at 38400 baud, both ways: identification takes nine milliseconds at least."""
    link.write(b"*IDN?\r\n", 0)
    arrived = link.next_chunk(NS)

    assert arrived is not None
    assert arrived[0] > (len(b"*IDN?\r\n") + len(arrived[1])) * 10 * NS // 38400
    assert arrived[0] < 20_000_000


def test_bytes_queue_up_on_the_wire(link: SimLink) -> None:
    """A query behind a long command waits for its turn on the line."""
    alone = SimLink("laser", link._world, link._personality)
    alone.write(b"LAS:OUT?\r\n", 0)
    link.write(b"LAS:LDI 1461.123456789\r\n" * 10, 0)
    link.write(b"LAS:OUT?\r\n", 0)
    first, queued = alone.next_chunk(NS), link.next_chunk(NS)

    assert first is not None
    assert queued is not None
    assert queued[0] - first[0] > 200 * 10 * NS // 38400
