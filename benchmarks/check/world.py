"""The richer world: do the check's intervals hold there, and does any healthy run fail?

Everything goes through the shipped monitor; the truth is the simulator's own. The statistical limit
of white noise is a floor here: heat losses bend with temperature, draughts flutter, the diode sags.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import fmean

from benchmarks import _binomial
from benchmarks._figures import Figure
from benchmarks.check._world_runs import Schedule, run

CELLS = 200
_HEALTHY = {"short": CELLS, "full": 1000}
_COOLING_S = (600.0, 660.0, 720.0, 780.0, 840.0, 900.0)
_VALUES = {"efficiency": "efficiency", "heat_loss_coefficient": "heat_loss_w_per_k"}
"""Name in the verdict -> name in the simulator's truth."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one healthy run: the verdict, and for each value (error, deviation), relative to the
    truth, and whether the interval holds it."""

    verdict: str
    reasons: tuple[str, ...]
    errors: dict[str, tuple[float, float, bool]]


def healthy(seed: int) -> Outcome:
    """The cell of this seed, baseline 60 s, 10 min of light, 10 to 15 min in the dark."""
    done = run(seed, schedule=Schedule(cool_s=_COOLING_S[seed % len(_COOLING_S)]))
    errors: dict[str, tuple[float, float, bool]] = {}
    for name, true_name in _VALUES.items():
        found, true = done.verdict.results[name], done.truth[true_name]
        sd = (found["sd_statistical"] ** 2 + found["sd_inputs"] ** 2) ** 0.5
        inside = found["low"] <= true <= found["high"]
        errors[name] = (found["value"] / true - 1.0, sd / true, inside)
    return Outcome(done.verdict.verdict, done.verdict.reasons, errors)


def measure(profile: str) -> Iterator[Figure]:
    """Yield the figures of this part."""
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
        seeds = range(1, _HEALTHY[profile] + 1)
        outcomes = list(pool.map(healthy, seeds, chunksize=10))
    yield from _coverage(outcomes[:CELLS], profile)
    yield from _verdicts(outcomes, profile)


def _coverage(cells: Sequence[Outcome], profile: str) -> Iterator[Figure]:
    n = len(cells)
    honest = sum(c.errors["efficiency"][2] or c.verdict == "cannot tell" for c in cells)
    yield Figure(
        "richer world: total 95 % interval of the efficiency",
        honest / n,
        "of cells held or 'cannot tell'",
        profile,
        beside=f"seeds 1 to {n}: {_binomial.words(honest, n)}",
        goal=">= 0.93",
        holds=honest / n >= 0.93,
    )
    for name in _VALUES:
        found = [c.errors[name] for c in cells]
        held = sum(inside for _, _, inside in found)
        label = name.replace("_", " ")
        yield Figure(
            f"richer world: {label} held, whatever the verdict",
            held / n,
            "of cells",
            profile,
            beside=_binomial.words(held, n),
        )
        bias = fmean(error for error, _, _ in found)
        spread = fmean((error - bias) ** 2 for error, _, _ in found) ** 0.5
        stated = fmean(sd for _, sd, _ in found)
        yield Figure(
            f"richer world: {label}, mean error",
            bias * 100.0,
            "%",
            profile,
            beside=f"spread of the errors {spread * 100.0:.2f} %, stated deviation "
            f"{stated * 100.0:.2f} % (both with the inputs' errors)",
        )


def _verdicts(outcomes: Sequence[Outcome], profile: str) -> Iterator[Figure]:
    n = len(outcomes)
    failed = sum(o.verdict == "fail" for o in outcomes)
    open_ = [o for o in outcomes if o.verdict == "cannot tell"]
    yield Figure(
        "healthy runs that fail",
        failed,
        f"of {n}",
        profile,
        beside=f"95 % upper bound {_binomial.interval(failed, n)[1] * 100.0:.2g} %",
        goal="0",
        holds=failed == 0,
    )
    why = sorted({reason.partition(":")[0] for o in open_ for reason in o.reasons})
    yield Figure(
        "healthy runs that cannot tell",
        len(open_),
        f"of {n}",
        profile,
        beside="size, whiteness and sign runs of the innovations lower 2.2 % of passes by chance"
        + (f"; by {', '.join(why)}" if why else ""),
    )
