"""Points drawn once and for all: the same on every machine, in every version, in every replay.

A counter put through the mixing function of SplitMix64 (Steele, Lea, Flood 2014), whole numbers
only, made normal in pairs by Box and Muller's transform. No generator, no seed of a library.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from labctl.photothermal._release_laws import Array


@lru_cache(maxsize=256)
def normal_points(count: int, dimensions: int, turn: int) -> Array:
    """`count` rows of independent standard normals, read-only. `turn` >= 0 chooses among sets that
    have nothing in common."""
    pairs = (dimensions + 1) // 2
    uniform = uniform_points(count, 2 * pairs, turn)
    radius = np.sqrt(-2.0 * np.log(uniform[:, :pairs]))
    angle = 2.0 * math.pi * uniform[:, pairs:]
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    normal = np.ascontiguousarray(normal[:, :dimensions])
    normal.setflags(write=False)
    return normal


def uniform_points(count: int, wide: int, turn: int) -> Array:
    """Between 0 and 1, neither of them."""
    with np.errstate(over="ignore"):
        counter = np.arange(1, count * wide + 1, dtype=np.uint64)
        counter += np.uint64(turn) * np.uint64(1 << 32)
        x = counter * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return ((x >> np.uint64(11)).astype(np.float64).reshape(count, wide) + 0.5) / 2.0**53
