"""The Ophir personality against the protocol card."""

from __future__ import annotations

import re

import pytest

from labctl.clock import NS
from labctl_simulators.wire import OphirMeter, SimLink
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, ask, light


@pytest.fixture
def world() -> World:
    """A bench whose laser lights at 10 s."""
    lit = World(draw(1, SAMPLE, {}))
    light(lit, 10.0)
    return lit


def link(world: World, meter: OphirMeter | None = None) -> SimLink:
    """The line to its meter, on automatic range and set to the laser's wavelength."""
    line = SimLink("meter", world, meter or OphirMeter(world))
    assert b"*\r\n" == ask(line, b"$WL808\r\n") == ask(line, b"$WN-1\r\n")
    return line


TRANSCRIPT = [
    ("$II", "* NOVAII 113217 NOVA-II"),
    ("$VE", "*NV2.41"),
    ("$HI", "* SI 54321 PD300 00000001"),
    ("$SI", "* W"),
    ("$FP", "*"),
    ("$AR", "* 0 AUTO 30.0mW 3.00mW 300uW"),
    ("$WN1", "*"),
    ("$RN", "*1"),
    ("$WN7", "?$WN7"),
    ("$WN-1", "*"),
    ("$AR", "* -1 AUTO 30.0mW 3.00mW 300uW"),
    ("$AW", "*CONTINUOUS 350 1100 1 633 488 980 1064 NONE NONE"),
    ("$WI3", "*"),
    ("$WI5", "?$WI5"),  # nothing is there
    ("$WL808", "*"),  # defines the one that is taken
    ("$AW", "*CONTINUOUS 350 1100 3 633 488 808 1064 NONE NONE"),
    ("$WL10600", "?$WL10600"),
    ("$FQ", "?$FQ"),  # this head has no filter
    ("$ZQ", "*ZEROING NOT STARTED"),
    ("$QQ", "?$QQ"),
    ("READ?", "?READ?"),
]


def test_transcript(world: World) -> None:
    """Each line gets the answer that the card gives it; there is always one."""
    line = SimLink("meter", world, OphirMeter(world))
    heard = [
        (text, ask(line, text.encode() + b"\r\n").decode().strip() or None)
        for text, _ in TRANSCRIPT
    ]

    assert heard == TRANSCRIPT


def test_reads_the_pick_off(world: World) -> None:
    """Dark is microwatts, lit is the pick-off of the beam over the calibration's error."""
    line = link(world)
    dark = float(ask(line, b"$SP\r\n", 9.0)[1:])
    ask(line, b"$SP\r\n", 19.0)
    lit = ask(line, b"$SP\r\n", 20.0)
    beam = world.truth.beam

    assert abs(dark) < 1e-5
    assert float(lit[1:]) == pytest.approx(
        world.power_w() * beam.pick_off / beam.meter_factor, rel=0.01
    )
    assert re.fullmatch(rb"\*\d\.\d{3}E-\d\r\n", lit)


def test_an_automatic_range_loses_a_measurement_when_it_goes_up(world: World) -> None:
    """The first measurement of the light is over the range it comes from; the next is a number."""
    line = link(world)
    ask(line, b"$SP\r\n", 9.9)
    told = [ask(line, b"$SP\r\n", 14.0 + k * 0.07) for k in range(3)]

    assert b"*OVER\r\n" == told[0]
    assert all(float(reply[1:]) > 0.001 for reply in told[1:])


def test_a_fixed_range_stays_over(world: World) -> None:
    """On a range too low the meter says OVER for as long as there is light."""
    line = link(world)
    ask(line, b"$WN2\r\n")

    assert {b"*OVER\r\n"} == {ask(line, b"$SP\r\n", 14.0 + k) for k in range(3)}


def test_a_wrong_wavelength_reads_wrong(world: World) -> None:
    """Taken for 633 nm, the light reads a quarter too strong."""
    line = link(world)
    ask(line, b"$SP\r\n", 19.9)
    right = float(ask(line, b"$SP\r\n", 20.0)[1:])
    ask(line, b"$WL633\r\n", 20.05)
    wrong = float(ask(line, b"$SP\r\n", 20.2)[1:])

    assert wrong / right == pytest.approx(808.0 / 633.0, rel=0.02)


def test_a_filter_that_the_meter_does_not_know_of_hides_the_light(world: World) -> None:
    """Told that the filter is out while it is on, the meter reads a twentieth."""
    line = link(world, OphirMeter(world, filtered=True))
    ask(line, b"$SP\r\n", 19.9)
    hidden = float(ask(line, b"$SP\r\n", 20.0)[1:])
    assert b"*2 OUT IN\r\n" == ask(line, b"$FQ2\r\n", 20.05)
    ask(line, b"$SP\r\n", 20.2)
    right = float(ask(line, b"$SP\r\n", 20.4)[1:])

    assert hidden / right == pytest.approx(0.05, rel=0.05)


def test_measurements_come_fifteen_times_a_second(world: World) -> None:
    """Asked faster, the meter says the same again."""
    line = link(world)
    told = [ask(line, b"$SP\r\n", 20.0 + k * 0.005) for k in range(40)]

    assert 3 <= len(set(told)) <= 5


def test_a_reply_takes_its_wire_time(world: World) -> None:
    """Eleven characters at 9600 baud are not there at once."""
    line = link(world)
    line.write(b"$SP\r\n", NS)
    arrived = line.next_chunk(3 * NS)

    assert arrived is not None
    assert arrived[0] - NS > (5 + len(arrived[1])) * 10 * NS // 9600


def test_without_a_head_there_is_no_number(world: World) -> None:
    """A head pulled off: an error in place of a reading, and type XX."""
    meter = OphirMeter(world)
    line = link(world, meter)
    meter.head = False

    assert b"?NO HEAD\r\n" == ask(line, b"$SP\r\n", 20.0)
    assert ask(line, b"$HI\r\n", 20.1).startswith(b"* XX ")


def test_zeroing_in_the_light_subtracts_it(world: World) -> None:
    """Zeroed while lit, the meter reads nothing of that light, half a minute later."""
    line = link(world)
    ask(line, b"$ZE\r\n", 20.0)

    assert b"*ZEROING IN PROCESS\r\n" == ask(line, b"$ZQ\r\n", 30.0)
    assert b"?ZEROING\r\n" == ask(line, b"$SP\r\n", 31.0)
    assert b"*ZEROING COMPLETED\r\n" == ask(line, b"$ZQ\r\n", 51.0)
    assert abs(float(ask(line, b"$SP\r\n", 52.0)[1:])) < 5e-4
