"""Who is at an address? Every driver's own question is put to it, one after the other.

Nothing is configured and nothing is switched. What answers to no question stays unknown, and what
answers as nobody's instrument does too; each deadline is short, and so is the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from labctl.clock import NS, Clock
from labctl.errors import (
    DeviceRefusedError,
    IdentityError,
    InputError,
    InstrumentError,
    PortDisconnectedError,
    PortProtocolError,
    PortTimeoutError,
)
from labctl.instruments._address import Address, Transport
from labctl.instruments._capabilities import Driver, Identity, SerialSettings
from labctl.instruments._handshake import shake_hands
from labctl.instruments._link import SimSession
from labctl.instruments._open import raw_port
from labctl.instruments._question import Question
from labctl.instruments._raw import RawPort
from labctl.instruments._registry import driver, drivers
from labctl.instruments._wire_log import wire_log

_QUIET_S = 0.03
_LOST_S = 0.05
"""For a question that is most likely lost."""
_NO_LINE = SerialSettings()
_DEADLINE_S = 4.5
_NOT_KNOWN = "what answers is of no driver that is installed"
_NOT_ALL = "not every question was asked in the time that a port has"


@dataclass(frozen=True, slots=True)
class Answerer:
    """Who answered at an address, or why nobody is known there."""

    address: str
    driver: str = ""
    """The driver whose question was answered rightly; empty for an unknown one."""
    identity: Identity | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the driver must be told for this one, e.g. its baud rate."""
    seen: str = ""
    """What an unknown one said, as text."""
    why: str = ""
    """Why nobody is known, in words; empty for a known one."""
    fix: str = ""
    """What to do where it could not be opened."""
    opened: bool = True
    """False where the port could not even be opened."""
    simulated: bool = False
    """It has answered the simulator's handshake."""
    others: tuple[str, ...] = ()
    """Addresses at which the same simulator serves the other instruments of its bench."""
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question, and whose answers it is compared with."""

    question: Question
    classes: tuple[type[Driver], ...]


async def ask_who(
    address: str,
    clock: Clock,
    *,
    among: Sequence[type[Driver]] | None = None,
    starts: bool = True,
    deadline_s: float = _DEADLINE_S,
    session: SimSession | None = None,
) -> Answerer:
    """Put every driver's question (or those of `among`) to one address, within `deadline_s` and one
    last exchange. `starts`: opening this port may start a board anew, which then is waited for.
    `session` is the simulated bench for `sim://`. Raises InputError for what is no address; an
    instrument's trouble is told."""
    where = Address.parse(address)
    if where.transport is Transport.SIM and session is None:
        raise InputError(
            f"{address} is in this process only, and there is nothing to scan",
            fix="Ask `labctl sim serve` for addresses over TCP.",
        )
    begun_ns = clock.now_ns()
    end_ns = begun_ns + round(deadline_s * NS)
    found = Answerer(address, why="no answer to any driver's question")
    classes = [driver(name) for name in drivers()] if among is None else list(among)
    before = None
    for line, asked in _lines(where, classes, starts=starts):
        if clock.now_ns() >= end_ns:
            found = replace(found, why=f"{found.why}; {_NOT_ALL}")
            break
        log = wire_log(f"scan-{where}", {"address": address})
        port = raw_port(where, line, clock, f"scan at {where}", session, log)
        spoilt = before not in (None, line)
        found = await _ask_line(where, port, line, asked, clock, found, end_ns, spoilt=spoilt)
        if found.driver or not found.opened:
            break
        before = line
    return replace(found, took_s=(clock.now_ns() - begun_ns) / NS)


def _lines(
    where: Address, classes: Sequence[type[Driver]], *, starts: bool
) -> Iterator[tuple[SerialSettings, list[_Asked]]]:
    """Line settings, and what is asked under them over one opening of the port. Bytes that are no
    text have one to themselves, so that they stand in nobody's line; what is slow to start is last.
    """
    found: dict[tuple[SerialSettings, float, bool], dict[bytes, _Asked]] = {}
    on_line = where.transport is Transport.SERIAL and "socket://" not in where.target
    for one in classes:
        question, spec = one.spec.question, one.spec
        if question is None or (where.transport is Transport.VISA and spec.transport != "visa"):
            continue
        if on_line and spec.serial is None:
            continue
        base = spec.serial or SerialSettings()
        for baud in question.bauds or (base.baud,):
            # Over a network there is no line to set, and nobody looks at what is set.
            line = replace(base, baud=baud) if on_line else _NO_LINE
            # Once as everybody is asked; once more when it has had the time to start.
            for starts_s in {0.0, question.starts_s} if on_line and starts else {0.0}:
                group = found.setdefault((line, starts_s, not _is_text(question)), {})
                before = group.get(question.ask)
                others = before.classes if before else ()
                group[question.ask] = _Asked(question, (*others, one))
    ordered = sorted(found.items(), key=lambda item: (*item[0][1:], -len(item[1])))
    for (line, starts_s, _), group in ordered:
        asked = sorted(group.values(), key=_order)
        if starts_s:
            asked = [replace(a, question=replace(a.question, tries=2)) for a in asked]
        yield line, asked


