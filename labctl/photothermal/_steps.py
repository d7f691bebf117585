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
_SUSPICION = 0.4
"""Of the threshold: from here on a step is likely."""
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
        # A column a candidate. Under the states a row a shape: 1 where a candidate of it is open,
        # so that the step itself comes in by the same product as what it has left so far.
        self._error = np.zeros((STATES + _SHAPES, _SHAPES * n))
        self._move = np.zeros((DYNAMIC, STATES + _SHAPES))
        self._less = np.zeros((STATES, _SHAPES * n))
        self._match = np.zeros(_SHAPES * n)
        self._energy = np.full(_SHAPES * n, _LEAST_ENERGY)
        self._onset = np.zeros(_SHAPES * n)
        self._ahead = 0.0
        self._ahead_at_onset = np.zeros(_SHAPES * n)
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
        self._error[:] = 0.0
        self._match[:] = 0.0
        self._energy[:] = _LEAST_ENERGY

    def move(self, leading: Leading, heating_k_per_s: float) -> None:
        """The bank has predicted. `heating_k_per_s` is what a whole (100 %) step of the HEAT shape
        adds to the liquid's rate: a P while lit, the loss it takes away in the dark."""
        move = self._move
        move[:, :STATES] = leading.transition
        move[:, STATES + HEAT] = leading.response[:, LIQUID] * heating_k_per_s
        move[:, STATES + BEAD_STEP] = leading.response[:, BEAD] / leading.lag_s
        self._error[:DYNAMIC] = move @ self._error

    def update(self, t_s: float, taken: Taken) -> Step | None:
        """The bank has taken a reading in."""
        signature = self._error[BEAD].copy()
        np.multiply(taken.gain[:, None], signature, out=self._less)
        self._error[:STATES] -= self._less
        inverse = 1.0 / taken.variance_k2
        weighed = signature * inverse
        signature *= weighed
        self._energy += signature
        weighed *= taken.innovation_k
        self._match += weighed
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
        at = shape * n + self._next[shape]
        self._next[shape] = (self._next[shape] + 1) % n
        self._last_onset_s[shape] = t_s
        self._onset[at] = t_s
        self._ahead_at_onset[at] = self._ahead
        self._error[:, at] = 0.0
        self._error[STATES + shape, at] = 1.0
        self._match[at] = 0.0
        self._energy[at] = _LEAST_ENERGY

    def _decide(self, t_s: float) -> Step | None:
        rules = self.rules
        size = self._match / self._energy
        ratio = self._match * size
        # Innovations larger than the model says are not evidence of a step.
        ratio *= 0.5 / max(1.0, self._level)
        if ratio.item(ratio.argmax()) <= _SUSPICION * rules.log_ratio:
            # As nearly always. What is taken off below can only make less of it.
            self.suspicious = False
            self._passed_s = None
            self._passed = 0
            return None
        ratio -= np.maximum(self._ahead - self._ahead_at_onset, 0.0)
        ratio *= np.abs(size) >= self._smallest
        best = int(ratio.argmax())
        self.suspicious = bool(ratio[best] > _SUSPICION * rules.log_ratio)
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
            float(1.0 / math.sqrt(self._energy[best])),
            float(ratio[best]),
        )
