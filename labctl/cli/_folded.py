"""A long line on a terminal: folded between words. In a pipe it stays one line, for programs."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from typing import TextIO

_NARROWEST = 60


def folded(line: str, hang: int, stream: TextIO) -> Iterator[str]:
    """The line as `stream` shows it best: what does not fit goes on `hang` columns in. A word that
    is too long, such as a path or an address to be copied, is not broken."""
    if not stream.isatty():
        yield line
        return
    width = max(_NARROWEST, shutil.get_terminal_size().columns)
    if len(line) <= width:
        yield line
        return
    # A line may begin with blanks, and columns stay columns: only what is over is folded.
    at = line.rfind(" ", hang + 1, width + 1)
    if at < 0:
        yield line
        return
    yield line[:at].rstrip()
    yield from textwrap.wrap(
        line[at + 1 :],
        width,
        initial_indent=" " * hang,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
