"""The live terminal as a whole, and which view is taken where."""

from __future__ import annotations

import io
import subprocess
import sys
import threading

import pytest
from rich.console import Console

from labctl.cli._view import choose
from labctl.cli._view._json import JsonView
from labctl.cli._view._plain import PlainView
from labctl.cli._view._presenter import THREAD_NAME
from labctl.cli._view._terminal import TerminalView
from labctl.events import Note
from tests.unit.view import storyteller as story


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def view(file: io.StringIO) -> TerminalView:
    """A view on a terminal of 100 x 30."""
    console = Console(file=file, width=100, height=30, force_terminal=True)
    return TerminalView(console, speed=None)


def threads() -> list[str]:
    """Names of the view's threads that live."""
    return [thread.name for thread in threading.enumerate() if thread.name == THREAD_NAME]


def test_run_on_a_terminal_begins_with_the_mode_and_ends_with_the_verdict() -> None:
    """Header, at least one frame, the panel; then the thread is gone."""
    file = Terminal()
    shown = view(file)
    shown.start()
    shown.header(story.HEADER, at_most_ns=story.AT_MOST_NS)
    for event in story.run(5):
        shown.show(event)
    shown.finish(story.summary())
    text = file.getvalue()

    assert text.startswith("SIMULATED  bench simulated-bench (shipped)")
    assert "model's band" in text
    assert text.index("model's band") < text.index("PASS: the readings agree with the model")
    assert threads() == []


def test_nothing_is_drawn_after_close() -> None:
    """What comes after the end is not shown, and closing twice is harmless."""
    file = Terminal()
    shown = view(file)
    shown.start()
    shown.header(story.HEADER)
    shown.close()
    before = file.getvalue()
    shown.show(Note(0, "late", "too late"))
    shown.say("too late")
    shown.close()

    assert before == file.getvalue()
    assert threads() == []


def test_closing_without_a_word_draws_nothing() -> None:
    """A run that failed before it began leaves the terminal to the error."""
    file = Terminal()
    shown = view(file)
    shown.start()
    shown.close()

    assert file.getvalue() == ""


def test_unconfirmed_beam_rings_the_bell() -> None:
    """The terminal is made to sound when the beam is not confirmed off."""
    file = Terminal()
    shown = view(file)
    shown.start()
    shown.header(story.HEADER)
    for event in story.unconfirmed_run():
        shown.show(event)
    shown.finish(story.summary(8))

    assert file.getvalue().count("\a") >= 3


class Gone(Terminal):
    """A terminal that hangs up."""

    def write(self, text: str, /) -> int:
        raise OSError(5, "Input/output error")


def test_terminal_that_hangs_up_never_holds_the_run() -> None:
    """Every call still returns, and the fault says why nothing is shown."""
    shown = view(Gone())
    shown.start()
    shown.header(story.HEADER)
    for event in story.run(5):
        shown.show(event)
    shown.finish(story.summary())

    assert shown.fault is not None
    assert threads() == []


@pytest.mark.parametrize(
    ("stream", "json", "plain", "term", "expected"),
    [
        (Terminal(), False, False, "xterm", TerminalView),
        (Terminal(), False, True, "xterm", PlainView),
        (Terminal(), False, False, "dumb", PlainView),
        (Terminal(), True, False, "xterm", JsonView),
        (io.StringIO(), False, False, "xterm", PlainView),
        (io.StringIO(), True, False, "xterm", JsonView),
    ],
)
def test_view_fits_where_the_output_goes(
    monkeypatch: pytest.MonkeyPatch,
    stream: io.StringIO,
    json: bool,
    plain: bool,
    term: str,
    expected: type,
) -> None:
    """Live on a terminal that can draw, lines elsewhere, JSON wherever it is asked for."""
    monkeypatch.setenv("TERM", term)

    assert expected is type(choose(json=json, plain=plain, stream=stream, talk=io.StringIO()))


def test_terminal_without_braille_letters_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that is not UTF-8 is not drawn on."""
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    stream.encoding = "latin-1"

    assert PlainView is type(choose(stream=stream, talk=io.StringIO()))


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR set no colour is sent; the words are all there."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    file = Terminal()
    shown = choose(stream=file, talk=io.StringIO(), speed=None)
    shown.start()
    shown.header(story.HEADER)
    for event in story.run(30):
        shown.show(event)
    shown.finish(story.summary())
    text = file.getvalue()

    assert "PASS: the readings agree with the model" in text
    assert not any(f"\x1b[{colour}m" in text for colour in range(30, 48))
    assert "38;5;" not in text


def test_rich_is_imported_for_a_terminal_only() -> None:
    """A pipe does not pay for what it cannot use."""
    code = (
        "import io, sys; from labctl.cli._view import choose;"
        "choose(stream=io.StringIO()); choose(json=True, stream=io.StringIO());"
        "print('rich' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False False\n"
