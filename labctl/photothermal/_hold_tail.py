"""The dose that a liquid still takes after its heating ends, by the model of a hold."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from labctl.photothermal._discretise import step_matrices
from labctl.photothermal._hold_model import HoldModel
from labctl.photothermal._kinetics import Cem43

_STEP_S = 1.0
_LONGEST_STEPS = 360
"""Cooling is followed for so many steps: a cell in warm surroundings may never leave the dose."""


@dataclass(frozen=True, slots=True)
class Cooling:
    """Free cooling of liquid and wall, two exponentials that are worked out once a cell."""

    response: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    """(n, 2): how far the liquid of each second is from its surroundings, for liquid and wall each
    1 K above them at first."""
    forced: np.ndarray[tuple[int], np.dtype[np.float64]]
    """(n,): what 1 K/s in the liquid has done by then."""

    @classmethod
    def of(cls, model: HoldModel, over_k: float) -> Cooling:
        """For a liquid that is about `over_k` above its surroundings: there the loss is taken."""
        loss = model.loss_per_s * math.exp(model.dark_loss_log)
        loss *= 1.0 + model.curve_per_k * over_k
        share = model.wall_loss_share
        a = np.array(
            [
                [-model.coupling_per_s - (1.0 - share) * loss, model.coupling_per_s],
                [
                    model.coupling_per_s / model.wall_ratio,
                    (-model.coupling_per_s - share * loss) / model.wall_ratio,
                ],
            ]
        )
        exponential, integral = step_matrices(a, _STEP_S)
        response, forced = np.empty((_LONGEST_STEPS + 1, 2)), np.empty(_LONGEST_STEPS + 1)
        row, state = np.eye(2), np.zeros(2)
        for n in range(_LONGEST_STEPS + 1):
            response[n], forced[n] = row[0], state[0]
            row, state = row @ exponential, exponential @ state + integral[:, 0]
        return cls(response, forced)

    def dose_s(
        self,
        law: Cem43,
        liquid_degc: float,
        wall_degc: float,
        surroundings_degc: float,
        rest_k_per_s: float,
    ) -> float:
        """Equivalent seconds that are still to come when the heating ends now."""
        over = np.array([liquid_degc - surroundings_degc, wall_degc - surroundings_degc])
        curve = surroundings_degc + self.response @ over + self.forced * rest_k_per_s
        cold = law.cut_degc if law.cut_degc is not None else law.break_degc - 8.0
        below = np.flatnonzero(curve < cold)
        curve = curve[: int(below[0]) + 1] if len(below) else curve
        if len(curve) < 2:
            return 0.0
        steps = np.full(len(curve) - 1, _STEP_S)
        return 60.0 * float(law.pieces(curve[:-1], curve[1:], steps).sum())
