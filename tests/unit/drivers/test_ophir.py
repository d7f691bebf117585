"""The Ophir driver, word for word."""

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
from labctl_drivers.ophir import OphirMeter
from tests.unit.drivers.transcript import Step, TranscriptPort


def meter(*steps: tuple[str, str], **settings: Any) -> tuple[OphirMeter, TranscriptPort]:
    port = TranscriptPort(*said(*steps))
    return OphirMeter(port, settings), port


def said(*steps: tuple[str, str]) -> list[Step]:
    return [(f"${ask}\r\n".encode(), f"{reply}\r\n".encode()) for ask, reply in steps]


HEAD = ("HI", "* TH 12345 03AP 00000183")
NO_HEAD = ("HI", "* XX 0 NONE 00000000")
RANGE = (
    ("AR", "* 2 AUTO dBm 30.0mW 3.00mW"),
    ("WN-1", "*"),
    ("AR", "* -1 AUTO dBm 30.0mW 3.00mW"),
    ("SI", "* W"),
)
LIST = "*CONTINUOUS 350 1100 {} 633 488 {} NONE NONE NONE"


def test_identity() -> None:
    """Kind, serial and name in one answer, the version in another."""
    driver, port = meter(("II", "* NOVAII 113217 NOVA-II"), ("VE", "*NV2.41"))

    assert Identity("Ophir", "NOVA-II", "113217", "NV2.41") == port.run(driver.identify())


@pytest.mark.parametrize("reply", ["?COMMAND", "* NOVA 12345 NOVA", "* x", "*1.3E-5"])
def test_a_stranger_is_refused(reply: str) -> None:
    """An error, the old Nova with its own commands, or an answer to something else."""
    driver, port = meter(("II", reply))

    with pytest.raises(IdentityError):
        port.run(driver.identify())


@pytest.mark.parametrize(("known", "tell"), [("808", "WI3"), ("980", "WL808")])
def test_configuring_takes_the_wavelength_that_is_known_or_defines_it(
    known: str, tell: str
) -> None:
    """One that the meter has is only taken; else the one that holds is set, and read back."""
    driver, port = meter(
        HEAD,
        ("FP", "*"),
        ("FQ", "?$FQ"),
        ("AW", LIST.format(3, known)),
        (tell, "*"),
        ("AW", LIST.format(3, "808")),
        *RANGE,
        wavelength="808 nm",
    )

    port.run(driver.configure())


def test_a_laser_by_name_is_taken_by_its_number() -> None:
    """A thermal head has names in place of wavelengths."""
    names = "*DISCRETE {} YAG NIR CO2"
    driver, port = meter(
        HEAD,
        ("FP", "*"),
        ("FQ", "?$FQ"),
        ("AW", names.format(1)),
        ("WI2", "*"),
        ("AW", names.format(2)),
        *RANGE,
        laser="nir",
    )

    port.run(driver.configure())


def test_a_filter_is_set_as_the_bench_says_and_read_back() -> None:
    """`$FQ2` is filter in."""
    driver, port = meter(
        HEAD,
        ("FP", "*"),
        ("FQ", "*1 OUT IN"),
        ("FQ2", "*2 OUT IN"),
        ("FQ", "*2 OUT IN"),
        ("AW", LIST.format(3, "808")),
        ("WI3", "*"),
        ("AW", LIST.format(3, "808")),
        *RANGE,
        filter="in",
    )

    port.run(driver.configure())


BEGUN = (HEAD, ("FP", "*"))
NO_FILTER = ("FQ", "?$FQ")


@pytest.mark.parametrize(
    ("steps", "settings", "what"),
    [
        ([NO_HEAD], {}, "no head"),
        ([("HI", "* SI 1 X 00000002")], {}, "no head that measures power"),
        ([*BEGUN, ("FQ", "*1 OUT IN")], {}, "does not say whether"),
        ([*BEGUN, NO_FILTER], {"filter": "in"}, "has no filter"),
        ([*BEGUN, NO_FILTER, ("AW", "*DISCRETE 1 YAG CO2")], {}, "by name"),
        ([*BEGUN, NO_FILTER, ("AW", "*CONTINUOUS 350 700 1 633 NONE")], {}, "not at 808 nm"),
        (
            [*BEGUN, NO_FILTER, ("AW", LIST.format(1, "980")), ("WL808", "?FULL")],
            {},
            r"refuses \$WL808",
        ),
        (
            [
                *BEGUN,
                NO_FILTER,
                ("AW", LIST.format(1, "980")),
                ("WL808", "*"),
                ("AW", LIST.format(1, "980")),
            ],
            {},
            "was not taken",
        ),
    ],
)
def test_what_was_not_taken_is_refused(
    steps: list[tuple[str, str]], settings: dict[str, Any], what: str
) -> None:
    """No head, a filter that nobody spoke of, another wavelength: not a meter to measure with."""
    driver, port = meter(*steps, **settings)

    with pytest.raises(DeviceRefusedError, match=what):
        port.run(driver.configure())


def test_a_reading_is_one_exchange() -> None:
    """`$SP` in W, stamped with the reply; a little below zero is a number, too."""
    driver, port = meter(("SP", "*-1.200E-6"))

    assert Reading("power", -1.2e-6, "W", 1_000_000) == port.run(driver.read_power())


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([("SP", "*OVER")], "range"),
        ([("SP", "* OVER ")], "range"),
        ([("SP", "*9.900E+37")], "range"),
        ([("SP", "?NO HEAD"), NO_HEAD], "no-sensor"),
        ([("SP", "?ZEROING"), HEAD], "device"),
        ([("SP", "*nan"), HEAD], "device"),
        ([("SP", "*inf"), HEAD], "device"),
    ],
)
def test_what_is_no_reading_says_why(steps: list[tuple[str, str]], reason: str) -> None:
    """OVER is over-range; for a word or an error the head is asked for; none is a number."""
    driver, port = meter(*steps)
    reading = port.run(driver.read_power())

    assert isinstance(reading, Invalid)
    assert reason == reading.reason


@pytest.mark.parametrize("reply", ["1.3E-5", "*1.3.4", "*", ""])
def test_garbage_is_a_protocol_error(reply: str) -> None:
    """What is neither `*` with a value nor `?` with an error raises."""
    driver, port = meter(("SP", reply))

    with pytest.raises(PortProtocolError):
        port.run(driver.read_power())


def test_zeroing_waits_for_its_end() -> None:
    """Begun once, asked for until it says that it is completed."""
    driver, port = meter(("ZE", "*"), ("ZQ", "*ZEROING IN PROCESS"), ("ZQ", "*ZEROING COMPLETED"))
    port.run(driver.zero())

    assert 1.0 == port.paused_s


def test_zeroing_that_fails_is_ended_and_refused() -> None:
    """The failure is told, and the meter let go."""
    driver, port = meter(("ZE", "*"), ("ZQ", "*ZEROING FAILED"), ("ZA", "*"))

    with pytest.raises(DeviceRefusedError, match="could not be zeroed"):
        port.run(driver.zero())


@pytest.mark.parametrize(
    "settings", [{"wavelength": 808}, {"wavelength": "808 W"}, {"filter": True}, {"baud": 110}]
)
def test_bad_settings_are_bad_input(settings: dict[str, Any]) -> None:
    """No unit, the wrong unit, a filter that is neither in nor out, a speed there is not."""

    with pytest.raises(InputError):
        meter(**settings)
