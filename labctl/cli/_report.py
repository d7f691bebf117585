"""`labctl report`: a record, or a whole campaign, as one HTML page, and as figures for a paper."""

from __future__ import annotations

from pathlib import Path

import click

from labctl.cli._options import bench_option
from labctl.cli._run_folder import run_folder
from labctl.errors import InputError

FORMATS = ("svg", "pdf", "png")
WIDTHS_MM = {"84mm": 84.0, "174mm": 174.0}


@click.command("report")
@click.argument("run", metavar="RUN", required=False)
@click.option("--campaign", default=None, metavar="FILE",
              help="Instead of a RUN: the report of a campaign.")  # fmt: skip
@click.option("--out", default=None, type=click.Path(path_type=Path), metavar="FILE",
              help="The page; else report.html in the folder.")  # fmt: skip
@click.option("--figures", default=None, metavar="FORMATS",
              help="Figures too, as svg, pdf, png or several of them: svg,pdf.")  # fmt: skip
@click.option("--width", "width", default="84mm", show_default=True,
              type=click.Choice(sorted(WIDTHS_MM)),
              help="Of the figures: one column of a journal, or two.")  # fmt: skip
@click.option("--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
              help="Folder for records; else $LABCTL_RUNS, else ./runs.")  # fmt: skip
@bench_option
def command(
    run: str | None,
    campaign: str | None,
    out: Path | None,
    figures: str | None,
    width: str,
    runs_dir: Path | None,
    bench: str | None,
) -> None:
    """Make one HTML page of RUN (its folder): verdict, curves, numbers, faults, people, methods to
    paste, and how to verify it. It works offline and prints.

    With --figures also the folder `figures`, at a journal's column width. The record is not
    changed.
    """
    if (run is None) == (campaign is None):
        raise click.UsageError("name a RUN, or --campaign FILE")
    formats = _formats(figures)
    if campaign is not None:
        if figures:
            raise click.UsageError("figures are those of a RUN")
        click.echo(_campaign(campaign, bench, runs_dir, out))
        return
    from labctl.report import write_report

    folder = run_folder(str(run), runs_dir)
    click.echo(write_report(folder, out))
    if formats:
        from labctl.report import write_figures

        for path in write_figures(folder, folder / "figures", formats, WIDTHS_MM[width]):
            click.echo(path)
    _describe_again(folder)


def _describe_again(folder: Path) -> None:
    """What was made in the record's folder belongs to its crate from now on."""
    from labctl.export import METADATA, crate_or_why

    if (folder / METADATA).exists() and (why := crate_or_why(folder)):
        click.echo(why, err=True)


def _formats(typed: str | None) -> list[str]:
    names = [name.strip().lower() for name in typed.split(",")] if typed else []
    for name in names:
        if name not in FORMATS:
            raise InputError(
                f"there are no figures as {name!r}", where="--figures",
                fix=f"Name some of {', '.join(FORMATS)}.",
            )  # fmt: skip
    return list(dict.fromkeys(names))


def _campaign(file: str, bench: str | None, runs_dir: Path | None, out: Path | None) -> Path:
    from labctl.campaign import (
        CampaignLog,
        Study,
        campaign_folder,
        find,
        gather,
        load,
        open_state,
    )
    from labctl.report import write_campaign_report
    from labctl.settings import read_settings

    root = runs_dir or read_settings().runs
    study = Study.of(load(find(file)), bench)
    folder = campaign_folder(root, study.campaign.name)
    state = open_state(study, CampaignLog(folder))
    results = gather(study, state, root)
    return write_campaign_report(study, state, results, out or folder / "report.html")
