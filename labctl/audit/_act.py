"""What one act is."""

from __future__ import annotations

from dataclasses import dataclass

NOT_NAMED = "not named"
"""What is shown where nobody was."""


@dataclass(frozen=True, slots=True)
class HumanAct:
    """Something that a person did, or is said to have done."""

    what: str
    """`started`, `armed`, `answered`, `note`, `hold`, `stopped`, `excluded` and so on; the list is
    in docs/reference/record.md."""
    who: str
    """As the source has it; '' where nobody was named."""
    text: str
    """In the source's words."""
    source: str
    """File, and line or event in it: `journal.jsonl event 17`."""
    t_s: float | None = None
    """On the run's clock, where the run's journal tells it."""
    utc: str = ""
    """ISO with offset; '' where it is not known, as of what the journal of a simulation tells."""

    @property
    def by(self) -> str:
        """For people."""
        return self.who or NOT_NAMED
