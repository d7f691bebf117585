"""The dose of one recorded run: as its journal tells it, or worked out anew from its readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl.clock import NS
from labctl.events import Beam, Dose, DoseBasis, Emission, RunBegun, RunEnded
from labctl.monitor import DoseWatch
from labctl.photothermal import CEM43, NOTHING, ArrheniusPair, Bounded, Cem43
from labctl.platform import is_locked
from labctl.record import JournalReader, read_ends


@dataclass(frozen=True, slots=True)
class RunDose:
    """What one run added up to, and how that is known."""

    path: Path
    mode: str
    sample: str
    lot: str | None
    """None where the journal is from before lots stood in it."""
    sample_digest: str
    state: str
    """`closed`, `cut off`, `damaged` or `running`."""
    dose: Dose
    energy: Bounded
    """J at the sample."""
    fluence: Bounded | None
    """J/m^2; None where the bench states no spot area."""
    cem43_min: Bounded
    lit_s: float
    peak_degc: float | None
    length_s: float
    notes: tuple[str, ...] = ()


def run_dose(
    folder: Path,
    *,
    rebuild: bool = False,
    convention: Cem43 | None = None,
    pair: ArrheniusPair | None = None,
) -> RunDose | None:
    """The dose of the run in `folder`; None where nothing was begun there.

    A run that closed in order tells its own dose, which is taken; one that did not, or any with
    `rebuild`, another convention or another pair, is worked out from the readings of its journal's
    good part. RecordError when there is no journal that this version can read.
    """
    journal = folder / "journal.jsonl"
    own = convention is None and pair is None and not rebuild
    if own:
        ends = read_ends(journal)
        dose = ends.dose
        by_ours = dose is not None and _convention(dose.results) in (None, CEM43.words)
        if ends.begun and ends.basis and ends.ended and dose is not None and by_ours:
            told = _told(folder, ends.begun, ends.basis, dose, ends.ended)
            if told is not None:
                return told
    return _worked_out(folder, journal, convention, pair)


def _told(
    folder: Path, begun: RunBegun, basis: DoseBasis, dose: Dose, ended: RunEnded
) -> RunDose | None:
    """As the run says; None where another version said it in a way that this one does not know."""
    try:
        return _made(folder, begun, basis, dose, "closed", ended.t_ns, ())
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _worked_out(
    folder: Path, journal: Path, convention: Cem43 | None, pair: ArrheniusPair | None
) -> RunDose | None:
    running = is_locked(journal)
    reader = JournalReader(journal)
    watch = DoseWatch(convention, pair)
    begun: RunBegun | None = None
    emission: Emission | None = None
    last_ns = 0
    for event in reader:
        watch.feed(event)
        last_ns = event.t_ns
        if isinstance(event, RunBegun):
            begun = event
        elif isinstance(event, Emission):
            emission = event
    if begun is None:
        return None
    state = "running" if running else reader.state.value
    notes: list[str] = []
    if state != "closed":
        # What came behind the last good line is not known, and not guessed.
        notes.append(f"{state}: counted up to its last good event at {last_ns / NS:.1f} s")
        if emission is not None and emission.beam is not Beam.OFF:
            notes.append(f"the beam was {emission.beam.value.upper()} then")
    dose = watch.told(last_ns)
    return _made(folder, begun, watch.basis, dose, state, last_ns, tuple(notes))


def _made(
    folder: Path,
    begun: RunBegun,
    basis: DoseBasis | None,
    dose: Dose,
    state: str,
    last_ns: int,
    notes: tuple[str, ...],
) -> RunDose:
    results = dose.results
    heat: Mapping[str, Any] = results.get("cem43", {})
    if heat.get("gaps"):
        notes += (f"{heat['gap_s']:g} s without a reading, in which no heat is counted",)
    unknown = results.get("light_of_unknown_power")
    if unknown is not None:
        notes += (f"{unknown['value']:g} s of light of unknown power, counted in no energy",)
    energy: Mapping[str, Any] = results.get("energy", {})
    return RunDose(
        path=folder,
        mode=begun.mode.value,
        sample=begun.sample,
        lot=None if basis is None else basis.lot,
        sample_digest=begun.sample_digest,
        state=state,
        dose=dose,
        energy=_bounded(results, "energy") or NOTHING,
        # No light is no fluence, whether the spot is known or not.
        fluence=_bounded(results, "fluence") if energy else NOTHING,
        cem43_min=_bounded(results, "cem43") or NOTHING,
        lit_s=float(energy.get("lit_s", 0.0)),
        peak_degc=results.get("peak_temperature", {}).get("value"),
        length_s=last_ns / NS,
        notes=notes,
    )


def _convention(results: Mapping[str, Any]) -> str | None:
    words = results.get("cem43", {}).get("convention")
    return None if words is None else str(words)


def _bounded(results: Mapping[str, Any], name: str) -> Bounded | None:
    entry = results.get(name)
    return None if entry is None else Bounded(entry["value"], entry["low"], entry["high"])
