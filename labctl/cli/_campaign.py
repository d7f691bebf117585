"""`labctl campaign`: arms by replicates by lots, planned, run, resumed, told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labctl.cli._folded import folded
from labctl.cli._options import bench_option
from labctl.errors import InputError

if TYPE_CHECKING:
    from labctl.campaign import CampaignLog, CampaignState, Study

_HANG = 12
"""The columns before what a line has to say."""


@click.group("campaign")
def command() -> None:
    """Run a study of several arms: FILE is a campaign file, or the name of a shipped one.

    What it declares is hashed before the first run. `run` goes on where it was left: no finished
    run is repeated, and no portion is irradiated twice.
    """


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    runs = click.option("--runs", "runs_dir", default=None, type=click.Path(path_type=Path),
                        help="Folder for records; else $LABCTL_RUNS, else ./runs.")  # fmt: skip
    return click.argument("file", metavar="FILE")(bench_option(runs(function)))


def _signed(function: Callable[..., Any]) -> Callable[..., Any]:
    by = click.option("--by", required=True, metavar="NAME", help="Who does this.")
    why = click.option("--reason", required=True, metavar="WORDS", help="Why.")
    return by(why(function))


@command.command("plan")
@_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def plan(file: str, bench: str | None, runs_dir: Path | None, as_json: bool) -> None:
    """Show what FILE declares and the order of its runs. Nothing is opened but files."""
    from labctl.campaign import plan_lines

    study, log = _study(file, bench, runs_dir)
    state = _state(study, log)
    if as_json:
        _json(study, state)
        return
    _say(plan_lines(study, state))


@command.command("run")
@_options
@click.option("--speed", default="max", show_default=True, metavar="N|max",
              help="Seconds of the protocol in one real second; simulated bench only.")  # fmt: skip
@click.option("--at-most", "at_most", default=None, type=click.IntRange(1), metavar="N",
              help="Begin at most N runs now.")  # fmt: skip
@click.option("--broker", default=None, metavar="URL|auto|off",
              help="MQTT broker; else $LABCTL_BROKER, else none.")  # fmt: skip
@click.option("--plain", is_flag=True, help="Lines instead of the live screen.")
@click.option("--quiet", is_flag=True,
              help="One line a run, as fast as it goes; simulated bench only.")  # fmt: skip
@click.option("--jobs", default=None, type=click.IntRange(1, 64), metavar="N",
              help="With --quiet: so many runs at a time; else one a core.")  # fmt: skip
@click.option("-y", "--yes", is_flag=True, help="Answer every prompt of the protocols.")
def run(
    file: str,
    bench: str | None,
    runs_dir: Path | None,
    speed: str,
    at_most: int | None,
    broker: str | None,
    plain: bool,
    quiet: bool,
    jobs: int | None,
    yes: bool,
) -> int:
    """Make the runs of FILE that are not made yet, each with the change of its sample before it,
    disarmed; a REAL bench is armed anew for each."""
    from labctl.cli._campaign_run import RunOptions, carry_on

    study, log = _study(file, bench, runs_dir)
    options = RunOptions(speed, at_most, broker, plain, quiet, jobs, yes)
    return carry_on(study, log, _root(runs_dir), options)


@command.command("status")
@_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(file: str, bench: str | None, runs_dir: Path | None, as_json: bool) -> None:
    """Every run of FILE that was begun, with its outcome, and what is still to be made."""
    from labctl.campaign import status_lines

    study, log = _study(file, bench, runs_dir)
    state = _state(study, log)
    if as_json:
        _json(study, state)
        return
    _say(status_lines(study, state))


@command.command("report")
@_options
def report(file: str, bench: str | None, runs_dir: Path | None) -> None:
    """Means, intervals, effect sizes, repeatability, and every run that was begun."""
    from labctl.campaign import gather, report_lines

    study, log = _study(file, bench, runs_dir)
    state = _state(study, log)
    _say(report_lines(study, state, gather(study, state, _root(runs_dir))))


@command.command("exclude")
@_options
@click.argument("run", metavar="RUN")
@_signed
def exclude(
    file: str, bench: str | None, runs_dir: Path | None, run: str, by: str, reason: str
) -> None:
    """Leave RUN (u07, or its folder) out of the means of FILE, for good. It stays in every
    list."""
    from labctl.campaign import exclude as act

    with _held(file, bench, runs_dir) as log:
        made = act(log, run, by=by, reason=reason)
    click.echo(f"{made.name} is excluded; the report lists it, with the reason")


@command.command("replace")
@_options
@click.argument("run", metavar="RUN")
@_signed
def replace(
    file: str, bench: str | None, runs_dir: Path | None, run: str, by: str, reason: str
) -> None:
    """Have the replicate of RUN (crashed, stopped, held, or excluded) made again by the next `run`,
    with a fresh portion of its sample."""
    from labctl.campaign import replace_run

    with _held(file, bench, runs_dir) as log:
        made = replace_run(log, run, by=by, reason=reason)
    click.echo(f"{made.name} will be made again with a fresh portion; run the campaign")


@command.command("unblind")
@_options
@_signed
def unblind(file: str, bench: str | None, runs_dir: Path | None, by: str, reason: str) -> None:
    """Show arms by name from now on; who, when and why stands in every report."""
    from labctl.campaign import unblind as act

    with _held(file, bench, runs_dir) as log:
        act(log, by=by, reason=reason)
    click.echo("unblinded")


@command.command("key")
@_options
@_signed
def key(file: str, bench: str | None, runs_dir: Path | None, by: str, reason: str) -> None:
    """Print which vessel is of what, for the person who fills them; that it was read is
    logged."""
    from labctl.campaign import declare, key_lines, read_key

    study, log = _study(file, bench, runs_dir)
    with log:
        state = _state(study, log)
        declare(study, log)
        read_key(log, by=by, reason=reason)
    _say(key_lines(study, state))


def _root(runs_dir: Path | None) -> Path:
    from labctl.settings import read_settings

    return runs_dir or read_settings().runs


def _study(file: str, bench: str | None, runs_dir: Path | None) -> tuple[Study, CampaignLog]:
    from labctl.campaign import CampaignLog, Study, campaign_folder, find, load

    study = Study.of(load(find(file)), bench)
    return study, CampaignLog(campaign_folder(_root(runs_dir), study.campaign.name))


def _state(study: Study, log: CampaignLog) -> CampaignState:
    from labctl.campaign import open_state

    return open_state(study, log, to_run=False)


def _held(file: str, bench: str | None, runs_dir: Path | None) -> CampaignLog:
    """The log of a campaign that has been declared, and is what was declared; to be entered."""
    study, log = _study(file, bench, runs_dir)
    if not _state(study, log).digest:
        raise InputError(f"no run of campaign {study.campaign.name} was begun yet", where=file)
    return log


def _say(lines: list[str]) -> None:
    for line in lines:
        for part in folded(line, _HANG, sys.stdout):
            click.echo(part)


def _json(study: Study, state: CampaignState) -> None:
    import json

    blind = study.campaign.blind and state.unblinded is None
    by_id = {unit.id: unit for unit in study.units}
    told = {
        "schema": "labctl.campaign-status/1",
        "campaign": study.campaign.name,
        "digest": study.digest,
        "declared": state.declared or None,
        "blind": blind,
        "units": [
            {
                "unit": unit.id, "block": unit.block, "arm": study.shown(unit, blind=blind),
                "lot": unit.lot, "replicate": unit.replicate,
                "made": state.standing(unit.id) is not None,
            }
            for unit in study.units
        ],
        "runs": [
            {
                "run": made.name, "arm": study.shown(by_id[made.unit], blind=blind),
                "state": made.state, "outcome": made.outcome, "verdict": made.verdict,
                "why": made.why, "lit": made.lit, "record": made.run, "bench": made.bench,
                "excluded": made.excluded is not None, "replaced": made.replaced is not None,
            }
            for made in state.made.values()
        ],
    }  # fmt: skip
    click.echo(json.dumps(told, ensure_ascii=False))
