"""Simulated hours under a random schedule of all faults, in virtual time: what must never happen.

Each run is one or two emissions on a shipped bench with up to three faults at random times, a third
of them ending again. One of them is of the list of what must be seen (`_list`), taken in turn; the
others are any that the simulator knows. One run in ten has no fault, and must not trip. Judged by
the world's own log (`_judged`, `_seen`); whatever a run leaves behind is counted after each
(`_left`), and one that does not end is ended by a watchdog and is a deadlock.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import statistics
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks._figures import Figure
from benchmarks.guard import _two
from benchmarks.guard._drawn import Shape, Told, carry, draw_shape
from benchmarks.guard._judged import cap_passed, light_outside, off_said_in_light
from benchmarks.guard._left import Left, StuckError, watched
from benchmarks.guard._list import ENDED, LIST, Listed
from benchmarks.guard._seen import Judged, judge
from labctl.clock import NS
from labctl.errors import Exit
from labctl.events import Tripped
from labctl.instruments import InputError

HOURS = {"short": 6.0, "full": 24.0}
_WATCHDOG_S = 120.0
"""Of real time; a run takes about a second."""
_REDRAWN = 100
_TOLD = 5
"""So many of what went wrong are told in words."""
INVARIANTS = {
    "light outside a lease": light_outside,
    "OFF said in light": off_said_in_light,
    "cap passed by more than the sensor's lag explains": cap_passed,
}
UNWELL = ENDED | {Exit.FAULT}
NEVER = (*INVARIANTS, "healthy run tripped", "a fault in labctl", "raised", "no end", "left behind")


@dataclass
class Tally:
    """What came of all runs."""

    watchdog_s: float = 0.0
    """Of real time for a run; 0 is no watchdog."""
    runs: int = 0
    virtual_s: float = 0.0
    ends: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    judged: dict[str, list[Judged]] = field(default_factory=lambda: defaultdict(list))


def measure(profile: str) -> Iterator[Figure]:
    """24 hours, or as many as fit into two minutes."""
    tally = Tally(_WATCHDOG_S)
    simulate(HOURS[profile] * 3600, random.Random(1), tally)
    yield from figures(tally, profile)
    yield from _two.measure(profile)


def simulate(virtual_s: float, draw: random.Random, tally: Tally) -> None:
    """Runs until so much time has been simulated."""
    deck: list[Listed | None] = []
    with tempfile.TemporaryDirectory() as name:
        while tally.virtual_s < virtual_s:
            if not deck:
                deck = [*LIST, None, None]
                draw.shuffle(deck)
            one(draw, deck.pop(), Path(name) / "run", tally)


def one(draw: random.Random, main: Listed | None, folder: Path, tally: Tally) -> None:
    """Draw a run, carry it out and judge it."""
    for _ in range(_REDRAWN):
        # Else this bench has nothing that such a fault could act on.
        with contextlib.suppress(InputError):
            return play(draw_shape(draw, main), folder, tally)
    raise RuntimeError(f"no bench has what {main} could act on")


def play(shape: Shape, folder: Path, tally: Tally) -> None:
    """Carry a run out in a folder of its own, which goes again, and judge it. InputError where its
    bench has nothing that one of its faults could act on."""
    told, left = Told(shape, shape.bench_file()), Left()
    try:
        with left.looked_for(), watched(tally.watchdog_s):
            carry(shape, folder, told)
    except InputError:
        raise
    except StuckError as error:
        _note(tally, shape, "no end", str(error))
    except Exception as error:
        _note(tally, shape, "raised", repr(error))
    else:
        _judge(told, tally)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for what in left.found:
        _note(tally, shape, "left behind", what)
    tally.runs += 1


def _judge(told: Told, tally: Tally) -> None:
    ended, shape = told.ended, told.shape
    assert ended is not None
    tally.virtual_s += ended.t_ns / NS
    tally.ends[ended.outcome] += 1
    for name, look in INVARIANTS.items():
        if words := look(told):
            _note(tally, shape, name, f"{words}; {ended.exit_code.name} {ended.why[:80]}")
    if not shape.faults and (told.of(Tripped) or ended.exit_code in UNWELL):
        _note(tally, shape, "healthy run tripped", ended.why)
    if ended.exit_code is Exit.FAULT:
        _note(tally, shape, "a fault in labctl", ended.why)
    for fault in shape.faults:
        judged = judge(told, fault)
        if judged is not None:
            tally.judged[judged.listed.name].append(judged)
            if not judged.seen:
                _note(tally, shape, f"unseen: {judged.listed.name}", judged.why)


def _note(tally: Tally, shape: Shape, what: str, words: str) -> None:
    faults = " ".join(str(fault) for fault in shape.faults) or "no fault"
    tally.wrong[what].append(f"{words} [{shape.bench} seed {shape.seed}: {faults}]")


def figures(tally: Tally, profile: str) -> Iterator[Figure]:
    """One line each of what must never be, and of each fault of the list."""
    told = ", ".join(f"{count} {end}" for end, count in tally.ends.most_common())
    hours = tally.virtual_s / 3600
    yield Figure("simulated hours under random faults", hours, "h", profile, beside=told)
    for what in NEVER:
        cases = tally.wrong.get(what, [])
        yield Figure(
            f"runs with: {what}",
            len(cases),
            f"of {tally.runs}",
            profile,
            beside="; ".join(cases[:_TOLD]),
            goal="none",
            holds=not cases,
        )
    for listed in LIST:
        yield _seen(listed, tally, profile)


def _seen(listed: Listed, tally: Tally, profile: str) -> Figure:
    judged = tally.judged.get(listed.name, [])
    seen = sum(each.seen for each in judged)
    beside = "a harmless one" if listed.harmless else ""
    alone = [each.after_s for each in judged if each.seen and each.alone]
    after_s = [t_s for t_s in alone if t_s is not None]
    if listed.long:
        beside = "by the end of a run of which five minutes are lit"
    elif after_s and not listed.harmless:
        middle, most = statistics.median(after_s), max(after_s)
        beside = f"simulated laser, alone {len(alone)} times, dark after {middle:.2f} s"
        beside += f" (median), {most:.2f} s at most"
    if len(alone) > len(after_s):
        beside += f"; {len(alone) - len(after_s)} stay lit, and the run says so"
    cases = tally.wrong.get(f"unseen: {listed.name}", [])
    return Figure(
        f"seen: {listed.name}",
        seen,
        f"of {len(judged)}",
        profile,
        beside="; ".join(filter(None, (beside, *cases[:_TOLD]))),
        goal="all, at least one",
        holds=bool(judged) and seen == len(judged),
    )
