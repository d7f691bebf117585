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
    PortTimeoutError,
    Reading,
    quantum,
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


def configuration(
    slots: str,
    scan: bytes,
    *,
    errors: tuple[bytes, ...] = (b'+0,"No error"\r\n',),
    size: bytes = b"",
    checks: bytes = b"",
    nplc: bytes = b"1",
) -> list[Step]:
    """What is written to configure a scan of type K, and the answers."""
    count = scan.count(b",") + 1
    return [
        (b"ABOR\n", None),
        (b"*CLS\n", None),
        *[(f"SYST:CTYP? {s}00\n".encode(), b"HEWLETT-PACKARD,34901A,0,2.3\n") for s in slots],
        (b"CONF:TEMP TC,K,%s\n" % scan, None),
        (b"UNIT:TEMP C,%s\n" % scan, None),
        (b"SENS:TEMP:TRAN:TC:RJUN:TYPE INT,%s\n" % scan, None),
        (b"SENS:TEMP:TRAN:TC:CHECK ON,%s\n" % scan, None),
        (b"SENS:TEMP:NPLC %s,%s\n" % (nplc, scan), None),
        (b"FORM:READ:UNIT OFF\n", None),
        (b"FORM:READ:CHAN OFF\n", None),
        (b"FORM:READ:TIME OFF\n", None),
        (b"FORM:READ:ALAR OFF\n", None),
        (b"TRIG:SOUR IMM\n", None),
        (b"TRIG:COUN 1\n", None),
        (b"ROUT:SCAN %s\n" % scan, None),
        *[(b"SYST:ERR?\n", error) for error in errors],
        (b"ROUT:SCAN:SIZE?\n", size or b"+%d\n" % count),
        (b"SENS:TEMP:TRAN:TC:CHECK? %s\n" % scan, checks or b",".join([b"1"] * count) + b"\n"),
    ]


def test_configuring_writes_the_scan_once() -> None:
    """Configuration, open check on, scan list, error queue empty; list and check are read back."""
    driver, port = scanner(
        *configuration("12", b"(@101,203)", nplc=b"0.2"), channels=[101, 203], nplc=0.2
    )

    port.run(driver.configure())


def test_over_rs232_remote_comes_first() -> None:
    """A scanner on a serial line is taken from its panel before anything else."""
    driver, port = scanner((b"SYST:REM\n", None), *configuration("1", b"(@101)"))
    port.address = "ASRL/dev/ttyUSB0::INSTR"

    port.run(driver.configure())


def test_monitoring_begins_after_the_scan_is_configured() -> None:
    """One channel, read over and over by the scanner itself."""
    driver, port = scanner(
        *configuration("1", b"(@101)"),
        (b"ROUT:MON (@101)\n", None),
        (b"ROUT:MON:STAT ON\n", None),
        (b"SYST:ERR?\n", b'+0,"No error"\n'),
        (b"ROUT:MON:DATA?\n", b"+2.35000000E+01\n"),
        (b"ROUT:MON:DATA?\n", b"+9.90000000E+37\n"),
        scan="monitor",
    )

    async def life() -> tuple[Any, Any]:
        await driver.configure()
        return (await driver.read_temperatures())[0], (await driver.read_temperatures())[0]

    good, broken = port.run(life())
    assert 23.5 == good.value
    assert "open" == broken.reason


def test_an_empty_slot_is_refused() -> None:
    """No multiplexer where channels are to be scanned: refused by slot."""
    driver, port = scanner(
        (b"ABOR\n", None),
        (b"*CLS\n", None),
        (b"SYST:CTYP? 300\n", b"HEWLETT-PACKARD,0,0,0\n"),
        channels=[301],
    )

    with pytest.raises(DeviceRefusedError, match="slot 3 is empty"):
        port.run(driver.configure())


def test_errors_while_configuring_are_all_shown() -> None:
    """The queue is emptied and every entry stands in the refusal."""
    errors = (b'-113,"Undefined header"\n', b'-222,"Data out of range"\n', b'+0,"No error"\n')
    driver, port = scanner(*configuration("1", b"(@101)", errors=errors)[:-2], channels=[101])

    with pytest.raises(DeviceRefusedError) as caught:
        port.run(driver.configure())
    assert "-113" in caught.value.seen and "-222" in caught.value.seen


@pytest.mark.parametrize(("size", "checks"), [(b"+1\n", b""), (b"", b"1,0\n"), (b"", b"1\n")])
def test_a_scan_without_its_open_check_is_refused(size: bytes, checks: bytes) -> None:
    """A channel left out, or one whose open check is off: a broken thermocouple would read."""
    steps = configuration("1", b"(@101,102)", size=size, checks=checks)
    driver, port = scanner(*steps, channels=[101, 102])

    with pytest.raises(DeviceRefusedError, match="open check"):
        port.run(driver.configure())


def test_a_long_scan_is_begun_asked_for_and_fetched() -> None:
    """Twenty channels: no exchange waits for the scan, and its end is asked for."""
    channels = list(range(101, 121))
    reply = b",".join([b"+2.35000000E+01"] * 20) + b"\n"
    driver, port = scanner(
        (b"INIT\n", None),
        (b"DATA:POIN?\n", b"+14\n"),
        (b"DATA:POIN?\n", b"+19\n"),
        (b"DATA:POIN?\n", b"+20\n"),
        (b"FETC?\n", reply),
        channels=channels,
    )
    readings = port.run(driver.read_temperatures())

    assert [str(channel) for channel in channels] == [reading.channel for reading in readings]
    assert 1.1 < port.paused_s < 1.3


def test_a_scan_that_does_not_end_is_given_up() -> None:
    """Stopped at its deadline, with what the scanner says of it."""
    driver, port = scanner(channels=[101], scan="split")
    looks = 28
    port.then(
        (b"INIT\n", None),
        *[(b"DATA:POIN?\n", b"+0\n")] * looks,
        (b"ABOR\n", None),
        (b"SYST:ERR?\n", b'-221,"Settings conflict"\n'),
    )

    with pytest.raises(PortTimeoutError) as caught:
        port.run(driver.read_temperatures())
    assert "-221" in caught.value.seen
    assert port.paused_s == pytest.approx(driver.poll_at_most_s, rel=0.1)


@pytest.mark.parametrize(
    ("settings", "low", "high"),
    [({}, 0.005, 0.01), ({"nplc": 0.02}, 0.2, 0.3), ({"nplc": 10, "type": "T"}, 0.002, 0.003)],
)
def test_the_step_between_readings_goes_by_integration_time(
    settings: dict[str, Any], low: float, high: float
) -> None:
    """Of type K at one cycle, under ten millikelvin."""
    assert low < (quantum(scanner(**settings)[0]) or 0.0) < high


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
    driver, port = scanner((b"READ?\n", line), channels=channels, scan="whole")

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
     {"channels": [101, 102, 103, 104], "nplc": 200}, {"scan": "monitor", "channels": [101, 102]},
     {"scan": "monitor", "nplc": 10}, {"scan": "whole", "channels": [101], "nplc": 100}],
)  # fmt: skip
def test_bad_settings_are_bad_input(settings: dict[str, Any]) -> None:
    """Channels, type and integration time that there are not, or a scan that takes minutes."""

    with pytest.raises(InputError):
        scanner(**settings)
