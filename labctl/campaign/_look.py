"""What a run's folder says of what became of it: the journal's word, nobody's memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from labctl.errors import LabctlError
from labctl.events import Beam, Emission, EmissionIntent, Mode, RunEnded
from labctl.ledger import run_dose
from labctl.platform import is_locked
from labctl.record import JournalReader, JournalState, read_facts


@dataclass(frozen=True, slots=True)
class Seen:
    """A run that was begun, as its journal has it."""

    path: Path
    running: bool
    ended: RunEnded | None
    """None for one that was cut off."""
    lit: bool
    """Light or heat was given or was about to be, or that cannot be excluded."""
    words: str
    """What was seen of it."""
    head_hash: str = ""


def folder_of(runs_dir: Path, vessel: str) -> Path | None:
    """The folder of the run of this vessel; None while none was made. A folder's name ends with
    its sample's, and each portion has a name of its own."""
    for path in sorted(runs_dir.glob(f"????-??-??/*-{vessel}"), reverse=True):
        if path.is_dir() and _sample_of(path) in (vessel, ""):
            return path
    return None


def _sample_of(folder: Path) -> str:
    """As run.json has it; '' where it cannot be read: then the folder's name alone decides. A curve
    that was imported under a vessel's name is no run of it."""
    try:
        facts = read_facts(folder / "run.json")
    except (LabctlError, OSError):
        return ""
    if facts.get("mode") == Mode.IMPORTED:
        return f"imported {folder.name}"
    return str(facts.get("sample", ""))


def look(folder: Path) -> Seen:
    """Read the whole journal. What cannot be read counts as lit: nobody can say that it was not."""
    journal = folder / "journal.jsonl"
    if is_locked(journal):
        return Seen(folder, True, None, True, "it goes on")
    if not journal.exists():
        # The intent to light is in the journal before there is light.
        return Seen(folder, False, None, False, "cut off before its journal was begun")
    reader = JournalReader(journal)
    ended: RunEnded | None = None
    lit = False
    try:
        for event in reader:
            match event:
                case EmissionIntent():
                    lit = True
                case Emission(beam=beam) if beam is not Beam.OFF:
                    lit = True
                case RunEnded():
                    ended = event
    except LabctlError as error:
        return Seen(folder, False, None, True, f"its journal cannot be read: {error}")
    if reader.state is JournalState.DAMAGED:
        words = f"its journal is damaged at line {reader.first_bad_line}"
        return Seen(folder, False, ended, True, words, reader.head_hash)
    if ended is not None:
        return Seen(folder, False, ended, lit, ended.why, reader.head_hash)
    return Seen(folder, False, None, lit, _cut_off(folder, lit), reader.head_hash)


def _cut_off(folder: Path, lit: bool) -> str:
    if not lit:
        return "cut off before any light"
    try:
        dose = run_dose(folder)
    except (LabctlError, OSError) as error:
        return f"cut off; what it had cannot be worked out: {error}"
    if dose is None:
        return "cut off"
    return (
        f"cut off; by its dose ledger it had {dose.energy.value:.3g} J "
        f"({dose.energy.low:.3g} to {dose.energy.high:.3g}) in {dose.lit_s:.3g} s of light, "
        f"CEM43 {dose.cem43_min.value:.3g} min"
    )
