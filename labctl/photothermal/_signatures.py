"""What faults of each shape and onset would have left in a filter's innovations by now.

The error that a fault makes obeys the filter's own recursion (Willsky and Jones 1976), learning
included. It depends on the filter's gains alone, not on the readings, so records that share the
gains share the signatures.

Onsets are kept densely for the last few readings and ever more thinly behind: onset number n stays
for 8 * 2^v onsets more, where 2^v is the largest power of two that divides n. So the true onset is
never missed by more than an eighth of the time since it, with few candidates.
"""

from __future__ import annotations

import math

import numpy as np

from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import BEAD, DYNAMIC, LIQUID, STATES
from labctl.photothermal._step_rules import BEAD_OUT, BEAD_STEP, HEAT, HEAT_RAMP, OFFSET, SHAPES
from labctl.photothermal._told import Leading

_HEATING, _LIGHT = STATES, STATES + 1
"""Rows under the states: the fault's own heat (relative) and its light on the bead (K)."""
_DENSE = 8
"""Onsets that are kept one by one."""
_LEVELS = 7
"""The oldest onset lies `_DENSE` 2^_LEVELS onsets back."""
ONSETS = _DENSE + _LEVELS * _DENSE // 2
_FIRST = (*(level * _DENSE // 2 for level in range(_LEVELS)), _LEVELS * _DENSE // 2)


def slot(number: int) -> int:
    """The place of onset `number` (1, 2, ...) among the `ONSETS`: that of one outlived."""
    level = min((number & -number).bit_length() - 1, _LEVELS)
    if level == _LEVELS:
        return _FIRST[level] + (number >> level) % _DENSE
    return _FIRST[level] + (number >> (level + 1)) % (_DENSE // 2)


class Signatures:
    """Columns shape by shape, `ONSETS` of each."""

    def __init__(self, out_lag_s: float) -> None:
        columns = SHAPES * ONSETS
        self._out_lag_s = out_lag_s
        self._error = np.zeros((STATES + 2, columns))
        self._reading = np.zeros(columns)
        self._open = np.zeros(ONSETS)
        self._move = np.zeros((DYNAMIC, STATES + 2))
        self._less = np.zeros((STATES, columns))
        self._signature = np.zeros(columns)
        self._ramps = self._of(HEAT_RAMP)
        self._outs = self._reading[self._of(BEAD_OUT)]
        self._ramping = self._error[_HEATING, self._ramps]
        self._shaped = self._error.reshape(STATES + 2, SHAPES, ONSETS)
        self._reading_shaped = self._reading.reshape(SHAPES, ONSETS)

    @staticmethod
    def _of(shape: int) -> slice:
        return slice(shape * ONSETS, (shape + 1) * ONSETS)

    def forget(self) -> None:
        """Drop all candidates."""
        self._error[:] = 0.0
        self._reading[:] = 0.0
        self._open[:] = 0.0

    def begin(self, at: int) -> None:
        """Faults of every shape that begin now, in place `at`."""
        error, reading = self._shaped, self._reading_shaped
        error[:, :, at] = 0.0
        reading[:, at] = 0.0
        error[_HEATING, HEAT, at] = 1.0
        error[_LIGHT, BEAD_STEP, at] = 1.0
        reading[OFFSET, at] = 1.0
        self._open[at] = 1.0

    def move(self, leading: Leading, heating_k_per_s: float) -> None:
        """The filter has predicted. `heating_k_per_s`: what the whole heat (a relative size of 1)
        adds to the liquid's rate: a P while lit, the loss in the dark."""
        move, dt_s = self._move, leading.dt_s
        move[:, :STATES] = leading.transition
        response = leading.response
        move[:, _HEATING] = response[:, LIQUID] * heating_k_per_s
        move[:, _LIGHT] = response[:, BEAD] / leading.lag_s
        half = self._open * (dt_s / 120.0)
        self._ramping += half
        self._error[:DYNAMIC] = move @ self._error
        self._ramping += half
        outs = self._outs
        outs += (self._open - outs) * -math.expm1(-dt_s / self._out_lag_s)

    def take(self, gain: Floats) -> Floats:
        """The filter has taken a reading in; what a fault of size 1 has added to its innovation.
        The array is used again at the next reading."""
        signature = self._signature
        np.add(self._error[BEAD], self._reading, out=signature)
        np.multiply(gain[:, None], signature, out=self._less)
        self._error[:STATES] -= self._less
        return signature
