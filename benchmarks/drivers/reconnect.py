"""A lit laser's port disappears and comes back under another name: found by its USB serial number,
identified, forced off, and not lit again.

The laser is simulated and hangs on two pseudo-terminals, one after the other; what a computer would
list of its USB is made up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from unittest.mock import patch

from benchmarks._figures import Figure
from labctl.clock import NS, Clock, run_real
from labctl.instruments import (
    IdentityError,
    PortDisconnectedError,
    Seal,
    SimSpec,
    Source,
    make_instrument,
)
from labctl_simulators._lines import on_pty
from labctl_simulators._served import Served
from labctl_simulators.session import Session
from labctl_simulators.wire import ArroyoController
from labctl_simulators.wire._text import command

_PLUGGED = (0x0403, 0x6001)
TIMES = {"short": 2, "full": 20}


class _AnotherOne(ArroyoController):
    @command("*IDN?")
    def _idn(self, _: str) -> str:
        return "Arroyo 4308 1000999 v2.31"


@dataclass
class Told:
    """What happened."""

    first: str = ""
    second: str = ""
    lit_before: bool = False
    noticed: bool = False
    found_at_s: float = -1.0
    """From plugging in to identified, configured and off; -1 when it was not."""
    refused: str = ""
    lit_after: bool = True
    lit_later: bool = True
    trouble: list[str] = field(default_factory=list)


def replugged(*, serial_after: str = "FT000001", another: bool = False) -> Told:
    """Light, pull, plug in under another name with this USB serial number. `another`: it is another
    laser's controller that then answers."""
    told = Told()

    async def main(clock: Clock) -> None:
        bench = {"instruments": {"laser": {"driver": "arroyo-laser", "address": "sim://laser"}}}
        session = Session(SimSpec(3, (), {}, bench))
        other = Session(SimSpec(4, (), {}, bench))
        # The same make and model, with another serial number.
        personality = other.devices["laser"].personality
        assert isinstance(personality, ArroyoController)
        personality.__class__ = _AnotherOne
        served = Served(session, clock, None)
        behind = Served(other, clock, None) if another else served
        device = (other if another else session).devices["laser"]
        going = asyncio.ensure_future(_goes_on(clock, served))
        with contextlib.ExitStack() as later, contextlib.ExitStack() as now:
            told.first = now.enter_context(on_pty(served, session.devices["laser"]))
            # Before the first is pulled, so that it gets another name.
            told.second = later.enter_context(on_pty(behind, device))
            listed = [_usb(told.first, "FT000001")]
            later.enter_context(patch("serial.tools.list_ports.comports", lambda: listed))
            laser = make_instrument(
                "laser", "arroyo-laser", f"sim+{told.first}", {}, clock,
                on_trouble=lambda what, detail: told.trouble.append(what),
            )  # fmt: skip
            try:
                await laser.connect()
                source = laser.driver
                assert isinstance(source, Source)
                emitter = source.emitter(Seal("benchmark"))
                await laser.job(lambda: emitter.set_level(1.2))
                await laser.job(emitter.on)
                await clock.sleep(NS // 5)
                told.lit_before = session.world.laser.lit
                now.close()
                listed[:] = []
                try:
                    await laser.job(source.read)
                except PortDisconnectedError:
                    told.noticed = True
                listed[:] = [_usb("/dev/pts/none", "FT999999"), _usb(told.second, serial_after)]
                begun_ns = clock.now_ns()
                try:
                    await laser.reopen()
                    told.found_at_s = (clock.now_ns() - begun_ns) / NS
                except (PortDisconnectedError, IdentityError) as error:
                    told.refused = type(error).__name__
                told.lit_after = session.world.laser.lit
                await clock.sleep(NS // 5)
                told.lit_later = session.world.laser.lit
            finally:
                await laser.close()
                going.cancel()
                await asyncio.gather(going, return_exceptions=True)

    run_real(main)
    return told


async def _goes_on(clock: Clock, served: Served) -> None:
    while True:
        await clock.sleep(NS // 100)
        served.tick()


def _usb(name: str, serial: str) -> SimpleNamespace:
    vendor, product = _PLUGGED
    return SimpleNamespace(
        device=name, vid=vendor, pid=product, serial_number=serial, description="n/a"
    )


def measure(profile: str) -> Iterator[Figure]:
    """The time to off, and what is not taken for it."""
    found = [replugged() for _ in range(TIMES[profile])]
    right = all(t.lit_before and t.noticed and t.found_at_s >= 0 and t.first != t.second
                for t in found)  # fmt: skip
    worst_s = max(t.found_at_s for t in found)
    yield Figure(
        "drivers.reconnect.found-under-another-name", worst_s, "s", profile,
        f"worst of {len(found)}: opened, identified, off", "found each time, in under 2 s",
        right and worst_s < 2.0,
    )  # fmt: skip
    lit = sum(t.lit_after or t.lit_later for t in found)
    yield Figure(
        "drivers.reconnect.lit-again", lit, "times", profile, "right after, and later", "0",
        lit == 0,
    )  # fmt: skip
    strangers = [replugged(serial_after="FT000002"), replugged(another=True)]
    taken = sum(t.found_at_s >= 0 for t in strangers)
    yield Figure(
        "drivers.reconnect.strangers-taken", taken, "times", profile,
        "another USB serial number; another instrument behind the same one", "0", taken == 0,
    )  # fmt: skip
