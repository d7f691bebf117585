"""Prompts in the terminal: shows a question, reads one line, in a thread of its own."""

from __future__ import annotations

import concurrent.futures
import sys
import threading

from labctl.engine import ANSWERED_IN_ADVANCE
from labctl.errors import InputError, StoppedError
from labctl.platform import is_terminal


class Asking:
    """Answers the engine's prompts from the keyboard, or with a fixed answer (`--yes`)."""

    def __init__(self, *, yes: bool) -> None:
        self._yes = yes

    def check(self, prompts: int) -> None:
        """Refuse a protocol that will ask where nobody can answer."""
        if prompts and not self._yes and not is_terminal(sys.stdin):
            raise InputError(
                f"this protocol asks {prompts} times, and standard input is not a terminal",
                fix="Run it in a terminal, or answer every prompt in advance with --yes.",
            )

    def __call__(self, text: str) -> concurrent.futures.Future[str]:
        """Ask; the view shows the text. The future has the line typed."""
        future: concurrent.futures.Future[str] = concurrent.futures.Future()
        if self._yes:
            future.set_result(ANSWERED_IN_ADVANCE)
            return future
        # A daemon: a person who never answers must not keep the process from ending.
        threading.Thread(
            target=_read_line, args=(future,), name="labctl-prompt", daemon=True
        ).start()
        return future


def _read_line(future: concurrent.futures.Future[str]) -> None:
    line = sys.stdin.readline()
    if future.cancelled():
        return
    if line:
        future.set_result(line.strip() or "continue")
    else:
        future.set_exception(StoppedError("standard input ended at a prompt"))
