"""How long it takes to find six instruments, and what one that is dead does to the others."""

from __future__ import annotations

import asyncio
import socket
import statistics
from collections.abc import Iterator

from benchmarks._figures import Figure
from labctl.bench import Scan, scan
from labctl.clock import Clock, run_real
from labctl.instruments import SimSpec
from labctl_simulators.serve import serve_session
from labctl_simulators.session import Session

SIX = {
    "diode": "arroyo-laser",
    "scanner": "keysight-3497x",
    "meter": "thorlabs-pm100",
    "shutter": "thorlabs-sc10",
    "board": "mcu-deadman",
    "supply": "keysight-e36300",
}
MOST_S = 5.0
TIMES = {"short": 3, "full": 20}


def measure(profile: str) -> Iterator[Figure]:
    """Scans of six served instruments, without and with a seventh address that never answers."""
    alone = [_scanned() for _ in range(TIMES[profile])]
    beside = [_scanned(dead=True) for _ in range(TIMES[profile])]
    found = min(_known(one) for one, _ in (*alone, *beside))
    yield Figure(
        "drivers.discovery.known", found, "instruments", profile, "6 served, in every scan", "6",
        found == len(SIX),
    )  # fmt: skip
    worst = max(s for _, s in alone)
    yield Figure(
        "drivers.discovery.scan", worst, "s", profile, f"worst of {len(alone)} scans",
        f"< {MOST_S:g} s", worst < MOST_S,
    )  # fmt: skip
    quick, slowed = (
        statistics.median(_slowest_known(one) for one, _ in scans) for scans in (alone, beside)
    )
    yield Figure(
        "drivers.discovery.beside-a-dead-one", slowed, "s", profile,
        f"{quick:.2f} s without it: the slowest of the six, median", "within 0.5 s of that",
        slowed - quick < 0.5,
    )  # fmt: skip
    longest = max(
        device.answerer.took_s
        for one, _ in beside
        for device in one.devices
        if device.answerer is not None and not device.answerer.driver
    )
    yield Figure(
        "drivers.discovery.dead-one", longest, "s", profile, "its own deadline, 4.5 s and one "
        "exchange", "< 6 s", longest < 6.0,
    )  # fmt: skip


def _known(found: Scan) -> int:
    return sum(device.state == "known" for device in found.devices)


def _slowest_known(found: Scan) -> float:
    return max(d.answerer.took_s for d in found.devices if d.answerer and d.answerer.driver)


def _scanned(*, dead: bool = False) -> tuple[Scan, float]:
    """One scan, and how long it took."""
    bench = {"instruments": {key: {"driver": name} for key, name in SIX.items()}}

    async def main(clock: Clock, at: tuple[str, ...]) -> tuple[Scan, float]:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        server = asyncio.ensure_future(
            serve_session(
                Session(SimSpec(1, (), {}, bench)),
                clock,
                ready=lambda table: ready.set_result(table[0]["address"]),
            )
        )
        try:
            first = await ready
            begun_ns = clock.now_ns()
            found = await scan(clock, (*at, first), listed=False)
            return found, (clock.now_ns() - begun_ns) / 1e9
        finally:
            server.cancel()
            await asyncio.gather(server, return_exceptions=True)

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        # It takes connections, and whatever is said to it, and answers nothing.
        at = (f"socket://127.0.0.1:{deaf.getsockname()[1]}",) if dead else ()
        return run_real(lambda clock: main(clock, at))
