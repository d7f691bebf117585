"""The Keithley scanner against its card: a buffer that piles up, a card without a sensor at its
terminals, another language; and the driver that reads it."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.clock import NS, Clock
from labctl.errors import InputError
from labctl.instruments import (
    DeviceRefusedError,
    Instrument,
    Invalid,
    PortProtocolError,
    PortTimeoutError,
    Reading,
)
from labctl_drivers.keithley_daq6510 import KeithleyDaq6510
from labctl_simulators.session import Session
from labctl_simulators.wire import KeithleyDaq, SimLink
from labctl_simulators.world import World
from tests.unit.drivers.transcript import Step, TranscriptPort
from tests.unit.simulators._helpers import ask, still_world
from tests.wire.t7 import on_bench, over_tcp

TRANSCRIPT = [
    ("*IDN?", "KEITHLEY INSTRUMENTS,MODEL DAQ6510,04591126,1.7.12b"),
    ("*LANG?", "SCPI"),
    ("ROUT:TERM?", "REAR"),
    ("SYST:CARD1:IDN?", "7700,20Ch Mux w/CJC,01.02b,12345678"),
    ("SYST:CARD2:IDN?", "Empty Slot"),
    ("SYST:ERR?", '0,"No error;0;0 0"'),
    ("FUNC 'TEMP', (@101:102)", None),
    ("TEMP:TC:RJUN:RSEL INT, (@101,102)", None),
    ("TEMP:ODET? (@101)", "0"),
    ("SENS:TEMP:ODET ON, (@101,102)", None),
    ("TEMP:ODET? (@101)", "1"),
    ("ROUT:SCAN:COUN:STEP?", "0"),
    ("ROUT:SCAN:CRE (@101,102)", None),
    ("ROUT:SCAN:COUN:STEP?", "2"),
    ("ROUT:SCAN:CRE (@301)", None),
    ("SYST:ERR?", '1115,"Parameter error; channel list;1;2026/11/21 10:00:00.000"'),
    ("NONSENSE", None),
    ("SYST:ERR?", '-113,"Undefined header;1;2026/11/21 10:00:00.000"'),
    ("SYST:ERR?", '0,"No error;0;0 0"'),
]
SETTINGS = {"channels": [101, 102]}


@pytest.fixture
def world() -> World:
    return still_world()


@pytest.fixture
def link(world: World) -> SimLink:
    return SimLink("daq", world, KeithleyDaq(world, {101: lambda: 30.0}))


def test_transcript(link: SimLink) -> None:
    """Each line gets the answer that the card gives it, or silence."""
    heard = [
        (line, ask(link, line.encode() + b"\n", 0.1 * k).decode().strip() or None)
        for k, (line, _) in enumerate(TRANSCRIPT)
    ]

    assert TRANSCRIPT == heard


def test_readings_pile_up_until_the_buffer_is_cleared(link: SimLink) -> None:
    """A second scan stands behind the first; an open input with the check on is an overflow."""
    for k, line in enumerate(
        ("FUNC 'TEMP', (@101:102)", "TEMP:ODET ON, (@101:102)",
         "TEMP:TC:RJUN:RSEL INT, (@101:102)", "ROUT:SCAN:CRE (@101:102)")
    ):  # fmt: skip
        ask(link, line.encode() + b"\n", 0.1 * k)
    counts = []
    for t_s in (1.0, 2.0):
        ask(link, b"INIT\n", t_s)
        counts.append(int(ask(link, b'TRAC:ACT? "defbuffer1"\n', t_s + 0.5)))
    said = ask(link, b'TRAC:DATA? 3, 4, "defbuffer1", READ, CHAN\n', 3.0).decode().strip()

    assert [2, 4] == counts
    value, *rest = said.split(",")
    assert ["101", "9.900000E+37", "102"] == rest
    assert float(value) == pytest.approx(30.0, abs=0.1)


# -- the driver ---------------------------------------------------------------------------------


async def read(thing: Instrument) -> tuple[Reading | Invalid, ...]:
    driver: Any = thing.driver
    given: tuple[Reading | Invalid, ...] = await thing.job(driver.read_temperatures)
    return given


def test_a_broken_thermocouple_is_open_and_the_others_go_on() -> None:
    """Each scan is its own: nothing of the one before it is read again."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        for _ in range(10):
            assert all(isinstance(one, Reading) for one in await read(thing))
        session.devices["thing"].personality.upsets.open_channels.add(102)
        first, second = await read(thing)
        assert isinstance(first, Reading)
        assert isinstance(second, Invalid) and "open" == second.reason

    on_bench("keithley-daq6510", SETTINGS, body)


