"""Cuts a campaign off by kill -9 at random moments, takes it up again, and counts.

The campaign's process is forked from this one, which has everything imported, so that a kill costs
what the run costs. What is counted is read from the records, not from the campaign's own log.
Run as a program it prints one JSON object: `python -m benchmarks.protocols._campaign_kills KILLS`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labctl.campaign import (
    CampaignLog,
    CampaignState,
    Study,
    campaign_folder,
    carry_quietly,
    load,
    run_campaign,
)
from labctl.events import EmissionIntent, RunEnded
from labctl.record import JournalReader

PROTOCOL = """\
schema: labctl.protocol/1
name: quick
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
steps:
  - baseline: {for: 20 s}
  - irradiate: {power: 0.5 W, for: 90 s}
  - cool: {for: 20 s}
"""
CAMPAIGN = """\
schema: labctl.campaign/1
name: cut-off
hypothesis: Whatever cuts it off, nothing is irradiated twice and nothing that ended is lost.
protocol: quick.yaml
bench: simulated
seed: 11
replicates: {replicates}
lots: [A, B]
arms:
  particles: {{sample: polydopamine}}
  medium: {{sample: water, role: blank}}
analysis: {{primary: peak_temperature, compare_to: medium}}
"""


@dataclass
class Counted:
    """What a campaign that was killed again and again left."""

    kills: int = 0
    """That hit a campaign which was running."""
    lit: int = 0
    """Of them, those in a run that had been given light."""
    units: int = 0
    ended: int = 0
    crashed: int = 0
    not_made: int = 0
    irradiated_twice: int = 0
    """Replicates of which more than one record has light: none was asked to be made again."""
    lost: int = 0
    """Runs that had ended before a kill and are not in the log as such, or are not as they were."""
    wrong: list[str] = field(default_factory=list)


def cut_off(kills: int, folder: Path, seed: int = 1) -> Counted:
    """Kill so often, then let it come to its end."""
    (folder / "quick.yaml").write_text(PROTOCOL)
    # A kill that hits light uses a replicate up, so there are more of them than kills.
    replicates = max(2, -(-2 * kills // 3))
    (folder / "campaign.yaml").write_text(CAMPAIGN.format(replicates=replicates))
    study, runs = Study.of(load(folder / "campaign.yaml")), folder / "runs"
    counted, rng = Counted(units=len(study.units)), random.Random(seed)
    _in_a_child(study, runs, at_most=1)
    took_s = _timed(study, runs)
    finished: dict[str, str] = {}
    seen: set[str] = set()
    while counted.kills < kills:
        child = _fork(study, runs, at_most=None)
        time.sleep(rng.uniform(0.0, 1.5 * took_s))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            # It was done before: fewer kills than were asked for, and that is told.
            break
        counted.kills += 1
        records = _records(runs)
        cut = {path for path, lit, ended in records if lit and ended is None}
        counted.lit += bool(cut - seen)
        seen |= cut
        finished |= {path: ended for path, _, ended in records if ended is not None}
    _in_a_child(study, runs, at_most=None)
    _count(study, runs, finished, counted)
    return counted


def _count(study: Study, runs: Path, finished: dict[str, str], counted: Counted) -> None:
    state = CampaignState.of(CampaignLog(campaign_folder(runs, study.campaign.name)).read())
    ended = {made.run: made.head_hash for made in state.made.values() if made.state == "ended"}
    for path, head in finished.items():
        if ended.get(path) != head:
            counted.lost += 1
            counted.wrong.append(f"{path} had ended, and is not in the log as it was")
    lit: dict[str, int] = {}
    for path, was_lit, _ in _records(runs):
        unit = json.loads((runs / path / "run.json").read_text())["campaign"]["unit"]
        lit[unit] = lit.get(unit, 0) + was_lit
    for unit, times in lit.items():
        if times > 1:
            counted.irradiated_twice += 1
            counted.wrong.append(f"{unit} was irradiated {times} times")
    for unit in study.units:
        standing = state.standing(unit.id)
        counted.ended += standing is not None and standing.state == "ended"
        counted.crashed += standing is not None and standing.state == "crashed"
        counted.not_made += standing is None


def _records(runs: Path) -> list[tuple[str, bool, str | None]]:
    """Every record: where, whether light was given, and the head hash of one that ended."""
    found = []
    for journal in sorted(runs.glob("????-??-??/*/journal.jsonl")):
        reader = JournalReader(journal)
        lit = over = False
        for event in reader:
            lit = lit or isinstance(event, EmissionIntent)
            over = isinstance(event, RunEnded)
        path = journal.parent.relative_to(runs).as_posix()
        found.append((path, lit, reader.head_hash if over else None))
    return found


def _timed(study: Study, runs: Path) -> float:
    begun = time.perf_counter()
    _in_a_child(study, runs, at_most=1)
    return time.perf_counter() - begun


def _in_a_child(study: Study, runs: Path, at_most: int | None) -> None:
    _, status = os.waitpid(_fork(study, runs, at_most), 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError("the campaign did not come to its end")


def _fork(study: Study, runs: Path, at_most: int | None) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        with CampaignLog(campaign_folder(runs, study.campaign.name)) as log:
            last = run_campaign(
                study, log, runs, lambda request, unit: carry_quietly(request),
                speed=lambda plan: None, at_most=at_most,
            )  # fmt: skip
        code = 0 if last is None else 2
    finally:
        os._exit(code)


def main(arguments: list[str]) -> dict[str, Any]:
    """For a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return asdict(cut_off(int(arguments[0]), Path(folder)))


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1:])))
