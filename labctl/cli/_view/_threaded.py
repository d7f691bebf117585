"""What every view has: a mailbox that the engine fills, and a thread that shows what is in it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Sequence

from labctl.cli._view._mailbox import Header, Mailbox, Subscription
from labctl.cli._view._presenter import THREAD_NAME
from labctl.cli._view._summary import Summary
from labctl.events import Event


class ThreadedView(ABC):
    """Puts whatever is to be shown into the mailbox; subclasses show it, in the view's thread."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._started = False
        self._fault: Exception | None = None

    @abstractmethod
    def _work(self) -> None:
        """Show what comes until the mailbox is closed and empty. Called once, in the view's own
        thread; whatever it raises ends the view and is its `fault`."""

    @property
    def fault(self) -> Exception | None:
        return self._fault

    def start(self) -> None:
        self._started = True
        self._thread.start()

    def header(self, lines: Sequence[str], *, at_most_ns: Sequence[int] = ()) -> None:
        self._mailbox.put(Header(tuple(lines), tuple(at_most_ns)))

    def show(self, event: Event) -> None:
        self._mailbox.put(event)

    def say(self, text: str) -> None:
        self._mailbox.put(text)

    def telemetry(self, line: str) -> None:
        self._mailbox.put(Subscription(line))

    def finish(self, summary: Summary) -> None:
        self._mailbox.put(summary)
        self._mailbox.close()
        if self._started:
            self._thread.join()

    def close(self, timeout_s: float = 5.0) -> None:
        self._mailbox.close()
        if self._started:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:
            # Most often whoever looks is gone. The run goes on and its record is complete; whoever
            # runs it reads `fault` and says so.
            self._fault = error
        finally:
            self._mailbox.close()
