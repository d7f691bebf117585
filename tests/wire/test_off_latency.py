"""How long light goes on after off was asked for, against what each driver declares, at any moment
after it was switched on: in the simulated world, at the instrument's own pace."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from labctl.clock import NS, Clock, run_virtual
from labctl.errors import InstrumentError
from labctl.instruments import Address, InlinePort, Instrument, Seal, SimSpec, Source
from labctl_simulators.session import Session, open_session
from tests.contract.cards import CASES
from tests.contract.registered import registered

DRIVERS = registered()
LASERS = [name for name, driver in DRIVERS.items() if driver.spec.drive in ("current", "power")]
_LIT_W = 0.05


class Bench:
    """One simulated laser and its driver."""

    def __init__(self, name: str, session: Session, clock: Clock) -> None:
        self.case = CASES[name]
        self.clock = clock
        self._world = session.world
        port = InlinePort(lambda: session.link("sim://thing"), clock, "sim://thing", "thing")
        address = Address.parse("sim://thing")
        self.instrument = Instrument("thing", DRIVERS[name], self.case.settings, address, port)

    def power_w(self) -> float:
        self._world.advance_to(self.clock.now_ns())
        coil = self._world.coil
        # Of a field that it is there: how many watts are none of the coil's business.
        return self._world.power_w() if coil is None else float(coil.strength > 0.0)

    async def lighting(self) -> asyncio.Task[None]:
        """Limit and level set; ON under way."""
        source = self.instrument.driver
        assert isinstance(source, Source)
        emitter = source.emitter(Seal("test"))
        await self.instrument.job(lambda: emitter.limit_level(self.case.level))
        await self.instrument.job(lambda: emitter.set_level(self.case.level))
        return asyncio.create_task(self.instrument.job(emitter.on))

    async def look(self, times: int) -> None:
        """A fifth of a second each: what is its own dead-man must be read."""
        source = self.instrument.driver
        assert isinstance(source, Source)
        for _ in range(times):
            await self.clock.sleep(NS // 5)
            await self.instrument.job(source.read)

    async def out(self) -> float:
        """Off, and the power after as long as the driver says that it may take."""
        asked_ns = self.clock.now_ns()
        # Some write more than once, and return only then.
        going_out = asyncio.create_task(self.instrument.off())
        declared_ns = round(self.instrument.spec.slowest_off_s * NS)
        await self.clock.sleep_until(asked_ns + declared_ns)
        left_w = self.power_w()
        await going_out
        return left_w


@pytest.mark.parametrize("name", LASERS)
@pytest.mark.parametrize("after_s", [0.0, 0.004, 0.05, 0.3, 0.499, 0.51, 0.99])
def test_off_takes_no_longer_than_declared(name: str, after_s: float) -> None:
    """From the call to darkness, so long after ON was begun: the second time, so that a supply that
    remembers its power has one."""
    entry = {"driver": name, "address": "sim://thing", "settings": dict(CASES[name].settings)}
    session = open_session(SimSpec(seed=3, bench={"instruments": {"thing": entry}}))

    async def main(clock: Clock) -> None:
        bench = Bench(name, session, clock)
        await bench.instrument.connect()
        await (await bench.lighting())
        await bench.look(round(5 * DRIVERS[name].spec.starts_within_s))
        lit_w = bench.power_w()
        first_w = await bench.out()
        await clock.sleep(NS)
        # After an off the port is brought into step first; that is not what is timed here.
        await bench.instrument.job(bench.instrument.driver.identify)
        lighting = await bench.lighting()
        await clock.sleep(round(after_s * NS))
        second_w = await bench.out()
        with contextlib.suppress(InstrumentError):
            await lighting
        await clock.sleep(NS)
        later_w = bench.power_w()
        await bench.instrument.close()

        assert lit_w > _LIT_W
        assert [0.0, 0.0, 0.0] == [first_w, second_w, later_w]

    run_virtual(main)
