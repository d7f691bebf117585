"""Whitening of a whole record, for many candidate cells at once.

For a given cell and flutter the readings are jointly Gaussian. A Kalman filter whose gain depends
on neither readings nor columns turns them into independent numbers of variance 1, and does the
same to every column of the regression (de Jong 1991, the augmented filter). What comes out is the
likelihood, exactly, and the regression that is left is an ordinary one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labctl.photothermal._discretise import Floats
from labctl.photothermal._light import PowerSteps, pieces
from labctl.photothermal._map_model import (
    BEAD,
    BEAD_START,
    COLUMNS,
    HOLDER,
    HOLDER_START,
    KNOWN,
    LIQUID,
    MORE_HEAT,
    MORE_LIGHT,
    OFFSET,
    POWER,
    START,
    STATES,
    STEP,
    SURROUNDINGS,
    TERMS,
    WALL,
    WALL_START,
    Body,
    SupposedStep,
    step_pieces,
)
from labctl.photothermal._step_rules import BEAD_STEP, HEAT
from labctl.photothermal._step_rules import OFFSET as OFFSET_STEP

_LONGEST_STEP_S = 2.0
"""The squares are taken around straight pieces of the known course no longer than this."""
_CACHE = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """A record cut into steps with one power and one ambient each, none too long."""

    dt_s: Floats
    """(M,)."""
    at_s: Floats
    """(M + 1,): times of the points between them; the first is the first reading's."""
    power_w: Floats
    """(M,)."""
    ambient_k: Floats
    """(M,): over the reference."""
    row: NDArray[np.int64]
    """(M,): of the reading that comes at the step's end, or -1."""
    reading_k: Floats
    """(M,): that reading over the reference, or NaN."""
    widen_k2: Floats
    """(M,): by what the liquid's variance grows before the step, in (s W)2: edges of the light."""
    first_k: float
    more_heat_w: Floats
    """(M,): of a supposed step."""
    more_light: Floats
    """(M,): 1 while light of a supposed step falls on the bead."""
    shifted: Floats
    """(M,): 1 while the reading is shifted by one."""

    @property
    def readings(self) -> int:
        """The first one too."""
        return 1 + int((self.row >= 0).sum())


def plan(
    times_s: Floats,
    readings_k: Floats,
    power: PowerSteps,
    ambients_k: Floats,
    edge_spread_s: float,
    step: SupposedStep | None,
) -> Plan:
    """Steps between the readings, cut at the edges of the light."""
    cut = list(pieces(times_s, power, _LONGEST_STEP_S))
    watts = np.array([piece.power_w for piece in cut])
    row = np.array([piece.reading for piece in cut])
    arrives = np.array([piece.arrives for piece in cut])
    switched = np.array([piece.switched for piece in cut])
    # To the microsecond, so that the step's matrices are found again.
    dt_s = np.round([piece.dt_s for piece in cut], 6)
    jump = np.diff(watts, prepend=watts[:1])
    ends_s = times_s[0] + np.cumsum(dt_s)
    stepped = np.zeros((3, len(dt_s)))
    if step is not None:
        behind = ends_s - 0.5 * dt_s > step.onset_s
        which = {HEAT: (0, watts), BEAD_STEP: (1, watts > 0.0), OFFSET_STEP: (2, 1.0)}
        at, size = which[step.shape]
        stepped[at] = behind * size
    return Plan(
        dt_s,
        np.concatenate([times_s[:1], ends_s]),
        watts,
        ambients_k[row],
        np.where(arrives, row, -1),
        np.where(arrives, readings_k[row], np.nan),
        np.where(switched, (edge_spread_s * jump) ** 2, 0.0),
        float(readings_k[0]),
        *stepped,
    )


@dataclass(frozen=True, slots=True)
class Noise:
    """Variances: `reading_k2` of a reading; random walks of liquid (B,) and surroundings, K2/s;
    `edge_rate` (B,) the rate in K/(s W) that `Plan.widen_k2` is scaled by."""

    reading_k2: float
    flutter_k2_per_s: Floats
    walk_k2_per_s: float
    edge_rate: Floats


