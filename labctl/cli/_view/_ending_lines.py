"""The last words of a run as plain lines, no wider than a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from labctl.cli._view._ending import Ending, Tone

_WIDTH = 78
_LABEL = 20


def ending_lines(last: Ending) -> Iterator[str]:
    """A headline, then a label and its text a line; a text too long goes on below."""
    yield ""
    if last.tone is Tone.LOUD:
        yield from (_WIDTH * "!", f"{last.headline:!^{_WIDTH}}", _WIDTH * "!")
    else:
        yield last.headline
    previous = ""
    for label, text in last.facts:
        shown = "" if label == previous else label
        previous = label
        yield from _wrapped(shown, text)
    if last.tone is Tone.LOUD:
        yield _WIDTH * "!"


def _wrapped(label: str, text: str) -> list[str]:
    # A path that is broken in two cannot be copied.
    return textwrap.wrap(
        text,
        width=_WIDTH,
        initial_indent=f"  {label:<{_LABEL - 2}}",
        subsequent_indent=_LABEL * " ",
        break_long_words=False,
        break_on_hyphens=False,
    )
