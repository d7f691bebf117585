"""Prompts: answered by the next line typed, never by one typed before, never by a late reader."""

from __future__ import annotations

import getpass
import io
import os
import pty
import sys
from collections.abc import Iterator

import pytest

from labctl.cli._asking import Asking
from labctl.engine import ANSWERED_IN_ADVANCE, Answer
from labctl.errors import InputError, StoppedError


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal as standard input; what is written to the handle is typed."""
    master, slave = pty.openpty()
    with os.fdopen(slave, encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield master
        os.close(master)


def test_a_line_answers_the_prompt(keyboard: int) -> None:
    """What is typed after the question is its answer."""
    answer = Asking(yes=False)("ready?")
    os.write(keyboard, b"yes\n")

    said = answer.result(5)
    assert "yes" == said
    assert isinstance(said, Answer) and getpass.getuser() == said.by


def test_an_empty_line_means_continue(keyboard: int) -> None:
    """Enter alone is an answer."""
    answer = Asking(yes=False)("ready?")
    os.write(keyboard, b"\n")

    assert "continue" == answer.result(5)


def test_what_was_typed_ahead_answers_nothing(keyboard: int) -> None:
    """An Enter too many must not say that a laser was switched on."""
    os.write(keyboard, b"too early\n")
    answer = Asking(yes=False)("laser on?")
    os.write(keyboard, b"now\n")

    assert "now" == answer.result(5)


def test_a_prompt_that_was_given_up_swallows_no_answer(keyboard: int) -> None:
    """The line typed after the second question answers the second question."""
    asking = Asking(yes=False)
    assert asking("first?").cancel()
    second = asking("second?")
    os.write(keyboard, b"two\n")

    assert "two" == second.result(5)


def test_the_end_of_input_at_a_prompt_ends_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where nobody will ever answer, the run is stopped, not kept waiting."""
    with open(os.devnull, encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        answer = Asking(yes=False)("ready?")

        with pytest.raises(StoppedError, match="standard input ended"):
            answer.result(5)


def test_what_is_no_text_at_a_prompt_ends_the_run(keyboard: int) -> None:
    """Bytes that are no text, as a terminal that was hung up: nobody is waited for for ever."""
    answer = Asking(yes=False)("ready?")
    os.write(keyboard, b"\xff\xfe\n")

    with pytest.raises(StoppedError, match="cannot be read"):
        answer.result(5)


def test_yes_answers_at_once() -> None:
    """With --yes nobody is waited for, and the answer says so."""
    assert ANSWERED_IN_ADVANCE == Asking(yes=True)("ready?").result(0)


def test_a_protocol_that_asks_is_refused_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before anything is touched, and with the way to go on."""
    with open(os.devnull, encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)

        with pytest.raises(InputError, match="asks 2 times"):
            Asking(yes=False).check(2)
        Asking(yes=False).check(0)
        Asking(yes=True).check(2)


def test_who_arms_types_at_a_terminal_here_whatever_was_answered_in_advance(
    keyboard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--yes` answers prompts, not this. Where what is shown goes elsewhere, the text is written to
    the terminal at which the person sits."""
    for name in ("SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    person, why = Asking(yes=True).at_bench()
    assert person is not None and "" == why
    assert os.ttyname(sys.stdin.fileno()) == person.terminal
    monkeypatch.setattr("sys.stdout", io.StringIO())
    typed = person.ask("type: bench-2 a1b2c3")
    assert b"type: bench-2 a1b2c3" in os.read(keyboard, 1000)
    os.write(keyboard, b"bench-2 a1b2c3\n")
    assert "bench-2 a1b2c3" == typed.result(5)


def test_nobody_arms_over_the_network_or_through_a_pipe(
    keyboard: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person who sits elsewhere does not see who stands before the bench."""
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 50000 192.0.2.2 22")
    person, why = Asking(yes=False).at_bench()
    assert person is None and "came over the network (SSH_CONNECTION is set)" in why
    monkeypatch.setattr("sys.stdin", io.StringIO("bench-2 a1b2c3\n"))
    assert (None, "standard input is no terminal") == Asking(yes=True).at_bench()
