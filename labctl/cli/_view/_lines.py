"""A view that writes lines: the two streams that plain and JSON share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import TextIO

from labctl.cli._view._ending import Ending, Tone, ending
from labctl.cli._view._ending_lines import ending_lines
from labctl.cli._view._mailbox import Full, Header, Item, Mailbox, Subscription
from labctl.cli._view._seen import Seen
from labctl.cli._view._summary import Summary
from labctl.cli._view._threaded import ThreadedView
from labctl.events import Event

_WAITING_LIMIT = 20_000
"""Events that may wait for a slow reader before a virtual clock waits too."""

_IN_ASCII = str.maketrans({"±": "+-", "°": "deg", "µ": "u", "²": "2", "“": '"', "”": '"'})


class LineView(ThreadedView):
    """Loses nothing: a slow reader holds a virtual clock, and in real time the lines wait.

    Subclasses turn an item into lines, in the view's own thread.
    """

    def __init__(self, stream: TextIO, talk: TextIO, *, virtual: bool) -> None:
        """`stream` gets the data, `talk` what is said beside them."""
        self._stream = stream
        self._talk = talk
        super().__init__(Mailbox(limit=_WAITING_LIMIT if virtual else None, full=Full.WAIT))
        self._seen = Seen()
        """What this view needs to know of the events so far; subclasses feed it."""

    @abstractmethod
    def _lines(self, item: Header | Event | Summary) -> Iterable[str]:
        """The lines of data for one item."""

    def _talk_lines(self, summary: Summary) -> Iterable[str]:
        """What to say once the last words are written."""
        return ()

    def _work(self) -> None:
        while items := self._mailbox.take(None):
            for item in items:
                self._write(item)
            self._stream.flush()
            self._talk.flush()

    def _write(self, item: Item) -> None:
        if isinstance(item, str | Subscription):
            write_line(self._talk, item if isinstance(item, str) else f"telemetry  {item.line}")
            return
        for line in self._lines(item):
            write_line(self._stream, line)
        if isinstance(item, Summary):
            # In a shared terminal or file the talk belongs after the data.
            self._stream.flush()
            self._shout(ending(item, self._seen))
            for line in self._talk_lines(item):
                write_line(self._talk, line)

    def _shout(self, last: Ending) -> None:
        """A beam that is not confirmed off reaches the person even when the data go elsewhere."""
        if last.tone is not Tone.LOUD or not self._talk.isatty():
            return
        self._talk.write("\a")
        if not self._stream.isatty():
            for line in ending_lines(last):
                write_line(self._talk, line)


def write_line(stream: TextIO, line: str) -> None:
    """Write one line; a stream that has no such letters gets them spelled out."""
    try:
        stream.write(line + "\n")
    except UnicodeEncodeError:
        spelled = line.translate(_IN_ASCII).encode("ascii", "replace").decode("ascii")
        stream.write(spelled + "\n")
