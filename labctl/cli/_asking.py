"""Prompts in the terminal: shows a question, reads one line, in a thread of its own."""

from __future__ import annotations

import concurrent.futures
import getpass
import sys
import threading
from pathlib import Path

from labctl.engine import ANSWERED_IN_ADVANCE, Answer, AtBench
from labctl.errors import InputError, RefusedError, StoppedError
from labctl.platform import bench_terminal, forget_typed_ahead, is_terminal


class Asking:
    """Answers the engine's prompts from the keyboard, or with a fixed answer (`--yes`).

    One thread reads for all prompts: a prompt that nobody answered in time leaves no reader behind
    that would swallow the next one's answer.
    """

    def __init__(self, *, yes: bool) -> None:
        self._yes = yes
        self._lock = threading.Lock()
        self._wanted: concurrent.futures.Future[str] | None = None
        self._reader: threading.Thread | None = None

    def check(self, prompts: int) -> None:
        """Refuse a protocol that will ask where nobody can answer."""
        if prompts and not self._yes and not is_terminal(sys.stdin):
            raise InputError(
                f"this protocol asks {prompts} times, and standard input is not a terminal",
                fix="Run it in a terminal, or answer every prompt in advance with --yes.",
            )

    def __call__(self, text: str) -> concurrent.futures.Future[str]:
        """Ask; the view shows the text. The future has the line typed from now on."""
        if self._yes:
            future: concurrent.futures.Future[str] = concurrent.futures.Future()
            future.set_result(ANSWERED_IN_ADVANCE)
            return future
        return self._typed()

    def at_bench(self) -> tuple[AtBench | None, str]:
        """Who can arm at this terminal, by typing and by nothing else; else why nobody can."""
        try:
            terminal = bench_terminal(sys.stdin)
        except RefusedError as refused:
            return None, refused.seen

        def ask(text: str) -> concurrent.futures.Future[str]:
            typed = self._typed()
            if not is_terminal(sys.stdout):
                # What is shown goes elsewhere; the person sits here.
                Path(terminal).write_text(f"{text}\n", encoding="utf-8")
            return typed

        return AtBench(getpass.getuser(), terminal, ask), ""

    def _typed(self) -> concurrent.futures.Future[str]:
        """The line typed from now on, whatever was answered in advance."""
        future: concurrent.futures.Future[str] = concurrent.futures.Future()
        # An Enter too many must not answer a question that was not yet asked.
        forget_typed_ahead(sys.stdin)
        with self._lock:
            self._wanted = future
            if self._reader is None or not self._reader.is_alive():
                # A daemon: a person who never answers must not keep the process from ending.
                self._reader = threading.Thread(
                    target=self._read, name="labctl-prompt", daemon=True
                )
                self._reader.start()
        return future

    def _read(self) -> None:
        """Read a line for whichever prompt is open by then."""
        line = ""
        try:
            line = sys.stdin.readline()
            ended = "standard input ended at a prompt"
        except (OSError, ValueError) as error:
            # A terminal that was hung up, or bytes that are no text: nobody will answer.
            ended = f"standard input cannot be read: {error}"
        with self._lock:
            future, self._wanted = self._wanted, None
            self._reader = None
        if future is None or not future.set_running_or_notify_cancel():
            return
        if line:
            future.set_result(Answer(line.strip() or "continue", _account()))
        else:
            future.set_exception(StoppedError(ended))


def _account() -> str:
    """Of whoever sits at this terminal; '' where the computer has no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
