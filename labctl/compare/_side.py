"""One run as it is laid beside others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labctl.errors import RecordError
from labctl.events import DoseBasis, Emission, PriorsFixed, RunBegun, RunEnded, Verdict
from labctl.figure import Curve, Curves, CurveTaker
from labctl.record import JournalReader, JournalState, finite, kept_journal, read_facts

_BASELINE_S = 30.0
"""Of readings before the light, whose mean is what rises are counted from."""


@dataclass(frozen=True, slots=True)
class Side:
    """A run. What it did not come to is None or empty."""

    run: str
    """Day and folder; with the folder for records where another one of them has the same."""
    letter: str
    """By which it is called beside the others: `A`."""
    state: str
    """`closed`, `cut off` or `damaged`: by its journal alone."""
    begun: RunBegun | None = None
    ended: RunEnded | None = None
    verdict: Verdict | None = None
    lot: str = ""
    priors: Mapping[str, Any] = field(default_factory=dict)
    """What its check started from."""
    probe: Curve = field(default_factory=Curve)
    """Degrees C over the run's clock."""
    lit_s: float | None = None
    """When light (or heater, or coil) first came on, on the run's clock."""
    baseline_degc: float | None = None
    """Mean of the readings in the half minute before; None where there is none."""
    asked_w: float | None = None
    """The highest power asked for."""
    measured_w: float | None = None
    """Mean of the meter's readings while the laser was on."""
    place: str = ""
    """The whole path of its folder."""
    head_hash: str = ""
    """Of the good part of its journal."""
    kept_head: str | None = None
    """What its run.json keeps of that; None where it keeps none that can be read."""

    @property
    def mode(self) -> str:
        """`SIMULATED`, `REAL` or `IMPORTED`; '' of a journal without a beginning."""
        return "" if self.begun is None else self.begun.mode.value

    @property
    def completed(self) -> bool:
        """It came to its own end, or is a curve imported whole, so that its results stand for
        something."""
        return self.state == "closed" and self.ended is not None and (
            self.ended.outcome in ("completed", "imported")
        )  # fmt: skip

    @property
    def highest_rise_k(self) -> float | None:
        """Highest reading less the baseline, from the light on."""
        if self.baseline_degc is None or self.lit_s is None:
            return None
        after = [value for t_s, value in zip(self.probe.t_s, self.probe.value, strict=True)
                 if t_s >= self.lit_s and value == value]  # fmt: skip
        return max(after) - self.baseline_degc if after else None

    def result(self, name: str) -> Mapping[str, Any] | None:
        """A result of its check by its name in the record; None where there is no number."""
        found = self.verdict.results.get(name) if self.verdict is not None else None
        if not isinstance(found, Mapping) or finite(found.get("value")) is None:
            return None
        return found

    @property
    def assumptions(self) -> tuple[str, ...]:
        """That its results rest on, in words."""
        return self.verdict.assumptions if self.verdict is not None else ()


def read_side(folder: Path, letter: str) -> Side:
    """The record in `folder`, as far as its journal is good. RecordError when there is no journal
    that this version can read."""
    reader = JournalReader(folder / "journal.jsonl")
    taker = CurveTaker()
    lot, priors, asked_w = "", {}, None
    for event in reader:
        taker.take(event)
        match event:
            case DoseBasis():
                lot = event.lot
            case PriorsFixed():
                priors = dict(event.priors)
            case Emission() if event.power_w is not None:
                asked_w = max(asked_w or 0.0, event.power_w)
    curves = taker.close(reader)
    place = folder.resolve()
    lit_s = _lit(curves)
    return Side(
        run=f"{place.parent.name}/{place.name}",
        letter=letter,
        state="closed" if reader.state is JournalState.CLOSED else str(reader.state.value),
        begun=curves.begun,
        ended=curves.ended,
        verdict=curves.verdict,
        lot=lot,
        priors=priors,
        probe=curves.probe,
        lit_s=lit_s,
        baseline_degc=_baseline(curves.probe, lit_s),
        asked_w=asked_w,
        measured_w=_measured(curves),
        place=str(place),
        head_hash=reader.head_hash,
        kept_head=_kept_head(folder),
    )


def _kept_head(folder: Path) -> str | None:
    try:
        return kept_journal(read_facts(folder / "run.json"))[0]
    except RecordError:
        # All that is compared stands in the journal.
        return None


def _lit(curves: Curves) -> float | None:
    return min((light.begin_s for light in curves.light if light.known), default=None)


def _baseline(probe: Curve, lit_s: float | None) -> float | None:
    if lit_s is None:
        return None
    before = [value for t_s, value in zip(probe.t_s, probe.value, strict=True)
              if lit_s - _BASELINE_S <= t_s < lit_s and value == value]  # fmt: skip
    return math.fsum(before) / len(before) if before else None


def _measured(curves: Curves) -> float | None:
    lights = [(light.begin_s, light.end_s) for light in curves.light
              if light.known and light.source == "laser"]  # fmt: skip
    power = curves.measured_power
    while_on = [
        value
        for t_s, value in zip(power.t_s, power.value, strict=True)
        if value == value and any(begin < t_s <= end for begin, end in lights)
    ]
    return math.fsum(while_on) / len(while_on) if while_on else None
