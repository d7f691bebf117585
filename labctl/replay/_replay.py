"""Feeds a journal's events to a new monitor, and holds what it says beside what was recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labctl.errors import RecordError
from labctl.events import (
    Alarm,
    Assessment,
    Dose,
    DoseBasis,
    Event,
    Mode,
    PriorsFixed,
    ReleaseAssessed,
    RunBegun,
    StateChanged,
    Verdict,
)
from labctl.monitor import (
    DoseWatch,
    Monitor,
    ReleaseWatch,
    concluded,
    released_only,
    unchecked,
    with_release,
)
from labctl.record import JournalReader, JournalState, read_ends
from labctl.replay._differences import Difference, Differences

_ALL_DONE = "all steps done"
"""Why a run ends that came to its end; what a run's last state says."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a replay."""

    path: Path
    mode: Mode
    """Of the recorded run."""
    state: JournalState
    """Of its journal; only the good part was replayed."""
    where: str
    """File and line of the journal's first bad line, or ''."""
    events: int
    assessments: int
    """Recorded ones that were compared."""
    alarms: int
    """Recorded ones that were compared."""
    verdict: Verdict | None
    """As recorded; None where the run was cut off before it."""
    verdict_now: Verdict | None
    """By today's check; also of a run that was cut off. None where it broke."""
    differences: tuple[Difference, ...]
    broke: str
    """Why today's check could not take these readings; '' where it could."""

    @property
    def same(self) -> bool:
        """Whether all that was recorded came out again, byte for byte."""
        return not self.differences and not self.broke


def replay_run(path: Path) -> Replay:
    """Replay the record in the folder `path`. RecordError when there is no journal that this
    version can read, or no run in it."""
    return _Replaying(path).done()


class _Replaying:
    def __init__(self, path: Path) -> None:
        self._path = path
        journal = path / "journal.jsonl"
        # As they come: a day at 10 Hz is more than one wants in memory.
        self._reader = JournalReader(journal)
        self._ended = read_ends(journal).ended
        self._begun: RunBegun | None = None
        self._last_ns = 0
        self._priors: PriorsFixed | None = None
        self._monitor: Monitor | None = None
        self._dose = DoseWatch()
        self._has_basis = False
        self._release = ReleaseWatch()
        self._differences = Differences()
        self._broke = ""
        self._ending_why = ""
        self._recorded: Verdict | None = None
        self._now: Verdict | None = None

    def done(self) -> Replay:
        counts = self._feed(self._reader)
        reader, begun, journal = self._reader, self._begun, self._path / "journal.jsonl"
        if begun is None:
            raise RecordError("there is no run in this journal", where=str(journal))
        if self._recorded is None and not self._broke:
            self._now = self._judge(self._last_ns, None)
        return Replay(
            self._path,
            begun.mode,
            reader.state,
            f"{journal}:{reader.first_bad_line}" if reader.first_bad_line else "",
            reader.durable_seq,
            *counts,
            self._recorded,
            self._now,
            self._differences.all(),
            self._broke,
        )

    def _feed(self, events: Iterable[Event]) -> tuple[int, int]:
        """Every event in order; returns how many assessments and alarms were compared."""
        assessments = alarms = 0
        said: tuple[Event, ...] = ()
        recorded: list[Event] = []
        for event in events:
            self._last_ns = event.t_ns
            # The dose is folded from all that was told, the check's own words included.
            if isinstance(event, Dose):
                if self._has_basis:
                    self._differences.between("dose", event, self._dose.told(event.t_ns))
            else:
                self._dose.feed(event)
                self._feed_release(event)
            if isinstance(event, Assessment | Alarm):
                recorded.append(event)
                assessments += isinstance(event, Assessment)
                alarms += isinstance(event, Alarm)
                continue
            if recorded or said:
                self._differences.of_check(recorded, said)
                recorded = []
            said = self._take(event)
        if self._reader.state is JournalState.CLOSED:
            self._differences.of_check(recorded, said)
        return assessments, alarms

    def _feed_release(self, event: Event) -> None:
        """What is known of a release is told again and held beside what was recorded."""
        if isinstance(event, ReleaseAssessed):
            now = self._release.assessed(event.t_ns)
            self._differences.between("release", event, now)
        else:
            self._release.feed(event)

    def _take(self, event: Event) -> tuple[Event, ...]:
        match event:
            case RunBegun():
                self._begun = event
            case PriorsFixed():
                self._priors = event
                try:
                    self._monitor = Monitor.from_event(event)
                except ValueError as error:
                    self._broke = f"what the check started from is of another version: {error}"
            case DoseBasis():
                self._has_basis = True
            case StateChanged() if event.new == "ENDING":
                self._ending_why = event.why
            case Verdict():
                self._recorded = event
                if not self._broke:
                    self._now = self._judge(event.t_ns, event)
                    self._differences.between("verdict", event, self._now)
        if self._monitor is None or self._broke:
            return ()
        try:
            return self._monitor.feed(event)
        except Exception as error:
            # Whatever breaks it is a finding: the run went on with the version of then.
            self._broke = f"at {event.t_ns / 1e9:.1f} s: {type(error).__name__}: {error}"
            return ()

    def _judge(self, t_ns: int, recorded: Verdict | None) -> Verdict | None:
        """Today's verdict, with what the protocol's steps had to say in the recorded one: that is
        the engine's, and is not replayed."""
        own: Verdict | None = None
        if self._monitor is not None:
            try:
                own = self._monitor.verdict(t_ns)
            except Exception as error:
                self._broke = f"at its verdict: {type(error).__name__}: {error}"
                return None
        declared = () if self._priors is None else self._priors.declared
        followed = self._release.basis is not None
        of_release = self._release.criteria() if followed else ()
        again = (*declared, *(own.criteria if own else ()), *of_release)
        checks = {criterion.name for criterion in again}
        said = () if recorded is None else recorded.criteria
        steps = [one for one in said if one.name not in checks]
        ended = self._ended
        completed = self._ending_why == _ALL_DONE or (
            ended is not None and ended.outcome == "completed"
        )
        why = None if completed else self._ending_why or "its journal ends before that"
        if own is not None:
            verdict = concluded(own, [*of_release, *steps], not_completed=why)
        elif of_release:
            verdict = released_only(t_ns, of_release, steps, not_completed=why)
        else:
            verdict = unchecked(t_ns, steps)
        return with_release(verdict, self._release)
