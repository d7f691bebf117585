"""The power meter personality against the protocol card."""

from __future__ import annotations

from math import log10
from statistics import pstdev

import pytest

from labctl.clock import NS
from labctl_simulators.wire import Pm100, SimLink
from labctl_simulators.world import World, draw
from tests.unit.simulators._helpers import SAMPLE, ask, light


@pytest.fixture
def world() -> World:
    """A bench whose laser lights at 10 s."""
    lit = World(draw(1, SAMPLE, {}))
    light(lit, 10.0)
    return lit


@pytest.fixture
def link(world: World) -> SimLink:
    """The bus to its meter, set to the laser's wavelength."""
    meter = SimLink("meter", world, Pm100(world))
    ask(meter, b"SENS:CORR:WAV 808\n")
    return meter


TRANSCRIPT = [
    ("*IDN?", "Thorlabs,PM100D,P0027168,2.7.0"),
    ("SYST:SENS:IDN?", '"S121C","14061812","12-Jan-2026",1,18,33'),
    ("SENS:CORR:WAV?", "8.08000000E+02"),
    ("SENS:CORR:WAV? MIN", "4.00000000E+02"),
    ("SENS:CORR:WAV? MAX", "1.10000000E+03"),
    ("SENS:CORR:WAV 1550", None),
    ("SYST:ERR?", '-222,"Data out of range"'),
    ("SENS:CORR:WAV?", "8.08000000E+02"),  # what was refused changed nothing
    ("SENS:AVER:COUN 10", None),
    ("SENS:AVER:COUN?", "10"),
    ("SENS:POW:UNIT?", "W"),
    ("SENS:POW:RANG:AUTO 1", None),
    ("SENS:POW:RANG:AUTO?", "1"),
    ("CONF:POW", None),
    ("CONF?", "POW"),
    ("MEAS:TEMP?", None),  # this head has no thermometer
    ("SYST:ERR?", '-241,"Hardware missing"'),
    ("NONSENSE?", None),
    ("SYST:ERR?", '-113,"Undefined header"'),
    ("SYST:ERR?", '+0,"No error"'),
]


def test_transcript(link: SimLink) -> None:
    """Each line gets the answer that the card gives it, or silence."""
    heard = [
        (line, ask(link, line.encode() + b"\n").decode().strip() or None) for line, _ in TRANSCRIPT
    ]

    assert heard == TRANSCRIPT


def test_reads_the_pick_off(world: World, link: SimLink) -> None:
    """Dark is microwatts, lit is the pick-off of the beam over the calibration's error."""
    dark = float(ask(link, b"READ?\n", 9.0))
    lit = float(ask(link, b"READ?\n", 20.0))
    beam = world.truth.beam

    assert abs(dark) < 1e-5
    assert lit == pytest.approx(world.power_w() * beam.pick_off / beam.meter_factor, rel=0.01)


def test_wrong_wavelength_reads_wrong(link: SimLink) -> None:
    """Left at the wavelength it woke up with, the meter overstates 808 nm by a quarter."""
    right = float(ask(link, b"READ?\n", 20.0))
    ask(link, b"*RST\n")
    wrong = float(ask(link, b"READ?\n", 20.1))

    assert wrong / right == pytest.approx(808.0 / 635.0, rel=0.02)


def test_a_reading_is_in_the_current_unit(link: SimLink) -> None:
    """In dBm the same light reads ten times the logarithm of its milliwatts."""
    watts = float(ask(link, b"READ?\n", 20.0))
    ask(link, b"SENS:POW:UNIT DBM\n")

    assert float(ask(link, b"READ?\n", 20.1)) == pytest.approx(10 * log10(watts / 1e-3), abs=0.05)


def test_fixed_range_over_ranges(link: SimLink) -> None:
    """On a range too low the meter says 9.9E+37, with auto-range it reads."""
    ask(link, b"SENS:POW:RANG 5e-3\n")

    assert b"0\n" == ask(link, b"SENS:POW:RANG:AUTO?\n")
    assert b"9.90000000E+37\n" == ask(link, b"READ?\n", 20.0)
    ask(link, b"SENS:POW:RANG:AUTO 1\n")
    assert float(ask(link, b"READ?\n", 20.1)) < 1.0


