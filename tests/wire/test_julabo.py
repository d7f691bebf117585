"""The JULABO circulator against its card: answers to `in_`, silence to `out_`, errors told once by
`status`; and the driver, a thermostat without a watchdog."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.clock import NS, Clock
from labctl.instruments import (
    DeviceRefusedError,
    IdentityError,
    InputError,
    Instrument,
    PortProtocolError,
    ThermostatState,
)
from labctl_drivers.julabo import JulaboCirculator
from labctl_simulators.session import Session
from labctl_simulators.wire import JulaboBath, SimLink
from tests.unit.drivers.transcript import Step, TranscriptPort
from tests.unit.simulators._helpers import ask, still_world
from tests.wire.t7 import on_bench, over_tcp

TRANSCRIPT = [
    ("version", "JULABO CORIO CD-200F VERSION 1.0"),
    ("status", "02 REMOTE STOP"),
    ("in_mode_05", "0"),
    ("out_sp_00 37.5", None),
    ("in_sp_00", "37.50"),
    ("out_sp_00 999", None),
    ("status", "-11 VALUE TOO LARGE"),
    ("status", "02 REMOTE STOP"),  # told once
    ("in_sp_00", "37.50"),  # and the old one stays
    ("out_mode_05 1", None),
    ("in_mode_05", "1"),
    ("status", "03 REMOTE START"),
    ("in_pv_04", "70.0"),
    ("nonsense", None),
    ("status", "-08 INVALID COMMAND"),
    ("out_mode_05 0", None),
    ("status", "02 REMOTE STOP"),
]


def test_transcript() -> None:
    """Each line gets the answer that the card gives it, or silence."""
    world = still_world()
    link = SimLink("bath", world, JulaboBath(world))
    heard = [
        (line, ask(link, line.encode() + b"\r", 0.3 * k).decode().strip() or None)
        for k, (line, _) in enumerate(TRANSCRIPT)
    ]

    assert TRANSCRIPT == heard


async def start(thing: Instrument, degc: float = 37.0) -> None:
    driver: Any = thing.driver
    await thing.job(lambda: driver.set_temperature(degc))
    await thing.job(driver.start)


async def look(thing: Instrument) -> ThermostatState:
    driver: Any = thing.driver
    state = await thing.job(driver.read_thermostat)
    assert isinstance(state, ThermostatState)
    return state


def test_it_brings_the_cell_to_its_set_point_and_a_stop_lets_it_cool() -> None:
    """The bath by its own sensor, and the sample after it."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        driver: Any = thing.driver
        await start(thing)
        for _ in range(90):
            await clock.sleep(60 * NS)
            state = await look(thing)
        assert (37.0, True, 70.0, ()) == (
            state.set_degc, state.on, state.safety_degc, state.faults,
        )  # fmt: skip
        assert state.bath_degc == pytest.approx(37.0, abs=0.3)
        assert 34.0 < session.world.probe_degc() < 38.0
        await thing.job(driver.stop)
        await clock.sleep(3600 * NS)
        cooled = await look(thing)
        assert cooled.bath_degc is not None and cooled.bath_degc < 36.0

    on_bench("julabo-circulator", {}, body)


def test_nobody_who_dies_stops_it() -> None:
    """It has no watchdog: unread for an hour it is at its set point, so that is bounded."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        await start(thing)
        await clock.sleep(3600 * NS)
        assert (await look(thing)).on

    on_bench("julabo-circulator", {}, body)


def test_an_alarm_is_a_fault_for_as_long_as_it_lasts() -> None:
    """It stops by itself, says why, and is not started."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        bath: Any = session.devices["thing"].personality
        await start(thing)
        bath.alarm = "-01 LOW LEVEL ALARM"
        for _ in range(2):
            assert "LOW LEVEL" in (await look(thing)).faults[0]
        with pytest.raises(DeviceRefusedError, match="reports an error"):
            await start(thing)

    on_bench("julabo-circulator", {}, body)


def test_its_protection_ends_a_heater_that_runs_away() -> None:
    """At 70 degC, for good, and it says so."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        driver: Any = thing.driver
        bath: Any = session.devices["thing"].personality
        await start(thing)
        bath.bath.runs_away = True
        await thing.job(driver.stop)
        for _ in range(120):
            await clock.sleep(60 * NS)
            state = await look(thing)
        assert "PROTECTION" in state.faults[0]
        assert max(bath.bath.fluid_degc, state.bath_degc or 0.0) < 71.0

    on_bench("julabo-circulator", {}, body)


def test_one_that_is_operated_at_the_device_is_refused() -> None:
    """Connecting, and when somebody takes it over later."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        bath: Any = session.devices["thing"].personality
        driver: Any = thing.driver
        bath.remote = False
        assert "at the device" in (await look(thing)).faults[0]
        with pytest.raises(DeviceRefusedError, match="was not taken"):
            await thing.job(lambda: driver.set_temperature(40.0))
        with pytest.raises(DeviceRefusedError, match="takes no commands"):
            await thing.job(driver.configure)

    on_bench("julabo-circulator", {}, body)


def test_a_model_that_does_not_tell_its_protection_says_what_to_write() -> None:
    """Else nobody would know that it is not read."""

    async def told(clock: Clock, session: Session, thing: Instrument) -> None:
        bath: Any = session.devices["thing"].personality
        driver: Any = thing.driver
        bath._tells = False
        with pytest.raises(DeviceRefusedError, match="protection: unread"):
            await thing.job(driver.configure)

    async def unread(clock: Clock, session: Session, thing: Instrument) -> None:
        assert (await look(thing)).safety_degc is None

    async def stopped(clock: Clock, session: Session, thing: Instrument) -> None:
        assert not (await look(thing)).on

    on_bench("julabo-circulator", {}, told)
    on_bench("julabo-circulator", {"protection": "unread"}, unread)
    over_tcp("julabo-circulator", {}, stopped)


def line(text: str, reply: str | None) -> Step:
    return text.encode() + b"\r", None if reply is None else reply.encode() + b"\r\n"


def test_after_each_command_it_is_left_the_time_that_its_manual_asks_for() -> None:
    """A quarter of a second after an `out_`."""
    port = TranscriptPort(
        line("out_mode_05 1", None), line("in_mode_05", "1"),
    )  # fmt: skip
    port.run(JulaboCirculator(port, {}).start())

    assert port.paused_s >= 0.26


@pytest.mark.parametrize("reply", ["nan", "1e9", "2_5", "", "24.5 degC", "inf"])
def test_what_is_no_temperature_is_none(reply: str) -> None:
    """No number, or none that a bath has."""
    port = TranscriptPort(line("in_pv_00", reply))

    with pytest.raises(PortProtocolError, match="in_pv_00"):
        port.run(JulaboCirculator(port, {}).read_thermostat())


def test_a_stranger_is_told() -> None:
    """By its name."""
    port = TranscriptPort(line("version", "LAUDA ECO 1.2"))

    with pytest.raises(IdentityError, match="not a JULABO"):
        port.run(JulaboCirculator(port, {}).identify())


@pytest.mark.parametrize("wrong", [{"max_temperature": "150 degC"}, {"protection": "maybe"}])
def test_settings_that_cannot_be_are_bad_input(wrong: dict[str, Any]) -> None:
    """Each is named."""
    with pytest.raises(InputError, match=f"setting '{next(iter(wrong))}'"):
        JulaboCirculator(TranscriptPort(), wrong)
