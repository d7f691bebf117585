"""Random numbers keyed by (seed, channel, index).

Each channel draws from a stream of its own, one number a reading, so that what one instrument
reads does not depend on whether, or in which order, another was asked.
"""

from __future__ import annotations

import random
from statistics import NormalDist

_INVERSE = NormalDist().inv_cdf
_BITS = 52
_SCALE = 1.0 / (1 << _BITS)


class Stream:
    """The random numbers of one channel of one seed; the same on every machine."""

    __slots__ = ("_bits",)

    def __init__(self, seed: int, channel: str) -> None:
        # A string seed is hashed with SHA-512 by the library, so neighbours are unrelated.
        self._bits = random.Random(f"{seed}/{channel}").getrandbits

    def normal(self) -> float:
        """Standard normal; one draw of the generator, whatever comes out."""
        return _INVERSE((self._bits(_BITS) + 0.5) * _SCALE)

    def uniform(self, low: float, high: float) -> float:
        """Uniform between `low` and `high`."""
        return low + (high - low) * (self._bits(_BITS) + 0.5) * _SCALE

    def near(self, mean: float, sd: float, *, at_most_sd: float = 3.0) -> float:
        """Normal around `mean`, drawn again beyond `at_most_sd` deviations."""
        if sd <= 0.0:
            self.normal()
            return mean
        while True:
            z = self.normal()
            if abs(z) <= at_most_sd:
                return mean + sd * z
