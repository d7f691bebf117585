"""The bank at the verdict: a pass more, and then one by many narrow filters.

A filter takes as straight what is bent: over the width of what a record leaves open of wall,
coupling, lag and light on the bead, each of which bends what another does. So what the bank has
found is taken in small pieces: for each flutter, narrow Gaussians laid along the directions in
which much is open (SOFT_SD of the prior), each linear around the curve that the bank expects there.
Across, where the record says much, a filter keeps the whole width of the prior. The filters' prior
weights make their mixture the prior again, over the density of the points that they were laid on
(importance sampling), so where they lie decides how well the answer is known, not what it is.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from labctl.photothermal._bank import FilterBank, LostError
from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import DRIFT, LIGHT, OFFSET, RATE, STATES, BankPrior
from labctl.photothermal._nominal import FARTHEST
from labctl.photothermal._told import CELLS, Cells, Each

_FILTERS, _FEWEST = 384, 16
"""In all, and for a flutter."""
_WIDTH = 0.4
"""Of a filter, over the deviation of what was found."""
_SOFT_SD = 0.1
"""Directions in which more than this share of the prior's deviation is open are gone along."""
_BROADER = 1.15
"""By so much more than what was found the filters are spread, for its tails to be reached."""
_UNLIKELY = 0.003
"""A flutter of less weight is left out."""
_NEGLIGIBLE = 1e-5
"""So is a filter of what was found."""
_LEAST_WORTH = 0.1
"""What the filters must be worth, as a share of as many of equal weight."""
_LINEAR = [RATE, LIGHT, OFFSET, DRIFT]
_CLOSE_TO_PRIOR = 0.99
"""Of the prior's variance, the most that a filter along a soft direction takes."""
_NOTHING = 1e-12
"""Variance, over the largest, of a direction in which the prior leaves nothing open."""


def settled(bank: FilterBank) -> FilterBank:
    """What a bank has to say when no reading comes any more: a bank that has been told the same
    once more, and then once more by narrow filters around what that one found. Some 0.5 s for 1000
    readings. Where the narrow filters are lost, or a few of them outweigh all others, it is the one
    of the pass before; and this bank where that one is lost too."""
    try:
        found = bank.once_more()
    except LostError:
        return bank
    try:
        narrow = found.among(narrow_cells(bank.prior, found.each()))
    except (LostError, np.linalg.LinAlgError):
        return found
    weight = narrow.weight
    worth = 1.0 / (float(weight @ weight) * len(weight))
    return narrow if worth >= _LEAST_WORTH else found


def narrow_cells(prior: BankPrior, found: Each) -> Cells:
    """Narrow pieces of the prior, laid along what was found."""
    mean, directions = _prior(prior)
    inverse = np.linalg.pinv(directions)
    # In deviations of the prior, and behind them what a curve is linear in.
    z = (found.mean[:, CELLS] - mean) @ inverse.T
    linear = found.mean[:, _LINEAR]
    across = found.covariance[:, :, CELLS] @ inverse.T
    flutters, which = np.unique(found.flutter, return_inverse=True)
    share = np.bincount(which, found.weight)
    likely = np.flatnonzero(share > _UNLIKELY * share.sum())
    parts = []
    for flutter in likely:
        own = (which == flutter) & (found.weight > _NEGLIGIBLE)
        weight = found.weight[own] / found.weight[own].sum()
        values = np.hstack([z[own], linear[own]])
        centre = weight @ values
        off = values - centre
        by_cell = across[own]
        with_z = np.concatenate([inverse @ by_cell[:, CELLS], by_cell[:, _LINEAR]], axis=1)
        covariance = np.einsum("i,ijk->jk", weight, with_z)
        covariance += (off * weight[:, None]).T @ off[:, : z.shape[1]]
        filters = _FILTERS * np.sqrt(share[flutter]) / np.sqrt(share[likely]).sum()
        parts.append(_laid(centre, covariance, max(_FEWEST, round(float(filters)))))
    laid, kernels, around, log_weight = ([part[i] for part in parts] for i in range(len(parts[0])))
    counts = [len(part) for part in laid]
    z_around = np.concatenate(around)
    free = z.shape[1]
    curves = np.zeros((len(z_around), STATES))
    curves[:, CELLS] = mean + z_around[:, :free] @ directions.T
    curves[:, CELLS[:4]] = np.clip(curves[:, CELLS[:4]], mean[:4] - FARTHEST, mean[:4] + FARTHEST)
    curves[:, _LINEAR] = z_around[:, free:]
    covariances = np.stack([directions @ kernel @ directions.T for kernel in kernels])
    return Cells(
        mean + np.concatenate(laid) @ directions.T,
        np.repeat(covariances, counts, axis=0),
        curves,
        np.repeat(flutters[likely], counts),
        np.concatenate(log_weight),
    )


