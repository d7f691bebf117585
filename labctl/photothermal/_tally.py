"""What is kept of a record's innovations beside the candidates of faults.

- the running level of their squares (1 where they are as large as foretold), and the sum of them;
- what the largest single reading brought, forgotten by a tenth a reading;
- a CUSUM pair (Page 1954): the log likelihood ratio of a mean of +-`shift_sd` against none, from
  whenever that is greatest on: W = max(0, W +- d z - d^2/2), z the innovation over its deviation.

`Tallies` are those of many records as arrays; `Tally` is the one of a live run, the same in floats,
at a fifth of the cost.
"""

from __future__ import annotations

import numpy as np

from labctl.photothermal._discretise import Floats

_LEVEL_WEIGHT = 0.005
"""Of one squared innovation in the running level of them all."""
_LEVEL_CAP = 4.0
"""Of one squared innovation, so that the fault looked for does not raise the level itself."""
_ALONE_KEEP = 0.9
"""Of what the largest single reading brought, kept from one reading to the next."""


class Tally:
    """Of one record."""

    def __init__(self, shift_sd: float) -> None:
        self._shift = shift_sd
        self.level = 1.0
        self.squares = 0.0
        self._alone = 0.0
        self._up = self._down = 0.0
        self._up_s = self._down_s = 0.0

    def forget(self) -> None:
        """Start the CUSUM pair anew."""
        self._up = self._down = 0.0

    def forget_single(self) -> None:
        """No reading stands out yet."""
        self._alone = 0.0

    def add(self, scaled: Floats, less: float) -> None:
        """An innovation over its standard deviation, (1,); `less` is the log ratio by which
        something else explains it."""
        z = float(scaled[0])
        square = z * z
        self._alone = max(_ALONE_KEEP * self._alone, 0.5 * square - less)
        square = min(square, _LEVEL_CAP)
        self.squares += square
        self.level += _LEVEL_WEIGHT * (square - self.level)

    def sum(self, t_s: float, scaled: Floats, less: float) -> None:
        """The same for the CUSUM pair."""
        shift = self._shift
        z = shift * float(scaled[0])
        less += 0.5 * shift * shift
        self._up += z - less
        self._down -= z + less
        if self._up <= 0.0:
            self._up, self._up_s = 0.0, t_s
        if self._down <= 0.0:
            self._down, self._down_s = 0.0, t_s

    def likely(self, ratios: Floats, least: float) -> list[int]:
        """Records whose CUSUM sums or greatest `ratios` (records, candidates) are beyond."""
        return [0] if self._up > least or self._down > least or ratios.max() > least else []

    def alone(self, _: int) -> float:
        """What the largest single reading brought."""
        return self._alone

    def shift(self, _: int) -> tuple[float, float, float]:
        """(sign, log ratio, since when) of the greater sum."""
        if self._up >= self._down:
            return 1.0, self._up, self._up_s
        return -1.0, self._down, self._down_s


class Tallies:
    """Of many records."""

    def __init__(self, shift_sd: float, records: int) -> None:
        self._shift = shift_sd
        self.level = np.ones(records)
        self.squares = np.zeros(records)
        self._alone = np.zeros(records)
        self._sums = np.zeros((2, records))
        self._since_s = np.zeros((2, records))

    def forget(self) -> None:
        """Start the CUSUM pairs anew."""
        self._sums[:] = 0.0

    def forget_single(self) -> None:
        """No reading stands out yet."""
        self._alone[:] = 0.0

    def add(self, scaled: Floats, less: float) -> None:
        """As `Tally.add`, (records,)."""
        square = scaled * scaled
        np.maximum(_ALONE_KEEP * self._alone, 0.5 * square - less, out=self._alone)
        np.minimum(square, _LEVEL_CAP, out=square)
        self.squares += square
        self.level += _LEVEL_WEIGHT * (square - self.level)

    def sum(self, t_s: float, scaled: Floats, less: float) -> None:
        """As `Tally.sum`."""
        shift, sums = self._shift, self._sums
        sums[0] += shift * scaled
        sums[1] -= shift * scaled
        sums -= less + 0.5 * shift * shift
        np.maximum(sums, 0.0, out=sums)
        self._since_s[sums == 0.0] = t_s

    def likely(self, ratios: Floats, least: float) -> list[int]:
        """As `Tally.likely`."""
        most = np.maximum(ratios.max(axis=1), self._sums.max(axis=0))
        found: list[int] = np.flatnonzero(most > least).tolist()
        return found

    def alone(self, record: int) -> float:
        """As `Tally.alone`."""
        return float(self._alone[record])

    def shift(self, record: int) -> tuple[float, float, float]:
        """As `Tally.shift`."""
        way = int(self._sums[1, record] > self._sums[0, record])
        return 1.0 - 2.0 * way, float(self._sums[way, record]), float(self._since_s[way, record])
