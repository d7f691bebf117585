"""Text instruments: a table of commands with short and long forms, an error queue, a line buffer.

The hot path is one dictionary look-up: a line seen before is not parsed again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, ClassVar, TypeVar

from labctl_simulators.wire._personality import Reply, Upsets

Handler = Callable[[Any, str], str | None]
F = TypeVar("F", bound=Handler)

_NODE = re.compile(r"(\*?[A-Z]*)([a-z]*)([0-9]*)(\?)?$")
_MEMO_LIMIT = 512


def command(*patterns: str) -> Callable[[F], F]:
    """Declare the headers that a method serves, e.g. `SENSe:CORRection:WAVelength?`.

    Capitals are the short form, as manuals print it; both forms are taken in any case.
    """

    def mark(method: F) -> F:
        method.__dict__["_headers"] = patterns
        return method

    return mark


def _forms(pattern: str) -> Iterator[str]:
    choices = []
    for node in pattern.split(":"):
        match = _NODE.match(node)
        if match is None:
            raise ValueError(f"not a command header: {pattern}")
        short, rest, digits, query = match.groups()
        tail = digits + (query or "")
        choices.append({short + tail, (short + rest).upper() + tail})
    for combination in product(*choices):
        yield ":".join(combination)


class TextInstrument:
    """Base of the text personalities: splits lines, looks the header up, runs the method.

    A method gets the argument text and returns the reply's text or None. It may lengthen
    `self.duration_ns`, which begins at `latency_ns` for every command.
    """

    baud: int | None = None
    ending: ClassVar[bytes] = b"\n"
    latency_ns: ClassVar[int] = 1_000_000
    headers: ClassVar[dict[str, Handler]] = {}

    def __init_subclass__(cls) -> None:
        table = dict(cls.headers)
        for method in vars(cls).values():
            for pattern in getattr(method, "_headers", ()):
                for form in _forms(pattern):
                    table[form] = method
        cls.headers = table

    def __init__(self) -> None:
        self.upsets = Upsets()
        self.duration_ns = 0
        self.t_ns = 0
        """When the command under way arrived."""
        self._partial = b""
        self._memo: dict[bytes, tuple[Handler, str]] = {}

    def opened(self, t_ns: int) -> None:
        """A text instrument does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        self.t_ns = t_ns
        if not self._partial:
            known = self._memo.get(data)
            if known is not None:
                handler, argument = known
                self.duration_ns = self.latency_ns
                text = handler(self, argument)
                return [] if text is None else [(text.encode() + self.ending, self.duration_ns)]
        return self._receive_lines(data)

    def _receive_lines(self, data: bytes) -> list[Reply]:
        replies: list[Reply] = []
        # CR, LF and CR LF all end a command; the empty command between CR and LF is none.
        *lines, self._partial = re.split(rb"[\r\n]", self._partial + data)
        commands = [line for line in lines if line.strip()]
        waited_ns = 0
        for line in commands:
            texts = []
            self.duration_ns = self.latency_ns
            parts = line.decode("latin-1").split(";")
            for part in parts:
                found = self._find(part.strip())
                if found is None:
                    continue
                whole = len(commands) == len(parts) == 1 and not self._partial
                if whole and len(self._memo) < _MEMO_LIMIT:
                    self._memo[data] = found
                handler, argument = found
                text = handler(self, argument)
                if text is not None:
                    texts.append(text)
            waited_ns += self.duration_ns
            if texts:
                replies.append((";".join(texts).encode() + self.ending, waited_ns))
        return replies

    def _find(self, text: str) -> tuple[Handler, str] | None:
        header, _, argument = text.partition(" ")
        handler = self.headers.get(header.upper().removeprefix(":"))
        if handler is None:
            self.unknown(text)
            return None
        return handler, argument.strip()

    def unknown(self, text: str) -> None:
        """A command that is not in the table: silent, as on the wire; subclasses queue it."""
        raise NotImplementedError


def number(text: str) -> float | None:
    """The number in an argument; None when there is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value and abs(value) < 1e30 else None


class ScpiInstrument(TextInstrument):
    """A text instrument with the SCPI error queue and the common commands."""

    identity: str = ""

    def __init__(self) -> None:
        super().__init__()
        self._errors: list[str] = []

    def error(self, code: int, text: str) -> None:
        """Put an error on the queue, which holds twenty; the last place says it overflowed."""
        if len(self._errors) < 19:
            self._errors.append(f'{code:+d},"{text}"')
        elif len(self._errors) == 19:
            self._errors.append('-350,"Queue overflow"')

    def unknown(self, text: str) -> None:
        self.error(-113, "Undefined header")

    def reset(self) -> None:
        """What *RST does; subclasses extend it."""

    @command("*IDN?")
    def _idn(self, _: str) -> str:
        return self.identity

    @command("*RST")
    def _rst(self, _: str) -> None:
        self.reset()

    @command("*CLS")
    def _cls(self, _: str) -> None:
        self._errors.clear()

    @command("*OPC?")
    def _opc(self, _: str) -> str:
        return "1"

    @command("*OPC", "*WAI")
    def _wait(self, _: str) -> None:
        return None

    @command("SYSTem:ERRor?", "SYSTem:ERRor:NEXT?")
    def _next_error(self, _: str) -> str:
        return self._errors.pop(0) if self._errors else '+0,"No error"'
