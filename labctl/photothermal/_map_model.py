"""The model of `_layout` as the batch fit needs it: linear in all that can be linear.

Given the cell (heat loss, coupling, wall, lag, growth of the loss, holder's share), the curve is
linear in the rest: rate, light on the bead, surroundings and their drift, start temperatures. So
the cell's parameters are few and go through one array, a row a candidate; the rest become columns
of a regression. The growth of the loss is a square; it is taken to first order around a known
course of the temperatures, whose error enters squared: 0.1 K beside it is 0.04 mK/K of the loss.

Written apart from the filter bank, whose reference it is: what is shared is the list of equations
and the matrix exponential.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from labctl.photothermal._discretise import Floats, step_matrices
from labctl.photothermal._layout import BankPrior
from labctl.photothermal._step_rules import BEAD_STEP, HEAT
from labctl.photothermal._step_rules import OFFSET as READING_OFFSET

LIQUID, WALL, BEAD, HOLDER, SURROUNDINGS = range(5)
"""States of the fit: degrees over the reference; the holder's over its surroundings; the
surroundings over the ambient probe."""
STATES = 5
LN_LOSS, LN_COUPLING, LN_WALL, LN_INVERSE_LAG, CURVE, SHARE, LN_DARK, LN_HOLDER = range(8)
"""Of the cell. LN_DARK is the logarithm of the loss in the dark over the loss under light,
LN_HOLDER that of the holder's time constant in s."""
CELL = 8
"""The first five in the order of `BankPrior.LOGARITHMS`."""
KNOWN, START, WALL_START, BEAD_START, HOLDER_START, OFFSET, DRIFT, RATE, LIGHT, STEP = range(10)
"""Columns: what is known beforehand, then what the curve is linear in (K; K/s; K/(s W); K/W; a
step in the unit of its shape)."""
COLUMNS = 10

_WALL_START_SD_K = _BEAD_START_SD_K = 0.1
"""As in a cell that has stood; the same as the bank's."""
_DRIFT_OVER_S = 600.0
_OVER_SURROUNDINGS = np.array([1.0, 0.0, 0.0, -1.0, -1.0])
_WALL_OVER_SURROUNDINGS = np.array([0.0, 1.0, 0.0, -1.0, -1.0])


