"""A quick generator of particles that release two drugs, with numbers of its own.

Not the simulated bench: no instruments, no engine. It is here to try the inference on thousands of
particles in minutes, on laws that the check does not have: two pools that empty at different rates,
a rate that is spread over the particles, and the three of the check; with an assay that is off by a
slope and an offset, noise that is not what is stated, and outliers. All numbers are made up.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

EVERY_S = 300.0
STATED_SD = 0.025
SLOPE_SD, ZERO_SD = 0.04, 0.005
"""Of the assay's calibration with the load, as stated and as drawn."""
OUTLIERS = 0.01
RATIOS = (5.0, 20.0)
"""Of the rates of inhibitor and drug."""


@dataclass(frozen=True, slots=True)
class Drug:
    """One drug of one particle: its true release, and the error that its assay has."""

    law: str
    released: Callable[[float], float]
    """Reduced time in s -> fraction of the load."""
    slope: float
    zero: float
    noise: float


@dataclass(frozen=True, slots=True)
class Particle:
    """Two drugs and how warm they are kept."""

    inhibitor: Drug
    drug: Drug
    ratio: float
    bath_off_k: float
    """Of the bath, from 37 degC."""


def particle(seed: int) -> Particle:
    """One of the population."""
    rng = random.Random(seed)
    rate = 0.7 / 3600.0 * math.exp(rng.gauss(0.0, 0.3))
    ratio = math.exp(rng.uniform(math.log(RATIOS[0]), math.log(RATIOS[1])))
    return Particle(
        _drug(rng, rate), _drug(rng, rate / ratio), ratio, rng.gauss(0.0, 0.15)
    )  # fmt: skip


def measured(drug: Drug, rng: random.Random, reduced_s: float) -> float:
    """The fraction as the assay tells it."""
    told = drug.slope * drug.released(reduced_s) + drug.zero + rng.gauss(0.0, drug.noise)
    if rng.random() < OUTLIERS:
        told += rng.choice((-1.0, 1.0)) * rng.uniform(0.15, 0.6)
    return told


def _drug(rng: random.Random, k: float) -> Drug:
    law = rng.choice(("first order", "weibull", "korsmeyer-peppas", "two pools", "spread rates"))
    end = rng.uniform(0.92, 1.0)
    burst = rng.uniform(0.0, 0.04)
    lag_s = rng.uniform(0.0, 240.0)
    shape = rng.uniform(0.75, 1.2)
    fast, factor = rng.uniform(0.2, 0.5), rng.uniform(1.5, 4.0)
    pieces = [math.exp(rng.gauss(0.0, 0.4)) for _ in range(30)]

    def gone(s: float) -> float:
        x = k * max(0.0, s - lag_s)
        if law == "first order":
            return 1.0 - math.exp(-x)
        if law == "weibull":
            return 1.0 - math.exp(-(x**shape))
        if law == "korsmeyer-peppas":
            n = 0.45 + 0.4 * (shape - 0.75) / 0.45
            ends = 0.6 ** (1.0 / n)
            if x < ends:
                return float(x**n)
            return 1.0 - 0.4 * math.exp(-n * 0.6 / ends / 0.4 * (x - ends))
        if law == "two pools":
            return 1.0 - fast * math.exp(-factor * x) - (1.0 - fast) * math.exp(-x / factor**0.5)
        return 1.0 - sum(math.exp(-piece * x) for piece in pieces) / len(pieces)

    return Drug(
        law,
        lambda s: burst + (end - burst) * gone(s),
        slope=math.exp(rng.gauss(0.0, SLOPE_SD)),
        zero=rng.gauss(0.0, ZERO_SD),
        noise=STATED_SD * math.exp(rng.gauss(0.0, 0.15)),
    )
