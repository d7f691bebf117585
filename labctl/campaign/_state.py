"""Where a campaign stands: its log, folded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

GOES_ON = ("completed", "held")
"""Outcomes after which the next run is begun."""

BEGUN, ENDED, CRASHED, UNTOUCHED, NOT_BEGUN = "begun", "ended", "crashed", "untouched", "not begun"
"""States of a portion. Untouched: cut off with no light given; the replicate is made anew with a
fresh portion. Not begun: refused before there was a record; the same portion may be taken."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person did, with name and reason."""

    utc: str
    by: str
    user: str
    """Account on the computer."""
    reason: str

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> Act:
        """From a line of the log."""
        return cls(line["utc"], str(line.get("by", "")), line["user"], str(line.get("reason", "")))


@dataclass(frozen=True, slots=True)
class Made:
    """One portion of a unit, and what became of its run."""

    unit: str
    portion: int
    state: str
    bench: str
    begun: str
    """UTC of the line that told of it."""
    run: str = ""
    """Folder below the folder for records; '' while none is known."""
    outcome: str = ""
    verdict: str = ""
    why: str = ""
    lit: bool | None = None
    head_hash: str = ""
    excluded: Act | None = None
    replaced: Act | None = None

    @property
    def name(self) -> str:
        """`u07`, `u07-p2`."""
        return self.unit if self.portion == 1 else f"{self.unit}-p{self.portion}"

    @property
    def stands(self) -> bool:
        """Its replicate is made, or may not be made again without an act."""
        return self.state in (ENDED, CRASHED) and self.replaced is None

    @property
    def broken(self) -> bool:
        """It ended otherwise than a run should, and has its replicate's place all the same."""
        ended_so = self.stands and self.outcome not in ("", *GOES_ON)
        return ended_so and self.excluded is None


@dataclass(slots=True)
class CampaignState:
    """All that the log says."""

    digest: str = ""
    """As declared before the first run; '' while nothing was."""
    said: str = ""
    """Hash of the campaign's own file, then."""
    declared: str = ""
    """When, UTC."""
    made: dict[tuple[str, int], Made] = field(default_factory=dict)
    """In the order in which they were begun."""
    unblinded: Act | None = None
    keys_read: list[Act] = field(default_factory=list)

    @classmethod
    def of(cls, lines: Iterable[Mapping[str, Any]]) -> CampaignState:
        """Fold the log."""
        state = cls()
        for line in lines:
            state._take(line)
        return state

    @property
    def open(self) -> list[Made]:
        """Begun, and nothing is known of their end."""
        return [made for made in self.made.values() if made.state == BEGUN]

    def standing(self, unit: str) -> Made | None:
        """The portion that counts for this unit."""
        found = [made for made in self.made.values() if made.unit == unit and made.stands]
        return found[-1] if found else None

    def next_portion(self, unit: str) -> int:
        """A run that left a record has used its portion up; one that left none has not."""
        used = [
            made.portion
            for made in self.made.values()
            if made.unit == unit and made.state != NOT_BEGUN
        ]
        return max(used, default=0) + 1

    def _take(self, line: Mapping[str, Any]) -> None:
        match line["what"]:
            case "declared":
                self.digest, self.declared = line["digest"], line["utc"]
                self.said = line["said"]
            case "begins":
                key = line["unit"], line["portion"]
                self.made[key] = Made(*key, BEGUN, line["bench"], line["utc"])
            case "ended" | "crashed" | "untouched" | "not begun" as state:
                key = line["unit"], line["portion"]
                self.made[key] = replace(
                    self.made[key],
                    state=state,
                    **{
                        name: line[name]
                        for name in ("run", "outcome", "verdict", "why", "lit", "head_hash")
                        if name in line
                    },
                )
            case "excluded":
                key = line["unit"], line["portion"]
                self.made[key] = replace(self.made[key], excluded=Act.of(line))
            case "replaced":
                key = line["unit"], line["portion"]
                self.made[key] = replace(self.made[key], replaced=Act.of(line))
            case "unblinded":
                self.unblinded = Act.of(line)
            case "key read":
                self.keys_read.append(Act.of(line))
