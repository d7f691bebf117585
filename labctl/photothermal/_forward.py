"""The check's own equations solved forward: what readings a given cell would give without noise.

For residuals of a batch fit, for bounds, and for tests of the inference alone. The equations are
those of `_layout`, with loss k e^n in place of k while it is dark, and surroundings

    T_a(t) = ambient probe + offset + drift (t - t_0).

What is linear is solved exactly over each piece of constant power; the growing loss by the
exponential midpoint rule (second order in the step; Hochbruck and Ostermann 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labctl.photothermal._discretise import Floats, step_matrices
from labctl.photothermal._layout import BEAD, DYNAMIC, HOLDER, LIQUID, WALL
from labctl.photothermal._light import PowerSteps, pieces

_LONGEST_S = 2.0

Number = float | Floats


@dataclass(frozen=True, slots=True)
class CellParameters:
    """One cell (floats) or several at once (arrays that broadcast to one length)."""

    heat_capacity_j_per_k: Number
    """C_l."""
    heat_per_watt: Number
    """Heat in the liquid over power at the sample; a = that over C_l."""
    heat_loss_w_per_k: Number
    """k C_l, under light."""
    wall_j_per_k: Number
    coupling_w_per_k: Number
    lag_s: Number
    light_k_per_w: Number = 0.0
    """Direct light on the bead."""
    curve_per_k: Number = 0.0
    dark_loss_log: Number = 0.0
    """ln of the loss in the dark over that under light."""
    holder_share: Number = 0.0
    holder_s: Number = 1200.0
    wall_loss_share: Number = 0.8
    offset_k: Number = 0.0
    drift_k_per_s: Number = 0.0
    liquid_k: Number = 0.0
    """The liquid over the ambient probe at the first time; the same of wall and bead, below."""
    wall_k: Number = 0.0
    bead_k: Number = 0.0
    holder_k: Number = 0.0
    """Excess of the holder over ambient at the first time."""


@dataclass(frozen=True, slots=True)
class Solution:
    """Temperatures at the asked times, (n,) for one cell or (M, n) for M; degC, the holder's as
    its excess over the surroundings in K."""

    liquid_degc: Floats
    wall_degc: Floats
    bead_degc: Floats
    holder_k: Floats


def solve_cell(
    cell: CellParameters,
    times_s: Floats,
    power: PowerSteps,
    ambient_degc: Number,
    *,
    flutter_k2_per_s: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Solution:
    """Solve the equations from `times_s[0]`, where the cell starts as it says.

    `times_s` (n,) rises; `ambient_degc` is one value, or one a time that holds from the time before
    it. With a flutter, the liquid takes a random walk of that strength, drawn from `rng`.
    """
    times = np.asarray(times_s, dtype=float)
    ambient = np.broadcast_to(np.asarray(ambient_degc, dtype=float), times.shape)
    values = _Values(cell)
    n = values.cells
    state = np.zeros((n, DYNAMIC))
    for place, start in (
        (LIQUID, cell.liquid_k),
        (WALL, cell.wall_k),
        (BEAD, cell.bead_k),
    ):
        state[:, place] = ambient[0] + start
    state[:, HOLDER] = cell.holder_k
    found = np.empty((n, len(times), DYNAMIC))
    found[:, 0] = state
    for piece in pieces(times, power, _LONGEST_S):
        dt_s = piece.dt_s
        middle_s = piece.end_s - 0.5 * dt_s - float(times[0])
        surroundings = ambient[piece.reading] + values.offset + values.drift * middle_s
        state = values.step(state, dt_s, piece.power_w, surroundings)
        if flutter_k2_per_s > 0.0 and rng is not None:
            kick = rng.normal(0.0, (flutter_k2_per_s * dt_s) ** 0.5, n)
            state += values.kicked(kick, dt_s, piece.power_w > 0.0)
        if piece.arrives:
            found[:, piece.reading] = state
    one = values.one
    return Solution(*(found[0, :, i] if one else found[:, :, i] for i in range(DYNAMIC)))


class _Values:
    """The parameters as rates, and their steps."""

    def __init__(self, cell: CellParameters) -> None:
        fields = {name: np.asarray(getattr(cell, name), dtype=float) for name in cell.__slots__}
        shape = np.broadcast_shapes(*(value.shape for value in fields.values()))
        self.one = shape == ()
        v = {name: np.atleast_1d(np.broadcast_to(x, shape)) for name, x in fields.items()}
        self.cells = len(v["lag_s"])
        capacity, share = v["heat_capacity_j_per_k"], v["wall_loss_share"]
        self.a = v["heat_per_watt"] / capacity
        self.g_l = v["coupling_w_per_k"] / capacity
        self.g_w = v["coupling_w_per_k"] / v["wall_j_per_k"]
        self.k_l = (1.0 - share) * v["heat_loss_w_per_k"] / capacity
        self.k_w = share * v["heat_loss_w_per_k"] / v["wall_j_per_k"]
        self.lag, self.light, self.curve = v["lag_s"], v["light_k_per_w"], v["curve_per_k"]
        self.share, self.holder_s = v["holder_share"], v["holder_s"]
        self.dark = np.exp(v["dark_loss_log"])
        self.offset, self.drift = v["offset_k"], v["drift_k_per_s"]
        self.curved = bool(np.any(self.curve != 0.0))
        self._cache: dict[tuple[float, bool], tuple[Floats, Floats]] = {}

    def _rates(self, lit: bool) -> tuple[Floats, Floats]:
        return (self.k_l, self.k_w) if lit else (self.k_l * self.dark, self.k_w * self.dark)

    def _matrices(self, dt_s: float, lit: bool) -> tuple[Floats, Floats]:
        key = (round(dt_s, 7), lit)
        if key not in self._cache:
            k_l, k_w = self._rates(lit)
            a = np.zeros((self.cells, DYNAMIC, DYNAMIC))
            a[:, LIQUID, LIQUID] = -self.g_l - k_l
            a[:, LIQUID, WALL] = self.g_l
            a[:, LIQUID, HOLDER] = k_l
            a[:, WALL, LIQUID] = self.g_w
            a[:, WALL, WALL] = -self.g_w - k_w
            a[:, WALL, HOLDER] = k_w
            a[:, BEAD, LIQUID] = 1.0 / self.lag
            a[:, BEAD, BEAD] = -1.0 / self.lag
            a[:, HOLDER, WALL] = self.share / self.holder_s
            a[:, HOLDER, HOLDER] = -1.0 / self.holder_s
            self._cache[key] = step_matrices(a, dt_s)
        return self._cache[key]

    def step(self, state: Floats, dt_s: float, power_w: float, surroundings: Floats) -> Floats:
        lit = power_w > 0.0
        k_l, k_w = self._rates(lit)
        forcing = np.empty_like(state)
        forcing[:, LIQUID] = self.a * power_w + k_l * surroundings
        forcing[:, WALL] = k_w * surroundings
        forcing[:, BEAD] = self.light * power_w / self.lag
        forcing[:, HOLDER] = -self.share / self.holder_s * surroundings
        exponential, integral = self._matrices(dt_s, lit)
        if not self.curved:
            return _apply(exponential, state) + _apply(integral, forcing)
        half = self._matrices(0.5 * dt_s, lit)
        bent = self._bent(state, k_l, k_w, surroundings)
        middle = _apply(half[0], state) + _apply(half[1], forcing + bent)
        bent = self._bent(middle, k_l, k_w, surroundings)
        return _apply(exponential, state) + _apply(integral, forcing + bent)

    def kicked(self, kick_k: Floats, dt_s: float, lit: bool) -> Floats:
        """What a kick of the liquid in the middle of a step has become by its end: bead and wall
        have followed some of it already. One kick a step is a random walk to second order."""
        half, _ = self._matrices(0.5 * dt_s, lit)
        kicked: Floats = kick_k[:, None] * half[:, :, LIQUID]
        return kicked

    def _bent(self, state: Floats, k_l: Floats, k_w: Floats, surroundings: Floats) -> Floats:
        """What the growth of the loss takes from liquid and wall, K/s."""
        cold = surroundings + state[:, HOLDER]
        over = state[:, LIQUID] - cold
        bent = np.zeros_like(state)
        growth = self.curve * over
        bent[:, LIQUID] = -k_l * growth * over
        bent[:, WALL] = -k_w * growth * (state[:, WALL] - cold)
        return bent


def _apply(matrices: Floats, vectors: Floats) -> Floats:
    product: Floats = np.matmul(matrices, vectors[..., None])[..., 0]
    return product