@pytest.mark.parametrize("count", [1, 50])
def test_averaging_takes_three_milliseconds_a_sample(link: SimLink, count: int) -> None:
    """The reply comes after so many samples."""
    ask(link, b"SENS:AVER:COUN %d\n" % count)
    link.write(b"READ?\n", NS)
    arrived = link.next_chunk(3 * NS)

    assert arrived is not None
    assert arrived[0] - NS == pytest.approx(count * 3_000_000, abs=2_000_000)


def test_averaging_is_quieter(link: SimLink) -> None:
    """A hundred samples scatter less than one."""
    scatter = []
    for count in (1, 100):
        ask(link, b"SENS:AVER:COUN %d\n" % count)
        scatter.append(pstdev(float(ask(link, b"READ?\n", 20.0)) for _ in range(200)))

    assert scatter[1] < 0.3 * scatter[0]


def test_measure_is_slower_than_read(link: SimLink) -> None:
    """MEAS:POW? configures each time; CONF:POW once and READ? is the fast way."""
    waits = []
    for query in (b"READ?\n", b"MEAS:POW?\n"):
        link.write(query, NS)
        arrived = link.next_chunk(3 * NS)
        assert arrived is not None
        waits.append(arrived[0])

    assert waits[0] < waits[1]


def test_without_a_head_there_is_no_number(world: World) -> None:
    """No head: it says so when asked, and over-range as a reading."""
    link = SimLink("meter", world, Pm100(world, head=False))

    assert b"no sensor" in ask(link, b"SYST:SENS:IDN?\n")
    assert b"9.90000000E+37\n" == ask(link, b"READ?\n", 20.0)


def test_zeroing_in_the_light_subtracts_it(link: SimLink) -> None:
    """Zeroed while lit, the meter reads nothing of that light: the trap of the real one."""
    ask(link, b"SENS:CORR:COLL:ZERO:INIT\n", 20.0)

    assert b"1\n" == ask(link, b"SENS:CORR:COLL:ZERO:STAT?\n", 20.5)
    assert b"0\n" == ask(link, b"SENS:CORR:COLL:ZERO:STAT?\n", 23.0)
    assert abs(float(ask(link, b"READ?\n", 23.1))) < 5e-4


def test_init_and_fetch(link: SimLink) -> None:
    """FETC? gives the value that INIT took, and nothing before."""
    assert b"" == ask(link, b"FETC?\n")
    ask(link, b"INIT\n", 20.0)

    assert float(ask(link, b"FETC?\n", 21.0)) == float(ask(link, b"FETC?\n", 22.0))


def test_an_attenuation_multiplies_every_reading(link: SimLink) -> None:
    """Ten decibels that somebody left behind read as ten times the light."""
    right = float(ask(link, b"READ?\n", 20.0))
    ask(link, b"SENS:CORR:LOSS:INP:MAGN 10\n", 20.05)

    assert b"1.00000000E+01\n" == ask(link, b"SENS:CORR:LOSS:INP:MAGN?\n", 20.07)
    assert float(ask(link, b"READ?\n", 20.1)) / right == pytest.approx(10.0, rel=0.01)


def test_a_reference_is_subtracted(link: SimLink) -> None:
    """In reference mode a reading is a difference, until it is switched off."""
    right = float(ask(link, b"READ?\n", 20.0))
    ask(link, b"SENS:POW:REF %.6E\n" % right, 20.05)
    ask(link, b"SENS:POW:REF:STAT ON\n", 20.07)
    difference = float(ask(link, b"READ?\n", 20.1))
    ask(link, b"SENS:POW:REF:STAT OFF\n", 20.15)

    assert abs(difference) < 0.05 * right
    assert float(ask(link, b"READ?\n", 20.2)) == pytest.approx(right, rel=0.02)


def test_a_head_that_was_away_comes_back_at_its_own_wavelength(world: World) -> None:
    """Pulled: no number. Put on: a number again, but a quarter too large."""
    meter = Pm100(world)
    line = SimLink("meter", world, meter)
    ask(line, b"SENS:CORR:WAV 808\n")
    right = float(ask(line, b"READ?\n", 20.0))
    meter.head = False
    assert b"9.90000000E+37\n" == ask(line, b"READ?\n", 20.1)
    meter.plug()

    assert float(ask(line, b"READ?\n", 20.2)) / right == pytest.approx(808.0 / 635.0, rel=0.02)
