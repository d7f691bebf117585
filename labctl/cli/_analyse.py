"""`labctl analyse`: anybody's curve through every method; files are read, nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labctl.cli._options import sample_option
from labctl.errors import InputError

if TYPE_CHECKING:
    from labctl.photothermal import Known

NARROWEST, WIDEST = 80, 120


@click.command("analyse")
@click.argument("file", type=click.Path(path_type=Path))
@sample_option
@click.option("--power", default=None, metavar="POWER",
              help="Power at the sample, with its deviation: '1.20 W +- 3 %'.")  # fmt: skip
@click.option("--bench", default=None, metavar="FILE",
              help="Bench on which the curve was measured, for its vessel; none is taken that is "
              "not named.")  # fmt: skip
@click.option("--blank", default=None, metavar="RUN", type=click.Path(path_type=Path),
              help="Folder of the run of the solvent alone.")  # fmt: skip
@click.option("--time", "time", default="", metavar="NAME", help="Column of times.")
@click.option("--temperature", default="", metavar="NAME", help="Column of temperatures.")
@click.option("--ambient", default="", metavar="NAME", help="Column of the surroundings.")
@click.option("--light", default="", metavar="NAME", help="Column that says when light was on.")
@click.option("--power-column", default="", metavar="NAME",
              help="Column of the power at the sample.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the table.")
def command(
    file: Path,
    sample: str | None,
    power: str | None,
    bench: str | None,
    blank: Path | None,
    time: str,
    temperature: str,
    ambient: str,
    light: str,
    power_column: str,
    as_json: bool,
) -> int:
    """Audit a heating curve and put it through the full model, one time constant and the
    classical methods.

    FILE is a table with a time, a temperature and, best, a column for the light (CSV; comma,
    semicolon or tab; decimal comma or point), or the folder of a run. What is not known (volume,
    absorbance, power) is asked for, never assumed. Exit code 0 when the check passes, 1 when it
    fails, 7 when it cannot tell.
    """
    from labctl import bench as benches
    from labctl import sample as samples
    from labctl.analysis import Choice, Given, analyse, as_plain, load
    from labctl.cli._analyse_lines import lines
    from labctl.monitor import read_blank

    given = Given(
        specimen=samples.load(samples.find(sample)) if sample else None,
        bench=benches.load(benches.find_bench(bench).path) if bench else None,
        power=power_of(power) if power else None,
        blank=read_blank(blank) if blank else None,
    )
    choice = Choice(
        time=time, temperature=temperature, ambient=ambient, light=light, power=power_column
    )
    found = analyse(load(file, choice), given)
    if as_json:
        click.echo(json.dumps(as_plain(found), ensure_ascii=False, allow_nan=False))
    else:
        width = min(max(shutil.get_terminal_size((NARROWEST, 24)).columns, NARROWEST), WIDEST)
        for line in lines(found, width):
            click.echo(line)
    return int(found.exit_code)


def power_of(text: str) -> Known:
    """`1.2 W +- 3 %`, or `1.2 W` alone: then a deviation of 0 says that none was given."""
    from labctl.photothermal import Known
    from labctl.quantities import Kind, QuantityError, parse, parse_stated

    try:
        if any(mark in text for mark in ("±", "+/-", "+-")):
            stated = parse_stated(text, Kind.POWER)
            return _positive(Known(stated.value, stated.sd))
        return _positive(Known(parse(text, Kind.POWER), 0.0))
    except QuantityError as error:
        raise InputError(error.what, where="--power", fix=_fix(text, error.fix)) from error


def _fix(text: str, fix: str) -> str:
    from labctl.quantities import Kind, QuantityError, parse

    try:
        parse(text, Kind.IRRADIANCE)
    except QuantityError:
        return fix
    return "An irradiance times the area of the spot is a power: give the power at the sample."


def _positive(power: Known) -> Known:
    if power.value <= 0.0:
        raise InputError(
            "a power at the sample is above 0", where="--power", fix="Write for example '1.2 W'."
        )
    return power
