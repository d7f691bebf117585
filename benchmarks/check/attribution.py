"""Which cause does the check name, with power and ambient monitors and without, and with a second
thermocouple in the sample?

Faults are injected into the richer world of `simulators/` while it is heated, and go through the
shipped monitor. A detection is right when the standing alarm has the class of the table of faults
(docs/reference/faults.md), names the true cause among its causes, and none that a monitor of the
bench rules out. Without monitors a cause may stand alone only where the switch-off has split its
class; one that stands alone before, or wrongly, is counted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from benchmarks import _binomial
from benchmarks._figures import Figure
from benchmarks.check._world_runs import Instruments, Schedule, run
from labctl.clock import NS
from labctl.events import Alarm

SCHEDULE = Schedule(heat_s=400.0, cool_s=300.0)
_SEEDS = {"short": 3, "full": 20}
_RULED_OUT = {"power", "ambient temperature"}
"""By a power meter and an ambient probe, unless these saw the change themselves."""
_OF_BEAD = {"light on the bead", "offset of the probe", "bead out of the sample"}
"""By a second bead, where the liquid changed and both beads with it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A fault of the simulator and what is true of it."""

    name: str
    fault: str
    cause: str
    classes: tuple[int, ...]


CASES = (
    Case("power step -10 %", "power-step=-10%", "power", (1,)),
    Case("power step -5 %", "power-step=-5%", "power", (1,)),
    Case("power step +10 %", "power-step=+10%", "power", (1,)),
    Case("ambient step +1 K", "ambient-step=+1K", "ambient temperature", (1,)),
    Case("ambient step +2 K", "ambient-step=+2K", "ambient temperature", (1,)),
    Case("ambient step -3 K", "ambient-step=-3K", "ambient temperature", (1,)),
    Case("heat loss +15 %", "heat-loss-step=+15%", "heat loss", (1,)),
    Case("heat loss +30 % (lid off)", "heat-loss-step=+30%", "heat loss", (1,)),
    Case("beam walks off -10 %", "beam-off-sample=-10%", "overlap of beam and sample", (1,)),
    Case("beam walks off -20 %", "beam-off-sample=-20%", "overlap of beam and sample", (1,)),
    Case("bleaching 20 %/min", "bleaching=20%", "bleaching or settling of the particles", (1, 14)),
    Case("light on the bead 1 K/W", "bead-in-beam=1K", "light on the bead", (7,)),
    Case("offset +0.5 K", "probe-offset=+0.5K", "offset of the probe", (7,)),
    Case("offset +1 K", "probe-offset=+1K", "offset of the probe", (7,)),
    Case("bead out", "bead-out", "bead out of the sample", (8,)),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one run. `first` and `last` say whether the alarm was right when it was told and as it
    stands in the end; None without an alarm."""

    case: Case
    first: bool | None
    last: bool | None
    alone_before: int
    """Alarms with one cause while the light was still on, of a class that is degenerate there."""
    alone_wrong: int
    """Alarms with one cause, and that the wrong one."""
    alone_right: bool
    causes: int
    """How many the standing alarms name between them."""
    delay_s: float | None


def one(case: Case, seed: int, monitors: bool, second: bool = False) -> Outcome:
    """The case in the cell of this seed, 3 to 5 minutes after the light came on."""
    onset_s = SCHEDULE.baseline_s + 180.0 + 20.0 * (seed % 7)
    done = run(
        seed,
        faults=(f"{case.fault}@{onset_s:.0f}s",),
        schedule=SCHEDULE,
        instruments=Instruments(meter=monitors, ambient=monitors, second=second),
    )
    off_s = SCHEDULE.baseline_s + SCHEDULE.heat_s
    told = [a for a in done.alarms if a.t_ns / NS >= onset_s]
    standing = _standing(told)
    alone = [a for a in told if len(a.causes) == 1]
    return Outcome(
        case,
        first=_right(told[0], case, monitors) if told else None,
        last=all(_right(a, case, monitors, second) for a in standing) if standing else None,
        alone_before=sum(a.t_ns / NS <= off_s and a.fault_class in {1, 7, 14} for a in alone),
        alone_wrong=sum(a.causes[0] != case.cause for a in alone),
        alone_right=any(a.causes == (case.cause,) for a in alone),
        causes=len({cause for a in standing for cause in a.causes}),
        delay_s=told[0].t_ns / NS - onset_s if told else None,
    )


