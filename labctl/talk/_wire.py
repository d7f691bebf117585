"""How engine and guard process speak: one dataclass a message, one message a line of JSON.

What a message may hold is what its fields' types say, and nothing else is taken: a line that does
not fit is a `WireError`, and whoever reads one goes dark.
"""

from __future__ import annotations

import dataclasses
import json
import socket
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from labctl import errors
from labctl.events import Invalid, Reading
from labctl.instruments import SourceState
from labctl.talk import _process
from labctl.talk._asked import Heartbeat

_MOST = 1 << 20
"""Bytes a message."""
_AT_ONCE = 64
"""Reads before something else has its turn: an end that never stops talking holds up nobody."""

_KINDS: dict[str, type[Any]] = {
    cls.__name__: cls
    for cls in (
        *(
            c
            for c in vars(_process).values()
            if isinstance(c, type) and dataclasses.is_dataclass(c)
        ),
        Heartbeat,
        Invalid,
        Reading,
        SourceState,
    )
}
_ERRORS = {
    name: cls
    for name, cls in vars(errors).items()
    if isinstance(cls, type) and issubclass(cls, errors.LabctlError)
}
_ERROR_FIELDS = ("what", "where", "seen", "fix")


class WireError(Exception):
    """The other end is gone, or says what is no message."""


class Channel:
    """One end. Nothing here waits: what the other end does not take is dropped."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self._rest = b""

    def fileno(self) -> int:
        return self._end.fileno()

    def send(self, message: object) -> None:
        """Send it whole or not at all; WireError when the other end is gone."""
        line = to_line(message)
        try:
            sent = self._end.send(line)
        except BlockingIOError:
            return
        except OSError as error:
            raise WireError("the other end is gone") from error
        if sent != len(line):
            raise WireError("the other end does not listen")

    def receive(self) -> list[Any]:
        """What has come, of very much the first part; WireError at the end and for what is no
        message."""
        found: list[Any] = []
        for _ in range(_AT_ONCE):
            try:
                data = self._end.recv(_MOST)
            except BlockingIOError:
                return found
            except OSError as error:
                raise WireError("the other end is gone") from error
            if not data:
                if found:
                    # First what was said last; the end stays to be read.
                    return found
                raise WireError("the other end is gone")
            *lines, self._rest = (self._rest + data).split(b"\n")
            found += [from_line(line) for line in lines]
            if len(self._rest) > _MOST:
                raise WireError("a message without an end")
        return found

    def close(self) -> None:
        self._end.close()


def to_line(message: object) -> bytes:
    """A message as a line."""
    return json.dumps(_plain(message), allow_nan=False).encode() + b"\n"


def from_line(line: bytes) -> Any:
    """The message of a line; WireError for anything else."""
    try:
        given = json.loads(line, parse_constant=_no_number)
        return _made(given)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise WireError(f"no message: {error!r}") from error


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _plain(value: Any) -> Any:
    if isinstance(value, errors.LabctlError):
        said = {name: getattr(value, name) for name in _ERROR_FIELDS}
        if isinstance(value, errors.BenchError):
            said["what"] = str(value)
        return {"": type(value).__name__, **said}
    if dataclasses.is_dataclass(value):
        fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"": type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _made(given: Any) -> Any:
    """The dataclass or error that a plain object stands for."""
    values = dict(given)
    name = values.pop("")
    if name in _ERRORS:
        words = {key: str(values[key]) for key in _ERROR_FIELDS}
        if name == "BenchError":
            return errors.BenchError(words["what"], ())
        return (
            _ERRORS[name](words.pop("what"), **words)
            if name != "InputError"
            else (errors.InputError(words["what"], where=words["where"], fix=words["fix"]))
        )
    cls = _KINDS[name]
    hints = _hints(name)
    return cls(**{key: _fitted(hints[key], value) for key, value in values.items()})


@cache
def _hints(name: str) -> dict[str, Any]:
    return typing.get_type_hints(_KINDS[name])


def _fitted(hint: Any, value: Any) -> Any:
    """The value as its field's type wants it; TypeError when it does not fit."""
    if hint is Any:
        return value
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        for one in inner:
            try:
                return _fitted(one, value)
            except (TypeError, ValueError, KeyError):
                continue
    elif origin is tuple and isinstance(value, list):
        return tuple(_fitted(inner[0], item) for item in value)
    elif origin is Mapping and isinstance(value, dict):
        return {key: _fitted(inner[1], item) for key, item in value.items()}
    elif origin is None and isinstance(value, dict):
        made = _made(value)
        if isinstance(made, hint):
            return made
    elif hint is float and type(value) is int:
        return float(value)
    elif issubclass(hint, StrEnum) and isinstance(value, str):
        return hint(value)
    elif type(value) is hint or (hint is type(None) and value is None):
        return value
    raise TypeError(f"{value!r} does not fit {hint}")
