"""Prompts in the terminal: shows a question, reads one line, in a thread of its own."""

from __future__ import annotations

import concurrent.futures
import sys
import threading

from labctl.engine import ANSWERED_IN_ADVANCE
from labctl.errors import InputError, StoppedError
from labctl.platform import forget_typed_ahead, is_terminal


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
        future: concurrent.futures.Future[str] = concurrent.futures.Future()
        if self._yes:
            future.set_result(ANSWERED_IN_ADVANCE)
            return future
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
        line = sys.stdin.readline()
        with self._lock:
            future, self._wanted = self._wanted, None
            self._reader = None
        if future is None or not future.set_running_or_notify_cancel():
            return
        if line:
            future.set_result(line.strip() or "continue")
        else:
            future.set_exception(StoppedError("standard input ended at a prompt"))
