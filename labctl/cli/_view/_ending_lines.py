"""The last words of a run as plain lines, no wider than a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from labctl.cli._view._ending import Ending, Tone

_WIDTH = 78
_NARROWEST = 20
"""Columns for the labels and the space beside them; more where a label is longer."""


def ending_lines(last: Ending) -> Iterator[str]:
    """A headline, then a label and its text a line; a text too long goes on below."""
    yield ""
    if last.tone is Tone.LOUD:
        yield from (_WIDTH * "!", f"{last.headline:!^{_WIDTH}}", _WIDTH * "!")
    else:
        yield last.headline
    previous = ""
    room = max([_NARROWEST, *(len(label) + 4 for label, _ in last.facts)])
    for label, text in last.facts:
        shown = "" if label == previous else label
        previous = label
        yield from _wrapped(shown, text, room)
    if last.tone is Tone.LOUD:
        yield _WIDTH * "!"


def _wrapped(label: str, text: str, room: int) -> list[str]:
    # A path that is broken in two cannot be copied.
    return textwrap.wrap(
        text,
        width=_WIDTH,
        initial_indent=f"  {label:<{room - 2}}",
        subsequent_indent=room * " ",
        break_long_words=False,
        break_on_hyphens=False,
    )