@dataclass(frozen=True, slots=True)
class SupposedStep:
    """A step of unknown size from `onset_s` on (to within 2 s), fitted with the rest; so that
    what it may have been can be compared by `MapFit.log_evidence`."""

    shape: int
    """HEAT: more or less heat while lit, in K/(s W). BEAD_STEP: light on the bead while lit, in K.
    OFFSET: of the reading, light or not, in K."""
    onset_s: float
    sd: float
    """Of its size, mean 0."""

    def __post_init__(self) -> None:
        if self.shape not in (HEAT, BEAD_STEP, READING_OFFSET):
            raise ValueError("a supposed step is of HEAT, BEAD_STEP or OFFSET")


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What the batch fit may do beside `BankPrior`."""

    nodes: int = 3
    """1: liquid alone, a loss that neither grows nor depends on the light; 2: liquid and wall; 3:
    the holder too."""
    holder_relative_sd: float = 0.0
    """How far the holder's time constant may be from the prior's; 0 keeps it there."""

    step: SupposedStep | None = None

    def __post_init__(self) -> None:
        if self.nodes not in (1, 2, 3):
            raise ValueError(f"nodes is 1, 2 or 3, not {self.nodes!r}")


def without_walks(prior: BankPrior) -> BankPrior:
    """The same with nothing random in it: no flutter, and in place of the wandering surroundings
    a steady drift that comes as far in ten minutes. What a fit leaves then is all that one smooth
    curve of the model leaves; with a flutter, what is missing in the model may hide in that."""
    drift = (prior.drift_k2_per_s / _DRIFT_OVER_S) ** 0.5
    return replace(
        prior,
        flutter_k2_per_s=(0.0,),
        drift_k2_per_s=0.0,
        drift_sd_k_per_s=(prior.drift_sd_k_per_s**2 + drift**2) ** 0.5,
    )


@dataclass(frozen=True, slots=True)
class CellPrior:
    """cell = mean + directions @ z, z standard normal; so correlated priors are plain too."""

    mean: Floats
    """(CELL,)."""
    directions: Floats
    """(CELL, R): R is the number of parameters left free."""
    column_mean: Floats
    """(COLUMNS,); KNOWN is 1."""
    column_sd: Floats
    """(COLUMNS,); KNOWN is 0."""


def cell_prior(prior: BankPrior, options: FitOptions) -> CellPrior:
    """What is known of the cell and of the columns before the first reading."""
    capacity = prior.heat_capacity_j_per_k
    mean = np.zeros(CELL)
    mean[LN_LOSS] = np.log(prior.heat_loss_w_per_k / capacity)
    mean[LN_COUPLING] = np.log(prior.coupling_w_per_k)
    mean[LN_WALL] = np.log(prior.wall_j_per_k)
    mean[LN_INVERSE_LAG] = -np.log(prior.lag_s)
    mean[LN_HOLDER] = np.log(prior.holder_s)
    covariance = np.zeros((CELL, CELL))
    described = np.arange(len(prior.LOGARITHMS))
    covariance[np.ix_(described, described)] = prior.covariance()
    column_mean = np.zeros(COLUMNS)
    column_sd = np.zeros(COLUMNS)
    column_mean[KNOWN] = 1.0
    column_mean[RATE] = prior.heat_per_watt / capacity
    column_sd[[START, BEAD_START, OFFSET, DRIFT, RATE, LIGHT]] = (
        prior.start_sd_k,
        _BEAD_START_SD_K,
        prior.offset_sd_k,
        prior.drift_sd_k_per_s,
        prior.heat_per_watt_sd / capacity,
        prior.light_k_per_w,
    )
    if options.step is not None:
        column_sd[STEP] = options.step.sd
    if options.nodes > 1:
        mean[CURVE] = prior.curve_per_k
        covariance[LN_DARK, LN_DARK] = prior.dark_loss_sd**2
        column_sd[WALL_START] = _WALL_START_SD_K
    else:
        absent = [LN_COUPLING, LN_WALL, CURVE]
        covariance[absent] = covariance[:, absent] = 0.0
    if options.nodes > 2:
        mean[SHARE] = prior.holder_share
        covariance[SHARE, SHARE] = prior.holder_share_sd**2
        covariance[LN_HOLDER, LN_HOLDER] = options.holder_relative_sd**2
        column_sd[HOLDER_START] = prior.holder_start_sd_k
    values, vectors = np.linalg.eigh(covariance)
    free = values > 1e-12 * values.max(initial=0.0)
    return CellPrior(mean, vectors[:, free] * np.sqrt(values[free]), column_mean, column_sd)


@dataclass(frozen=True, slots=True)
class Body:
    """What of the equations is not to be found."""

    heat_capacity_j_per_k: float
    wall_loss_share: float
    nodes: int


def transfer(cells: Floats, body: Body, lit: bool) -> tuple[Floats, Floats]:
    """Matrices (B, 5, 5) of the linear part of the equations, and (B, 2) what one kelvin squared
    takes off liquid and wall per second, for `cells` (B, CELL)."""
    k = np.exp(cells[:, LN_LOSS] + (0.0 if lit else cells[:, LN_DARK]))
    a = np.zeros((len(cells), STATES, STATES))
    bend = np.zeros((len(cells), 2))
    inverse_lag = np.exp(cells[:, LN_INVERSE_LAG])
    a[:, BEAD, LIQUID], a[:, BEAD, BEAD] = inverse_lag, -inverse_lag
    nodes, capacity = body.nodes, body.heat_capacity_j_per_k
    from_liquid = k if nodes == 1 else (1.0 - body.wall_loss_share) * k
    a[:, LIQUID] -= from_liquid[:, None] * _OVER_SURROUNDINGS
    bend[:, LIQUID] = -from_liquid * cells[:, CURVE]
    if nodes > 1:
        coupling, wall = np.exp(cells[:, LN_COUPLING]), np.exp(cells[:, LN_WALL])
        from_wall = body.wall_loss_share * k * capacity / wall
        a[:, WALL] -= from_wall[:, None] * _WALL_OVER_SURROUNDINGS
        bend[:, WALL] = -from_wall * cells[:, CURVE]
        a[:, LIQUID, LIQUID] -= coupling / capacity
        a[:, LIQUID, WALL] += coupling / capacity
        a[:, WALL, LIQUID] += coupling / wall
        a[:, WALL, WALL] -= coupling / wall
    if nodes > 2:
        inverse = np.exp(-cells[:, LN_HOLDER])
        a[:, HOLDER, WALL] = cells[:, SHARE] * inverse
        a[:, HOLDER, SURROUNDINGS] = -cells[:, SHARE] * inverse
        a[:, HOLDER, HOLDER] = -inverse
    return a, bend


_BOOLE = np.array([7.0, 32.0, 12.0, 32.0, 7.0]) / 90.0
TERMS = 9
ONE, OVER, WALL_OVER, AMBIENT, LIQUID_BEND, WALL_BEND, POWER, MORE_HEAT, MORE_LIGHT = range(TERMS)
"""What the pieces of a step are multiplied by: 1; excess of liquid and of wall over their
surroundings (K); ambient over the reference (K); the constants of the two squares (K2); W; W of a
supposed step of the heat; 1 while light of one falls on the bead."""


def step_pieces(cells: Floats, body: Body, lit: bool, dt_s: float) -> tuple[Floats, Floats]:
    """A step of `dt_s` as a sum of TERMS pieces, (TERMS, B, 5, 5 + COLUMNS): the transition, and
    behind it what is added to each column; and (B, 5, 5) the flutter that 1 K2/s leaves."""
    a, bend = transfer(cells, body, lit)
    exponential, response = step_matrices(a, dt_s)
    pieces = np.zeros((TERMS, len(cells), STATES, STATES + COLUMNS))
    move, add = pieces[:, :, :, :STATES], pieces[:, :, :, STATES:]
    move[ONE] = exponential
    by_liquid = response[:, :, LIQUID] * bend[:, [LIQUID]]
    by_wall = response[:, :, WALL] * bend[:, [WALL]]
    # D^2 = 2 D0 D - D0^2 and D W = D0 W + W0 D - D0 W0, to first order around (D0, W0).
    move[OVER] = 2.0 * by_liquid[:, :, None] * _OVER_SURROUNDINGS
    move[OVER] += by_wall[:, :, None] * _WALL_OVER_SURROUNDINGS
    move[WALL_OVER] = by_wall[:, :, None] * _OVER_SURROUNDINGS
    add[LIQUID_BEND, :, :, KNOWN] = by_liquid
    add[WALL_BEND, :, :, KNOWN] = by_wall
    # The ambient reading acts where the surroundings act.
    add[AMBIENT, :, :, KNOWN] = (response @ a[:, :, [SURROUNDINGS]])[:, :, 0]
    add[ONE, :, :, DRIFT] = response[:, :, SURROUNDINGS]
    add[POWER, :, :, RATE] = response[:, :, LIQUID]
    add[POWER, :, :, LIGHT] = response[:, :, BEAD] * a[:, BEAD, [LIQUID]]
    add[MORE_HEAT, :, :, STEP] = response[:, :, LIQUID]
    add[MORE_LIGHT, :, :, STEP] = add[POWER, :, :, LIGHT]
    # Boole's rule over the step: what flutter early in it has become by its end. A bead may follow
    # within half a step, and Simpson's is then 3 % off, this a thousandth.
    quarter, _ = step_matrices(a, 0.25 * dt_s)
    flutter = np.zeros_like(a)
    column = np.zeros((len(cells), STATES))
    column[:, LIQUID] = 1.0
    for weight in _BOOLE:
        flutter += weight * column[:, :, None] * column[:, None, :]
        column = (quarter @ column[:, :, None])[:, :, 0]
    return pieces, flutter * dt_s


def courses(over_k: Floats, wall_over_k: Floats, ambient_k: Floats) -> Floats:
    """(N - 1, TERMS) multipliers of the pieces for the steps between N points of a known course:
    excess of liquid and wall over their surroundings, and ambient over the reference during the
    step. ONE, AMBIENT and the squares; the light is left at 0 for the caller."""
    out = np.zeros((len(over_k) - 1, TERMS))
    middle, wall_middle = (0.5 * (x[1:] + x[:-1]) for x in (over_k, wall_over_k))
    ahead, wall_ahead = middle - over_k[:-1], wall_middle - wall_over_k[:-1]
    out[:, ONE] = 1.0
    out[:, OVER], out[:, WALL_OVER], out[:, AMBIENT] = middle, wall_middle, ambient_k
    out[:, LIQUID_BEND] = 2.0 * middle * (ahead - ambient_k) - middle**2
    out[:, WALL_BEND] = (
        middle * (wall_ahead - ambient_k) + wall_middle * (ahead - ambient_k) - middle * wall_middle
    )
    return out
