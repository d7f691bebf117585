"""Lines for a pipe, a log file or a terminal without letters: no cursor, no colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from labctl.cli._folded import folded
from labctl.cli._view._ending import ending
from labctl.cli._view._ending_lines import ending_lines
from labctl.cli._view._lines import LineView
from labctl.cli._view._mailbox import Header
from labctl.cli._view._numbers import moment
from labctl.cli._view._summary import Summary
from labctl.cli._view._words import READ_BACK, happening, reading_words, readings_line
from labctl.clock import NS
from labctl.events import Assessment, Beam, Emission, Event, Invalid, Sample

_HANG = 18
"""The columns before what a happening has to say."""
_READINGS_A_RUN = 22
_EVERY_S = (10, 15, 20, 30, 60, 120, 180, 300)


class PlainView(LineView):
    """One line a happening, and a line of readings now and then: about 20 in a run, or one in
    five minutes of a long one."""

    def __init__(self, stream: TextIO, talk: TextIO, *, virtual: bool) -> None:
        super().__init__(stream, talk, virtual=virtual)
        self._every_ns = reading_interval_ns(())
        self._due_ns = 0
        self._power_due_ns = 0
        self._invalid: set[str] = set()
        self._interlock = "closed"
        """As last told; closed is not worth a line."""

    def _lines(self, item: Header | Event | Summary) -> Iterator[str]:
        for whole in self._whole_lines(item):
            first, *rest = whole.split("\n")
            for line in (first, *(f"{'':{_HANG}}{more}" for more in rest)):
                yield from folded(line, _HANG, self._stream)

    def _whole_lines(self, item: Header | Event | Summary) -> Iterator[str]:
        if isinstance(item, Header):
            self._every_ns = reading_interval_ns(item.at_most_ns)
            yield from item.lines
        elif isinstance(item, Summary):
            yield from ending_lines(ending(item, self._seen))
        else:
            yield from self._event_lines(item)

    def _talk_lines(self, summary: Summary) -> Iterator[str]:
        if summary.next_commands:
            yield "try next:"
            yield from (f"  {command}" for command in summary.next_commands)

    def _event_lines(self, event: Event) -> Iterator[str]:
        before = self._seen.told(event.source) if isinstance(event, Emission) else None
        self._seen.apply(event)
        if isinstance(event, Sample):
            yield from self._interlock_turns(event)
            yield from self._turns(event)
        if isinstance(event, Sample | Assessment):
            if self._reading_is_due(event):
                yield _stamped(event, "reading", readings_line(self._seen))
            return
        if isinstance(event, Emission) and before and _same_beam(before, event):
            return
        if isinstance(event, Emission) and before and _another_power(before, event):
            # A hold changes it twice a second; the journal has each.
            if event.t_ns < self._power_due_ns:
                return
            self._power_due_ns = event.t_ns + self._every_ns
        if (words := happening(event)) is not None:
            yield _stamped(event, *words)

    def _reading_is_due(self, event: Sample | Assessment) -> bool:
        # Where there is a check, a reading is shown together with what was predicted for it.
        if isinstance(event, Sample) and self._seen.assessment is not None:
            return False
        if event.t_ns < self._due_ns:
            return False
        self._due_ns = (event.t_ns // self._every_ns + 1) * self._every_ns
        return True

    def _interlock_turns(self, sample: Sample) -> Iterator[str]:
        """An interlock that opens, or closes again."""
        now = self._seen.interlock
        if now and now != self._interlock:
            self._interlock = now
            yield _stamped(sample, "laser", f"interlock {now}")

    def _turns(self, sample: Sample) -> Iterator[str]:
        """Channels that stop or begin again to give readings."""
        for reading in sample.readings:
            invalid = isinstance(reading, Invalid)
            if invalid == (reading.channel in self._invalid):
                continue
            if invalid:
                self._invalid.add(reading.channel)
                yield _stamped(sample, "reading", f"{reading.channel}: {reading_words(reading)}")
            else:
                self._invalid.discard(reading.channel)
                yield _stamped(sample, "reading", f"{reading.channel}: back")


def reading_interval_ns(at_most_ns: Sequence[int]) -> int:
    """Run time between two lines of readings: about 20 of them in the longest the run may take,
    a line a minute where nobody said how long that is."""
    if not at_most_ns:
        return 60 * NS
    wanted_s = sum(at_most_ns) / NS / _READINGS_A_RUN
    return NS * next((every for every in _EVERY_S if every >= wanted_s), _EVERY_S[-1])


def _stamped(event: Event, tag: str, words: str) -> str:
    return f"{moment(event.t_ns)}  {tag:<8} {words}"


def _same_beam(old: Emission, new: Emission) -> bool:
    return (old.beam, old.how, old.power_w) == (new.beam, new.how, new.power_w)


def _another_power(old: Emission, new: Emission) -> bool:
    """The same light goes on, known in the same way."""
    return (old.beam, old.how) == (new.beam, new.how) == (Beam.ON, READ_BACK)
