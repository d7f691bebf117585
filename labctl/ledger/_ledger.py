"""The ledger of a sample: its runs in a folder of records, and what they add up to.

Two runs are of one sample when their files give it the same name and the same lot, and when both
were REAL or both SIMULATED: what a simulated sample had, no real one has. Two portions of one lot
are not told apart; a fresh portion that is to begin at nothing needs a lot or a name of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labctl.errors import LabctlError
from labctl.ledger._run_dose import RunDose, run_dose
from labctl.photothermal import NOTHING, ArrheniusPair, Bounded, Cem43
from labctl.record import read_ends
from labctl.sample import Specimen, load


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two runs those of one sample."""

    name: str
    lot: str

    def __str__(self) -> str:
        return f"{self.name}, lot {self.lot}" if self.lot else self.name


@dataclass(frozen=True, slots=True)
class SampleLedger:
    """All runs of one sample in one mode, oldest first."""

    identity: Identity
    mode: str
    runs: tuple[RunDose, ...]
    unreadable: tuple[str, ...] = ()
    """Runs of this sample's name whose dose could not be read, and why: the sums lack them."""

    @property
    def energy(self) -> Bounded:
        """J at the sample."""
        return sum((run.energy for run in self.runs), NOTHING)

    @property
    def fluence(self) -> Bounded:
        """J/m^2, of the runs that know it; see `without_fluence`."""
        return sum((run.fluence for run in self.runs if run.fluence is not None), NOTHING)

    @property
    def without_fluence(self) -> int:
        """Runs with light on benches that state no spot area: the fluence lacks them."""
        return sum(run.fluence is None for run in self.runs)

    @property
    def cem43_min(self) -> Bounded:
        """Equivalent minutes at 43 degC, of the probed liquid."""
        return sum((run.cem43_min for run in self.runs), NOTHING)

    @property
    def lit_s(self) -> float:
        """Seconds of light."""
        return sum(run.lit_s for run in self.runs)

    @property
    def peak_degc(self) -> float | None:
        """Highest reading of all runs."""
        return max((run.peak_degc for run in self.runs if run.peak_degc is not None), default=None)


def identity_of(specimen: Specimen) -> Identity:
    """By what the runs of this sample are found."""
    return Identity(specimen.name, specimen.lot)


def sample_ledgers(
    runs_dir: Path,
    identity: Identity,
    *,
    mode: str | None = None,
    rebuild: bool = False,
    convention: Cem43 | None = None,
    pair: ArrheniusPair | None = None,
) -> tuple[SampleLedger, ...]:
    """A ledger for each mode in which the sample was run (or for `mode` alone), from all records in
    `runs_dir`. What a closed run told of itself is taken; `rebuild` works every run out from its
    readings, to the same."""
    found: dict[str, list[RunDose]] = {}
    unreadable: dict[str, list[str]] = {}
    for folder in _folders(runs_dir):
        try:
            ends = read_ends(folder / "journal.jsonl")
        except LabctlError:
            continue
        begun = ends.begun
        if begun is None or begun.sample != identity.name:
            continue
        if mode is not None and begun.mode.value != mode:
            continue
        lot = ends.basis.lot if ends.basis is not None else _lot(folder, begun.sample_digest)
        if lot is not None and lot != identity.lot:
            continue
        try:
            dose = run_dose(folder, rebuild=rebuild, convention=convention, pair=pair)
        except (LabctlError, OSError) as error:
            unreadable.setdefault(begun.mode.value, []).append(f"{folder}: {error}")
            continue
        if lot is None:
            unreadable.setdefault(begun.mode.value, []).append(
                f"{folder}: the record does not say which lot it was"
            )
        elif dose is not None:
            found.setdefault(begun.mode.value, []).append(dose)
    return tuple(
        SampleLedger(identity, each, tuple(found.get(each, ())), tuple(unreadable.get(each, ())))
        for each in sorted({*found, *unreadable})
    )


def _folders(runs_dir: Path) -> Iterator[Path]:
    """Folders of runs, oldest first: by date, then by number."""
    for day in sorted(path for path in runs_dir.glob("????-??-??") if path.is_dir()):
        for folder in sorted(day.iterdir()):
            if (folder / "journal.jsonl").is_file():
                yield folder


def _lot(folder: Path, sample_digest: str) -> str | None:
    """The lot of a run whose journal does not name it, from the sample file kept beside it; only
    when that file is the one that the journal speaks of."""
    try:
        specimen = load(folder / "sample.yaml")
    except (LabctlError, OSError):
        return None
    return specimen.lot if specimen.digest == sample_digest else None
