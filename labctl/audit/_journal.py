"""The acts that a journal tells of, picked out as it streams by."""

from __future__ import annotations

import re

from labctl.audit._act import HumanAct
from labctl.clock import NS
from labctl.events import (
    Beam,
    Dosed,
    Emission,
    Event,
    Imported,
    Mode,
    Note,
    PromptAnswered,
    PromptAsked,
    RunBegun,
    RunEnded,
)

_ITSELF = "labctl"
_SIMULATION = "simulation"
_WAIVED = re.compile(r"WAIVED: .*?, by (.+?)(?: \(|, until |, EXPIRED on )")
_UNATTENDED = re.compile(r"UNATTENDED: .*allowed by (.+)")
_ARMED = re.compile(r"(?:\w+ )?armed(?: at the bench, typed at|; limits) ")
_STOPPED = re.compile(r"\b(?:stop|STOP LASER) by (\w+ at \S+?)(?:: |$)")
_HOLDS = {"hold before the next step that begins in the dark": "hold", "go on": "go on"}
_MARKED = "manual: marked by a person"


class ActTaker:
    """Given a run's events one by one in their order, keeps the acts of people among them."""

    def __init__(self) -> None:
        self.acts: list[HumanAct] = []
        self._number = 0
        self._asked: tuple[PromptAsked, str] | None = None
        self._bench = ""

    def take(self, event: Event) -> None:
        """The run's next event."""
        self._number += 1
        match event:
            case RunBegun():
                self._bench = event.bench
                for fault in event.faults:
                    self._put(event, "fault injected", "", fault)
            case Note():
                self._note(event)
            case PromptAsked():
                self._unanswered()
                self._asked = event, self._source
            case PromptAnswered():
                self._answered(event)
            case Dosed() if event.how == "by hand" or event.who:
                self._put(event, "added by hand", event.who,
                          f"{event.volume_m3 * 1e9:.4g} µL of {event.agent}")  # fmt: skip
            case Emission() if event.how == _MARKED:
                state = "on" if event.beam is Beam.ON else "off"
                self._put(event, "laser switched by hand", "", f"said to be {state}")
            case Imported():
                self._imported(event)
            case RunEnded():
                self._ended(event)
            case _:
                pass

    @property
    def _source(self) -> str:
        return f"journal.jsonl event {self._number}"

    def _put(self, event: Event, what: str, who: str, text: str) -> None:
        self.acts.append(HumanAct(what, who, text, self._source, event.t_ns / NS))

    def _note(self, note: Note) -> None:
        who, text = note.who, note.text
        if who == _ITSELF:
            return
        if text in _HOLDS:
            self._put(note, _HOLDS[text], who, text)
        elif _ARMED.match(text):
            if who == _SIMULATION:
                who, text = "", f"{text}; a simulated bench arms itself, nobody is asked"
            elif who.startswith("nobody"):
                who, text = "", f"{text}; {who}"
            self._put(note, "armed", who, text)
        elif who == self._bench:
            self._of_bench(note)
        else:
            self._put(note, "note", who, text)

    def _of_bench(self, note: Note) -> None:
        """What its file lets happen, told at the beginning of each run."""
        for what, form in (("waived", _WAIVED), ("unattended", _UNATTENDED)):
            if found := form.match(note.text):
                self._put(note, what, found[1], note.text)
                return
        self._put(note, "taken as it is", "", note.text)

    def _answered(self, event: PromptAnswered) -> None:
        question = ""
        if self._asked is not None:
            question, self._asked = f" (asked: {self._asked[0].text})", None
        self._put(event, "answered", event.by, f"{event.answer}{question}")

    def _unanswered(self) -> None:
        if self._asked is not None:
            asked, source = self._asked
            self._asked = None
            self.acts.append(HumanAct("asked, not answered", "", asked.text, source,
                                      asked.t_ns / NS))  # fmt: skip

    def _imported(self, event: Imported) -> None:
        source = f"; {event.source}" if event.source else ""
        self.acts.append(
            HumanAct("imported", event.who, f"{event.file}, SHA-256 {event.sha256}{source}",
                     self._source, utc=event.when)
        )  # fmt: skip

    def _ended(self, event: RunEnded) -> None:
        self._unanswered()
        if event.outcome != "stopped" and "asked to stop" not in event.why:
            return
        found = _STOPPED.search(event.why)
        self._put(event, "stopped", found[1] if found else "", event.why)


def is_real(begun: RunBegun | None) -> bool:
    """Whether a run's clock is that of the wall."""
    return begun is not None and begun.mode is Mode.REAL
