"""Replies that no instrument should give: garbage, halves, glued, late, non-ASCII, huge.

Whatever comes, a driver's reading is a reading, invalid with a reason, or one of the instrument
errors; never another exception, and never a number that is none.
"""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable
from typing import Any

from labctl.clock import gather_blocking
from labctl.instruments import (
    Assay,
    Doser,
    DoserState,
    Driver,
    Frame,
    Framer,
    Gate,
    InstrumentError,
    Invalid,
    PortTimeoutError,
    PowerMeter,
    Reading,
    Silent,
    Source,
    Thermometer,
    Thermostat,
    ThermostatState,
)
from tests.contract.cards import Case

_PIECES = (
    b"", b"\r\n", b"\n", b"\r", b"\x00", b"\xff", b"\xc3\x28", b",", b",,,", b" ", b"+", b"-", b"*",
    b"?", b"> ", b"1e999", b"-1e999", b"nan", b"inf", b"9.9E+37", b"-9.90000000E+37", b"OVER",
    b"1_0", b"0x10", "٣".encode(), b"no sensor", b"\x02", b"\x03", b"\x7f\xff", b"1" * 400,
    b"A" * 70_000,
)  # fmt: skip


def mangled(rng: random.Random, reply: bytes) -> bytes:
    """One reply made wrong in one to three ways."""
    for _ in range(rng.randint(1, 3)):
        piece = rng.choice(_PIECES)
        at = rng.randint(0, len(reply))
        upto = rng.randint(at, len(reply))
        way = rng.randrange(7)
        if way == 0:
            reply = reply[:at] + piece + reply[at:]
        elif way == 1:
            reply = reply[:at] + piece + reply[upto:]
        elif way == 2:
            reply = reply[:at]
        elif way == 3:
            reply += reply[at:upto]
        elif way == 4:
            reply = rng.randbytes(rng.randint(0, 60))
        elif way == 5 and reply:
            flipped = reply[at % len(reply)] ^ (1 << rng.randrange(8))
            reply = reply[: at % len(reply)] + bytes((flipped,)) + reply[at % len(reply) + 1 :]
        else:
            reply = piece + (b"\n" if rng.random() < 0.5 else b"\r\n")
    return reply


class _Far:
    """A port whose instrument answers from its card, and wrongly once it is told to."""

    address = "fuzz"
    arrived_ns = 1

    def __init__(self, case: Case, rng: random.Random) -> None:
        self._answer = case.answer()
        self._rng = rng
        self.wrong = 0.0
        """How often a reply is mangled."""
        self.said: list[bytes] = []

    async def exchange(
        self, data: bytes, reply: Frame, *, timeout_s: float, retry: bool = False
    ) -> bytes:
        said = self._answer(data)
        if isinstance(reply, Silent):
            return b""
        if said is None:
            raise PortTimeoutError("silent")
        if self._rng.random() < self.wrong:
            said = mangled(self._rng, said)
        self.said.append(said[:80])
        whole = Framer(reply).feed(said) if said else None
        if whole is None:
            raise PortTimeoutError("no complete reply in time")
        return whole

    async def urgent(self, data: bytes) -> None:
        self._answer(data)

    async def pause(self, duration_s: float) -> None:
        return None


def _poll(driver: Driver) -> Callable[[], Awaitable[Any]]:
    if isinstance(driver, Assay):
        return lambda: _assay(driver)
    if isinstance(driver, Doser):
        return driver.read_doser
    if isinstance(driver, Thermostat) and not isinstance(driver, Thermometer):
        return driver.read_thermostat
    if isinstance(driver, Thermometer):
        return driver.read_temperatures
    if isinstance(driver, PowerMeter):
        return driver.read_power
    if isinstance(driver, Source):
        return driver.read
    assert isinstance(driver, Gate)
    return driver.read_gate


async def _assay(driver: Assay) -> object:
    await driver.begin_assay(driver.species[0])
    return await driver.read_assay()


def fuzz(driver_class: type[Driver], case: Case, count: int, seed: int) -> dict[str, int]:
    """Poll so often with mangled replies; how each ended, by `value`, `invalid` and error.

    AssertionError with the replies when anything else came out.
    """
    rng = random.Random(seed)
    port = _Far(case, rng)
    driver = driver_class(port, case.settings)
    gather_blocking(driver.identify())
    gather_blocking(driver.configure())
    poll = _poll(driver)
    ended: dict[str, int] = {}
    for number in range(count):
        port.said.clear()
        port.wrong = 0.6
        ask = driver.identify if number % 8 == 0 else poll
        try:
            got = gather_blocking(ask())
        except InstrumentError as error:
            how = type(error).__name__
        except Exception as error:
            raise AssertionError(f"case {number}: {error!r} from {port.said!r}") from error
        else:
            how = _judged(got, port.said)
        ended[how] = ended.get(how, 0) + 1
    return ended


def _judged(got: object, said: list[bytes]) -> str:
    if isinstance(got, ThermostatState):
        told = (got.bath_degc, got.set_degc, got.safety_degc)
        assert all(it is None or abs(it) < 1e3 for it in told), f"{got} from {said!r}"
    if isinstance(got, DoserState):
        assert 0.0 <= (got.delivered_m3 or 0.0) < 1.0, f"{got} from {said!r}"
    each = got if isinstance(got, tuple) else (got,)
    for one in each:
        if isinstance(one, Reading):
            assert math.isfinite(one.value) and abs(one.value) < 1e7, f"{one} from {said!r}"
        if isinstance(one, Invalid):
            assert one.reason and one.detail, f"{one} from {said!r}"
    return "invalid" if any(isinstance(one, Invalid) for one in each) else "value"
