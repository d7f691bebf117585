"""How long a poll takes at the instrument's own pace; no exchange outlasts its declaration.

In virtual time, over the simulated instruments, which take the time that their cards give: line
speed, latency, conversion. What the libraries and this computer add is in the part `discovery`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from benchmarks._figures import Figure
from labctl.clock import NS, Clock, run_virtual
from labctl.instruments import (
    Address,
    Assay,
    Doser,
    Driver,
    Frame,
    Gate,
    InlinePort,
    Instrument,
    Source,
    Thermostat,
)
from labctl.testing import Rig
from tests.contract.cards import CASES
from tests.contract.registered import registered
from tests.contract.test_drivers import simulated

POLLS = {"short": 20, "full": 500}


class TimedPort(InlinePort):
    """Remembers its longest exchange."""

    __slots__ = ("longest_ns", "timed")

    async def exchange(
        self, data: bytes, reply: Frame, *, timeout_s: float, retry: bool = False
    ) -> bytes:
        begun_ns = max(self.timed.now_ns(), self._free_ns)
        try:
            return await super().exchange(data, reply, timeout_s=timeout_s, retry=retry)
        finally:
            self.longest_ns = max(self.longest_ns, self.timed.now_ns() - begun_ns)


def measure(profile: str) -> Iterator[Figure]:
    """One line a driver."""
    for name, driver in sorted(registered().items()):
        mean_s, longest_s = paced(name, driver, POLLS[profile])
        most_s = driver.spec.slowest_exchange_s
        news = driver.spec.renews_s
        rate = 1.0 / max(mean_s, news, 1e-9)
        told = f"{rate:.3g} readings/s" if mean_s else "nothing can be asked"
        if news:
            told += f" (a new one every {news:g} s)"
        yield Figure(
            f"drivers.pace.{name}", mean_s * 1e3, "ms a poll", profile,
            f"{told}; longest exchange {longest_s * 1e3:.3g} ms",
            f"no exchange over the declared {most_s * 1e3:g} ms", longest_s <= most_s,
        )  # fmt: skip


def paced(name: str, driver: type[Driver], polls: int) -> tuple[float, float]:
    """Seconds a poll, and of the longest exchange."""

    async def main(clock: Clock) -> tuple[float, float]:
        rig = Rig(driver, CASES[name], clock, simulated(name))
        port = TimedPort(rig.wire.plug, clock, "sim://thing", "thing")
        port.timed, port.longest_ns = clock, 0
        made = Instrument("thing", driver, CASES[name].settings, Address.parse("sim://thing"), port)
        await made.connect()
        rig.instrument = made
        begun_ns = clock.now_ns()
        for _ in range(polls):
            match made.driver:
                case Source():
                    await made.job(made.driver.read)
                case Gate():
                    await made.job(made.driver.read_gate)
                case Thermostat():
                    await made.job(made.driver.read_thermostat)
                case Doser():
                    await made.job(made.driver.read_doser)
                case Assay():
                    # One whole measurement: what a run waits for.
                    begin = functools.partial(made.driver.begin_assay, made.driver.species[0])
                    await made.job(begin)
                    while await made.job(made.driver.read_assay) is None:
                        await clock.sleep(NS)
                case _:
                    await rig.readings()
        took_s = (clock.now_ns() - begun_ns) / NS / polls
        await made.close()
        return took_s, port.longest_ns / NS

    return run_virtual(main)
