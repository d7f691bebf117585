"""Runs a campaign from where it stands: one run after the other, each logged before it begins.

What makes a resume harmless: a line says which portion is about to be run, and is on the disk
first; the portion's name is the end of its run's folder; the journal in there says whether light
was given. A portion that has a folder is never run again. A run that ended has its replicate's
place, whatever its outcome; one that was cut off with light given has it too, as crashed. Only
`replace`, a signed act, has such a replicate made again, with a fresh portion.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import labctl
from labctl.campaign._log import CampaignLog
from labctl.campaign._look import folder_of, look
from labctl.campaign._order import Unit
from labctl.campaign._state import GOES_ON, CampaignState, Made
from labctl.campaign._study import Study
from labctl.engine import RunRequest, RunResult
from labctl.errors import LabctlError, RefusedError
from labctl.events import RunEnded
from labctl.protocol import Plan
from labctl.record import recover_run


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that is over."""

    ended: RunEnded
    folder: Path
    fault: str = ""
    """Why its record is not whole, or what went wrong once it was over."""

    @classmethod
    def of(cls, result: RunResult) -> Ran:
        """From what the engine says."""
        fault = "" if result.fault is None else str(result.fault)
        return cls(result.ended, result.folder.path, fault)

    @property
    def goes_on(self) -> bool:
        """The next run may be begun; after any other end a person looks first."""
        return self.ended.outcome in GOES_ON and not self.fault


Carry = Callable[[RunRequest, Unit], Ran]
"""Carries one run out, shown or not."""


def campaign_folder(runs_dir: Path, name: str) -> Path:
    """Where the log of a campaign lies, beside the days of the records."""
    return runs_dir / "campaigns" / name


def open_state(study: Study, log: CampaignLog, *, to_run: bool = True) -> CampaignState:
    """Where it stands. RefusedError when what was declared before the first run is not what the
    files say now; to look at it, and to act on its runs, the campaign's own file is enough."""
    state = CampaignState.of(log.read())
    same = study.digest == state.digest if to_run else study.campaign.said == state.said
    if state.digest and not same:
        raise RefusedError(
            f"campaign {study.campaign.name} is not what was declared before its first run: its "
            "file, or a protocol, sample or bench that it names, says something else now",
            where=study.campaign.source_file,
            seen=f"{study.digest[:12]}, declared {state.digest[:12]} on {state.declared[:10]}",
            fix=f"Put it back as it was ({log.folder / 'campaign.yaml'}), or give the new one a "
            "name of its own.",
        )
    return state


def declare(study: Study, log: CampaignLog) -> None:
    """The first line: the hash of all that is declared, before anything is run."""
    if log.read():
        return
    log.keep(study.campaign.text)
    log.say(
        "declared",
        campaign=study.campaign.name,
        digest=study.digest,
        said=study.campaign.said,
        units=len(study.units),
        seed=study.campaign.seed,
        blind=study.campaign.blind,
        version=labctl.__version__,
    )


def settle(study: Study, log: CampaignLog, runs_dir: Path) -> list[Made]:
    """Find out what became of runs of which only the beginning is logged, and log it; returns
    those. RefusedError while one of them goes on."""
    settled = []
    for made in CampaignState.of(log.read()).open:
        unit = _unit(study, made.unit)
        folder = folder_of(runs_dir, study.vessel(unit, made.portion))
        key: dict[str, Any] = {"unit": made.unit, "portion": made.portion}
        if folder is None:
            log.say("not begun", **key, why="cut off before there was a record", lit=False)
        else:
            seen = look(folder)
            if seen.running:
                raise RefusedError(
                    "a run of this campaign still goes on",
                    where=str(folder),
                    fix="Wait for it, or stop it with `labctl stop`.",
                )
            key |= {"run": _below(folder, runs_dir), "head_hash": seen.head_hash, "lit": seen.lit}
            if seen.ended is not None:
                log.say("ended", **key, **_said(seen.ended), found="afterwards")
            else:
                log.say("crashed" if seen.lit else "untouched", **key, why=seen.words)
                with contextlib.suppress(LabctlError, OSError):
                    # Its run.json and data.csv, for whoever reads it; its journal stays as it is.
                    recover_run(folder)
        settled.append(CampaignState.of(log.read()).made[made.unit, made.portion])
    return settled