def _standing(told: Sequence[Alarm]) -> list[Alarm]:
    """The alarms as they are in the end."""
    found: dict[str, Alarm] = {}
    for alarm in told:
        found[alarm.refines or alarm.name] = alarm
    return list(found.values())


def _right(alarm: Alarm, case: Case, monitors: bool, second: bool = False) -> bool:
    ruled_out = _RULED_OUT - {case.cause} if monitors else set()
    if second and case.cause not in _OF_BEAD:
        ruled_out |= _OF_BEAD
    return (
        alarm.fault_class in case.classes
        and case.cause in alarm.causes
        and not ruled_out & set(alarm.causes)
    )


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part."""
    seeds = range(1, _SEEDS[profile] + 1)
    for monitors, second in ((True, False), (False, False), (False, True)):
        jobs = [(case, seed, monitors, second) for case in CASES for seed in seeds]
        with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
            outcomes = list(pool.map(one, *zip(*jobs, strict=True), chunksize=4))
        yield from figures(outcomes, monitors, profile, second)


def figures(
    outcomes: Sequence[Outcome], monitors: bool, profile: str, second: bool = False
) -> Iterator[Figure]:
    """The figures of all cases, with or without the two monitors, or with a second bead alone."""
    where = "with meter and ambient probe" if monitors else "without monitors"
    where = "with a second thermocouple" if second else where
    found = [o for o in outcomes if o.last is not None]
    yield Figure(
        f"faults detected, {where}",
        len(found) / len(outcomes),
        "of runs",
        profile,
        beside=_by_case(outcomes),
    )
    right = sum(o.last is True for o in found)
    goal = {"goal": ">= 0.95", "holds": right >= 0.95 * len(found)} if monitors else {}
    yield Figure(
        f"right class, {where}",
        right / max(1, len(found)),
        "of detections",
        profile,
        beside=f"{_binomial.words(right, len(found))}; when first told "
        f"{sum(o.first is True for o in found) / max(1, len(found)):.2f}; causes named "
        f"{sum(o.causes for o in found) / max(1, len(found)):.1f} on the average",
        **goal,  # type: ignore[arg-type]
    )
    wrong = sum(o.alone_wrong for o in outcomes)
    yield Figure(
        f"single causes named wrongly, {where}",
        wrong,
        f"of {len(found)} detections",
        profile,
        beside=f"95 % upper bound {_binomial.interval(wrong, max(1, len(found)))[1]:.2g}",
        goal="0",
        holds=wrong == 0,
    )
    if monitors or second:
        return
    before = sum(o.alone_before for o in outcomes)
    yield Figure(
        "single cause of a degenerate class while the light is on, without monitors",
        before,
        f"of {len(found)} detections",
        profile,
        goal="0",
        holds=before == 0,
    )
    split = sum(o.alone_right for o in found)
    yield Figure(
        "cause found alone, and right, behind the switch-off, without monitors",
        split / max(1, len(found)),
        "of detections",
        profile,
        beside="overlap and efficiency cannot be split by any branch",
    )


def _by_case(outcomes: Sequence[Outcome]) -> str:
    words = []
    for case in CASES:
        of_case = [o for o in outcomes if o.case == case]
        if not of_case:
            continue
        delays = [o.delay_s for o in of_case if o.delay_s is not None]
        late = f" after {sum(delays) / len(delays):.0f} s" if delays else ""
        right = sum(o.last is True for o in of_case)
        words.append(f"{case.name}: {len(delays)}/{len(of_case)}{late}, {right} right")
    return "; ".join(words)
