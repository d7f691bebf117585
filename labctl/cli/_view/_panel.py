"""The last words on a terminal: a panel that says by words, frame and colour how it ended."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from labctl.cli._view._ending import DO_NOW, EFFICIENCY, Ending, Tone
from labctl.cli._view._screen import LOUD

_FRAMES: dict[Tone, tuple[str, box.Box]] = {
    Tone.GOOD: ("#56b4e9", box.ROUNDED),
    Tone.BAD: ("#e69f00", box.HEAVY),
    Tone.UNSURE: ("#cc79a7", box.DOUBLE),
    Tone.ENDED: ("white", box.SQUARE),
    Tone.LOUD: (LOUD, box.HEAVY),
}

_STRONG = (EFFICIENCY, "time constant", "heat loss", "temperature rise", DO_NOW, "why")
_PATHS = ("record", "figure")


def print_last_words(console: Console, last: Ending) -> None:
    """Print the panel, then what is to be copied: paths and commands, each whole on a line of its
    own and never wrapped, whatever the window's width."""
    panel = _panel(last)
    console.print(panel)
    for label, text in last.facts:
        if label in _PATHS:
            console.print(Text(f"{label:<8} {text}"), soft_wrap=True)
    if last.next_commands:
        console.print(Text("try next", style="bold"))
    for command in last.next_commands:
        console.print(Text(f"  {command}"), soft_wrap=True)
    below = len(_PATHS) + len(last.next_commands) + 2
    if len(console.render_lines(panel)) + below > console.height:
        # The headline has left the window: what counts stands at the end once more.
        style = LOUD if last.tone is Tone.LOUD else "bold"
        console.print(Text(_once_more(last), style=style))


def _once_more(last: Ending) -> str:
    said = dict(last.facts)
    if last.tone is Tone.LOUD:
        return f"{last.headline}\n{said[DO_NOW]}"
    found = said.get(EFFICIENCY, "").partition(" (")[0]
    return f"{last.headline}  {EFFICIENCY} {found}" if found else last.headline


def _panel(last: Ending) -> Panel:
    style, frame = _FRAMES[last.tone]
    loud = last.tone is Tone.LOUD
    table = Table.grid(padding=(0, 2))
    table.add_column(style="" if loud else "dim", no_wrap=True)
    table.add_column()
    previous = ""
    for label, text in last.facts:
        if label in _PATHS:
            continue
        weight = "bold" if loud or label in _STRONG else ""
        # Assumptions stand in full in the record and in plain lines; here they keep to one row.
        short = label == "assumed"
        words = Text(text, style=weight, no_wrap=short, overflow="ellipsis" if short else "fold")
        table.add_row("" if label == previous else label, words)
        previous = label
    return Panel(
        table,
        title=Text(f" {last.headline} ", style=LOUD if loud else f"bold {style}"),
        title_align="left",
        box=frame,
        border_style=style,
        style=LOUD if loud else "",
    )