@dataclass(frozen=True, slots=True)
class Whitened:
    """What is left: `known + columns @ beta` are independent with variance 1."""

    columns: Floats
    """(B, N, COLUMNS), KNOWN less the reading."""
    log_variance: Floats
    """(B, N)."""
    states: Floats
    """(M + 1, kept, STATES, COLUMNS): the filtered states of the candidates asked for."""


def whiten(
    cells: Floats,
    body: Body,
    noise: Noise,
    steps: Plan,
    multipliers: Floats,
    keep: NDArray[np.int64],
    *,
    blind: bool = False,
) -> Whitened:
    """Run `steps` for `cells` (B, CELL); `multipliers` (M, TERMS) are those of the known course.
    `blind`: without the readings; the columns then are the courses themselves."""
    b = len(cells)
    both = np.zeros((b, STATES, STATES + COLUMNS))
    p, m = both[:, :, :STATES], both[:, :, STATES:]
    for state in (LIQUID, WALL, BEAD):
        m[:, state, KNOWN] = steps.first_k
        m[:, state, START] = 1.0
    m[:, WALL, WALL_START] = m[:, BEAD, BEAD_START] = 1.0
    m[:, HOLDER, HOLDER_START] = m[:, SURROUNDINGS, OFFSET] = 1.0
    multipliers = multipliers.copy()
    multipliers[:, POWER] = steps.power_w
    multipliers[:, MORE_HEAT] = steps.more_heat_w
    multipliers[:, MORE_LIGHT] = steps.more_light
    flutter = noise.flutter_k2_per_s[:, None, None]
    columns = np.empty((steps.readings, b, COLUMNS))
    variances = np.empty((steps.readings, b))
    states = np.empty((len(steps.dt_s) + 1, len(keep), STATES, COLUMNS))

    def take(n: int, reading_k: float, shifted: float) -> None:
        row = both[:, BEAD].copy()
        row[:, STATES + KNOWN] -= reading_k
        row[:, STATES + STEP] += shifted
        variance = row[:, BEAD] + noise.reading_k2
        np.subtract(both, (p[:, :, BEAD] / variance[:, None])[:, :, None] * row[:, None], out=both)
        columns[n] = row[:, STATES:] / np.sqrt(variance)[:, None]
        variances[n] = variance

    take(0, 0.0 if blind else steps.first_k, 0.0)
    states[0] = m[keep]
    found: dict[tuple[float, bool], tuple[Floats, Floats]] = {}
    n = 1
    for i, (dt_s, power_w, reading) in enumerate(
        zip(steps.dt_s.tolist(), steps.power_w.tolist(), steps.reading_k.tolist(), strict=True)
    ):
        key = (dt_s, power_w > 0.0)
        if key not in found:
            if len(found) >= _CACHE:
                found.clear()
            pieces, spread = step_pieces(cells, body, key[1], dt_s)
            spread *= flutter
            spread[:, SURROUNDINGS, SURROUNDINGS] += noise.walk_k2_per_s * dt_s
            found[key] = pieces.reshape(TERMS, -1), spread
        pieces, spread = found[key]
        step = (multipliers[i] @ pieces).reshape(both.shape)
        move = step[:, :, :STATES]
        if steps.widen_k2[i] > 0.0:
            p[:, LIQUID, LIQUID] += steps.widen_k2[i] * noise.edge_rate**2
        rows = move @ both
        m[:] = rows[:, :, STATES:]
        m += step[:, :, STATES:]
        np.matmul(rows[:, :, :STATES], move.transpose(0, 2, 1), out=p)
        p += spread
        if steps.row[i] >= 0:
            take(n, 0.0 if blind else reading, steps.shifted[i])
            n += 1
        states[i + 1] = m[keep]
    return Whitened(columns.transpose(1, 0, 2), np.log(variances).T, states)