def test_a_scan_begun_by_nobody_does_not_get_between() -> None:
    """One that was not seen to its end is broken off before the next."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        daq: Any = session.devices["thing"].personality
        daq.hangs = True
        with pytest.raises(PortTimeoutError, match="did not end in time"):
            await read(thing)
        daq.hangs = False
        assert ["101", "102"] == [one.channel for one in await read(thing)]

    on_bench("keithley-daq6510", SETTINGS, body)


def test_after_a_restart_it_is_no_thermometer() -> None:
    """Without its scan list it would give volts at its terminals."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        daq: Any = session.devices["thing"].personality
        daq.reset()
        with pytest.raises(DeviceRefusedError, match="lost its scan list"):
            await read(thing)

    on_bench("keithley-daq6510", SETTINGS, body)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"language": "TSP"}, "another language"), ({"rear": False}, "front terminals"),
     ({"_card": "2000"}, "no sensor at its terminals"), ({"_slots": {1}}, "slot 2 is empty")],
)  # fmt: skip
def test_what_it_cannot_measure_with_is_refused(wrong: dict[str, Any], said: str) -> None:
    """The other language, the front terminals, a card without a sensor, none."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        for name, value in wrong.items():
            setattr(session.devices["thing"].personality, name, value)
        with pytest.raises(DeviceRefusedError, match=said):
            await thing.job(thing.driver.configure)

    on_bench("keithley-daq6510", {"channels": [101, 201]}, body)


def test_the_stated_terminals_count() -> None:
    """Without a sensor a reading is off by as much as the stated temperature is."""
    found = {}

    for degc in (20, 25):

        async def body(clock: Clock, session: Session, thing: Instrument, degc: int = degc) -> None:
            (one,) = await read(thing)
            assert isinstance(one, Reading)
            found[degc] = one.value

        on_bench("keithley-daq6510", {"channels": [101], "reference": f"{degc} degC"}, body)

    assert found[25] - found[20] == pytest.approx(5.0, abs=0.1)


def test_over_tcp_it_scans_by_pyvisa() -> None:
    """Through PyVISA, from another port of this machine."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        for _ in range(3):
            assert all(isinstance(one, Reading) for one in await read(thing))

    over_tcp("keithley-daq6510", SETTINGS, body)


def scan(data: str) -> list[Step]:
    return [
        (b"ROUT:SCAN:COUN:STEP?\n", b"2\n"),
        (b'TRAC:CLE "defbuffer1"\n', None),
        (b"INIT\n", None),
        (b'TRAC:ACT? "defbuffer1"\n', b"2\n"),
        (b'TRAC:DATA? 1, 2, "defbuffer1", READ, CHAN\n', data.encode() + b"\n"),
    ]


@pytest.mark.parametrize(
    ("said", "reason"),
    [("9.900000E+37", "open"), ("-9.90000000E+37", "open"), ("nan", "open"),
     ("1.500000E+03", "range")],
)  # fmt: skip
def test_every_form_of_no_reading_is_invalid(said: str, reason: str) -> None:
    """Six decimals or eight, either sign."""
    port = TranscriptPort(*scan(f"{said},101,2.210000E+01,102"))

    first, second = port.run(KeithleyDaq6510(port, SETTINGS).read_temperatures())
    assert isinstance(first, Invalid) and reason == first.reason
    assert isinstance(second, Reading) and 22.1 == second.value


@pytest.mark.parametrize(
    "said",
    ["2.3E+01,102,2.2E+01,101", "2.3E+01,101", "2.3E+01,101,2.2E+01,102,2.2E+01,103", "",
     "2_3,101,2.2E+01,102", "x,101,2.2E+01,102", "2.3E+01,Front,2.2E+01,Front"],
)  # fmt: skip
def test_a_scan_of_other_channels_is_none(said: str) -> None:
    """In another order, too few, too many, no number, the front terminals."""
    port = TranscriptPort(*scan(said))

    with pytest.raises(PortProtocolError):
        port.run(KeithleyDaq6510(port, SETTINGS).read_temperatures())


@pytest.mark.parametrize(
    "wrong",
    [{"channels": [121]}, {"channels": [101, 101]}, {"type": "Z"}, {"nplc": 3},
     {"reference": "cold"}, {"reference": "90 degC"}],
)  # fmt: skip
def test_settings_that_cannot_be_are_bad_input(wrong: dict[str, Any]) -> None:
    """Each is named."""
    with pytest.raises(InputError, match=f"setting '{list(wrong)[-1]}'"):
        KeithleyDaq6510(TranscriptPort(), wrong)


def test_a_scan_takes_as_long_as_it_must() -> None:
    """Two channels at one cycle: a fifth of a second."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        begun_ns = clock.now_ns()
        await read(thing)
        assert 0.14 < (clock.now_ns() - begun_ns) / NS < 0.25

    on_bench("keithley-daq6510", SETTINGS, body)
