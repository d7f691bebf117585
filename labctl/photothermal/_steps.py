"""One detector of steps on the innovations: a generalised likelihood ratio over onset and shape.

For each candidate onset and shape the detector carries along what such a step would have left in
the innovations by now, the filter's own learning included (Willsky and Jones 1976: the error a
fault makes obeys the filter's recursion). Matched with the innovations that came, this gives the
step's most likely size and twice the log likelihood ratio against no step. Shapes:

- *heat*: a step of absorbed power while lit, of heat loss (or surroundings) in the dark;
- *bead*: a step of what the bead shows against the liquid: light on it, or an offset.

The recursion is that of the bank's leading filter. What filters of other cells explain since
the onset without any step is taken off the ratio: a filter about to lose its lead is no fault.

A step is reported when its ratio passes the threshold, its size is worth naming, and both still
hold a few seconds later, when the shapes have drawn apart and a single bad reading is forgotten.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from labctl.photothermal._layout import BEAD, DYNAMIC, LIQUID, STATES
from labctl.photothermal._told import Leading, Taken

HEAT, BEAD_STEP = 0, 1
_LEAST_ENERGY = 1e-12
_SHAPES = 2
_LEVEL_WEIGHT = 0.005
"""Of one innovation in the running level of them all."""
_LEVEL_CAP = 4.0
"""Of one squared innovation, so that the step looked for does not raise the level itself."""


@dataclass(frozen=True, slots=True)
class StepRules:
    """What counts as a step. Declared before the run."""

    log_ratio: float = 17.4 + math.log(_SHAPES)
    """Half of twice the log likelihood ratio: one false alarm in 1000 h at 10 Hz for one shape in
    white innovations (first-order bound), and ln 2 for two."""
    smallest_heat: float = 0.05
    """Relative; smaller steps are not told from what the model leaves out."""
    smallest_bead_k: float = 0.3
    candidates: int = 48
    """Onsets looked at, for each shape."""
    heat_onset_every_s: float = 4.0
    bead_onset_every_s: float = 1.0
    """A bead moves in a second, the liquid in many: so fine must onsets be tried."""
    quiet_after_edge_s: float = 12.0
    """No onsets so soon after an edge: the liquid is not mixed yet."""
    settle_s: float = 6.0
    """Between passing the threshold and naming the step."""
    settle_readings: int = 4
    """At least so many readings pass the threshold before the step is named."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step found: `shape` HEAT (size relative) or BEAD_STEP (size in K)."""

    shape: int
    onset_s: float
    size: float
    sd: float
    log_ratio: float


class StepDetector:
    """Feed it each move and each reading of the bank; it answers with a step, at most once until
    restarted."""

    def __init__(self, rules: StepRules) -> None:
        self.rules = rules
        n = rules.candidates
        self._every_s = (rules.heat_onset_every_s, rules.bead_onset_every_s)
        self._smallest = np.repeat((rules.smallest_heat, rules.smallest_bead_k), n)
        self._error = np.zeros((_SHAPES * n, STATES))
        self._match = np.zeros(_SHAPES * n)
        self._energy = np.zeros(_SHAPES * n)
        self._onset = np.zeros(_SHAPES * n)
        self._ahead = 0.0
        self._ahead_at_onset = np.zeros(_SHAPES * n)
        self._used = np.zeros(_SHAPES * n)
        self._next = [0] * _SHAPES
        self._last_onset_s = [0.0] * _SHAPES
        self._passed_s: float | None = None
        self._passed = 0
        self._silent = False
        self._level = 1.0
        self.suspicious = False
        """True while a step is likely: the filter followed should then not be changed."""

    def restart(self, t_s: float) -> None:
        """A commanded edge: onsets before it are no longer looked for."""
        self.forget()
        self._last_onset_s = [t_s + self.rules.quiet_after_edge_s] * _SHAPES
        self._passed_s = None
        self._passed = 0
        self._silent = self.suspicious = False

    def forget(self) -> None:
        """Another filter is followed from here on: what was carried along obeys the former one."""
        for array in (self._error, self._match, self._energy, self._used):
            array[:] = 0.0

    def move(self, leading: Leading, heating_k_per_s: float) -> None:
        """The bank has predicted. `heating_k_per_s` is what a whole (100 %) step of the HEAT shape
        adds to the liquid's rate: a P while lit, the loss it takes away in the dark."""
        n = self.rules.candidates
        used = self._used[:, None]
        dynamic = self._error @ leading.transition.T
        dynamic[:n] += used[:n] * (leading.response[:, LIQUID] * heating_k_per_s)
        dynamic[n:] += used[n:] * (leading.response[:, BEAD] / leading.lag_s)
        self._error[:, :DYNAMIC] = dynamic

    def update(self, t_s: float, taken: Taken) -> Step | None:
        """The bank has taken a reading in."""
        signature = self._error[:, BEAD].copy()
        self._error -= signature[:, None] * taken.gain
        inverse = 1.0 / taken.variance_k2
        self._match += signature * (taken.innovation_k * inverse)
        self._energy += signature * signature * inverse
        self._ahead += taken.bank_ahead
        square = min(taken.innovation_k**2 * inverse, _LEVEL_CAP)
        self._level += _LEVEL_WEIGHT * (square - self._level)
        for shape in (HEAT, BEAD_STEP):
            if t_s - self._last_onset_s[shape] >= self._every_s[shape]:
                self._begin(shape, t_s)
        return None if self._silent else self._decide(t_s)

    def _begin(self, shape: int, t_s: float) -> None:
        """Open a candidate whose step begins now, in place of the shape's oldest."""
        n = self.rules.candidates
        row = shape * n + self._next[shape]
        self._next[shape] = (self._next[shape] + 1) % n
        self._last_onset_s[shape] = t_s
        self._onset[row] = t_s
        self._ahead_at_onset[row] = self._ahead
        self._error[row] = 0.0
        self._match[row] = self._energy[row] = 0.0
        self._used[row] = 1.0

    def _decide(self, t_s: float) -> Step | None:
        rules = self.rules
        energy = np.maximum(self._energy, _LEAST_ENERGY)
        size = self._match / energy
        # Innovations larger than the model says are not evidence of a step.
        ratio = self._match * size / (2.0 * max(1.0, self._level))
        ratio -= np.maximum(self._ahead - self._ahead_at_onset, 0.0)
        ratio *= np.abs(size) >= self._smallest
        best = int(ratio.argmax())
        self.suspicious = bool(ratio[best] > 0.4 * rules.log_ratio)
        if ratio[best] < rules.log_ratio:
            self._passed_s = None
            self._passed = 0
            return None
        if self._passed_s is None:
            self._passed_s = t_s
        self._passed += 1
        if t_s - self._passed_s < rules.settle_s or self._passed < rules.settle_readings:
            return None
        self._silent = True
        return Step(
            best // rules.candidates,
            float(self._onset[best]),
            float(size[best]),
            float(1.0 / math.sqrt(energy[best])),
            float(ratio[best]),
        )
