"""`labctl import FILE`: others' curve as a record, marked imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labctl.cli._options import sample_option
from labctl.errors import InputError

if TYPE_CHECKING:
    from labctl.analysis import Choice
    from labctl.imported import Imported

SCHEMA = "labctl.imported/1"
ROLES = ("time", "temperature", "ambient", "light", "power")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@sample_option
@click.option("--column", "columns", multiple=True, metavar="ROLE=NAME",
              help="Take the column NAME as time, temperature, ambient, light or power; any number "
              "of them. Else the names in the file decide.")  # fmt: skip
@click.option("--power", default=None, metavar="POWER",
              help="Power at the sample, with its deviation: '1.20 W +- 3 %'.")  # fmt: skip
@click.option("--bench", default=None, metavar="FILE",
              help="Bench file of where the curve was measured, for its vessel; none is taken that "
              "is not named.")  # fmt: skip
@click.option("--blank", default=None, metavar="RUN", type=click.Path(path_type=Path),
              help="Folder of the run of the solvent alone.")  # fmt: skip
@click.option("--source", default="", metavar="WORDS",
              help="Where the file comes from: a laboratory, a paper, a DOI.")  # fmt: skip
@click.option("--by", default="", metavar="NAME", help="Who imports it; else the account.")
@click.option("--no-figure", is_flag=True, help="No figure.svg.")
@click.option("--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
              help="Folder for records; else $LABCTL_RUNS, else ./runs.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    file: Path,
    sample: str | None,
    columns: tuple[str, ...],
    power: str | None,
    bench: str | None,
    blank: Path | None,
    source: str,
    by: str,
    no_figure: bool,
    runs_dir: Path | None,
    as_json: bool,
) -> int:
    """Make a record of somebody else's heating curve: marked IMPORTED, with the file itself, its
    SHA-256, what each column was taken as, the audit of `labctl analyse` and every method's answer.

    FILE is a table of a logger or a spreadsheet (CSV; comma, semicolon or tab; decimal comma or
    point; lines before the header). What is not known (power, volume, absorbance) is asked for,
    never assumed: then the verdict cannot tell. Nothing is left behind of a file that cannot be
    read.

    Exit code 0: imported, whatever its verdict; 2: the file cannot be read; 6: the record cannot
    be written.
    """
    from labctl import bench as benches
    from labctl import sample as samples
    from labctl.analysis import Given
    from labctl.cli._analyse import power_of
    from labctl.imported import import_curve
    from labctl.monitor import read_blank
    from labctl.settings import read_settings

    given = Given(
        specimen=samples.load(samples.find(sample)) if sample else None,
        bench=benches.load(benches.find_bench(bench).path) if bench else None,
        power=power_of(power) if power else None,
        blank=read_blank(blank) if blank else None,
    )
    root = runs_dir or read_settings().runs
    made = import_curve(file, root, _choice(columns), given, who=by, source=source)
    _made_again(made.folder, figure=not no_figure)
    if as_json:
        click.echo(json.dumps(_plain(made), ensure_ascii=False, allow_nan=False))
        return 0
    about, found = made.about, made.analysis
    click.echo(f"IMPORTED  {made.folder}")
    click.echo(f"  {about.file}, SHA-256 {about.sha256}")
    for words in about.recognised:
        click.echo(f"  {words}")
    for finding in found.findings:
        if finding.severity.value != "note":
            click.echo(f"  {finding.severity.value}: {finding.seen}")
    if found.asked:
        click.echo("  not known: " + "; ".join(name for name, _ in found.asked))
    click.echo(f"  verdict  {found.verdict}" + "".join(f"; {why}" for why in found.reasons[:1]))
    click.echo(f"  head hash {made.head_hash}")
    return 0


def _choice(columns: tuple[str, ...]) -> Choice:
    from labctl.analysis import Choice

    named: dict[str, str] = {}
    for each in columns:
        role, sign, name = each.partition("=")
        if not sign or role not in ROLES or not name:
            raise InputError(
                f"{each!r} is no column",
                where="--column",
                fix=f"Write ROLE=NAME with one of {', '.join(ROLES)}: --column time='t / s'.",
            )
        if role in named:
            raise InputError(f"{role} is named twice", where="--column", fix="Name it once.")
        named[role] = name
    return Choice(**named)


def _made_again(folder: Path, *, figure: bool) -> None:
    """What follows from the record."""
    from labctl.export import describe_crate

    if figure:
        from labctl.figure import draw

        draw(folder)
    describe_crate(folder)


def _plain(made: Imported) -> dict[str, object]:
    from labctl.analysis import as_plain

    return {
        "schema": SCHEMA,
        "run": str(made.folder),
        "mode": "IMPORTED",
        "file": made.about.file,
        "sha256": made.about.sha256,
        "who": made.about.who,
        "source": made.about.source,
        "columns": list(made.about.columns),
        "head_hash": made.head_hash,
        "analysis": as_plain(made.analysis),
    }
