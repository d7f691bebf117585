"""Asking and telling in lines of text, as a description says."""

from __future__ import annotations

import math
import re

from labctl.described._description import Asked, Description, Measured, State
from labctl.instruments import (
    DeviceRefusedError,
    Frame,
    Identity,
    IdentityError,
    Invalid,
    Line,
    Port,
    PortProtocolError,
    Reading,
    Silent,
)

_LONGEST = 256
_QUEUE = 20


class Talk:
    """One instrument's port, and how it is spoken to."""

    def __init__(self, port: Port, what: Description) -> None:
        self.port = port
        self.what = what
        self._line = Line(what.reply_ends, _LONGEST)

    async def identify(self) -> Identity:
        """IdentityError where the answer does not match."""
        said = await self.ask(self.what.identity.ask)
        found = self.what.identity.reply.fullmatch(said)
        if found is None:
            raise IdentityError(f"not a {self.what.title}", seen=repr(said[:80]))
        told = {"make": self.what.title, **{k: v for k, v in found.groupdict().items() if v}}
        return Identity(
            told["make"], told.get("model", ""), told.get("serial", ""), told.get("firmware", "")
        )

    async def ask(self, question: bytes) -> str:
        """The answer, without its end."""
        reply = await self.port.exchange(
            question + self.what.ends, self._line, timeout_s=self.what.reply_s, retry=True
        )
        await self._pause()
        return self._text(reply)

    async def number(self, asked: Asked) -> float:
        """The answer's number, as on the wire."""
        said = await self.ask(asked.ask)
        return _number(asked.ask, said, asked.reply)

    async def state(self, state: State) -> bool:
        """Yes or no; PortProtocolError for anything else, and for both."""
        said = await self.ask(state.ask)
        yes, no = (p.fullmatch(said) is not None for p in (state.yes, state.no))
        if yes is no:
            raise PortProtocolError(
                f"{state.ask!r} was answered neither as described nor otherwise",
                seen=repr(said[:40]),
            )
        return yes

    async def measure(self, one: Measured) -> Reading | Invalid:
        """One reading in its SI unit, or why there is none."""
        said = await self.ask(one.asked.ask)
        t_ns = self.port.arrived_ns
        for reason, pattern in one.invalid.items():
            if pattern.fullmatch(said):
                return Invalid(one.channel, reason, said[:40], t_ns)
        value = one.scale.si(_number(one.asked.ask, said, one.asked.reply))
        if not one.low <= value <= one.high:
            return Invalid(one.channel, "range", f"{value:g} is outside what it measures", t_ns)
        return Reading(one.channel, value, "W" if one.channel == "power" else "degC", t_ns)

    async def tell(self, command: bytes) -> None:
        """A command; DeviceRefusedError where it is not acknowledged or an error is queued."""
        frame: Frame = Silent() if self.what.acknowledge is None else self._line
        reply = await self.port.exchange(
            command + self.what.ends, frame, timeout_s=self.what.reply_s
        )
        await self._pause()
        if self.what.acknowledge is not None:
            said = self._text(reply)
            if not self.what.acknowledge.fullmatch(said):
                raise DeviceRefusedError(f"refused {command!r}", seen=said[:80])
        await self._refuse_errors(command)

    async def at_once(self, command: bytes) -> None:
        """Past everything; again after the pause that it may need to hear it."""
        await self.port.urgent(command + self.what.ends)
        if self.what.pause_s > 0.0:
            await self.port.pause(self.what.pause_s)
            await self.port.urgent(command + self.what.ends)

    async def _refuse_errors(self, command: bytes) -> None:
        errors = self.what.errors
        if errors is None:
            return
        seen: list[str] = []
        for _ in range(_QUEUE):
            # Not repeated after a timeout: reading an error may remove it.
            reply = await self.port.exchange(
                errors.ask + self.what.ends, self._line, timeout_s=self.what.reply_s
            )
            await self._pause()
            said = self._text(reply)
            if errors.reply.fullmatch(said):
                break
            seen.append(said[:80])
        if seen:
            raise DeviceRefusedError(f"refused {command!r}", seen="; ".join(seen))

    async def _pause(self) -> None:
        if self.what.pause_s > 0.0:
            await self.port.pause(self.what.pause_s)

    def _text(self, reply: bytes) -> str:
        try:
            return reply.removesuffix(self.what.reply_ends).decode("ascii").strip()
        except UnicodeDecodeError as error:
            raise PortProtocolError("a reply that is not ASCII", seen=repr(reply[:40])) from error


def _number(ask: bytes, said: str, pattern: re.Pattern[str]) -> float:
    found = pattern.fullmatch(said)
    try:
        value = math.nan if found is None else float(found["value"])
    except (ValueError, TypeError):
        value = math.nan
    # SCPI's 9.9E+37 and its like are no numbers either.
    if not abs(value) < 1e30:
        raise PortProtocolError(f"{ask!r} was answered with no number", seen=repr(said[:40]))
    return value
