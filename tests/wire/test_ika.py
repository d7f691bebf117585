"""The hotplate stirrer against its card: silent sets, a set point clipped without a word, two
watchdogs, an echo; and the driver, a thermostat with two thermometers."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.bench import check_instruments, loads
from labctl.clock import NS, Clock, run_virtual
from labctl.errors import InputError
from labctl.instruments import (
    DeviceRefusedError,
    IdentityError,
    Instrument,
    Invalid,
    PortProtocolError,
    Reading,
    SimSpec,
    ThermostatState,
    make_instrument,
)
from labctl_drivers.ika_hotplate import IkaHotplate
from labctl_simulators.session import Session
from labctl_simulators.wire import IkaPlate, SimLink
from labctl_simulators.world import World
from tests.unit.drivers.transcript import Step, TranscriptPort
from tests.unit.simulators._helpers import SAMPLE, ask, at, still_world
from tests.wire.t7 import on_bench, over_tcp

TRANSCRIPT = [
    ("IN_NAME", "IKARCT"),
    ("STATUS_1", "12 1"),
    ("IN_SP_3", "250.0 3"),
    ("OUT_SP_1 80", None),
    ("IN_SP_1", "80.0 1"),
    ("OUT_SP_1 240", None),
    ("IN_SP_1", "200.0 1"),  # clipped below the safety temperature, without a word
    ("OUT_SP_4 400", None),
    ("IN_SP_4", "400.0 4"),
    ("START_1", None),
    ("STATUS_1", "11 1"),
    ("IN_SP_1", "0.0 1"),  # some firmware begins at 0
    ("OUT_WD1@10", None),
    ("OUT_WD2@30", "30.0"),
    ("OUT_WD2@0", "0.0"),
    ("OUT_WD2 30", None),  # with a blank it is not taken
    ("OUT_WD1@0", None),  # the first has no end
    ("STOP_1", None),
    ("STATUS_1", "12 1"),
    ("NONSENSE", None),
    ("in_name", None),
]


@pytest.fixture
def world() -> World:
    return still_world()


def test_transcript(world: World) -> None:
    """Each line gets the answer that the card gives it, or silence."""
    link = SimLink("plate", world, IkaPlate(world))
    heard = [
        (line, ask(link, line.encode() + b" \r\n", 0.2 * k).decode().strip() or None)
        for k, (line, _) in enumerate(TRANSCRIPT)
    ]

    assert TRANSCRIPT == heard


@pytest.mark.parametrize(
    ("mode", "status", "set_point"), [(1, "ER 2", "ER 2"), (2, "11 1", "0.0 1")]
)
def test_a_plate_that_hears_nothing_cools(
    world: World, mode: int, status: str, set_point: str
) -> None:
    """The first watchdog switches off with an error that stays, the second falls back; any word in
    time keeps both away."""
    plate = IkaPlate(world, forgets=False)
    link = SimLink("plate", world, plate)
    for k, line in enumerate((b"OUT_SP_1 80", b"OUT_SP_12@0", b"OUT_WD%d@20" % mode, b"START_1")):
        ask(link, line + b"\r\n", 0.2 * k)
    for second in (15.0, 30.0, 45.0):
        assert b"80.0 1" in ask(link, b"IN_SP_1\r\n", second)
    at(world, 66.0)

    assert status == ask(link, b"STATUS_1\r\n", 67.0).decode().strip()
    assert set_point == ask(link, b"IN_SP_1\r\n", 68.0).decode().strip()


# -- the driver ---------------------------------------------------------------------------------

SETTINGS = {"max_temperature": "80 degC", "stir": 400}


async def heat(thing: Instrument, degc: float = 60.0) -> None:
    driver: Any = thing.driver
    await thing.job(lambda: driver.set_temperature(degc))
    await thing.job(driver.start)


async def look(thing: Instrument) -> ThermostatState:
    driver: Any = thing.driver
    state = await thing.job(driver.read_thermostat)
    assert isinstance(state, ThermostatState)
    return state


async def stop(thing: Instrument) -> None:
    driver: Any = thing.driver
    await thing.job(driver.stop)


async def read(thing: Instrument) -> tuple[Reading | Invalid, ...]:
    driver: Any = thing.driver
    given: tuple[Reading | Invalid, ...] = await thing.job(driver.read_temperatures)
    return given


@pytest.mark.parametrize("replies", ["plain", "echoed"])
def test_it_heats_to_what_was_set(replies: str) -> None:
    """Though START_1 forgets the set point; a stop cools it."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        await heat(thing)
        for _ in range(60):
            await clock.sleep(10 * NS)
            state = await look(thing)
        assert (True, 60.0, ()) == (state.on, state.set_degc, state.faults)
        assert state.bath_degc == pytest.approx(60.0, abs=1.0)
        assert 250.0 == state.safety_degc
        await stop(thing)
        assert not (await look(thing)).on

    on_bench("ika-hotplate", {**SETTINGS, "replies": replies}, body)


