"""Records for reports, and a page as a tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from labctl import yamlfile
from labctl.events import (
    Assayed,
    Dose,
    Event,
    Note,
    ReleaseAssessed,
    RunBegun,
    RunEnded,
    Verdict,
)
from labctl.record import RunFolder
from tests.unit.view import storyteller

SAMPLE: dict[str, Any] = {
    "schema": "labctl.sample/1",
    "name": "pda-aminoacid",
    "title": "Particles in water",
    "material": "pda",
    "solvent": "water",
    "volume": {"value": "0.000001 m^3", "sd": "1e-08 m^3", "source": "pipette"},
    "absorbance": {"value": "1", "sd": "0.005", "source": "spectrometer", "placeholder": True},
}
BENCH: dict[str, Any] = {
    "schema": "labctl.bench/1",
    "name": "simulated-bench",
    "roles": {"laser": "diode", "probe": "scanner.101"},
    "wavelength": "8.08e-07 m",
    "spot_area": {"value": "0.00005 m^2", "sd": "0.0000025 m^2", "source": "knife edge"},
    "power_at_sample": {"slope": "0.9 W/A", "deviation": "3 %", "date": "2026-10-05"},
    "probe": {"tolerance": "1 K", "source": "ice point"},
    "limits": {"power": "2 W", "temperature": "80 degC", "energy": "6000 J"},
}


def dose(t_ns: int) -> Dose:
    """What a run adds up to."""
    return Dose(t_ns, 589.8, {
        "energy": {"value": 589.8, "low": 555.0, "high": 624.0, "unit": "J", "lit_s": 600.0},
        "irradiance": {"value": 20000.0, "unit": "W/m2", "of": "mean over the spot",
                       "words": "limits of a person's exposure, none of a sample's"},
        "skin_exposure": {"value": 6.08, "unit": "", "of": "times the limit"},
        "cem43": {"value": 0.1, "low": 0.02, "high": 0.4, "unit": "min", "of": "the liquid"},
    }, ("590 J at the sample",))  # fmt: skip


def healthy(period_s: float = 10.0) -> list[Event]:
    """A run from its beginning to its end, with a dose and a note."""
    told: list[Event] = []
    for event in storyteller.run(period_s):
        if isinstance(event, RunBegun):
            event = replace(event, sample_digest=yamlfile.digest(SAMPLE),
                            bench_digest=yamlfile.digest(BENCH))  # fmt: skip
        if isinstance(event, Verdict):
            told.append(dose(event.t_ns))
        if isinstance(event, RunEnded):
            told.append(Note(event.t_ns, "A. Lab", "the lid was on"))
        told.append(event)
    return told


def released() -> list[Event]:
    """A run that follows a release, without light."""
    first, *_, last = storyteller.log_run()
    told: list[Event] = [first]
    for count in range(1, 7):
        t_ns = count * 40_000_000_000
        share = 0.1 * count
        told.append(Assayed(t_ns, "quinidine", t_ns, 900.0 * count, "counts", 0.003, 0.001, share,
                            0.03))  # fmt: skip
        told.append(ReleaseAssessed(t_ns, {"quinidine": {
            "fraction": share, "sd": 0.03, "low": share - 0.06, "high": share + 0.06,
        }}))  # fmt: skip
    return [*told, replace(last, outcome="completed", exit_code=0, why="")]  # type: ignore[type-var]


def record(
    folder: Path,
    what: Iterable[Event],
    *,
    sample: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
) -> Path:
    """A run's folder of these events, closed as the engine closes one."""
    texts = {"sample.yaml": yamlfile.dump(sample or SAMPLE), "bench.yaml": yamlfile.dump(BENCH)}
    told = list(what)
    begun = next((event for event in told if isinstance(event, RunBegun)), None)
    named = {} if begun is None else {"protocol": begun.protocol, "sample": begun.sample}
    said = named | (facts or {})
    made = RunFolder.create(folder, "heating-curve", "pda", texts=texts, facts=said)
    journal = made.open_journal(real_time=False)
    for event in told:
        journal.append(event)
    made.finish()
    return made.path


@dataclass
class Page(HTMLParser):
    """Every tag with its attributes and the text in it, as a browser would take the page."""

    text: str
    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    """Text outside script and style."""
    data: dict[str, list[str]] = field(default_factory=dict)
    """Section -> values of its `data` elements."""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._section = ""
        self._raw = ""
        self.raw: dict[str, str] = {"script": "", "style": ""}
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag begins."""
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag == "section":
            self._section = found.get("id", "")
        if tag == "data":
            self.data.setdefault(self._section, []).append(found["value"])
        if tag in self.raw:
            self._raw = tag

    def handle_endtag(self, tag: str) -> None:
        """A tag ends."""
        if tag == self._raw:
            self._raw = ""

    def handle_data(self, data: str) -> None:
        """Text."""
        if self._raw:
            self.raw[self._raw] += data
        else:
            self.words.append(data)

    @property
    def said(self) -> str:
        """All words with single spaces."""
        return " ".join(" ".join(self.words).split())
