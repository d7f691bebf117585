"""The last words on a terminal: a panel that says by words, frame and colour how it ended."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from labctl.cli._view._ending import Ending, Tone
from labctl.cli._view._screen import LOUD

_FRAMES: dict[Tone, tuple[str, box.Box]] = {
    Tone.GOOD: ("bright_blue", box.ROUNDED),
    Tone.BAD: ("yellow", box.HEAVY),
    Tone.UNSURE: ("magenta", box.DOUBLE),
    Tone.ENDED: ("white", box.SQUARE),
    Tone.LOUD: (LOUD, box.HEAVY),
}

_RESULTS = ("efficiency", "time constant", "heat loss", "temperature rise", "do now", "why")
_PATHS = ("record", "figure")


def last_words(last: Ending) -> Iterator[RenderableType]:
    """What to print, in order, below the last frame."""
    style, frame = _FRAMES[last.tone]
    loud = last.tone is Tone.LOUD
    table = Table.grid(padding=(0, 2))
    table.add_column(style="" if loud else "dim", no_wrap=True)
    table.add_column(overflow="fold")
    previous = ""
    for label, text in last.facts:
        if label in _PATHS:
            continue
        weight = "bold" if loud or label in _RESULTS else ""
        table.add_row("" if label == previous else label, Text(text, style=weight))
        previous = label
    title = Text(f" {last.headline} ", style=LOUD if loud else f"bold {style}")
    yield Panel(
        Group(table),
        title=title,
        title_align="left",
        box=frame,
        border_style=style,
        style=LOUD if loud else "",
        expand=True,
    )
    # Outside the frame and never wrapped by us, so that a path can be taken with the mouse.
    for label, text in last.facts:
        if label in _PATHS:
            yield Text(f"{label:<8} {text}", overflow="ignore", no_wrap=True)
    if last.next_commands:
        yield Text("try next", style="bold")
        for command in last.next_commands:
            yield Text(f"  {command}", overflow="ignore", no_wrap=True)
