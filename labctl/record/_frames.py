"""The lines of a journal: how a body becomes a line that shows every change made to it.

A line is one JSON object in ASCII: `{"n":12, ... ,"c":"1a2b3c4d"}`. `c` is the CRC-32 (as in
zlib, 8 lower-case hex digits) of all bytes of the line before `,"c":`. There are three kinds:

- the first line, `{"n":0,"schema":"labctl.journal/1",...}`;
- events, `n` counting from 1, with the keys that `labctl.events.to_dict` gives;
- chain lines, `{"n":12,"h":"<64 hex digits>",...}` after every `CHAIN_EVERY` events and after the
  closing event: `h` is SHA-256 over the hash before (64 zeros at first) and every byte since the
  chain line before, `n` the last event covered.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NoReturn
from zlib import crc32

SCHEMA = "labctl.journal/1"
CHAIN_EVERY = 256
"""Events between two chain lines. Of events, not of time: the bytes depend on the events alone."""

_LONGEST = 300
"""Digits of a whole number: more are no float."""
_TAIL = len(',"c":"12345678"}')


def seal(body: str) -> bytes:
    """The line of a body that lacks its closing brace."""
    data = body.encode("ascii")
    return b'%b,"c":"%08x"}\n' % (data, crc32(data))


def open_line(line: bytes) -> dict[str, Any]:
    """What a line, without its newline, says. ValueError with the reason when it is not as it was
    written."""
    body, tail = line[:-_TAIL], line[-_TAIL:]
    if tail != b',"c":"%08x"}' % crc32(body):
        raise ValueError("checksum does not match")
    try:
        data = _decode((body + b"}").decode("ascii"))
    except UnicodeDecodeError:
        raise ValueError("not in ASCII") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(data, dict) or not isinstance(data.get("n"), int):
        raise ValueError("not a line of a journal")
    return data


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} stands where a number belongs")


def _finite(text: str) -> float:
    value = float(text)
    # 1e999 is read as an infinity; less itself a finite number is zero, and that is no number.
    return _no_number(text) if value - value else value


def _whole(text: str) -> int:
    return _no_number(text) if len(text) > _LONGEST else int(text)


_decode = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite, parse_int=_whole).decode
"""A journal has no NaN and no infinity, and no line may put one into what reads it."""


def first_line() -> bytes:
    """The line that every journal begins with."""
    return seal(f'{{"n":0,"schema":"{SCHEMA}"')


class Chain:
    """The running hash over the lines of a journal."""

    def __init__(self) -> None:
        self._since = hashlib.sha256(b"0" * 64)
        self.head = "0" * 64
        """Hash of the last chain line."""

    def add(self, line: bytes) -> None:
        """Take a line, newline included."""
        self._since.update(line)

    def would_be(self) -> str:
        """What a chain line here would say."""
        return self._since.hexdigest()

    def close(self) -> str:
        """Go on behind a chain line; returns its hash."""
        self.head = self._since.hexdigest()
        self._since = hashlib.sha256(self.head.encode("ascii"))
        return self.head


def chain_line(n: int, head: str) -> bytes:
    """The chain line after event `n`."""
    return seal(f'{{"n":{n},"h":"{head}"')
