"""What is asked of a thermostat: a bath, a plate."""

from __future__ import annotations

import pytest

from labctl.instruments import (
    DeviceRefusedError,
    InstrumentError,
    PortDisconnectedError,
    Thermostat,
    ThermostatState,
)
from labctl.testing._rig import OnRig, Rig
from labctl.testing._wire import MS


class EveryThermostat(OnRig):
    """Off after connecting, limits that refuse, a set point that is read back."""

    def test_it_does_not_regulate_after_connecting(self, world: str) -> None:
        """Whoever started it before: connecting writes off, never on, and it reads so."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            state = await _look(rig)

            assert rig.case.off in rig.wire.written()
            assert rig.case.on not in rig.wire.written()
            assert state.on is not True
            assert () == state.faults

        self.run(world, body)

    def test_it_regulates_at_what_was_set_until_it_is_stopped(self, world: str) -> None:
        """Set point and state as read back; its own sensor tells degC."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            await _start(rig)
            running = await _look(rig)
            await rig.instrument.job(_of(rig).stop)
            stopped = await _look(rig)

            assert running.on is not False
            assert running.set_degc in (None, pytest.approx(rig.case.level, abs=0.5))
            assert running.bath_degc is not None and -50.0 < running.bath_degc < 150.0
            assert stopped.on is not True
            assert [] == rig.trouble

        self.run(world, body)

    def test_set_points_outside_the_limit_are_refused_and_not_clipped(self, world: str) -> None:
        """Too much, too little or no number: refused before a byte is written."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            before = len(rig.wire.sent)
            assert rig.case.refused, "the case names none"
            for degc in rig.case.refused:
                with pytest.raises(DeviceRefusedError, match="outside"):
                    await rig.instrument.job(lambda degc=degc: _of(rig).set_temperature(degc))  # type: ignore[misc]

            assert [] == rig.wire.written(before)

        self.run(world, body)

    def test_a_late_reply_is_not_taken_for_the_next_answer(self, world: str) -> None:
        """After a timeout the port is drained and identified, then the query is repeated once."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            rig.wire.late_ns = max(900 * MS, round(rig.instrument.spec.slowest_exchange_s * 1.2e9))
            state = await _look(rig)

            assert ["timeout", "resynchronised"] == rig.trouble
            assert state.bath_degc is not None

        self.run(world, body)

    def test_garbage_is_told_and_mended(self, world: str) -> None:
        """A reply that says nothing raises; the next look works, after resynchronising."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            rig.wire.instead = rig.case.garbage
            with pytest.raises(InstrumentError, match="thing at sim://thing"):
                await _look(rig)
            state = await _look(rig)

            assert ["protocol", "resynchronised"] == rig.trouble
            assert state.bath_degc is not None

        self.run(world, body)

    def test_a_stop_that_cannot_be_told_raises(self, world: str) -> None:
        """Whoever stops it learns that it goes on."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            await _start(rig)
            rig.wire.pulled = True
            with pytest.raises(PortDisconnectedError, match="thing at sim://thing"):
                await rig.instrument.job(_of(rig).stop)

        self.run(world, body)


def _of(rig: Rig) -> Thermostat:
    assert isinstance(rig.instrument.driver, Thermostat)
    return rig.instrument.driver


async def _start(rig: Rig) -> None:
    await rig.instrument.job(lambda: _of(rig).set_temperature(rig.case.level))
    await rig.instrument.job(_of(rig).start)


async def _look(rig: Rig) -> ThermostatState:
    return await rig.instrument.job(_of(rig).read_thermostat)
