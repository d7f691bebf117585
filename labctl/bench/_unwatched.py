"""Rules of the guard that have nothing to look at on a bench: shown, that nobody counts on them."""

from __future__ import annotations

from labctl.bench._model import BenchFile
from labctl.bench._rise_bounds import Contents
from labctl.events import LASER
from labctl.limits import Limits, tighten


def unwatched(
    bench: BenchFile,
    source: str,
    asked: Limits | None = None,
    contents: Contents | None = None,
    power_w: float | None = None,
) -> list[str]:
    """One line a rule that cannot fire for this source, with the reason; of `contents` at no more
    than `power_w`, the most that is asked for. RefusedError as `BenchFile.guard_spec`."""
    spec = bench.guard_spec(asked, source, contents)
    why = bench.rise_bounds(tighten(bench.limits, asked or Limits()), source, contents).why
    # What comes of the power at last, by the least that it can do.
    most_w = spec.max_power_w if power_w is None else power_w
    least_k = spec.least_k_per_j * most_w * spec.fades_s
    too_small = f"{most_w:.3g} W makes no more than {least_k:.2g} K sure"
    lines = []
    if spec.frozen_after == 0:
        lines.append("frozen: switched off under `vigilance`")
    elif least_k <= 3.0 * spec.resolution_k:
        lines.append(f"frozen: {why or too_small}, and a step is {spec.resolution_k:g} K")
    if spec.most_k_per_j == 0.0:
        lines.append(f"follow: {why}")
    elif least_k <= spec.rise_margin_k:
        lines.append(f"follow, too small a rise: {why or too_small}")
    if source != LASER:
        return lines
    if spec.power_mismatch == 0.0:
        lines.append("power, power-mismatch: no meter sees the beam")
    elif spec.power_mismatch >= 1.0:
        lines.append(
            "power-mismatch, too little power: the calibrations' deviations allow "
            f"{spec.power_mismatch:.0%}"
        )
    if not spec.needs_interlock:
        lines.append("interlock: the laser cannot read it, or the bench file does not say so")
    return lines
