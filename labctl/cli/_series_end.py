"""What is said at the end of a series: its runs beside each other, and whether they agree."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

import click

from labctl.engine import RunRequest, RunResult
from labctl.errors import Exit

_CODES = {"fail": Exit.CHECK_FAILED, "cannot tell": Exit.CANNOT_TELL}


def end_of_series(runs: Sequence[tuple[RunRequest, RunResult]], *, as_json: bool) -> Exit:
    """Say it, and the exit code that follows from it alone."""
    from labctl.monitor import AtConcentration, over_concentrations

    rows = []
    for request, result in runs:
        specimen, verdict = request.specimen, result.verdict
        if specimen is None or verdict is None:
            continue
        stated = specimen.concentration_kg_per_m3
        amount = None if stated is None or specimen.kind == "solvent" else stated.value
        rows.append(AtConcentration(specimen.name, amount, verdict))
    criterion, lines = over_concentrations(rows)
    if as_json:
        click.echo(json.dumps({"series": dataclasses.asdict(criterion), "runs": list(lines)}))
    else:
        value = "" if criterion.value is None else f" ({criterion.value * 100.0:+.1f} %)"
        why = f": {criterion.why}" if criterion.why else ""
        click.echo("\n".join(["", "SERIES", *(f"  {line}" for line in lines)]))
        click.echo("  the deviations of the efficiencies are those that the samples do not share")
        click.echo(f"  {criterion.name}: {criterion.outcome}{value}{why}")
    return _CODES.get(criterion.outcome, Exit.PASS)
