"""What the command line knows once the engine has ended, for the last words of a view."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from labctl.events import RunEnded, Verdict


@dataclass(frozen=True, slots=True)
class Summary:
    """Handed to `Presenter.finish` after the engine ended and the record was closed."""

    exit_code: int
    """What the process will end with (labctl.errors.Exit)."""
    run_ended: RunEnded | None = None
    """None where the run was never begun or was cut off."""
    verdict: Verdict | None = None
    record: Path | None = None
    """The run's folder; None where nothing was written."""
    figure: Path | None = None
    next_commands: tuple[str, ...] = ()
    """Whole command lines to try next, ready to be copied."""
    messages: tuple[str, ...] = ()
    """What went wrong beside the run, e.g. that no figure could be drawn."""
