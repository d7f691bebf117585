"""An afternoon with a bench's instruments, in the dark: everything they can be asked is asked again
and again, for the wire log."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from labctl.bench._lock import take
from labctl.bench._model import BenchFile
from labctl.clock import NS, Clock
from labctl.errors import InstrumentError, LabctlError
from labctl.instruments import (
    Gate,
    Instrument,
    PowerMeter,
    SimSession,
    Source,
    Thermometer,
    make_instrument,
)

Say = Callable[[str], None]


async def record_wire(
    bench: BenchFile,
    clock: Clock,
    for_s: float,
    say: Say,
    *,
    every_s: float = 1.0,
    session: SimSession | None = None,
) -> int:
    """Connect to every instrument of the bench (which switches off what lights and blocks what
    blocks), read each every so often, close. Nothing is lit. Returns how many polls failed;
    raises what connecting raises."""
    lock = take(bench, bench.instruments)
    opened: list[Instrument] = []
    failed = 0
    try:
        for key, entry in bench.instruments.items():
            made = make_instrument(
                key, entry.driver, entry.address, entry.settings, clock, session=session
            )
            opened.append(made)
            say(f"{key:<12} {await made.connect()}")
        until_ns = clock.now_ns() + round(for_s * NS)
        while clock.now_ns() < until_ns:
            next_ns = clock.now_ns() + round(every_s * NS)
            for made in opened:
                try:
                    await _poll(made)
                except InstrumentError as error:
                    failed += 1
                    say(str(error))
            await clock.sleep_until(min(next_ns, until_ns))
    finally:
        for made in opened:
            with contextlib.suppress(LabctlError):
                if isinstance(made.driver, Source | Gate):
                    await made.off()
            await made.close()
        lock.release()
    return failed


async def _poll(made: Instrument) -> None:
    driver = made.driver
    if isinstance(driver, Thermometer):
        await made.job(driver.read_temperatures)
    if isinstance(driver, PowerMeter):
        await made.job(driver.read_power)
    if isinstance(driver, Source):
        await made.job(driver.read)
    if isinstance(driver, Gate):
        await made.job(driver.read_gate)
