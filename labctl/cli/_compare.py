"""`labctl compare`: runs beside each other, and whether they differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labctl.cli._run_folder import run_folder, runs_option
from labctl.errors import InputError

if TYPE_CHECKING:
    from labctl.compare import Comparison

SCHEMA = "labctl.compare/1"
_POINTS = 400
"""Of a curve of differences in the JSON."""


@click.command("compare")
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True)
@click.option("--temperature", is_flag=True,
              help="Curves as temperatures, not as rises over each run's start.")  # fmt: skip
@click.option("--output", default=None, type=click.Path(path_type=Path), metavar="FILE",
              help="The curves as a figure too: FILE.svg, .png or .pdf.")  # fmt: skip
@runs_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    runs: tuple[str, ...],
    temperature: bool,
    output: Path | None,
    runs_dir: Path | None,
    as_json: bool,
) -> None:
    """Lay two to eight RUNs (their folders) over each other from the moment at which light came
    on, list what each found, and say of each result whether the others differ from the first.

    Two runs are called different only where the 95 % interval of their difference leaves zero
    out. Inputs that are the same for both, such as one power calibration, count once. Nothing is
    written but --output.
    """
    from labctl.compare import MOST, compare, read_side

    if not 2 <= len(runs) <= MOST:
        raise InputError(f"{len(runs)} runs cannot be compared", fix=f"Name 2 to {MOST}.")
    letters = "ABCDEFGH"
    sides = [read_side(run_folder(typed, runs_dir), letter)
             for typed, letter in zip(runs, letters, strict=False)]  # fmt: skip
    found = compare(sides, rise=not temperature)
    if output is not None:
        _draw(output, found)
    if as_json:
        click.echo(json.dumps(_told(found)))
        return
    from labctl.cli._compare_lines import show

    show(found)
    if output is not None:
        click.echo(f"figure  {output}")


def _draw(path: Path, found: Comparison) -> None:
    from labctl.compare import aligned
    from labctl.figure import Overlaid, draw_overlay

    rise = found.rise
    curves = []
    for side in found.sides:
        t_s, value = aligned(side, rise=rise)
        mode = f"  {side.mode}" if side.mode else ""
        curves.append(Overlaid(f"{side.letter}  {side.run}{mode}", t_s.tolist(), value.tolist()))
    differences = [
        Overlaid(each.second, each.t_s.tolist(), each.value_k.tolist()) for each in found.curves
    ]
    label = "temperature rise / K" if rise else "temperature / °C"
    from textwrap import wrap

    words = [line for warning in found.warnings for line in wrap(warning, 118)[:2]]
    draw_overlay(path, curves, differences, label=label, words=words[:10])


def _told(found: Comparison) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "runs": [
            {
                "letter": side.letter, "run": side.run, "state": side.state, "mode": side.mode,
                "protocol": side.begun.protocol if side.begun is not None else None,
                "sample": side.begun.sample if side.begun is not None else None,
                "lot": side.lot, "bench": side.begun.bench if side.begun is not None else None,
                "outcome": side.ended.outcome if side.ended is not None else None,
                "verdict": side.verdict.verdict if side.verdict is not None else None,
                "results": dict(side.verdict.results) if side.verdict is not None else {},
                "lit_s": side.lit_s, "baseline_degc": side.baseline_degc,
                "highest_rise_k": side.highest_rise_k, "asked_w": side.asked_w,
                "measured_w": side.measured_w, "assumptions": list(side.assumptions),
            }
            for side in found.sides
        ],
        "differences": [
            {
                "quantity": each.quantity, "first": each.first, "second": each.second,
                "told": each.told.value, "why": each.why, "unit": each.unit, "value": each.value,
                "sd": each.sd, "low": each.low, "high": each.high,
                "sd_independent": each.sd_independent, "shared": list(each.shared),
            }
            for each in found.differences
        ],
        "curves": [
            {
                "first": each.first, "second": each.second, "rms_k": each.rms_k,
                "largest_k": each.largest_k, "largest_at_s": each.largest_at_s,
                **_series(each.t_s.tolist(), each.value_k.tolist()),
            }
            for each in found.curves
        ],
        "warnings": list(found.warnings),
        "remarks": list(found.remarks),
    }  # fmt: skip


def _series(t_s: list[float], value_k: list[float]) -> dict[str, list[float | None]]:
    """Every so many-th point; null for a gap."""
    every = max(1, -(-len(t_s) // _POINTS))
    kept = [None if value != value else value for value in value_k[::every]]
    return {"t_s": list(t_s[::every]), "value_k": kept}