def test_as_the_thermostat_of_a_bench_it_warms_the_cell() -> None:
    """Its plate is what stands around the simulated cell, and its probe hangs in the sample."""
    entry = {"driver": "ika-hotplate", "address": "sim://plate", "settings": {"sensor": "probe"}}
    bench = {"instruments": {"plate": entry}, "roles": {"thermostat": "plate"}}

    async def main(clock: Clock) -> None:
        session = Session(SimSpec(3, sample=SAMPLE, bench=bench))
        thing = make_instrument(
            "plate", "ika-hotplate", "sim://plate", entry["settings"], clock, session=session
        )
        await thing.connect()
        before = (await look(thing)).bath_degc
        await heat(thing, 37.0)
        for _ in range(480):
            await clock.sleep(10 * NS)
            state = await look(thing)
        await thing.close()
        assert (70.0, ()) == (state.safety_degc, state.faults)
        assert before is not None and before < 28.0
        assert state.bath_degc is not None and 32.0 < state.bath_degc < 38.0

    run_virtual(main)


def test_nobody_reads_and_the_plate_cools() -> None:
    """Unread for longer than the watchdog stands, it falls back to a cold plate."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        plate: Any = session.devices["thing"].personality
        await heat(thing)
        await look(thing)
        await clock.sleep(29 * NS)
        before = (await look(thing)).set_degc
        await clock.sleep(35 * NS)
        session.world.advance_to(clock.now_ns())
        assert (60.0, 0.0) == (before, plate._set_degc)

    on_bench("ika-hotplate", {**SETTINGS, "watchdog": 30}, body)


def test_after_a_stop_the_watchdog_is_ended() -> None:
    """Else the plate would warn of it after every run."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        plate: Any = session.devices["thing"].personality
        await heat(thing)
        assert 2 == plate._mode
        await stop(thing)
        assert 0 == plate._mode

    on_bench("ika-hotplate", SETTINGS, body)


def test_what_was_set_before_a_stop_is_not_regulated_at_after_it() -> None:
    """A set point is set anew for each start."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        driver: Any = thing.driver
        await heat(thing)
        await stop(thing)
        with pytest.raises(DeviceRefusedError, match="no temperature was set"):
            await thing.job(driver.start)

    on_bench("ika-hotplate", SETTINGS, body)


def test_a_plate_that_heats_on_its_own_or_stops_says_so() -> None:
    """Somebody at the front, or its own protection."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        plate: Any = session.devices["thing"].personality
        plate.heats = True
        assert "nobody asked" in (await look(thing)).faults[0]
        plate.heats = False
        await heat(thing)
        plate.heats = False
        assert "by itself" in (await look(thing)).faults[0]

    on_bench("ika-hotplate", {"max_temperature": "80 degC"}, body)


def test_a_safety_dial_that_is_too_low_is_refused() -> None:
    """Below the set point by itself, and where the plate clips in silence by what is read back."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        plate: Any = session.devices["thing"].personality
        driver: Any = thing.driver
        plate.safety_degc = 55.0
        with pytest.raises(DeviceRefusedError, match="is not above 60"):
            await thing.job(lambda: driver.set_temperature(60.0))
        plate.safety_degc = 100.0
        with pytest.raises(DeviceRefusedError, match="was not taken"):
            await thing.job(lambda: driver.set_temperature(60.0))
        with pytest.raises(DeviceRefusedError, match="no temperature was set"):
            await thing.job(driver.start)

    on_bench("ika-hotplate", SETTINGS, body)


def test_no_probe_is_invalid_and_the_plate_goes_on() -> None:
    """What no Pt1000 gives is no temperature."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        assert all(isinstance(each, Reading) for each in await read(thing))
        session.devices["thing"].personality.upsets.open_channels.add(1)
        probe, plate = await read(thing)
        assert isinstance(probe, Invalid) and "range" == probe.reason
        assert isinstance(plate, Reading)

    on_bench("ika-hotplate", SETTINGS, body)


