"""The TC-08 driver and what calls the maker's library for it, above a library that is not there."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.clock import Clock, run_real
from labctl.instruments import (
    Address,
    DeviceRefusedError,
    Identity,
    IdentityError,
    InputError,
    Instrument,
    Invalid,
    PortDisconnectedError,
    PortProtocolError,
    Reading,
    make_instrument,
)
from labctl.instruments._threaded import ThreadPort
from labctl_drivers.pico_tc08 import PicoTc08, Tc08Library, _installed
from labctl_simulators.wire import UsbTc08
from labctl_simulators.world import World, draw
from tests.unit.drivers.transcript import Step, TranscriptPort
from tests.unit.simulators._helpers import SAMPLE


def logger(*steps: Step, **settings: Any) -> tuple[PicoTc08, TranscriptPort]:
    port = TranscriptPort(*steps)
    return PicoTc08(port, settings), port


def unit() -> UsbTc08:
    """A simulated library with the probe on input 1 and the ambient bead on 2."""
    world = World(draw(1, SAMPLE, {}))
    return UsbTc08(world, {1: world.probe_degc, 2: world.ambient_degc})


def test_identity() -> None:
    """Batch and serial, and the library's version."""
    driver, port = logger((b"INFO\n", b"TC08 A0061/752 2.0.40\n"))

    assert Identity("Pico", "TC-08", "A0061/752", "2.0.40") == port.run(driver.identify())


def test_something_else_is_refused() -> None:
    """An error of the library is nobody's name."""
    driver, port = logger((b"INFO\n", b"ERROR 10\n"))

    with pytest.raises(IdentityError):
        port.run(driver.identify())


def configuration(last: bytes = b"300\n", taken: bytes = b"OK\n") -> list[Step]:
    letters = ["T", "-", "T", *"-----"]
    return [
        (b"MAINS 1\n", b"OK\n"),
        (b"SET 0 C\n", taken),
        *[(f"SET {n} {letter}\n".encode(), b"OK\n") for n, letter in enumerate(letters, 1)],
        (b"INTERVAL\n", last),
    ]


def test_configuring_sets_every_input() -> None:
    """The stated ones on, all others off, whoever had the unit before."""
    driver, port = logger(*configuration(), channels=[1, 3], type="T", mains="60 Hz")

    port.run(driver.configure())


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        (configuration(b"900\n"), "does not read 2 inputs"),
        (configuration(b"ERROR 16\n"), "does not read 2 inputs"),
        (configuration(taken=b"ERROR 3\n")[:2], "refuses SET 0 C"),
    ],
)
def test_what_was_not_taken_is_refused(steps: list[Step], what: str) -> None:
    """An error of the library, or a unit that is slower than the deadline."""
    driver, port = logger(*steps, channels=[1, 3], type="T", mains="60 Hz")

    with pytest.raises(DeviceRefusedError, match=what):
        port.run(driver.configure())


NINE = "{},22.5,{},22.1,nan,nan,nan,nan,nan,nan\n"


def test_one_poll_is_one_conversion() -> None:
    """The stated inputs in their order, stamped with the end of the conversion."""
    driver, port = logger((b"GET\n", NINE.format(0, "23.5").encode()), channels=[2, 1])

    assert port.run(driver.read_temperatures()) == (
        Reading("2", 22.1, "degC", 1_000_000),
        Reading("1", 23.5, "degC", 1_000_000),
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (NINE.format(0, "nan"), "open"),
        (NINE.format(0, "inf"), "open"),
        (NINE.format(2, "23.5"), "open"),
        (NINE.format(0, "-300"), "range"),
        ("ERROR 16\n", "device"),
    ],
)
def test_what_is_no_reading_says_why(said: str, reason: str) -> None:
    """NaN, an overflow's bit, a temperature that there is not, an error of the library."""
    driver, port = logger((b"GET\n", said.encode()))
    [reading] = port.run(driver.read_temperatures())

    assert isinstance(reading, Invalid)
    assert reason == reading.reason


