"""Rules of the guard that have nothing to look at on a bench: shown, that nobody counts on them."""

from __future__ import annotations

from labctl.bench._model import BenchFile
from labctl.events import LASER
from labctl.limits import Limits


def unwatched(bench: BenchFile, source: str, asked: Limits | None = None) -> list[str]:
    """One line a rule that cannot fire for this source, with the reason. RefusedError as
    `BenchFile.guard_spec`."""
    spec = bench.guard_spec(asked, source)
    lines = []
    if spec.frozen_after == 0:
        lines.append("frozen: switched off under `vigilance`")
    if source != LASER:
        return lines
    if spec.power_mismatch == 0.0:
        lines.append("power, power-mismatch: no meter sees the beam")
    if not spec.needs_interlock:
        lines.append("interlock: the laser cannot read it, or the bench file does not say so")
    return lines
