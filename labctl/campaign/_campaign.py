"""What a campaign file declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labctl.limits import Limits

SCHEMA = "labctl.campaign/1"

ROLES = {
    "treatment": "what is tried",
    "control": "lacks something of it",
    "blank": "no particles",
    "reference": "the treatment that is declared to be known",
}
"""Role of an arm -> what it means."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm: a sample, a protocol, its parameters."""

    name: str
    title: str
    role: str
    """One of `ROLES`."""
    samples: Mapping[str, Path]
    """Lot -> the sample's file; one entry under '' where no lots are named."""
    protocol: Path
    parameters: tuple[str, ...]
    """As `-p` takes them: `power=1.2W`."""

    @property
    def lots(self) -> tuple[str, ...]:
        """In which it is made; one that is '' where no lots are named."""
        return tuple(self.samples)


@dataclass(frozen=True, slots=True)
class Analysis:
    """What will be looked at, declared before the first run."""

    primary: str
    """Name of a result as it stands in run.json."""
    secondary: tuple[str, ...]
    compare_to: str
    """Arm that the others are held against; '' for none."""
    confidence: float
    count: tuple[str, ...]
    """Outcomes of runs that count: `completed`, `held`."""

    @property
    def outcomes(self) -> tuple[str, ...]:
        """All that is looked at, the primary one first."""
        return (self.primary, *self.secondary)


@dataclass(frozen=True, slots=True)
class Campaign:
    """Arms by replicates by lots, as declared."""

    name: str
    title: str
    hypothesis: str
    arms: tuple[Arm, ...]
    replicates: int
    """Of each arm in each lot."""
    benches: tuple[Path, ...]
    """On which it may be run, the first where none is asked for."""
    seed: int
    """What order, labels and simulated worlds are drawn from."""
    blind: bool
    limits: Limits
    analysis: Analysis
    said: str
    """SHA-256 of what the file says, whatever its layout."""
    text: str
    """The file as it was read."""
    source_file: str
