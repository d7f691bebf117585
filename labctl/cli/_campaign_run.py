"""The runs of a campaign in the terminal: each as `labctl run` shows one, or one line each."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click

from labctl import bench as benches
from labctl.campaign import (
    CampaignLog,
    CampaignState,
    Made,
    Ran,
    Study,
    Unit,
    run_campaign,
    run_side_by_side,
    status_lines,
    unit_words,
)
from labctl.cli._carry_out import RunInTerminal, about_process
from labctl.cli._options import parse_speed
from labctl.cli._plan_light import arming_lines, off_lines, unwatched_lines
from labctl.cli._sample_lines import medium_lines, sample_lines
from labctl.clock import NS
from labctl.engine import RunRequest, way_to
from labctl.errors import Exit, InputError
from labctl.protocol import Plan
from labctl.settings import read_settings
from labctl.telemetry import BrokerChoice


@dataclass(frozen=True, slots=True)
class RunOptions:
    """As it was typed."""

    speed: str
    at_most: int | None
    broker: str | None
    plain: bool
    quiet: bool
    jobs: int | None
    yes: bool


def carry_on(study: Study, log: CampaignLog, runs_dir: Path, options: RunOptions) -> int:
    """Make what is not made yet; returns the exit code of the run that stopped it, else 1 where a
    check failed, 7 where one cannot tell, crashed or did not come to its end, 0."""
    if options.quiet:
        _check_quiet(study, options)
    blind = study.campaign.blind and CampaignState.of(log.read()).unblinded is None
    with log:
        if options.quiet:
            last = run_side_by_side(
                study,
                log,
                runs_dir,
                options.jobs or os.cpu_count() or 1,
                about=about_process(),
                at_most=options.at_most,
                on_settled=_tell_settled,
                on_over=lambda unit, ran: _tell_over(study, unit, ran, blind),
            )
        else:
            last = run_campaign(
                study,
                log,
                runs_dir,
                _Carrier(study, log, options),
                speed=lambda plan: _speed(options.speed, plan, study),
                about=about_process(),
                at_most=options.at_most,
                on_settled=_tell_settled,
            )
        state = CampaignState.of(log.read())
    for line in status_lines(study, state):
        click.echo(line)
    if last is not None:
        return int(last.ended.exit_code)
    standing = [made for unit in study.units if (made := state.standing(unit.id))]
    if any(made.verdict == "fail" for made in standing):
        return Exit.CHECK_FAILED
    unclear = any(
        made.verdict == "cannot tell" or made.state == "crashed" or made.broken for made in standing
    )
    return Exit.CANNOT_TELL if unclear else Exit.PASS


class _Carrier:
    """Carries one run out where a person sees it."""

    def __init__(self, study: Study, log: CampaignLog, options: RunOptions) -> None:
        self._study = study
        self._log = log
        self._options = options
        broker = options.broker or read_settings().broker or "off"
        self._broker = BrokerChoice.parse(broker)

    def __call__(self, request: RunRequest, unit: Unit) -> Ran:
        """Shown as a run alone is."""
        study = self._study
        state = CampaignState.of(self._log.read())
        blind = study.campaign.blind and state.unblinded is None
        number = study.units.index(unit) + 1
        words = unit_words(study, unit, number, blind=blind)
        shown = RunInTerminal(
            request,
            broker=self._broker,
            as_json=False,
            plain=self._options.plain,
            figure=False,
            yes=self._options.yes,
            header=[words, *_header(request)],
            bench_why=study.bench_why,
            next_commands=lambda result: (),
        )
        shown.run()
        if shown.result is None:
            raise RuntimeError("a run without a result")
        return Ran.of(shown.result)


def _header(request: RunRequest) -> list[str]:
    """What stands before a single run too; hazards are told, blind or not."""
    plan, file, specimen = request.plan, request.bench_file, request.specimen
    real = way_to(plan, file).real
    return [
        *benches.waived(file, benches.today()),
        *(arming_lines(plan, file, specimen, unattended=False) if real else ()),
        *off_lines(plan, file),
        *unwatched_lines(plan, file, specimen),
        *sample_lines(specimen),
        *medium_lines(plan, file),
    ]


def _speed(text: str, plan: Plan, study: Study) -> float | None:
    in_process = way_to(plan, study.bench).in_process
    if text == "max" and not in_process:
        return 1.0
    return parse_speed(text, in_process=in_process, planned_s=plan.at_most_ns / NS)


def _tell_settled(made: Made) -> None:
    click.echo(f"{made.name}, left behind: {made.outcome or made.state}; {made.why}")


def _tell_over(study: Study, unit: Unit, ran: Ran, blind: bool) -> None:
    words = unit_words(study, unit, study.units.index(unit) + 1, blind=blind)
    click.echo(f"{words}: {ran.ended.outcome}, {ran.ended.verdict}; {ran.folder}")


def _check_quiet(study: Study, options: RunOptions) -> None:
    in_process = all(way_to(plan, study.bench).in_process for plan in study.plans.values())
    if not in_process or not options.yes:
        raise InputError(
            "--quiet shows no prompt, and asks nobody",
            where="--quiet",
            fix="On a bench that is simulated in this process, add --yes; else leave it out.",
        )