@pytest.mark.parametrize("said", [b"\n", b"0,1,2\n", b"0,a,b\n", b"x,1,2,3,4,5,6,7,8,9\n"])
def test_garbage_is_a_protocol_error(said: bytes) -> None:
    """Too few, or no numbers."""
    driver, port = logger((b"GET\n", said))

    with pytest.raises(PortProtocolError):
        port.run(driver.read_temperatures())


@pytest.mark.parametrize(
    "settings", [{"channels": [9]}, {"channels": [1, 1]}, {"type": "Z"}, {"mains": 50}]
)
def test_bad_settings_are_bad_input(settings: dict[str, Any]) -> None:
    """Inputs, types and mains that there are not."""

    with pytest.raises(InputError):
        logger(**settings)


# -- the library ---------------------------------------------------------------------------------


def test_readings_come_through_the_library_s_calls() -> None:
    """From the functions to readings: identified, configured, read; a broken bead is no number."""
    library = unit()

    async def main(clock: Clock) -> tuple[Any, ...]:
        transport = Tc08Library("A0061/752", "thing", library)
        port = ThreadPort(transport, clock, "library+usbtc08://", "thing")
        address = Address.parse("library+usbtc08://A0061/752")
        instrument = Instrument("thing", PicoTc08, {"channels": [1, 2, 3]}, address, port)
        try:
            identity = await instrument.connect()
            driver = instrument.driver
            assert isinstance(driver, PicoTc08)
            healthy = await instrument.job(driver.read_temperatures)
            library.upsets.open_channels.add(1)
            broken = await instrument.job(driver.read_temperatures)
            library.running = True
            busy = await instrument.job(driver.read_temperatures)
        finally:
            await instrument.close()
        return identity, healthy, broken, busy

    identity, healthy, broken, busy = run_real(main)

    assert "A0061/752" == identity.serial
    assert [Reading, Reading, Invalid] == [type(r) for r in healthy]
    assert all(15.0 < r.value < 30.0 for r in healthy[:2])
    assert [Invalid, Reading, Invalid] == [type(r) for r in broken]
    assert {"device"} == {r.reason for r in busy}
    assert library.usb_tc08_open_unit() > 0  # it was given back


@pytest.mark.parametrize("serial", ["", "A0061/752"])
def test_a_unit_has_one_user(serial: str) -> None:
    """While one program has it, another is told so; given back, it is there again."""
    library = unit()
    first, second = (Tc08Library(serial, "thing", library) for _ in range(2))
    first.open()
    with pytest.raises(PortDisconnectedError, match="no TC-08 that is free"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_another_serial_number_is_given_back() -> None:
    """A unit that was not asked for does not stay taken."""
    library = unit()
    with pytest.raises(PortDisconnectedError):
        Tc08Library("B1/1", "thing", library).open()

    assert library.usb_tc08_open_unit() > 0


@pytest.mark.parametrize("line", [b"SET 1\n", b"SET 1 Q\n", b"HELLO\n", b"MAINS 2\n"])
def test_what_it_does_not_know_is_an_error(line: bytes) -> None:
    """An answer for every line, and the port stays in step."""
    transport = Tc08Library("", "thing", unit())
    transport.open()
    transport.write(line + b"INTERVAL\n")

    assert b"ERROR 3\n100\n" == transport.read(100, 0.0)
    transport.close()


def test_without_the_library_the_message_says_what_to_install() -> None:
    """No PicoSDK on this machine."""

    with pytest.raises(PortDisconnectedError, match="not installed") as caught:
        _installed("thing", lambda name: None)
    assert "PicoSDK" in caught.value.fix


def test_an_address_names_the_library_and_the_unit() -> None:
    """`library+usbtc08://SERIAL` makes a port that has loaded nothing; others are unknown."""

    async def main(clock: Clock) -> Instrument:
        with pytest.raises(InputError, match="unknown library 'tc9'"):
            make_instrument("tc", "pico-tc08", "library+tc9://", {}, clock)
        return make_instrument("tc", "pico-tc08", "library+usbtc08://A0061/752", {}, clock)

    instrument = run_real(main)

    assert not instrument.simulated
    assert not instrument.address.claims_simulated
