"""A simulated T7, reached in virtual time by the driver and by the wire."""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from labctl.clock import Clock, run_virtual
from labctl.instruments import Instrument, SimSpec, make_instrument
from labctl_simulators.session import Session, open_session
from tests.unit.simulators._helpers import SAMPLE

Body = Callable[[Clock, Session, Instrument], Awaitable[None]]
LASER_BY_POWER = {"threshold": 0.0, "slope": 1.0, "deviation": 0.03, "unit": "W"}


def on_bench(driver: str, settings: Mapping[str, Any], body: Body) -> None:
    """Connect one driver to its simulated instrument, and run `body` with it."""
    entry = {"driver": driver, "address": "sim://thing", "settings": dict(settings)}
    bench = {"instruments": {"thing": entry}, "laser": LASER_BY_POWER}

    async def main(clock: Clock) -> None:
        session = open_session(SimSpec(3, sample=SAMPLE, bench=bench))
        thing = make_instrument("thing", driver, "sim://thing", settings, clock, session=session)
        try:
            await thing.connect()
            await body(clock, session, thing)
        finally:
            await thing.close()

    run_virtual(main)


def written(address: int, value: bytes, number: int = 1) -> bytes:
    """The frame of a write."""
    body = struct.pack(">BBHHB", 1, 16, address, len(value) // 2, len(value)) + value
    return struct.pack(">HHH", number, 0, len(body)) + body


def asked(address: int, registers: int = 2, number: int = 1) -> bytes:
    """The frame of a read."""
    return struct.pack(">HHHBBHH", number, 0, 6, 1, 3, address, registers)
