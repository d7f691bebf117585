"""What happens to the medium and what it tells of the particles: stimuli, assays, gates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from labctl.events._base import Event, Plain


@dataclass(frozen=True, slots=True)
class Dosed(Event):
    """Something was added to the sample."""

    kind: ClassVar[str] = "dosed"
    agent: str
    volume_m3: float
    """As the doser counted it, or as the person confirmed it."""
    how: str
    """`doser`, or `by hand`."""
    who: str = ""
    ph: float | None = None
    """Of the medium afterwards, as computed or confirmed."""
    concentration_mol_per_m3: float | None = None
    """Of the agent in the medium afterwards."""
    added_ns: int | None = None
    """When it was added, where a person confirms that later; None: as it is told."""


@dataclass(frozen=True, slots=True)
class MediumSet(Event):
    """The stimulus is there: from here on the release is followed under these conditions, beside
    the probe's temperature."""

    kind: ClassVar[str] = "medium-set"
    species: tuple[str, ...]
    ph: float | None
    glutathione_mol_per_m3: float | None
    volume_m3: float
    """Of the medium."""
    how: str
    """`thermostat and doser`, `confirmed by a person`, ..."""


@dataclass(frozen=True, slots=True)
class Assayed(Event):
    """One measurement of one species in the medium."""

    kind: ClassVar[str] = "assayed"
    species: str
    taken_ns: int
    """When the medium was sampled or looked at."""
    signal: float | None
    """As the instrument gave it; None where it gave none."""
    unit: str
    concentration_mol_per_m3: float | None
    """By the calibration in this medium."""
    sd_mol_per_m3: float | None
    fraction: float | None
    """Of what was loaded; None where the load is not stated."""
    sd_fraction: float | None
    removed_m3: float = 0.0
    """Medium that the measurement took away."""
    trouble: str = ""
    """Why it gives no number."""


@dataclass(frozen=True, slots=True)
class ReleaseBasis(Event):
    """What the following of a release starts from, fixed before the first measurement. Whoever
    reads the journal again reads only this."""

    kind: ClassVar[str] = "release-basis"
    version: int
    priors: Plain
    """Name -> what is supposed of its release and of its assay before anything is measured."""
    assumptions: tuple[str, ...] = ()
    """In words, placeholders by name, for the result to repeat."""
    medium_ph: float | None = None
    """At the beginning of the run, as the sample states it."""
    medium_glutathione_mol_per_m3: float | None = None
    """At the beginning of the run, as the sample states it."""


@dataclass(frozen=True, slots=True)
class ReleaseAssessed(Event):
    """What is known of the release of every species that is followed."""

    kind: ClassVar[str] = "release-assessed"
    results: Plain
    """Name -> `fraction`, `sd`, `low`, `high` (95 %) of the load, `measurements`, `outliers` (how
    many), `why_none` (why no odds are given now; '' when they are), `laws` (share of each)."""
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GateLooked(Event):
    """A gate opened, or was held."""

    kind: ClassVar[str] = "gate-looked"
    step: str
    opened: bool
    why: str
    probabilities: Plain = field(default_factory=dict)
    """Condition in words -> its probability by all that was measured."""
