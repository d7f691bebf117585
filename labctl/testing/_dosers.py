"""What is asked of a doser: a syringe pump."""

from __future__ import annotations

import pytest

from labctl.clock import NS
from labctl.instruments import DeviceRefusedError, Doser, DoserState, InstrumentError
from labctl.testing._rig import CARD, OnRig, Rig
from labctl.testing._wire import MS

_LONGEST_S = 600


class EveryDoser(OnRig):
    """Nothing runs after connecting, nothing is delivered twice, limits that refuse."""

    def test_nothing_runs_after_connecting(self, world: str) -> None:
        """Whoever began it before: connecting writes the stop and no begin."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            state = await _look(rig)

            assert rig.case.off in rig.wire.written()
            assert rig.case.on not in rig.wire.written()
            assert not state.busy
            assert () == state.faults

        self.run(world, body)

    def test_it_delivers_what_was_asked_for_once(self, world: str) -> None:
        """The begin is written once and returns; delivered is told, and then it is not busy."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            begun_ns = rig.clock.now_ns()
            await _deliver(rig)
            took_ns = rig.clock.now_ns() - begun_ns
            first = state = await _look(rig)
            while state.busy and world != CARD and rig.clock.now_ns() < _LONGEST_S * NS:
                await rig.clock.sleep(NS)
                state = await _look(rig)

            assert 1 == rig.wire.written().count(rig.case.on)
            assert took_ns < 2 * NS
            assert first.busy
            if world != CARD:
                assert not state.busy
                assert state.delivered_m3 in (None, pytest.approx(rig.case.level, rel=0.02))
            assert [] == rig.trouble

        self.run(world, body)

    def test_a_begin_without_an_answer_is_not_repeated(self, world: str) -> None:
        """Nobody knows whether it was begun: it raises, and the begin went out once."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            rig.wire.silent_for = rig.case.on
            with pytest.raises(InstrumentError, match="thing at sim://thing"):
                await _deliver(rig)

            assert 1 == rig.wire.written().count(rig.case.on)

        self.run(world, body)

    def test_volumes_outside_the_limit_are_refused_and_not_clipped(self, world: str) -> None:
        """Too much, nothing, negative or no number: refused before a byte is written."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            before = len(rig.wire.sent)
            assert rig.case.refused, "the case names none"
            for volume_m3 in rig.case.refused:
                with pytest.raises(DeviceRefusedError, match="outside"):
                    await _deliver(rig, volume_m3)

            assert [] == rig.wire.written(before)

        self.run(world, body)

    def test_a_channel_that_there_is_not_is_refused(self, world: str) -> None:
        """Before a byte is written."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            before = len(rig.wire.sent)
            with pytest.raises(DeviceRefusedError, match="no"):
                await rig.instrument.job(lambda: _of(rig).deliver("none such", rig.case.level))

            assert [] == rig.wire.written(before)

        self.run(world, body)

    def test_a_halt_ends_a_delivery(self, world: str) -> None:
        """Under way, and not busy after it; less than all is told where it tells how much."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            await _deliver(rig)
            await rig.clock.sleep(200 * MS)
            await rig.instrument.job(_of(rig).halt)
            state = await _look(rig)

            assert not state.busy
            if world != CARD and state.delivered_m3 is not None:
                assert state.delivered_m3 < rig.case.level

        self.run(world, body)

    def test_garbage_is_told_and_mended(self, world: str) -> None:
        """A reply that says nothing raises; the next look works, after resynchronising."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            rig.wire.instead = rig.case.garbage
            with pytest.raises(InstrumentError, match="thing at sim://thing"):
                await _look(rig)
            await _look(rig)

            assert ["protocol", "resynchronised"] == rig.trouble

        self.run(world, body)


def _of(rig: Rig) -> Doser:
    assert isinstance(rig.instrument.driver, Doser)
    return rig.instrument.driver


async def _deliver(rig: Rig, volume_m3: float | None = None) -> None:
    amount = rig.case.level if volume_m3 is None else volume_m3
    await rig.instrument.job(lambda: _of(rig).deliver(_of(rig).channels[0], amount))


async def _look(rig: Rig) -> DoserState:
    return await rig.instrument.job(_of(rig).read_doser)
