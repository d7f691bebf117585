"""Staged release: when the laser is lit, was the order truly held?

Two gates: the inhibitor has left to 80 % with odds of 95 % while the drug is held below 25 % with
odds of 95 %; then the drug has left to its floor with odds of 95 %, and the laser may be lit. Every
particle is drawn from a stated spread, the ratio of the two rates from 5 to 20; what is counted is
the truth at the moments at which the gates opened. Looking again after every measurement and
opening at the first good moment is part of what is tried.

`quick` figures come from a generator of this benchmark's own (`_quick_release`), without engine or
instruments; the others from whole runs on the simulated bench.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks._binomial import interval, words
from benchmarks._figures import Figure
from benchmarks.protocols._staged_quick import CEILING, FLOOR, TARGET, Staged, staged
from benchmarks.protocols._staged_runs import staged_run

QUICK = {"short": 40, "full": 200}
RUNS = {"short": 3, "full": 200}
SHARE = 0.93


def measure(profile: str) -> Iterator[Figure]:
    """The quick generator, then whole runs."""
    found = [staged(seed) for seed in range(1, QUICK[profile] + 1)]
    yield from gates(found, "quick", profile)
    yield covered(found, profile)
    took = sorted(seconds for one in found for seconds in one.took_s)
    yield Figure(
        "release: an update by one measurement, mean", 1e3 * sum(took) / len(took), "ms", profile,
        beside=f"99 of 100 below {1e3 * took[int(0.99 * len(took))]:.0f} ms",
        goal="< 20 ms", holds=sum(took) / len(took) < 0.02,
    )  # fmt: skip
    runs = [staged_run(seed) for seed in range(1, RUNS[profile] + 1)]
    yield from gates(runs, "whole runs", profile)


def gates(found: Sequence[Staged], where: str, profile: str) -> Iterator[Figure]:
    """What was true when the gates opened, of those in which the laser was lit."""
    lit = [one for one in found if one.lit]
    held = Counter(one.outcome for one in found if not one.lit)
    told = "; ".join(f"{count} {why}" for why, count in sorted(held.items()))
    yield Figure(
        f"staged ({where}): lit of {len(found)} particles", float(len(lit)), "", profile,
        beside=f"held: {told}" if told else "none held",
        goal="the rest held, each with a reason", holds=all(held),
    )  # fmt: skip
    for what, count in (
        (
            f"inhibitor truly above {TARGET:.0%} at the order gate",
            sum(one.inhibitor_at_order >= TARGET for one in lit),
        ),
        (
            f"drug truly below {CEILING:.0%} at the order gate",
            sum(one.drug_at_order <= CEILING for one in lit),
        ),
        (
            f"drug truly above {FLOOR:.0%} at the laser gate",
            sum(one.drug_at_laser >= FLOOR for one in lit),
        ),
    ):
        share = count / len(lit) if lit else 0.0
        yield Figure(
            f"staged ({where}): {what}", 100.0 * share, "%", profile,
            beside=words(count, len(lit)) if lit else "none lit",
            goal=f">= {SHARE:.0%} of the lit", holds=share >= SHARE if lit else None,
        )  # fmt: skip


def covered(found: Sequence[Staged], profile: str) -> Figure:
    """Whether the intervals that were told now and then held the truth."""
    inside = [held for one in found for held in one.covered]
    share = sum(inside) / len(inside)
    low, high = interval(sum(inside), len(inside))
    # Fewer than some hundred particles cannot tell 93 from 97 %.
    return Figure(
        "release: 95 % intervals that hold the truth", 100.0 * share, "%", profile,
        beside=f"{len(inside)} intervals of {len(found)} particles and laws that the check does "
        f"not have; 95 % {100 * low:.1f} to {100 * high:.1f} % were they independent",
        goal="93 to 97 %", holds=0.93 <= share <= 0.97,
    )  # fmt: skip
