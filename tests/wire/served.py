"""A simulated instrument behind a real TCP port, and the driver that reaches it by its library."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from labctl.clock import Clock, run_real
from labctl.instruments import Address, Instrument, SimSpec, make_instrument
from labctl_simulators.serve import serve_session
from labctl_simulators.session import Session, open_session

Visit = Callable[[Clock, Session, Instrument], Awaitable[None]]
PATIENCE_S = 8.0


def over_tcp(
    name: str, settings: Mapping[str, Any], body: Visit, *, extra: Mapping[str, Any] | None = None
) -> None:
    """Serve one instrument, connect its driver through pyserial or PyVISA, run `body`."""
    bench = {
        "instruments": {
            "thing": {"driver": name, "address": "sim://thing", "settings": dict(settings)}
        },
        **(extra or {}),
    }

    async def main(clock: Clock) -> None:
        session = open_session(SimSpec(seed=5, bench=bench))
        listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def ready(table: Sequence[dict[str, Any]]) -> None:
            listening.set_result(table[0]["address"])

        server = asyncio.create_task(serve_session(session, clock, ready=ready))
        try:
            async with asyncio.timeout(PATIENCE_S):
                address = await listening
                instrument = make_instrument("thing", name, address, settings, clock)
                assert Address.parse(address).claims_simulated
                try:
                    await instrument.connect()
                    await body(clock, session, instrument)
                finally:
                    await instrument.close()
        finally:
            server.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await server

    run_real(main)