def test_a_stirrer_that_stands_ends_the_reading_when_it_had_time_to_start() -> None:
    """Twenty seconds below half its speed; what never turned is given them too."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        plate: Any = session.devices["thing"].personality
        await read(thing)
        await clock.sleep(25 * NS)
        await read(thing)
        plate.stuck = True
        await clock.sleep(15 * NS)
        await read(thing)
        await clock.sleep(25 * NS)
        with pytest.raises(DeviceRefusedError, match="stirrer turns at 0 rpm, asked 400 rpm"):
            await read(thing)

    on_bench("ika-hotplate", SETTINGS, body)


def test_over_tcp_it_reads_and_is_cold() -> None:
    """Through pyserial, 7E1 as it declares, from another port of this machine."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        assert all(isinstance(reading, Reading) for reading in await read(thing))
        assert not (await look(thing)).on
        assert (7, "E") == (thing.spec.serial.bits, thing.spec.serial.parity)  # type: ignore[union-attr]

    over_tcp("ika-hotplate", SETTINGS, body)


def line(text: str, reply: str | None) -> Step:
    return text.encode() + b" \r\n", None if reply is None else reply.encode() + b" \r\n"


def test_a_plate_that_echoes_says_what_to_write() -> None:
    """The echo is no name."""
    port = TranscriptPort(line("IN_NAME", "IN_NAME"))

    with pytest.raises(IdentityError, match="replies: echoed"):
        port.run(IkaHotplate(port, {}).identify())


def test_a_plate_that_heats_all_the_same_is_refused() -> None:
    """Switched off, and it says that it heats."""
    port = TranscriptPort(
        line("STOP_1", None), line("OUT_SP_1 0", None), line("OUT_WD2@0", "0.0"),
        line("STATUS_1", "11 1"),
    )  # fmt: skip

    with pytest.raises(DeviceRefusedError, match="heats though"):
        port.run(IkaHotplate(port, {}).configure())


@pytest.mark.parametrize(
    ("reply", "error"),
    [("25.3 2", PortProtocolError), ("25.3", PortProtocolError), ("nan 1", PortProtocolError),
     ("2_5 1", PortProtocolError), ("--.- 1", PortProtocolError), ("ER 2", DeviceRefusedError)],
)  # fmt: skip
def test_what_is_no_value_is_none(reply: str, error: type[Exception]) -> None:
    """Another channel, no channel, no number, an error of the plate."""
    port = TranscriptPort(line("IN_PV_1", reply))

    with pytest.raises(error):
        port.run(IkaHotplate(port, {}).read_temperatures())


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_temperature": "400 degC"},
        {"stir": 10},
        {"watchdog": 10},
        {"replies": "loud"},
        {"sensor": "air"},
    ],
)
def test_settings_that_cannot_be_are_bad_input(wrong: dict[str, Any]) -> None:
    """Each is named."""
    with pytest.raises(InputError, match=f"setting '{next(iter(wrong))}'"):
        IkaHotplate(TranscriptPort(), wrong)


@pytest.mark.parametrize(
    ("role", "refused"), [("probe: plate.probe", False), ("laser: plate", True)]
)
def test_a_bench_reads_it_and_lights_nothing_with_it(role: str, refused: bool) -> None:
    """Its thermometers have roles; as a laser, or a resistor, it is refused."""
    text = f"""schema: labctl.bench/1
name: b
instruments: {{plate: {{driver: ika-hotplate, address: /dev/ttyUSB3}}}}
roles: {{{role}}}
power_at_sample: {{threshold: 0.1 W, slope: 0.83 W/W, deviation: 3 %, date: 2026-10-05}}
limits: {{power: 1 W, temperature: 70 degC, exposure: 20 min, energy: 2 kJ}}
interlock: {{what: a, tested: b, date: 2026-10-05}}
dead_man: {{what: a, tested: b, date: 2026-10-05}}
"""
    bench = loads(text)
    if refused:
        with pytest.raises(InputError) as found:
            check_instruments(bench)
        assert "lights nothing" in found.value.problems[0].message
    else:
        check_instruments(bench)
