"""Two gates over the particles of the quick generator, by the trackers alone."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass, field

from benchmarks.protocols._quick_release import EVERY_S, SLOPE_SD, STATED_SD, measured, particle
from labctl.photothermal import Medium, MediumHistory, ReleasePrior, ReleaseTracker

TARGET, CEILING, FLOOR, SURE = 0.8, 0.25, 0.5, 0.95
ORDER_AT_MOST_S, DRUG_AT_MOST_S = 6 * 3600.0, 16 * 3600.0
_ANALYSIS_S = 60.0
"""Between taking a measurement and having it."""
_ENERGY = 65e3 / 8.314


@dataclass(slots=True)
class Staged:
    """What became of one particle, and what was true at its gates."""

    outcome: str
    """`lit`, or why it was held."""
    inhibitor_at_order: float = math.nan
    drug_at_order: float = math.nan
    drug_at_laser: float = math.nan
    covered: list[bool] = field(default_factory=list)
    """Whether the intervals told now and then held the truth."""
    took_s: list[float] = field(default_factory=list)
    """Of every update."""

    @property
    def lit(self) -> bool:
        return self.outcome == "lit"


def staged(seed: int, *, covered_every: int = 7) -> Staged:
    """One particle through both gates, measured every five minutes, after the order gate every
    ten."""
    drawn, rng = particle(seed), random.Random(10**6 + seed)
    degc = 37.0 + drawn.bath_off_k
    rate = math.exp(-_ENERGY * (1.0 / (degc + 273.15) - 1.0 / 310.15))
    history = MediumHistory()
    history.tell(0.0, Medium(degc, 5.5))
    prior = ReleasePrior(scale_relative_sd=SLOPE_SD)
    inhibitor, drug = (ReleaseTracker(history, prior) for _ in range(2))
    found = Staged("order gate: not in time")
    t_s = 0.0
    opened_s: float | None = None
    before = False
    while t_s < (ORDER_AT_MOST_S if opened_s is None else opened_s + DRUG_AT_MOST_S):
        t_s += EVERY_S if opened_s is None else 2.0 * EVERY_S
        now_s = t_s + _ANALYSIS_S
        pairs = [(inhibitor, drawn.inhibitor)] if opened_s is None else []
        for tracker, true in [*pairs, (drug, drawn.drug)]:
            begun = time.perf_counter()
            tracker.add(t_s, measured(true, rng, rate * t_s), STATED_SD)
            found.took_s.append(time.perf_counter() - begun)
            if tracker.count % covered_every == covered_every - 3 and opened_s is None:
                told = tracker.at(now_s)
                found.covered.append(told.low <= true.released(rate * now_s) <= told.high)
        if opened_s is None:
            odds = inhibitor.probability_at_least(TARGET, now_s)
            good, again = odds is not None and odds >= SURE, before
            before = good
            if not (good and again):
                # As the engine: a gate opens on two good measurements in a row.
                continue
            found.inhibitor_at_order = drawn.inhibitor.released(rate * now_s)
            found.drug_at_order = drawn.drug.released(rate * now_s)
            held = drug.probability_at_most(CEILING, now_s)
            if held is None or held < SURE:
                found.outcome = "order gate: the drug is not surely held"
                return found
            opened_s = t_s
            found.outcome = "laser gate: not in time"
            before = False
        odds = drug.probability_at_least(FLOOR, now_s)
        good, again = odds is not None and odds >= SURE, before
        before = good
        if good and again:
            found.drug_at_laser = drawn.drug.released(rate * now_s)
            found.outcome = "lit"
            return found
    return found
