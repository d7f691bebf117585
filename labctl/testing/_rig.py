"""One driver on one wire that a test can tamper with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from labctl.clock import Clock, run_virtual
from labctl.instruments import (
    Address,
    Driver,
    Gate,
    GateState,
    Instrument,
    Invalid,
    Link,
    PowerMeter,
    Reading,
    Seal,
    Source,
    Thermometer,
)
from labctl.testing._case import Case
from labctl.testing._wire import Card, Wire

FarEnd = Callable[[Mapping[str, Any]], Callable[[], Link]]
"""A simulator: from the driver's settings to what plugs in, anew each time it is called."""

Body = Callable[["Rig"], Awaitable[None]]
CARD, SIM = "card", "sim"


class Rig:
    """Constructed with no I/O; the instrument is called `thing` and lies at `sim://thing`."""

    def __init__(
        self,
        driver: type[Driver],
        case: Case,
        clock: Clock,
        simulated: FarEnd | None = None,
    ) -> None:
        """`simulated`: what answers; the case's transcript when not given."""
        self.case = case
        self.clock = clock
        self.driver = driver
        self.trouble: list[str] = []
        if simulated is None:
            answer = case.answer()
            self.wire = Wire(lambda: Card(answer))
        else:
            self.wire = Wire(simulated(case.settings))
        self.instrument = self.made()

    def made(self) -> Instrument:
        """An instrument on the wire as it is now."""
        return Instrument(
            "thing",
            self.driver,
            self.case.settings,
            Address.parse("sim://thing"),
            self.wire.port(self.clock, "thing"),
            on_trouble=lambda what, detail: self.trouble.append(what),
        )

    def lose_step(self) -> None:
        """As after a reply that did not come."""
        self.instrument._raw.in_step = False

    async def off_while_busy(self, off: Callable[[], Awaitable[None]]) -> tuple[int, int, bytes]:
        """Call `off` while a job holds the port: when it was asked for, and what went out when."""
        async with self.instrument._lock:
            before, asked_ns = len(self.wire.sent), self.clock.now_ns()
            await off()
        t_ns, data = self.wire.sent[before]
        return asked_ns, t_ns, data

    @property
    def source(self) -> Source:
        assert isinstance(self.instrument.driver, Source)
        return self.instrument.driver

    @property
    def gate(self) -> Gate:
        assert isinstance(self.instrument.driver, Gate)
        return self.instrument.driver

    async def let_through(self) -> None:
        """As the guard does."""
        keeper = self.gate.gatekeeper(Seal("test"))
        await self.instrument.job(keeper.let_through)

    async def look(self) -> GateState:
        return await self.instrument.job(self.gate.read_gate)

    async def light(self) -> None:
        """As the guard does, at the case's level."""
        emitter = self.source.emitter(Seal("test"))
        await self.instrument.job(lambda: emitter.limit_level(self.case.level))
        await self.instrument.job(lambda: emitter.set_level(self.case.level))
        await self.instrument.job(emitter.on)

    async def readings(self) -> tuple[Reading | Invalid, ...]:
        """One poll of whatever it measures."""
        driver = self.instrument.driver
        if isinstance(driver, Thermometer):
            return await self.instrument.job(driver.read_temperatures)
        if isinstance(driver, PowerMeter):
            return (await self.instrument.job(driver.read_power),)
        return (await self.instrument.job(self.source.read)).readings


class OnRig:
    """Base of the test classes: knows the driver, and runs bodies in virtual time."""

    driver: type[Driver]
    case: Case
    simulated: FarEnd | None = None

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Every test that names a `world` runs in each that there is."""
        if "world" in metafunc.fixturenames:
            worlds = (CARD,) if metafunc.cls.simulated is None else (CARD, SIM)
            metafunc.parametrize("world", worlds)

    def run(self, world: str, body: Body) -> None:
        """Run one body on a new rig."""
        far = type(self).simulated if world == SIM else None

        async def main(clock: Clock) -> None:
            await body(Rig(self.driver, self.case, clock, far))

        run_virtual(main)
