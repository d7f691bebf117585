"""A laser box behind a T7: what its gate, its voltage and its watchdog do to the light."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from labctl.clock import NS, Clock
from labctl.instruments import (
    Beam,
    DeviceRefusedError,
    InputError,
    Instrument,
    Seal,
    SourceState,
)
from labctl_drivers.labjack_laser import LabJackLaser
from labctl_simulators.session import Session
from tests.unit.drivers.transcript import TranscriptPort
from tests.wire.t7 import asked, on_bench, over_tcp, written

SETTINGS = {"full_power": "4 W", "max_power": "2 W", "interlock": 4, "monitor": 1}


async def light(thing: Instrument, power_w: float = 1.0) -> None:
    driver: Any = thing.driver
    emitter = driver.emitter(Seal("test"))
    await thing.job(lambda: emitter.set_level(power_w))
    await thing.job(emitter.on)


async def look(thing: Instrument) -> SourceState:
    driver: Any = thing.driver
    state = await thing.job(driver.read)
    assert isinstance(state, SourceState)
    return state


def run(body: Callable[[Clock, Session, Instrument], Awaitable[None]], **more: Any) -> None:
    on_bench("labjack-laser", {**SETTINGS, **more}, body)


def test_the_light_is_what_the_voltage_says() -> None:
    """A quarter of full scale is a quarter of the label's watts; off takes both away."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        await light(thing, 1.0)
        await clock.sleep(NS // 10)
        lit = await look(thing)
        factor = session.world.truth.beam.power_factor
        assert session.world.power_w() == pytest.approx(factor, rel=0.03)
        assert lit.level == pytest.approx(1.0, abs=2e-3) and lit.set_level == 1.0
        assert lit.interlock_closed is True
        await thing.off()
        dark = await look(thing)
        assert 0.0 == session.world.power_w() == dark.level
        assert 0.0 == dark.readings[0].value  # type: ignore[union-attr]

    run(body)


def test_a_threshold_voltage_is_where_the_light_begins() -> None:
    """From 1 V to 3 V: half the power is at 2 V."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        await light(thing, 2.0)
        state = await look(thing)
        assert state.readings[0].value == pytest.approx(2.0, abs=2e-3)  # type: ignore[union-attr]
        assert session.world.laser.level == pytest.approx(2.0, abs=5e-3)

    run(body, zero="1 V", full_scale="3 V")


def test_nobody_reads_and_the_watchdog_puts_it_out() -> None:
    """Read now and then it stays lit; unread for two seconds, gate and voltage are gone, and the
    next look says so and does not light it again."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        await light(thing)
        for _ in range(8):
            await clock.sleep(NS)
            assert () == (await look(thing)).faults
        await clock.sleep(3 * NS)
        state = await look(thing)
        (emitted,) = session.world.emission.plain(session.world.now_ns, 0.0)
        assert 8.0 + 2.0 == pytest.approx(emitted["off_ns"] / NS, abs=0.3)
        assert Beam.OFF == state.beam
        assert ("the gate is shut though it was opened",) == state.faults
        assert 0.0 == state.readings[0].value  # type: ignore[union-attr]
        assert not session.world.laser.lit

    run(body)


def test_reading_what_is_not_lit_feeds_nothing() -> None:
    """After an off the watchdog is left to fire; it takes away what somebody else has set."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        await light(thing)
        await thing.off()
        await look(thing)
        other = session.link("sim://thing")
        other.write(written(2000, b"\x00\x01"), clock.now_ns())
        open_again = await look(thing)
        assert (Beam.ON, ("the gate is open though it was shut",)) == (
            open_again.beam,
            open_again.faults,
        )
        for _ in range(5):
            await clock.sleep(NS // 2)
            last = await look(thing)
        assert (Beam.UNKNOWN, ()) == (last.beam, last.faults)

    run(body)


def test_a_level_that_the_watchdog_took_away_is_not_lit() -> None:
    """More than two seconds between level and on: refused, and the gate was never opened."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        driver: Any = thing.driver
        emitter = driver.emitter(Seal("test"))
        await thing.job(lambda: emitter.set_level(1.0))
        await clock.sleep(3 * NS)
        with pytest.raises(DeviceRefusedError, match="voltage was not taken"):
            await thing.job(emitter.on)
        assert [] == session.world.emission.plain(session.world.now_ns, 0.0)

    run(body)


def test_a_photodiode_that_sees_light_is_believed() -> None:
    """The box stays lit though its gate is shut: it reads ON. One that sees none says nothing."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        await light(thing)
        await clock.sleep(NS // 10)
        assert Beam.ON == (await look(thing)).beam
        session.world.laser.ignores_off = True
        await thing.off()
        assert Beam.ON == (await look(thing)).beam
        session.world.laser.ignores_off = False
        await thing.off()
        session.world.laser.switch_off()
        session.world.settle()
        assert Beam.UNKNOWN == (await look(thing)).beam

    run(body)


def test_an_open_interlock_is_read_and_keeps_it_dark() -> None:
    """The line is no longer pulled to ground; closing the loop does not light it again."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        laser = session.world.laser
        await light(thing)
        await clock.sleep(NS // 10)
        laser.open_interlock()
        assert (await look(thing)).interlock_closed is False
        laser.close_interlock()
        await clock.sleep(NS // 10)
        assert (await look(thing)).interlock_closed is True
        assert not laser.lit

    run(body)


def test_the_watchdog_of_the_second_output_is_its_own() -> None:
    """With DAC1 the watchdog's action is that of DAC1."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        await light(thing)
        await clock.sleep(3 * NS)
        link = session.link("sim://thing")
        link.write(asked(1002), clock.now_ns())
        await clock.sleep(NS // 10)
        arrived = link.next_chunk(clock.now_ns())
        assert arrived is not None
        assert (0.0,) == struct.unpack(">f", arrived[1][-4:])
        assert not session.world.laser.lit

    run(body, output=1)


@pytest.mark.parametrize(
    "wrong",
    [{"full_power": None}, {"full_scale": "6 V"}, {"zero": "4.9 V"}, {"max_power": "5 W"},
     {"interlock": 0}, {"monitor": 14}, {"timeout": 0}, {"output": 2}],
)  # fmt: skip
def test_settings_that_cannot_be_are_bad_input(wrong: dict[str, Any]) -> None:
    """Each is named, before anything is touched."""
    given = {k: v for k, v in {**SETTINGS, **wrong}.items() if v is not None}

    with pytest.raises(InputError, match=f"setting '{next(iter(wrong))}'"):
        LabJackLaser(TranscriptPort(), given)


def test_a_line_that_stays_high_is_refused_when_connecting() -> None:
    """Set low and read high: something else drives the gate."""
    zero = bytes(4)
    steps = [
        (written(2000, b"\0\0", 0xFF00), bytes.fromhex("FF00 0000 0006 01 10 07D0 0001")),
        (written(1000, zero, 0xFF01), bytes.fromhex("FF01 0000 0006 01 10 03E8 0002")),
    ]
    held = {61600: 1, 61604: 2, 61610: 1, 61612: 0x6C616274, 61620: 0, 61630: 1,
            61636: 0x7FFFFE, 61634: 1, 61632: 0, 61640: 1, 61642: 0}  # fmt: skip
    order = (61604, 61610, 61612, 61620, 61630, 61636, 61634, 61632, 61640, 61642, 61600)
    reads = [*((at, held[at]) for at in (*order, *order)), (2800, 1), (2850, 1)]
    for number, (at, value) in enumerate(reads, start=1):
        head = struct.pack(">HHHBBB", number, 0, 7, 1, 3, 4)
        steps.append((asked(at, number=number), head + value.to_bytes(4, "big")))
    port = TranscriptPort(*steps)
    driver = LabJackLaser(port, {"full_power": "4 W"})

    with pytest.raises(DeviceRefusedError, match="stays high"):
        port.run(driver.configure())


def test_over_tcp_it_is_lit_and_put_out_and_another_client_sees_the_same() -> None:
    """pymodbus, an implementation of its own, reads on a second connection what was written on the
    first: the device takes two."""

    async def body(clock: Clock, session: Session, thing: Instrument) -> None:
        port = int(thing.address.target.rpartition(":")[2])
        peer = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=2, retries=0)
        await peer.connect()
        try:
            await light(thing, 1.0)
            lit = await look(thing)
            volts = await peer.read_holding_registers(1000, count=2, device_id=1)
            levels = await peer.read_holding_registers(2800, count=2, device_id=1)
            await thing.off()
            await look(thing)
            after = await peer.read_holding_registers(2800, count=2, device_id=1)
        finally:
            peer.close()
        raw = struct.pack(">HH", *volts.registers)
        assert struct.unpack(">f", raw)[0] == pytest.approx(1.25, abs=2e-3)
        assert 1 == levels.registers[1] & 1
        assert 0 == after.registers[1] & 1
        assert () == lit.faults
        await asyncio.sleep(0)

    over_tcp("labjack-laser", {"full_power": "4 W"}, body)
