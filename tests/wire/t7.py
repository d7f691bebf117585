"""A simulated instrument, as a rule a T7, reached by its driver: in virtual time and over TCP."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from labctl.clock import Clock, run_real, run_virtual
from labctl.instruments import Instrument, SimSpec, make_instrument
from labctl_simulators.serve import serve_session
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


def over_tcp(driver: str, settings: Mapping[str, Any], body: Body) -> None:
    """The same through the library that the driver takes, to a port of this machine."""
    entry = {"driver": driver, "address": "sim://thing", "settings": dict(settings)}
    bench = {"instruments": {"thing": entry}, "laser": LASER_BY_POWER}

    async def main(clock: Clock) -> None:
        session = open_session(SimSpec(3, sample=SAMPLE, bench=bench))
        listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def ready(table: Sequence[dict[str, Any]]) -> None:
            listening.set_result(table[0]["address"])

        server = asyncio.create_task(serve_session(session, clock, ready=ready))
        try:
            async with asyncio.timeout(10.0):
                thing = make_instrument("thing", driver, await listening, settings, clock)
                try:
                    await thing.connect()
                    await body(clock, session, thing)
                finally:
                    await thing.close()
        finally:
            server.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await server

    run_real(main)


def written(address: int, value: bytes, number: int = 1) -> bytes:
    """The frame of a write."""
    body = struct.pack(">BBHHB", 1, 16, address, len(value) // 2, len(value)) + value
    return struct.pack(">HHH", number, 0, len(body)) + body


def asked(address: int, registers: int = 2, number: int = 1) -> bytes:
    """The frame of a read."""
    return struct.pack(">HHHBBHH", number, 0, 6, 1, 3, address, registers)
