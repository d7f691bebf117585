"""What is asked of a thermometer and of a power meter."""

from __future__ import annotations

import math

import pytest

from labctl.instruments import InstrumentError, Invalid, Reading
from labctl.testing._rig import OnRig, Rig
from labctl.testing._wire import MS


class EverySensor(OnRig):
    """Readings have a unit and a time; what is none says so; a late reply is nobody's."""

    def test_a_reading_is_a_number_in_its_unit_stamped_when_it_came(self, world: str) -> None:
        """Healthy readings are finite, in degC or W, with the time of the reply."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            before_ns = rig.clock.now_ns()
            readings = await rig.readings()

            assert readings
            for reading in readings:
                assert isinstance(reading, Reading)
                assert math.isfinite(reading.value)
                assert reading.unit in {"degC", "W"}
                assert before_ns < reading.t_ns <= rig.clock.now_ns()

        self.run(world, body)

    def test_a_late_reply_is_not_taken_for_the_next_answer(self, world: str) -> None:
        """After a timeout the port is drained and identified, then the query is repeated once."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            healthy = await rig.readings()
            # Later than its deadline, and not so late that nobody would wait for it any more.
            rig.wire.late_ns = max(900 * MS, round(rig.instrument.spec.slowest_exchange_s * 1.2e9))
            readings = await rig.readings()

            assert ["timeout", "resynchronised"] == rig.trouble
            assert [r.channel for r in healthy] == [r.channel for r in readings]
            assert all(isinstance(reading, Reading) for reading in readings)

        self.run(world, body)

    def test_garbage_is_told_and_mended(self, world: str) -> None:
        """A reply that is no reading raises; the next poll works, after resynchronising."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            rig.wire.instead = rig.case.garbage
            with pytest.raises(InstrumentError, match="thing at sim://thing"):
                await rig.readings()
            readings = await rig.readings()

            assert ["protocol", "resynchronised"] == rig.trouble
            assert all(isinstance(reading, Reading) for reading in readings)

        self.run(world, body)

    def test_what_is_no_reading_is_invalid(self, world: str) -> None:
        """Open, overload, over-range: Invalid with its reason, never a number."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            rig.wire.instead_of = rig.case.reads
            for reply, reason in rig.case.invalid.items():
                rig.wire.instead = reply
                first, *others = await rig.readings()

                assert isinstance(first, Invalid), reply
                assert reason == first.reason, reply
                assert all(isinstance(other, Reading) for other in others), reply

        self.run(world, body)