def _is_text(question: Question) -> bool:
    return question.ask.isascii() and question.ask.strip().decode().isprintable()


def _order(asked: _Asked) -> tuple[bool, int]:
    """What ends with a line feed first: else it would stand in the line of what comes behind it."""
    return not asked.question.ask.endswith(b"\n"), -len(asked.classes)


async def _ask_line(
    where: Address,
    port: RawPort,
    line: SerialSettings,
    asked: Sequence[_Asked],
    clock: Clock,
    found: Answerer,
    end_ns: int,
    *,
    spoilt: bool,
) -> Answerer:
    """`spoilt`: something was asked here at another speed. What an instrument has made of it stands
    in its line until an end of line comes: the first question with each is lost, and put twice."""
    cleared: set[bytes] = set()
    try:
        await port.open()
        if where.claims_simulated:
            hello = await shake_hands(port, str(where))
            others = dict(hello.get("addresses", {})).values()
            found = replace(found, simulated=True, others=tuple(str(a) for a in others))
        for one in asked:
            if clock.now_ns() >= end_ns:
                return replace(found, why=f"{found.why}; {_NOT_ALL}")
            end = one.question.ask[-1:]
            twice = spoilt and end not in cleared and one.question.tries == 1
            cleared.add(end)
            found = await _ask(port, line, one, found, twice=twice)
            if found.driver:
                break
    except (PortDisconnectedError, IdentityError) as error:
        return replace(found, why=_told(error), fix=error.fix, opened=False)
    except InstrumentError as error:
        return replace(found, why=_told(error))
    finally:
        await port.close()
    return found


async def _ask(
    port: RawPort, line: SerialSettings, one: _Asked, found: Answerer, *, twice: bool
) -> Answerer:
    question = one.question
    reply = b""
    patience_s = [_LOST_S] * twice + [question.timeout_s] * question.tries
    for n, timeout_s in enumerate(patience_s):
        if n > twice and question.starts_s:
            await port.pause(question.starts_s)
        await port.drain(_QUIET_S)
        try:
            reply = await port.exchange(
                question.ask, question.reply, timeout_s=timeout_s, retry=True
            )
        except (PortTimeoutError, PortProtocolError) as error:
            found = _heard(found, error.seen)
            continue
        if any(c.spec.question is not None and c.spec.question.known(reply) for c in one.classes):
            break
    if not reply:
        return found
    for one_class in one.classes:
        own = one_class.spec.question
        if own is not None and own.known(reply):
            if twice:
                # The answer to the first of the two may be late.
                await port.drain(question.timeout_s)
            return await _identified(port, line, one_class, reply, found)
    return _heard(found, repr(reply[:80].strip()))


async def _identified(
    port: RawPort, line: SerialSettings, one: type[Driver], reply: bytes, found: Answerer
) -> Answerer:
    """The driver's own look at who answered; a stranger stays one."""
    spec = one.spec
    settings: dict[str, Any] = {}
    if (
        line is not _NO_LINE
        and line.baud != (spec.serial or SerialSettings()).baud
        and "baud" in spec.settings
    ):
        settings["baud"] = line.baud
    try:
        identity = await one(port, settings).identify()
    except InputError:
        # It cannot do without settings that nobody knows yet; its question is answered all the same
        return replace(
            found, driver=spec.name, settings=settings, why="", seen=repr(reply[:80].strip())
        )
    except (IdentityError, DeviceRefusedError, PortTimeoutError, PortProtocolError) as error:
        return replace(found, why=_told(error), seen=repr(reply[:80].strip()))
    return replace(found, driver=spec.name, identity=identity, settings=settings, why="", seen="")


def _heard(found: Answerer, seen: str) -> Answerer:
    """The longest thing that an unknown one has said: noise at a wrong speed is shorter."""
    if seen in ("", "b''", "''") or len(seen) <= len(found.seen):
        return found
    return replace(found, seen=seen, why=_NOT_KNOWN)


def _told(error: InstrumentError) -> str:
    return error.what + (f" ({error.seen})" if error.seen else "")