def _prior(prior: BankPrior) -> tuple[Floats, Floats]:
    """(7,) and (7, R): a cell is mean + directions @ z, z standard normal."""
    mean = np.array(
        [
            np.log(prior.heat_loss_w_per_k / prior.heat_capacity_j_per_k),
            np.log(prior.coupling_w_per_k),
            np.log(prior.wall_j_per_k),
            -np.log(prior.lag_s),
            prior.curve_per_k,
            prior.holder_share,
            0.0,
        ]
    )
    covariance = np.diag([0.0] * 5 + [prior.holder_share_sd**2, prior.dark_loss_sd**2])
    covariance[:5, :5] = prior.covariance()
    values, vectors = np.linalg.eigh(covariance)
    free = values > _NOTHING * values.max(initial=0.0)
    return mean, vectors[:, free] * np.sqrt(values[free])


def _laid(
    centre: Floats, covariance: Floats, filters: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Of one flutter: means (N, R) of the narrow filters in deviations of the prior, the covariance
    (R, R) of each, around what they are linear (N, R + 4), and the logarithms of their weights;
    from the mean (R + 4,) of what was found, and how it goes with z, (R + 4, R)."""
    r = covariance.shape[1]
    values, vectors = np.linalg.eigh(covariance[:r])
    soft = np.sqrt(np.maximum(values, 0.0)) > _SOFT_SD
    open_, along = values[soft], vectors[:, soft]
    width = np.minimum(_WIDTH**2 * open_, _CLOSE_TO_PRIOR)
    kernel = (vectors * np.where(soft, 0.0, 1.0)) @ vectors.T + (along * width) @ along.T
    # The centres of pieces of what was found are spread by more than itself is, once what the
    # prior has to say of each piece is taken out: centre | z is (1 - width) z, and its own width.
    middle = along.T @ centre[:r]
    spread = _BROADER * np.sqrt((1.0 - width) ** 2 * open_ + width * (1.0 - width))
    points = _points(filters, len(open_))
    at = (1.0 - width) * middle + points * spread
    log_weight = 0.5 * (points**2 - at**2 / (1.0 - width)).sum(axis=1)
    log_weight += np.log(spread / np.sqrt(1.0 - width)).sum() - np.log(len(at))
    # Where the record leads a filter along its own directions, and the rest with it.
    led = (at / width + middle / open_) / (1.0 / width + 1.0 / open_ - 1.0)
    around = centre + (led - middle) @ (covariance @ along / open_).T
    return at @ along.T, kernel, around, log_weight


def _points(count: int, dimensions: int) -> Floats:
    """(N, dimensions): evenly laid, each with its mirror image, of mean 0 and covariance 1."""
    if dimensions == 0:
        return np.zeros((1, 0))
    half = max(count // 2, dimensions + 2)
    # Additive recurrence by the root of g^(d+1) = g + 1 (Roberts 2018).
    g = 2.0
    for _ in range(64):
        g = (1.0 + g) ** (1.0 / (dimensions + 1.0))
    even = (0.5 + np.arange(1, half + 1)[:, None] * g ** -np.arange(1.0, dimensions + 1.0)) % 1.0
    normal = NormalDist().inv_cdf
    points = np.array([[normal(u) for u in row] for row in even.tolist()])
    root = np.linalg.cholesky(points.T @ points / half)
    points = np.linalg.solve(root, points.T).T
    return np.concatenate([points, -points])
