"""What is asked of an assay: a fluorimeter, a plate reader."""

from __future__ import annotations

import math

import pytest

from labctl.clock import NS
from labctl.instruments import Assay, DeviceRefusedError, InstrumentError, Invalid, Reading
from labctl.testing._rig import OnRig, Rig
from labctl.testing._wire import MS


class EveryAssay(OnRig):
    """A signal with its species and a time; what is none says so."""

    def test_it_measures_each_species_that_it_has(self, world: str) -> None:
        """None while it measures, then a finite signal stamped when it came."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            for species in _of(rig).species:
                begun_ns = rig.clock.now_ns()
                reading = await _measured(rig, species)

                assert isinstance(reading, Reading)
                assert math.isfinite(reading.value)
                assert (species, True) == (reading.channel, bool(reading.unit))
                assert begun_ns < reading.t_ns <= rig.clock.now_ns()
            assert [] == rig.trouble

        self.run(world, body)

    def test_it_takes_no_longer_than_it_says(self, world: str) -> None:
        """After `takes_s` and an exchange it is done."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            driver = _of(rig)
            await rig.instrument.job(lambda: driver.begin_assay(driver.species[0]))
            await rig.clock.sleep(round((driver.takes_s + 0.05) * NS))

            assert await rig.instrument.job(driver.read_assay) is not None

        self.run(world, body)

    def test_what_is_no_signal_is_invalid(self, world: str) -> None:
        """Saturated, or dark where it should not be: Invalid with its reason, never a number."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            driver = _of(rig)
            for reply, reason in rig.case.invalid.items():
                await rig.instrument.job(lambda: driver.begin_assay(driver.species[0]))
                await rig.clock.sleep(round((driver.takes_s + 0.05) * NS))
                rig.wire.instead, rig.wire.instead_of = reply, rig.case.reads
                given = await rig.instrument.job(driver.read_assay)

                assert isinstance(given, Invalid), reply
                assert reason == given.reason, reply

        self.run(world, body)

    def test_a_species_that_it_does_not_have_is_refused(self, world: str) -> None:
        """Before a byte is written."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            before = len(rig.wire.sent)
            with pytest.raises(DeviceRefusedError, match="none-such"):
                await rig.instrument.job(lambda: _of(rig).begin_assay("none-such"))

            assert [] == rig.wire.written(before)

        self.run(world, body)

    def test_garbage_is_told_and_mended(self, world: str) -> None:
        """A reply that says nothing raises; the next measurement works, after resynchronising."""

        async def body(rig: Rig) -> None:
            await rig.instrument.connect()
            driver = _of(rig)
            await rig.instrument.job(lambda: driver.begin_assay(driver.species[0]))
            rig.wire.instead = rig.case.garbage
            with pytest.raises(InstrumentError, match="thing at sim://thing"):
                await rig.instrument.job(driver.read_assay)
            await rig.clock.sleep(round(driver.takes_s * NS))
            reading = await _measured(rig, driver.species[0])

            assert ["protocol", "resynchronised"] == rig.trouble
            assert isinstance(reading, Reading)

        self.run(world, body)


def _of(rig: Rig) -> Assay:
    assert isinstance(rig.instrument.driver, Assay)
    return rig.instrument.driver


async def _measured(rig: Rig, species: str) -> Reading | Invalid:
    driver = _of(rig)
    await rig.instrument.job(lambda: driver.begin_assay(species))
    end_ns = rig.clock.now_ns() + round((driver.takes_s + 2.0) * NS)
    while (given := await rig.instrument.job(driver.read_assay)) is None:
        assert rig.clock.now_ns() < end_ns, "it is never done"
        await rig.clock.sleep(100 * MS)
    return given
