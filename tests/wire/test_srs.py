"""The SRS LDC502's personality against the protocol card, line by line."""

from __future__ import annotations

import pytest

from labctl.clock import NS, Clock, run_virtual
from labctl.instruments import Address, InlinePort, Instrument, SimSpec
from labctl_drivers.srs_ldc500 import SrsLaser
from labctl_simulators.session import open_session
from labctl_simulators.wire import SimLink, SrsController
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, ask


@pytest.fixture
def world() -> World:
    """A bench in the dark."""
    return World(draw(1, SAMPLE, {}))


@pytest.fixture
def link(world: World) -> SimLink:
    """The serial line to its laser controller."""
    return SimLink("laser", world, SrsController(world))


TRANSCRIPT = [
    # (sent, answer, its end): sets are silent, errors are asked for
    ("*IDN?", "Stanford Research Systems,LDC502,s/n098023,ver2.00", "\r\n"),
    ("LDON?", "0", "\r\n"),
    ("TERM CR", None, ""),
    ("ILOC?", "1", "\r"),
    ("TERM LF", None, ""),
    ("TOKN ON", None, ""),
    ("LDON?", "OFF", "\n"),
    ("ILOC?", "CLOSED", "\n"),
    ("SMOD?", "CC", "\n"),
    ("SILM 1500", None, ""),
    ("SILD 1200", None, ""),
    ("SILD?", "1200.000", "\n"),
    ("SILM 1000", None, ""),
    ("SILD?", "1000.000", "\n"),  # dragged down
    ("SILD 1100", None, ""),
    ("LEXE?", "1", "\n"),
    ("LEXE?", "0", "\n"),
    ("SILD ABC", None, ""),
    ("LCME?", "9", "\n"),
    ("NONS 1", None, ""),
    ("LCME?", "2", "\n"),
    ("LDON MAYBE", None, ""),
    ("LCME?", "14", "\n"),
    ("RNGE LOW", None, ""),
    ("RNGE?", "LOW", "\n"),
    ("SILM 1100", None, ""),
    ("LEXE?", "1", "\n"),
    ("LDON ON", None, ""),
    ("RNGE HIGH", None, ""),
    ("LEXE?", "3", "\n"),
    ("LDON?", "ON", "\n"),
    ("LDON 0", None, ""),
    ("LDON?", "OFF", "\n"),
]


def test_transcript(link: SimLink) -> None:
    """Each line gets the answer that the card gives it, or silence, and its end."""
    heard = []
    for k, (line, _, _) in enumerate(TRANSCRIPT):
        said = ask(link, line.encode() + b"\n", 0.2 * k).decode()
        heard.append((line, said.strip() or None, said[len(said.strip()) :]))

    assert heard == TRANSCRIPT


def test_an_error_takes_fifteen_milliseconds_to_appear(link: SimLink) -> None:
    """Asked too soon there is none."""
    early = ask(link, b"SILD 9999;LEXE?\n", 1.0)

    assert (b"0\r\n", b"1\r\n") == (early, ask(link, b"LEXE?\n", 1.1))


def test_an_overflowing_buffer_forgets_everything(world: World, link: SimLink) -> None:
    """Sixty-five bytes without an end, and what was to follow them is not obeyed."""
    ask(link, b"SILD 1200\n")
    ask(link, b"SILD 1300" + b" " * 60, 0.5)

    assert b"1200.000\r\n" == ask(link, b"\nSILD?\n", 1.0)


def test_a_command_cut_short_does_not_swallow_an_off_on_its_own_line(
    world: World, link: SimLink
) -> None:
    """`SIL` without an end, then off with a line end before it."""
    ask(link, b"SILD 1461\nLDON ON\n")
    ask(link, b"SIL", 1.0)
    ask(link, b"\nLDON OFF\n", 1.5)

    assert not world.laser.output_on


def test_light_follows_the_output(world: World, link: SimLink) -> None:
    """On lights, off darkens; the measured current follows."""
    ask(link, b"SILD 1461.1\nLDON ON\n", 1.0)
    world.advance_to(2 * NS)
    lit = world.power_w()
    current_ma = float(ask(link, b"RILD?\n", 2.0))
    ask(link, b"LDON OFF\n", 3.0)

    assert lit == pytest.approx(world.truth.beam.power_factor, rel=0.02)
    assert current_ma == pytest.approx(1461.1, rel=2e-3)
    assert 0.0 == world.power_w()


def test_interlock_refuses_the_output(world: World, link: SimLink) -> None:
    """With the interlock open it says OPEN, and the output stays off with an error."""
    world.laser.open_interlock()
    ask(link, b"TOKN ON\nLDON ON\n")

    assert [b"OPEN\r\n", b"3\r\n", b"OFF\r\n"] == [
        ask(link, query, 0.1 * k) for k, query in enumerate((b"ILOC?\n", b"LEXE?\n", b"LDON?\n"), 1)
    ]


def test_ethernet_is_silent_until_it_is_unlocked(world: World) -> None:
    """Nothing is answered or obeyed before `ULOC 1`, and again after a new connection."""
    personality = SrsController(world, interface="ethernet")
    link = SimLink("laser", world, personality)
    locked = ask(link, b"*IDN?\n")
    ask(link, b"\nULOC 1\n", 0.1)
    unlocked = ask(link, b"*IDN?\n", 0.2)
    again = ask(SimLink("laser", world, personality), b"*IDN?\n", 0.3)

    assert (b"", b"") == (locked, again)
    assert unlocked.startswith(b"Stanford")


def test_the_driver_unlocks_ethernet_each_time_it_connects() -> None:
    """Behind the lock, and behind a line end and numbers for words that somebody left."""
    settings = {"interface": "ethernet", "max_current": "1.5 A"}
    entry = {"driver": "srs-laser", "address": "sim://laser", "settings": settings}
    session = open_session(SimSpec(seed=1, bench={"instruments": {"laser": entry}}))

    async def main(clock: Clock) -> None:
        port = InlinePort(lambda: session.link("sim://laser"), clock, "sim://laser", "laser")
        laser = Instrument("laser", SrsLaser, settings, Address.parse("sim://laser"), port)
        first = await laser.connect()
        again = await laser.reopen()
        await laser.close()

        assert "LDC502" == first.model
        assert first == again

    run_virtual(main)
