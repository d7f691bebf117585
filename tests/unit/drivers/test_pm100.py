"""The Thorlabs driver, word for word."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.instruments import (
    DeviceRefusedError,
    Identity,
    IdentityError,
    InputError,
    Invalid,
    PortProtocolError,
    Reading,
)
from labctl_drivers.thorlabs_pm100 import ThorlabsPm100
from tests.unit.drivers.transcript import Step, TranscriptPort

HEAD: Step = (b"SYST:SENS:IDN?\n", b'"S310C","130906","08-SEP-2025",2,1,33\n')
NO_HEAD: Step = (b"SYST:SENS:IDN?\n", b'"no sensor","","",0,0,0\n')


def meter(*steps: Step, **settings: Any) -> tuple[ThorlabsPm100, TranscriptPort]:
    port = TranscriptPort(*steps)
    return ThorlabsPm100(port, settings), port


def configuration(
    flags: int = 33,
    unit: bytes = b"W\n",
    held: bytes = b"9.80E+02\n",
    *,
    loss: bytes = b"0.0\n",
    kind: int = 2,
    filtered: int = 1,
    decibels: bytes = b"0.00",
) -> list[Step]:
    head = b'"S310C","130906","08-SEP-2025",%d,1,%d\n' % (kind, flags)
    steps: list[Step] = [
        (b"*CLS\n", None),
        (b"SYST:SENS:IDN?\n", head),
        (b"CONF:POW\n", None),
        (b"SENS:POW:UNIT W\n", None),
        (b"SENS:POW:RANG:AUTO ON\n", None),
        (b"SENS:AVER:COUN 20\n", None),
        (b"SENS:CORR:LOSS:INP:MAGN %s\n" % decibels, None),
        (b"SENS:POW:REF:STAT OFF\n", None),
        (b"INP:PDI:FILT:LPAS:STAT %d\n" % filtered, None),
        (b"SENS:CORR:WAV 980.0\n", None),
        (b"SYST:ERR?\n", b'+0,"No error"\n'),
        (b"SENS:POW:UNIT?\n", unit),
        (b"SENS:CORR:LOSS:INP:MAGN?\n", loss),
        (b"SENS:CORR:WAV?\n", held),
    ]
    left_out = [b"WAV"] * (not flags & 32) + [b"LPAS"] * (kind != 1)
    return [s for s in steps if not any(word in s[0] for word in left_out)]


@pytest.mark.parametrize("make", [b"Thorlabs", b"THORLABS", b'"Thorlabs"'])
def test_identity(make: bytes) -> None:
    """The spelling of the make differs, and quotes may stand around it."""
    driver, port = meter((b"*IDN?\n", make + b",PM100D,P0027168,2.7.0\n"))

    assert Identity("Thorlabs", "PM100D", "P0027168", "2.7.0") == port.run(driver.identify())


@pytest.mark.parametrize(
    "said",
    [b"Thorlabs,PM100D2,P1,1.0\n", b"Thorlabs,PM100D3,P1,1.0\n", b"Thorlabs,ITC4001,M1,1\n",
     b"1.98E-02\n"],
)  # fmt: skip
def test_a_stranger_is_refused(said: bytes) -> None:
    """Other instruments, and the two models whose interface this driver cannot serve."""
    driver, port = meter((b"*IDN?\n", said))

    with pytest.raises(IdentityError):
        port.run(driver.identify())


@pytest.mark.parametrize("flags", [33, 1])
def test_configuring_sets_unit_and_wavelength_and_reads_them_back(flags: int) -> None:
    """A head whose wavelength cannot be set is not asked to."""
    driver, port = meter(*configuration(flags), wavelength="980 nm", average=20)

    port.run(driver.configure())


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        (configuration(unit=b"DBM\n")[:-2], "does not read in W"),
        (configuration(loss=b"20.0\n")[:-1], "attenuation was not taken"),
        (configuration(loss=b"what\n")[:-1], "attenuation was not taken"),
        (configuration(held=b"6.35E+02\n"), "wavelength was not taken"),
        (configuration(held=b"what\n"), "wavelength was not taken"),
        ([(b"*CLS\n", None), NO_HEAD], "no head"),
    ],
)
def test_what_was_not_taken_is_refused(steps: list[Step], what: str) -> None:
    """Another unit, another wavelength, or no head: not a meter to measure with."""
    driver, port = meter(*steps, wavelength="980 nm", average=20)

    with pytest.raises(DeviceRefusedError, match=what):
        port.run(driver.configure())


def test_a_reading_is_one_exchange() -> None:
    """`READ?` in W, stamped with the reply; a little below zero is a number, too."""
    driver, port = meter((b"READ?\n", b"-1.20000000E-06\n"))

    assert Reading("power", -1.2e-6, "W", 1_000_000) == port.run(driver.read_power())


def test_a_photodiode_has_a_bandwidth_and_an_attenuator_its_loss() -> None:
    """Both as the bench says, and only where the head has them."""
    steps = configuration(kind=1, filtered=0, decibels=b"20.00", loss=b"2.0E+01\n")
    driver, port = meter(
        *steps, wavelength="980 nm", average=20, attenuation="20 dB", bandwidth="high"
    )

    port.run(driver.configure())


def test_a_pm400_is_not_asked_for_its_reference() -> None:
    """It is not known to have that command."""
    steps = [s for s in configuration() if b"REF" not in s[0]]
    driver, port = meter(
        (b"*IDN?\n", b"Thorlabs,PM400,P1,1.0\n"), *steps, wavelength="980 nm", average=20
    )

    async def life() -> None:
        await driver.identify()
        await driver.configure()

    port.run(life())


OTHER_HEAD: Step = (b"SYST:SENS:IDN?\n", b'"S121C","1","08-SEP-2025",1,18,33\n')
RIGHT: Step = (b"SENS:CORR:WAV?\n", b"9.80E+02\n")
WRONG: Step = (b"SENS:CORR:WAV?\n", b"6.35E+02\n")
NUMBER: Step = (b"READ?\n", b"1.5E-02\n")
AWAY: Step = (b"READ?\n", b"9.9E+37\n")


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        ([NUMBER, HEAD, RIGHT, NUMBER], [Reading, Reading]),
        ([NUMBER, HEAD, WRONG, NUMBER, HEAD, RIGHT], [Invalid, Reading]),
        ([NUMBER, OTHER_HEAD, NUMBER, OTHER_HEAD], [Invalid, Invalid]),
        ([NUMBER, NO_HEAD, NUMBER, NO_HEAD], [Invalid, Invalid]),
    ],
)
def test_after_a_head_was_away_a_number_counts_only_from_the_same_one(
    after: list[Step], kinds: list[type]
) -> None:
    """Pulled and put on again: the same head at the same wavelength, else it is no reading."""
    driver, port = meter(*configuration(), wavelength="980 nm", average=20)

    async def life() -> list[Reading | Invalid]:
        await driver.configure()
        return [await driver.read_power() for _ in range(3)]

    port._steps += [AWAY, NO_HEAD, *after]
    away, *rest = port.run(life())

    assert isinstance(away, Invalid) and "no-sensor" == away.reason
    assert kinds == [type(reading) for reading in rest]


ZERO: Step = (b"SENS:CORR:COLL:ZERO:INIT\n", None)
ZEROING: Step = (b"SENS:CORR:COLL:ZERO:STAT?\n", b"1\n")


def test_zeroing_waits_for_its_end_and_asks_for_errors() -> None:
    """Begun, asked for until it is over; an error that it left behind is a refusal."""
    over: Step = (b"SENS:CORR:COLL:ZERO:STAT?\n", b"0\n")
    driver, port = meter(ZERO, ZEROING, over, (b"SYST:ERR?\n", b'+0,"No error"\n'))
    port.run(driver.zero())
    port.then(ZERO, over, (b"SYST:ERR?\n", b'-200,"x"\n'), (b"SYST:ERR?\n", b'0,""\n'))

    with pytest.raises(DeviceRefusedError, match="while zeroing"):
        port.run(driver.zero())


def test_zeroing_that_does_not_end_is_ended() -> None:
    """After half a minute it is given up, and the meter let go."""
    driver, port = meter(ZERO, *[ZEROING] * 60, (b"SENS:CORR:COLL:ZERO:ABOR\n", None))

    with pytest.raises(DeviceRefusedError, match="could not be zeroed"):
        port.run(driver.zero())
    assert 30.0 == port.paused_s


@pytest.mark.parametrize(("head", "reason"), [(HEAD, "range"), (NO_HEAD, "no-sensor")])
@pytest.mark.parametrize(
    "said", [b"9.9E+37\n", b"+9.90000000E+37\n", b"9.9E+27\n", b"nan\n", b"-inf\n"]
)
def test_over_range_and_no_head_are_told_apart(said: bytes, head: Step, reason: str) -> None:
    """Both read alike; the head is asked for, and neither is a number."""
    driver, port = meter((b"READ?\n", said), head)
    reading = port.run(driver.read_power())

    assert isinstance(reading, Invalid)
    assert reason == reading.reason


@pytest.mark.parametrize("said", [b"\n", b"no sensor\n", b"1,2\n"])
def test_words_are_a_protocol_error(said: bytes) -> None:
    """A reading that is no number raises."""
    driver, port = meter((b"READ?\n", said))

    with pytest.raises(PortProtocolError):
        port.run(driver.read_power())


def test_no_exchange_lasts_longer_than_a_guarded_port_allows() -> None:
    """The most samples that may be averaged still fit into 200 ms."""

    assert meter(average=40)[0].poll_at_most_s <= 0.2


@pytest.mark.parametrize(
    "settings", [{"wavelength": 808}, {"wavelength": "808 W"}, {"average": 0}, {"average": 41},
     {"attenuation": "20 W"}, {"attenuation": "80 dB"}, {"bandwidth": 1}],
)  # fmt: skip
def test_bad_settings_are_bad_input(settings: dict[str, Any]) -> None:
    """No unit, the wrong unit, too many samples or decibels, another word."""

    with pytest.raises(InputError):
        meter(**settings)