def run_campaign(
    study: Study,
    log: CampaignLog,
    runs_dir: Path,
    carry: Carry,
    *,
    speed: Callable[[Plan], float | None],
    about: Mapping[str, Any] | None = None,
    at_most: int | None = None,
    on_settled: Callable[[Made], None] = lambda made: None,
) -> Ran | None:
    """Make what is not made yet, in the declared order; `log` is held. Returns the last run when it
    ended in a way that a person must look at, else None.

    What refuses a run before it has a record is logged and raised. `at_most` runs are begun.
    """
    for made in take_up(study, log, runs_dir):
        on_settled(made)
    begun = 0
    while at_most is None or begun < at_most:
        unit = next_unit(study, CampaignState.of(log.read()))
        if unit is None:
            return None
        begun += 1
        request = begin(study, log, runs_dir, unit, speed=speed, about=about or {})
        try:
            ran = carry(request, unit)
        except LabctlError as error:
            refused(study, log, runs_dir, unit, error)
            raise
        over(log, runs_dir, unit, ran)
        if not ran.goes_on:
            return ran
    return None


def take_up(study: Study, log: CampaignLog, runs_dir: Path) -> list[Made]:
    """What comes before any run: it is what was declared, or is declared now, and of every run that
    was begun it is known what became of it. Returns those of which that was found out now."""
    open_state(study, log)
    declare(study, log)
    return settle(study, log, runs_dir)


def next_unit(study: Study, state: CampaignState) -> Unit | None:
    """The first in the declared order that is neither made nor being made."""
    under_way = {made.unit for made in state.open}
    for unit in study.units:
        if unit.id not in under_way and state.standing(unit.id) is None:
            return unit
    return None


def begin(
    study: Study,
    log: CampaignLog,
    runs_dir: Path,
    unit: Unit,
    *,
    speed: Callable[[Plan], float | None],
    about: Mapping[str, Any],
) -> RunRequest:
    """Log that a portion of this unit is about to be run; returns what is to be carried out."""
    state = CampaignState.of(log.read())
    portion = state.next_portion(unit.id)
    vessel = study.vessel(unit, portion)
    former = folder_of(runs_dir, vessel)
    if former is not None:
        raise RefusedError(
            f"{vessel} has a record already, of which this campaign's log says nothing",
            where=str(former),
            fix="Records of another campaign of this name? Give this one a name of its own.",
        )
    blind = study.campaign.blind and state.unblinded is None
    request = study.request(unit, portion, runs_dir, speed=speed, about=about, blind=blind)
    log.say(
        "begins", unit=unit.id, portion=portion, label=unit.label, vessel=vessel,
        bench=study.bench.name, seed=request.seed, digest=study.digest,
    )  # fmt: skip
    return request


def refused(study: Study, log: CampaignLog, runs_dir: Path, unit: Unit, error: LabctlError) -> None:
    """The run was begun, and raised. Where it left a record, that is looked at by the next
    `take_up`."""
    made = _open(log, unit)
    if folder_of(runs_dir, study.vessel(unit, made.portion)) is None:
        log.say("not begun", unit=unit.id, portion=made.portion, why=str(error), lit=False)


def over(log: CampaignLog, runs_dir: Path, unit: Unit, ran: Ran) -> None:
    """Log how a run ended, as its record has it."""
    seen = look(ran.folder)
    log.say(
        "ended",
        unit=unit.id,
        portion=_open(log, unit).portion,
        run=_below(ran.folder, runs_dir),
        head_hash=seen.head_hash,
        lit=seen.lit,
        **_said(ran.ended),
    )


def _open(log: CampaignLog, unit: Unit) -> Made:
    return next(made for made in CampaignState.of(log.read()).open if made.unit == unit.id)


def _said(ended: RunEnded) -> dict[str, Any]:
    return {"outcome": ended.outcome, "verdict": ended.verdict, "why": ended.why}


def _below(folder: Path, runs_dir: Path) -> str:
    return folder.relative_to(runs_dir).as_posix()


def _unit(study: Study, name: str) -> Unit:
    return next(unit for unit in study.units if unit.id == name)
