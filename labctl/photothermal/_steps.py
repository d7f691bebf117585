"""The detector of faults on the innovations: a generalised likelihood ratio over onset and shape.

For each candidate onset and shape the detector carries along what such a fault would have left in
the innovations by now (`_signatures`). Matched with the innovations that came, this gives the
fault's most likely size and the log likelihood ratio against no fault:

    m = sum s_k y_k / S_k,  e = sum s_k^2 / S_k;   size = m/e,  sd = e^(-1/2),  ratio = m^2 / (2 e)

with innovations y, their variances S and signatures s. Beside them a CUSUM pair watches the mean
of the innovations (Page 1954), for faults of no shape in the bank.

What filters of other cells explain since the onset without any fault is taken off the ratio: a
filter about to lose its lead is no fault. Innovations that were larger than foretold, beyond what
the fault explains, divide it. What one reading alone brings is no fault: the ratio must be more.
Nor is a step told whose best explanation is smaller than the rules declare worth naming.

Many records whose filters share their gains can be watched at once: the signatures are the same.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from labctl.photothermal._discretise import Floats
from labctl.photothermal._signatures import ONSETS, Signatures, slot
from labctl.photothermal._step_rules import (
    BEAD_OUT,
    BEAD_STEP,
    HEAT,
    HEAT_RAMP,
    NOT_TOLD_APART,
    SHAPES,
    SHIFT,
    Step,
    StepRules,
)
from labctl.photothermal._tally import Tallies, Tally
from labctl.photothermal._told import Leading, Taken

_LEAST_ENERGY = 1e-12
_SUSPICION = 0.4
"""Of the threshold: from here on a step is likely."""
_LEVEL_READINGS = 50.0
"""So many readings the level before the onset counts as, beside those since."""
_LEVEL_SLACK = 0.15
"""By which the level may be above 1 by chance."""
_LIT_K_PER_S = 0.01
"""Heat by which the most there could be is known."""
_SHAPED = 0.5
"""Of the threshold: a shape with so much explains what the CUSUM pair found. Where its size is too
small to be worth naming, nothing is told."""


class StepDetector:
    """Feed it each move and each reading of the bank. It tells of a step when it is detected, and
    again when its shape has settled; then it is silent until restarted."""

    def __init__(self, rules: StepRules, records: int = 1) -> None:
        """`records`: how many are watched at once; `update_all` is theirs."""
        self.rules = rules
        self.suspicious = False
        """True while a step is likely: the filter followed should then not be changed."""
        columns = SHAPES * ONSETS
        self._signatures = Signatures(rules.out_lag_s)
        self._energy = np.full(columns, _LEAST_ENERGY)
        self._match = np.zeros((records, columns))
        self._product = np.zeros((records, columns))
        self._weighed = np.zeros(columns)
        self._onset = np.zeros(ONSETS)
        self._number = 0
        self._last_onset_s = 0.0
        self._last_s: float | None = None
        self._every_s = 0.0
        self._smallest = np.zeros((SHAPES, 1))
        self._smallest[[HEAT, HEAT_RAMP]] = rules.smallest_heat
        self._smallest[BEAD_STEP] = rules.smallest_bead_k
        self._smallest[HEAT_RAMP + 1 :] = rules.smallest_bead_k
        self._heat_k_per_s = self._heat_before_k_per_s = 0.0
        """Now, and at the last edge."""
        shift = rules.shift_sd
        self._tally = Tally(shift) if records == 1 else Tallies(shift, records)
        self._readings = 0
        self._ahead = 0.0
        # As they were at each onset.
        self._level_at = np.ones((records, ONSETS))
        self._squares_at = np.zeros((records, ONSETS))
        self._readings_at = np.zeros(ONSETS)
        self._ahead_at = np.zeros(ONSETS)
        self._told: dict[int, tuple[float, int]] = {}
        """Records that told of a step: when, and after how many readings."""
        self._silent = np.zeros(records, dtype=bool)

    def restart(self, t_s: float) -> None:
        """A commanded edge: onsets before it are no longer looked for."""
        self.forget()
        self._heat_before_k_per_s = self._heat_k_per_s
        self._last_onset_s = t_s + self.rules.quiet_after_edge_s
        self._last_s = None
        self._told.clear()
        self._silent[:] = False
        self._tally.forget_single()
        self.suspicious = False

    def forget(self) -> None:
        """Another filter is followed from here on: what was carried along obeys the former one."""
        self._signatures.forget()
        self._match[:] = 0.0
        self._energy[:] = _LEAST_ENERGY
        self._tally.forget()

    def move(self, leading: Leading, heating_k_per_s: float) -> None:
        """The bank has predicted. `heating_k_per_s` is what a whole (100 %) step of the heat adds
        to the liquid's rate: a P while lit, the loss it takes away in the dark."""
        self._signatures.move(leading, heating_k_per_s)
        self._heat_k_per_s = heating_k_per_s

    def update(self, t_s: float, taken: Taken) -> Step | None:
        """The bank has taken a reading in."""
        found = self.update_all(t_s, taken, np.array([taken.innovation_k]))
        return found[0][1] if found else None

    def update_all(self, t_s: float, taken: Taken, innovations_k: Floats) -> list[tuple[int, Step]]:
        """A filter of these gains and variance has taken a reading of each record in, with these
        innovations (records,). What is found, each with the number of its record."""
        signature = self._signatures.take(taken.gain)
        inverse = 1.0 / taken.variance_k2
        weighed, product = self._weighed, self._product
        np.multiply(signature, inverse, out=weighed)
        signature *= weighed
        self._energy += signature
        np.multiply(innovations_k[:, None], weighed, out=product)
        self._match += product
        self._count(t_s, innovations_k, taken)
        ratio = np.multiply(self._match, self._match, out=product)
        ratio *= 0.5 / self._energy
        threshold = self.rules.threshold(self._every_s or 1.0)
        likely = self._tally.likely(ratio, _SUSPICION * threshold)
        found: list[tuple[int, Step]] = []
        if likely or self._told:
            found = self._decide(t_s, threshold, likely)
        else:
            self.suspicious = False
        if t_s - self._last_onset_s >= self.rules.onset_every_s:
            self._begin(t_s)
        return found

    def _count(self, t_s: float, innovations_k: Floats, taken: Taken) -> None:
        """Keep the levels and the CUSUM pair; call before candidates are opened."""
        if self._last_s is not None:
            dt_s = t_s - self._last_s
            self._every_s = self._every_s or dt_s
            self._every_s += 0.02 * (dt_s - self._every_s)
        self._last_s = t_s
        scaled = innovations_k / math.sqrt(taken.variance_k2)
        less = max(0.0, taken.bank_ahead)
        self._tally.add(scaled, less)
        self._readings += 1
        self._ahead += taken.bank_ahead
        if t_s > self._last_onset_s:
            self._tally.sum(t_s, scaled, less)

    def _begin(self, t_s: float) -> None:
        """Open candidates whose fault begins now, in place of those outlived."""
        self._number += 1
        at = slot(self._number)
        self._last_onset_s = t_s
        self._signatures.begin(at)
        self._onset[at] = t_s
        self._match[:, at::ONSETS] = 0.0
        self._energy[at::ONSETS] = _LEAST_ENERGY
        self._level_at[:, at] = self._tally.level
        self._squares_at[:, at] = self._tally.squares
        self._readings_at[at] = self._readings
        self._ahead_at[at] = self._ahead

    def _decide(self, t_s: float, threshold: float, likely: list[int]) -> list[tuple[int, Step]]:
        """Look closely at the records in which a step is likely."""
        rules = self.rules
        found: list[tuple[int, Step]] = []
        suspicious = False
        for record in sorted({*likely, *self._told}):
            if self._silent[record]:
                suspicious = True
                continue
            step, evidence, alone = self._best(record, t_s, threshold)
            told = self._told.get(record)
            if told is None:
                suspicious |= evidence > _SUSPICION * threshold
                if evidence > max(threshold, alone + NOT_TOLD_APART):
                    self._told[record] = (t_s, self._readings)
                    found.append((record, step))
                continue
            suspicious = True
            told_s, readings = told
            if t_s - told_s >= rules.settle_s and (
                self._readings - readings >= rules.settle_readings
            ):
                self._silent[record] = True
                found.append((record, replace(step, settled=True)))
        self.suspicious = suspicious
        return found

    def _best(self, record: int, t_s: float, threshold: float) -> tuple[Step, float, float]:
        """What explains the innovations of a record best, the log ratio of the evidence, and of
        that what one reading alone has brought."""
        energy = self._energy.reshape(SHAPES, ONSETS)
        match = self._match[record].reshape(SHAPES, ONSETS)
        size = match / energy
        ratio = match * size
        left = np.atleast_1d(self._tally.squares)[record] - self._squares_at[record] - ratio
        left += _LEVEL_READINGS * self._level_at[record]
        left /= _LEVEL_READINGS + self._readings - self._readings_at
        np.maximum(left - _LEVEL_SLACK, 1.0, out=left)
        ratio *= 0.5 / left
        ratio -= np.maximum(self._ahead - self._ahead_at, 0.0)
        change = np.abs(size)
        change[HEAT_RAMP] *= (t_s - self._onset) / 60.0
        self._rule_out(ratio, change, size)
        by_shape = tuple(ratio.max(axis=1).tolist())
        shape, at = divmod(int(ratio.argmax()), ONSETS)
        if shape == HEAT_RAMP and by_shape[HEAT] > by_shape[shape] - NOT_TOLD_APART:
            shape, at = HEAT, int(ratio[HEAT].argmax())
        worth = change[shape, at] >= self._smallest[shape, 0]
        evidence = by_shape[shape] if worth else 0.0
        alone = self._tally.alone(record) / float(left[shape, at])
        _, shifted, _ = self._tally.shift(record)
        if shifted > max(threshold, evidence):
            if max(by_shape) < _SHAPED * threshold:
                return self._shift(record, t_s, by_shape), shifted, alone
            if evidence >= _SHAPED * threshold:
                evidence = shifted
        step = Step(
            shape,
            float(self._onset[at]),
            float(size[shape, at]),
            float(energy[shape, at] ** -0.5),
            by_shape[shape],
            by_shape,
            False,
        )
        return step, evidence, alone

    def _rule_out(self, ratio: Floats, change: Floats, size: Floats) -> None:
        """Zero where a shape of that size is none: heat beyond all there is, a bead that
        leaves a heated liquid for a warmer place, or any liquid for a place as warm."""
        rules, most = self.rules, max(self._heat_k_per_s, self._heat_before_k_per_s)
        if most > _LIT_K_PER_S:
            largest = rules.largest_heat * most / self._heat_k_per_s
            for shape in (HEAT, HEAT_RAMP):
                ratio[shape] *= change[shape] <= largest
            ratio[BEAD_OUT] *= size[BEAD_OUT] < 0.0
        ratio[BEAD_OUT] *= change[BEAD_OUT] >= rules.smallest_out_k

    def _shift(self, record: int, t_s: float, by_shape: tuple[float, ...]) -> Step:
        """The mean of the innovations is another one, and no shape says why."""
        per_reading = self.rules.shift_sd
        sign, log_ratio, onset_s = self._tally.shift(record)
        n = max(1.0, (t_s - onset_s) / self._every_s)
        size = sign * (log_ratio / (n * per_reading) + 0.5 * per_reading)
        return Step(SHIFT, onset_s, size, n**-0.5, log_ratio, by_shape, False)
