"""Campaigns: 4 arms by 3 replicates of staged-release, and one that is killed again and again.

The wall time is of the command as a person types it, its start and the reading of all records
included. What else the machine does meanwhile stretches it, so that the time of the processors, and
how long the slower of its processes waited for one, are told beside it; the limit stays as it is.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks._figures import Figure
from benchmarks.protocols._campaign_kills import cut_off
from labctl.campaign import CampaignLog, CampaignState, Study, campaign_folder, find, load
from labctl.record import read_facts

KILLS = {"short": 8, "full": 50}
SHIPPED = "staged-or-together"


def measure(profile: str) -> Iterator[Figure]:
    """Wall time of the shipped campaign; what kills leave."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _shipped(profile, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        yield from _killed(profile, Path(folder))


def _shipped(profile: str, runs: Path) -> Iterator[Figure]:
    before, begun = _processors_s(), time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "labctl", "campaign", "run", SHIPPED, "--quiet", "--yes",
         "--runs", str(runs)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "LABCTL_NO_BOOTSTRAP": "1"},
    )  # fmt: skip
    waited: dict[str, float] = {}
    while process.poll() is None:
        _look_at_waits(process.pid, waited)
        time.sleep(0.5)
    wall_s, processors_s = time.perf_counter() - begun, _processors_s() - before
    waited_s = max(waited.values(), default=0.0)
    study = Study.of(load(find(SHIPPED)))
    state = CampaignState.of(CampaignLog(campaign_folder(runs, study.campaign.name)).read())
    made = [state.standing(unit.id) for unit in study.units]
    facts = [read_facts(runs / each.run / "run.json") for each in made if each is not None]
    hours = sum(float(each["duration_s"]) for each in facts) / 3600.0
    samples = sum(int(each["samples"]) for each in facts)
    outcomes = [each.outcome for each in made if each is not None]
    # 1 and 7: of a run that a gate held, the check may not say much.
    whole = process.returncode in (0, 1, 7)
    whole = whole and all(each in ("completed", "held") for each in outcomes)
    yield Figure(
        f"campaign of {len(study.campaign.arms)} arms x {study.campaign.replicates} replicates of "
        "staged-release",
        wall_s, "s", profile,
        beside=f"{processors_s:.0f} s of processor on {os.cpu_count()} cores; {waited_s:.0f} s of "
        f"the wall its processes were ready and had none; {hours:.0f} h on the "
        f"benches, {samples} samples at 1 Hz; {outcomes.count('completed')} completed, "
        f"{outcomes.count('held')} held",
        goal="< 60 s, all made", holds=whole and len(facts) == len(made) and wall_s < 60.0,
    )  # fmt: skip


def _killed(profile: str, folder: Path) -> Iterator[Figure]:
    found = cut_off(KILLS[profile], folder)
    beside = (
        f"{found.kills} kills, {found.lit} in a run with light; of {found.units} replicates "
        f"{found.ended} ended, {found.crashed} crashed with light given, {found.not_made} not made"
    )
    whole = found.kills >= KILLS[profile] and found.not_made == 0
    yield Figure(
        "campaign, kill -9 at random: replicates irradiated twice", found.irradiated_twice, "",
        profile, beside=beside, goal="0", holds=whole and found.irradiated_twice == 0,
    )  # fmt: skip
    yield Figure(
        "campaign, kill -9 at random: finished runs lost or changed", found.lost, "", profile,
        beside=beside, goal="0", holds=whole and found.lost == 0,
    )  # fmt: skip


def _look_at_waits(parent: int, waited: dict[str, float]) -> None:
    """How long each process that carries runs out was ready to run and had no processor, by the
    kernel's account; nothing where there is none."""
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for child in children:
            _, ready_ns, _ = Path(f"/proc/{child}/schedstat").read_text().split()
            waited[child] = int(ready_ns) / 1e9
    except (OSError, ValueError):
        return


def _processors_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
