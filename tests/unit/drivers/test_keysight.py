"""The Keysight driver, word for word."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.instruments import (
    DeviceRefusedError,
    Identity,
    IdentityError,
    InputError,
    Invalid,
    PortProtocolError,
    Reading,
)
from labctl_drivers.keysight_3497x import Keysight3497x
from tests.unit.drivers.transcript import Step, TranscriptPort


def scanner(*steps: Step, **settings: Any) -> tuple[Keysight3497x, TranscriptPort]:
    port = TranscriptPort(*steps)
    return Keysight3497x(port, settings), port


@pytest.mark.parametrize(
    ("said", "identity"),
    [
        (
            b"HEWLETT-PACKARD,34970A,0,13-2-2\n",
            Identity("HEWLETT-PACKARD", "34970A", "", "13-2-2"),
        ),
        (
            b"Keysight Technologies,DAQ970A,MY58000001,A.02.02\r\n",
            Identity("Keysight Technologies", "DAQ970A", "MY58000001", "A.02.02"),
        ),
    ],
)
def test_identity(said: bytes, identity: Identity) -> None:
    """Old and new makes; the 34970A's serial `0` is none."""
    driver, port = scanner((b"*IDN?\n", said))

    assert identity == port.run(driver.identify())


@pytest.mark.parametrize(
    "said", [b"+2.35E+01\n", b"HEWLETT-PACKARD,34401A,0,1\n", b"\xff,\xff,\xff,\xff\n"]
)
def test_a_stranger_is_refused(said: bytes) -> None:
    """A late reading, another model of the same make, or noise is no scanner."""
    driver, port = scanner((b"*IDN?\n", said))

    with pytest.raises((IdentityError, PortProtocolError)):
        port.run(driver.identify())


def test_configuring_writes_the_scan_once() -> None:
    """Two channels of type T: configuration, open check on, scan list, error queue empty."""
    driver, port = scanner(
        (b"*CLS\n", None),
        (b"SYST:CTYP? 100\n", b"HEWLETT-PACKARD,34901A,0,2.3\n"),
        (b"SYST:CTYP? 200\n", b"HEWLETT-PACKARD,34901A,0,2.3\n"),
        (b"CONF:TEMP TC,T,(@101,203)\n", None),
        (b"UNIT:TEMP C,(@101,203)\n", None),
        (b"SENS:TEMP:TRAN:TC:RJUN:TYPE INT,(@101,203)\n", None),
        (b"SENS:TEMP:TRAN:TC:CHECK ON,(@101,203)\n", None),
        (b"SENS:TEMP:NPLC 0.2,(@101,203)\n", None),
        (b"ROUT:SCAN (@101,203)\n", None),
        (b"SYST:ERR?\n", b'+0,"No error"\n'),
        channels=[101, 203],
        type="T",
        nplc=0.2,
    )

    port.run(driver.configure())


def test_an_empty_slot_is_refused() -> None:
    """No multiplexer where channels are to be scanned: refused by slot."""
    driver, port = scanner(
        (b"*CLS\n", None), (b"SYST:CTYP? 300\n", b"HEWLETT-PACKARD,0,0,0\n"), channels=[301]
    )

    with pytest.raises(DeviceRefusedError, match="slot 3 is empty"):
        port.run(driver.configure())


def test_errors_while_configuring_are_all_shown() -> None:
    """The queue is emptied and every entry stands in the refusal."""
    driver, port = scanner(channels=[101])
    steps = [
        (b"*CLS\n", None),
        (b"SYST:CTYP? 100\n", b"HEWLETT-PACKARD,34901A,0,2.3\n"),
        (b"CONF:TEMP TC,K,(@101)\n", None),
        (b"UNIT:TEMP C,(@101)\n", None),
        (b"SENS:TEMP:TRAN:TC:RJUN:TYPE INT,(@101)\n", None),
        (b"SENS:TEMP:TRAN:TC:CHECK ON,(@101)\n", None),
        (b"SENS:TEMP:NPLC 1,(@101)\n", None),
        (b"ROUT:SCAN (@101)\n", None),
        (b"SYST:ERR?\n", b'-113,"Undefined header"\n'),
        (b"SYST:ERR?\n", b'-222,"Data out of range"\n'),
        (b"SYST:ERR?\n", b'+0,"No error"\n'),
    ]
    port.then(*steps)

    with pytest.raises(DeviceRefusedError) as caught:
        port.run(driver.configure())
    assert "-113" in caught.value.seen and "-222" in caught.value.seen


def test_one_poll_is_one_exchange() -> None:
    """`READ?` gives all channels in order, degC, stamped with the reply."""
    driver, port = scanner(
        (b"READ?\n", b"+2.35000000E+01,-1.00000000E+01\r\n"), channels=[101, 102]
    )
    first, second = port.run(driver.read_temperatures())

    assert Reading("101", 23.5, "degC", port.arrived_ns) == first
    assert Reading("102", -10.0, "degC", port.arrived_ns) == second


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=4))
def test_no_number_is_ever_a_temperature_outside_the_thermocouple(values: list[float]) -> None:
    """Whatever floats the scanner sends, a Reading is finite and inside the type's range."""
    channels = [101 + n for n in range(len(values))]
    line = ",".join(f"{value:+.8E}" for value in values).encode() + b"\n"
    driver, port = scanner((b"READ?\n", line), channels=channels)

    for value, reading in zip(values, port.run(driver.read_temperatures()), strict=True):
        if isinstance(reading, Reading):
            assert -270 <= reading.value <= 1372
        else:
            assert isinstance(reading, Invalid)
            assert not -270 <= float(f"{value:.8E}") <= 1372
            assert ("range" if abs(value) < 1e30 and math.isfinite(value) else "open") == (
                reading.reason
            )


@pytest.mark.parametrize(
    "line", [b"\n", b"+2.35E+01\n", b"+2.35E+01,C\n", b"+2.35E+01,+2.2E+01,+2.1E+01\n"]
)
def test_too_few_too_many_or_no_numbers_raise(line: bytes) -> None:
    """A scan that is not what was configured raises PortProtocolError."""
    driver, port = scanner((b"READ?\n", line), channels=[101, 102])

    with pytest.raises(PortProtocolError):
        port.run(driver.read_temperatures())


@given(st.binary(max_size=40))
def test_garbage_is_a_protocol_error_or_invalid_and_nothing_else(garbage: bytes) -> None:
    """Any bytes in a line: readings, Invalid, or PortProtocolError."""
    driver, port = scanner((b"READ?\n", garbage.replace(b"\n", b"") + b"\n"), channels=[101, 102])
    try:
        readings = port.run(driver.read_temperatures())
    except PortProtocolError:
        return
    assert 2 == len(readings)


def test_the_deadline_of_a_poll_grows_with_the_scan() -> None:
    """More channels and a longer integration have a later deadline."""
    one = scanner(channels=[101])[0].poll_at_most_s
    two = scanner(channels=[101, 102])[0].poll_at_most_s
    slow = scanner(channels=[101], nplc=10)[0].poll_at_most_s

    assert one < two < slow


@pytest.mark.parametrize(
    "settings",
    [{"channels": [100]}, {"channels": [401]}, {"channels": [101, 101]}, {"channels": []},
     {"channels": ["101)"]}, {"type": "X"}, {"nplc": 3}, {"nplc": True},
     {"channels": [101, 102, 103, 104], "nplc": 200}],
)  # fmt: skip
def test_bad_settings_are_bad_input(settings: dict[str, Any]) -> None:
    """Channels, type and integration time that there are not, or a scan that takes minutes."""

    with pytest.raises(InputError):
        scanner(**settings)
