"""Which view fits where the output goes."""

from __future__ import annotations

import os
import sys
from typing import TextIO

from labctl.cli._view._json import JsonView
from labctl.cli._view._plain import PlainView
from labctl.cli._view._presenter import Presenter


def choose(
    *,
    json: bool = False,
    plain: bool = False,
    speed: float | None = 1.0,
    stream: TextIO | None = None,
    talk: TextIO | None = None,
) -> Presenter:
    """The view for this output: JSON when asked for; the live terminal when `stream` is a
    terminal that can draw and `plain` was not asked for; lines otherwise.

    `speed` is that of the run's clock (None: as fast as it goes); only a virtual clock may be
    held by a slow reader. `stream` and `talk` are stdout and stderr unless given.
    """
    stream = sys.stdout if stream is None else stream
    talk = sys.stderr if talk is None else talk
    virtual = speed != 1.0
    if json:
        return JsonView(stream, talk, virtual=virtual)
    if not plain and _can_draw(stream):
        # Only here: rich is heavy, and a pipe has no use for it.
        from rich.console import Console

        from labctl.cli._view._terminal import TerminalView

        return TerminalView(Console(file=stream, highlight=False, emoji=False), speed=speed)
    return PlainView(stream, talk, virtual=virtual)


def _can_draw(stream: TextIO) -> bool:
    """A terminal with a cursor that moves and with more letters than ASCII."""
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    return stream.isatty() and os.environ.get("TERM") != "dumb" and encoding == "utf8"
