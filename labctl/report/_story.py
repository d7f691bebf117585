"""All of a run that its report tells, read once from its journal and the files beside it."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from labctl.audit import ActTaker, Trail, trail_of
from labctl.clock import NS
from labctl.errors import LabctlError
from labctl.events import (
    Alarm,
    Analysed,
    Assayed,
    Dose,
    DoseBasis,
    Dosed,
    Event,
    GateLooked,
    Imported,
    InstrumentFound,
    Invalid,
    MediumSet,
    PortTrouble,
    PriorsFixed,
    Reading,
    ReleaseAssessed,
    ReleaseBasis,
    RunBegun,
    RunEnded,
    Sample,
    StepBegun,
    StepEnded,
    Tripped,
    Verdict,
)
from labctl.figure import Curve, Curves, CurveTaker, Light
from labctl.monitor import DoseWatch
from labctl.observations import Observation, read_observations
from labctl.record import JournalReader, Verification, read_facts, verify_run
from labctl.report._sound import sound

_KEPT = (
    Alarm, Assayed, Dosed, GateLooked, InstrumentFound, MediumSet, PortTrouble, StepBegun,
    StepEnded, Tripped,
)  # fmt: skip


@dataclass(slots=True)
class Story:
    """A run. What it did not come to is None or empty."""

    name: str
    """Day and folder, as `labctl runs` has it; no path of this computer."""
    curves: Curves
    checked: Verification
    """Whether the record is as it was written."""
    facts: Mapping[str, Any]
    """run.json; a claim, where the journal has the same it goes before."""
    begun: RunBegun | None = None
    verdict: Verdict | None = None
    dose: Dose | None = None
    ended: RunEnded | None = None
    priors: PriorsFixed | None = None
    basis: DoseBasis | None = None
    release_basis: ReleaseBasis | None = None
    imported: Imported | None = None
    """Where an imported curve came from; None of a run."""
    analysed: Analysed | None = None
    trail: Trail | None = None
    """What people did, but for what names accounts and addresses of a service."""
    events: list[Event] = field(default_factory=list)
    """Those that are told one by one, in their order."""
    invalid: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(channel, reason) -> readings that gave no number."""
    cem43: Curve = field(default_factory=Curve)
    """Equivalent minutes at 43 degC so far, by the run's own basis."""
    thermostat: Curve = field(default_factory=Curve)
    sample: Mapping[str, Any] = field(default_factory=dict)
    bench: Mapping[str, Any] = field(default_factory=dict)
    protocol: Mapping[str, Any] = field(default_factory=dict)
    agreement: Mapping[str, Any] = field(default_factory=dict)
    """Beside the reference of the pack that it was made of; made by `labctl pack compare`."""
    observed: tuple[Observation, ...] = ()
    """What was measured of the sample afterwards."""
    file_trouble: list[str] = field(default_factory=list)
    """What is wrong with the copies of sample, bench and protocol, and with what the journal says
    of results, in words."""

    def all(self, kind: type[Any]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def lights(self) -> list[Light]:
        """Stretches in which a source was on, or that was not known, in their order. An emission
        whose power changed is one stretch."""
        found: list[Light] = []
        for light in sorted(self.curves.light, key=lambda each: (each.source, each.begin_s)):
            last = found[-1] if found else None
            if (
                last is not None
                and (last.source, last.known) == (light.source, light.known)
                and light.begin_s <= last.end_s + 1e-6
            ):
                found[-1] = replace(last, end_s=max(last.end_s, light.end_s))
            else:
                found.append(light)
        return sorted(found, key=lambda each: each.begin_s)

    @property
    def completed(self) -> bool:
        """The run came to its own end, or a curve was imported, so that its verdict stands for
        something."""
        return self.ended is not None and self.ended.outcome in ("completed", "imported")

    @property
    def results(self) -> Mapping[str, Any]:
        """The verdict's, in the field's terms."""
        return self.verdict.results if self.verdict is not None else {}


def read_story(folder: Path) -> Story:
    """Read the record in `folder`; of one that is cut off or damaged, what is good of it.
    RecordError when there is no journal that this version can read."""
    reader = JournalReader(folder / "journal.jsonl")
    taker, watch, people = CurveTaker(), DoseWatch(), ActTaker()
    try:
        facts: Mapping[str, Any] = read_facts(folder / "run.json")
        trouble = []
    except LabctlError as error:
        facts, trouble = {}, [str(error.message) if hasattr(error, "message") else str(error)]
    story = Story(
        f"{folder.resolve().parent.name}/{folder.resolve().name}", taker.curves,
        _verified(folder), facts,
    )  # fmt: skip
    for event in reader:
        taker.take(event)
        people.take(event)
        watch.feed(event)
        _take(story, event, watch)
    story.curves = taker.close(reader)
    story.file_trouble += trouble
    story.agreement = _agreement(folder)
    try:
        found = read_observations(folder)
        story.observed = found.lines
        story.file_trouble += [f"observations.jsonl: {words}" for words in found.trouble]
    except LabctlError as error:
        story.file_trouble.append(error.what)
    begun = story.begun
    story.trail = trail_of(folder, begun, people.acts, set(), outside=False)
    story.file_trouble += [words for words in story.trail.trouble if words not in trouble]
    story.sample = _file(story, folder, "sample.yaml", begun.sample_digest if begun else "")
    story.bench = _file(story, folder, "bench.yaml", begun.bench_digest if begun else "")
    story.protocol = _file(story, folder, "protocol.yaml", "")
    return story


def _verified(folder: Path) -> Verification:
    """Without the path of this computer: a report is sent to others."""
    found = verify_run(folder)
    here = f"{folder}{os.sep}"
    return replace(found, where=found.where.replace(here, ""),
                   why=tuple(words.replace(here, "") for words in found.why))  # fmt: skip


def _take(story: Story, event: Event, watch: DoseWatch) -> None:
    if isinstance(event, Sample):
        for reading in event.readings:
            if isinstance(reading, Invalid):
                story.invalid[reading.channel, reading.reason] += 1
            elif reading.channel == "thermostat.temperature":
                story.thermostat.add(reading.t_ns / NS, reading.value)
        if any(isinstance(r, Reading) and r.channel == "probe.temperature" for r in event.readings):
            story.cem43.add(event.t_ns / NS, watch.cem43_min)
        return
    match event:
        case RunBegun():
            story.begun = event
        case Verdict():
            results = sound(event.results, story.file_trouble)
            budget = {str(name): share for name, share in event.budget.items()}
            story.verdict = replace(event, results=results, budget=budget)
        case Dose():
            story.dose = replace(event, results=sound(event.results, story.file_trouble))
        case ReleaseAssessed():
            story.events.append(replace(event, results=sound(event.results, story.file_trouble)))
        case RunEnded():
            story.ended = event
        case PriorsFixed():
            story.priors = event
        case DoseBasis():
            story.basis = event
        case Imported():
            story.imported = event
        case Analysed():
            story.analysed = event
        case ReleaseBasis():
            story.release_basis = event
        case _ if isinstance(event, _KEPT):
            story.events.append(event)
        case _:
            pass


def _agreement(folder: Path) -> Mapping[str, Any]:
    """Nothing where there is none, or none that can be read: it can be made again."""
    try:
        told = json.loads((folder / "agreement.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _file(story: Story, folder: Path, name: str, digest: str) -> Mapping[str, Any]:
    """A copy of a file as plain values, held against the digest that the journal has of it."""
    from labctl import yamlfile

    path = folder / name
    if not path.exists():
        return {}
    try:
        node, problems = yamlfile.read_text(yamlfile.open_source(path))
    except (LabctlError, OSError):
        story.file_trouble.append(f"{name} cannot be read; nothing is told of it")
        return {}
    values = yamlfile.plain(node)
    if problems or not isinstance(values, dict):
        story.file_trouble.append(f"{name} is not as labctl writes it; nothing is told of it")
        return {}
    if digest and yamlfile.digest(values) != digest:
        story.file_trouble.append(
            f"{name} is not the one that the journal names (its digest differs): what is told from "
            "it may not be what the run had"
        )
    return values
