"""labctl's own log: one line a change of state, `key=value` or JSON, on standard error.

Quiet by default. The log is talk for whoever looks for a fault; the journal is the record, and
nothing is known by the log alone. structlog is imported with the first line that is written, not
before: it costs 0.14 s.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TextIO

from labctl import clock
from labctl.settings import LEVELS


@dataclass(slots=True)
class _Set:
    """What `configure` was told."""

    least: int = LEVELS.index("warning")
    as_json: bool = False
    stream: TextIO | None = None


_set = _Set()


def configure(
    level: str = "warning", *, as_json: bool = False, stream: TextIO | None = None
) -> None:
    """Choose from which level on, in which form and where the log is written (standard error as
    it is at the time of the line, when no stream is given)."""
    _set.least = LEVELS.index(level)
    _set.as_json = as_json
    _set.stream = stream


@dataclass(frozen=True, slots=True)
class Logger:
    """Writes lines that carry its fields. Any thread may use it."""

    fields: dict[str, Any] = field(default_factory=dict)

    def bind(self, **fields: Any) -> Logger:
        """A logger whose lines carry these fields too."""
        return Logger(self.fields | fields)

    def debug(self, event: str, **fields: Any) -> None:
        """What only a developer wants to see."""
        self._write("debug", event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """A change of state."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Something that a person should look at."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Something that did not work."""
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, Any]) -> None:
        if LEVELS.index(level) < _set.least:
            return
        line = _render(_set.as_json, {"level": level, "event": event, **self.fields, **fields})
        stream = _set.stream or sys.stderr
        # One write a line, so that lines of several threads do not mix.
        stream.write(line + "\n")
        stream.flush()


def logger(**fields: Any) -> Logger:
    """A logger whose lines carry these fields, such as `run` or `instrument`."""
    return Logger(fields)


def _render(as_json: bool, fields: dict[str, Any]) -> str:
    line = {"at": clock.iso(clock.wall_utc_ns()), **fields}
    rendered: str = _renderer(as_json)(None, line["level"], line)
    return rendered


@cache
def _renderer(as_json: bool) -> Any:
    from structlog import processors

    if as_json:
        return processors.JSONRenderer(default=str)
    return processors.LogfmtRenderer(key_order=["at", "level", "event"], bool_as_flag=False)
