"""What is asked of a source: a laser, a supply that drives a resistor."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from labctl.instruments import Beam, DeviceRefusedError, PortDisconnectedError, Seal
from labctl.testing._rig import OnRig, Rig
from labctl.testing._wire import MS


class EverySource(OnRig):
    """Off after connect, off at once and whatever the port does, limits that refuse."""

    def test_a_source_is_off_after_connecting(self, world: str) -> None:
        """Whoever lit it before: connecting writes off, never on; what can be read reads OFF."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            state = await rig.instrument.job(rig.source.read)
            confirms = rig.instrument.spec.confirms_emission

            assert rig.case.off in rig.wire.written()
            assert rig.case.on not in rig.wire.written()
            assert (Beam.OFF if confirms else Beam.UNKNOWN) == state.beam

        self.run(world, body)

    def test_off_is_written_in_the_same_instant_and_confirmed_by_reading(self, world: str) -> None:
        """A lit source: off goes out at the moment it is asked for, and the next read knows."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            await rig.light()
            await rig.clock.sleep(1000 * MS)
            lit = await rig.instrument.job(rig.source.read)
            before, asked_ns = len(rig.wire.sent), rig.clock.now_ns()
            await rig.instrument.off()
            state = await rig.instrument.job(rig.source.read)
            confirms = rig.instrument.spec.confirms_emission

            assert (asked_ns, rig.case.off) == rig.wire.sent[before]
            assert (Beam.ON if confirms else Beam.UNKNOWN) == lit.beam
            assert (Beam.OFF if confirms else Beam.UNKNOWN) == state.beam
            assert [] == rig.trouble

        self.run(world, body)

    def test_off_needs_no_port_in_step(self, world: str) -> None:
        """While a reply is missing and the lock is held, off still goes out at once."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            await rig.light()
            await rig.clock.sleep(1000 * MS)
            rig.lose_step()
            asked_ns, t_ns, data = await rig.off_while_busy(rig.instrument.off)

            assert (asked_ns, rig.case.off) == (t_ns, data)

        self.run(world, body)

    def test_what_was_set_before_an_off_is_not_lit_after_it(self, world: str) -> None:
        """Level, off, on: the on never reaches the wire; a level set anew may be lit."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            emitter = rig.source.emitter(Seal("test"))
            await rig.instrument.job(lambda: emitter.set_level(rig.case.level))
            await rig.instrument.off()
            with pytest.raises(DeviceRefusedError, match="since it was last switched off"):
                await rig.instrument.job(emitter.on)
            dark = rig.wire.written()
            await rig.light()

            assert rig.case.on not in dark
            assert rig.case.on in rig.wire.written()

        self.run(world, body)

    def test_off_overtakes_an_on_that_is_under_way(self, world: str) -> None:
        """Switched off while the on waits for the port: the on is refused and never written."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            emitter = rig.source.emitter(Seal("test"))
            await rig.instrument.job(lambda: emitter.set_level(rig.case.level))
            rig.lose_step()
            lighting = asyncio.ensure_future(rig.instrument.job(emitter.on))
            await rig.clock.sleep(10 * MS)
            await rig.instrument.off()
            with pytest.raises(DeviceRefusedError, match="switched off meanwhile"):
                await lighting

            assert rig.case.on not in rig.wire.written()

        self.run(world, body)

    def test_levels_outside_the_limit_are_refused_and_not_clipped(self, world: str) -> None:
        """Too much, negative or no number: refused before a byte is written."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            emitter = rig.source.emitter(Seal("test"))
            before = len(rig.wire.sent)
            for level in rig.case.refused:
                with pytest.raises(DeviceRefusedError, match="outside"):
                    await rig.instrument.job(partial(emitter.set_level, level))

            assert [] == rig.wire.written(before)

        self.run(world, body)

    def test_no_emitter_without_a_seal(self) -> None:
        """Something that is no seal gets no emitter."""

        async def body(rig: Rig) -> None:
            with pytest.raises(TypeError, match="guard"):
                rig.source.emitter("a seal, honestly")  # type: ignore[arg-type]

        self.run("card", body)

    def test_off_over_a_gone_port_is_told_and_raises(self, world: str) -> None:
        """Whoever switches off learns that it could not be written."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            rig.wire.pulled = True
            with pytest.raises(PortDisconnectedError, match="thing at sim://thing"):
                await rig.instrument.off()

            assert ["disconnected"] == rig.trouble

        self.run(world, body)


class ConfirmingSource(OnRig):
    """For one whose output can be read back."""

    def test_a_source_out_of_step_goes_off(self, world: str) -> None:
        """A late reply of a lit source: off is written at once, and the next read says OFF."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            await rig.light()
            await rig.clock.sleep(1000 * MS)
            before = len(rig.wire.sent)
            rig.wire.late_ns = 900 * MS
            state = await rig.instrument.job(rig.source.read)

            assert rig.case.off == rig.wire.written(before)[1]
            assert ["timeout", "resynchronised"] == rig.trouble
            assert Beam.OFF == state.beam

        self.run(world, body)
