"""One law of release as far as measurements tell: a crowd of suppositions, and its evidence.

Sequential Monte Carlo in the space of z (N. Chopin 2002, iterated batch importance sampling): a new
measurement weighs the suppositions; when few carry the weight, the crowd is drawn anew from itself
and every member moved by Metropolis steps that leave the distribution as it is. All draws are fixed
points (`_release_points`): the same measurements give the same answer, bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from labctl.photothermal._release_history import MediumHistory
from labctl.photothermal._release_laws import Array, Medium, grown, log_rate
from labctl.photothermal._release_points import normal_points, uniform_points
from labctl.photothermal._release_prior import MEDIUM, NAMES, ReleasePrior, Supposed, unfold

COUNT = 512
"""Suppositions a law."""
_FEW = 0.5
"""Of `COUNT`: when fewer than this carry the weight, the crowd moves."""
_STRIDES = (0.85, 0.35, 0.85, 0.85, 0.35, 0.85)
"""Lengths of the steps of a move, in deviations of the crowd; 0.84 is 2.38 / sqrt(8)."""
_FORGET = 0.6
"""How much of what the medium does is drawn anew in a step; see `_step_medium`."""
_SETS = 40
"""Sets of points before they come round again."""
WILD_SHARE = 0.02
"""Of measurements that mean nothing: a bubble, a wrong vial. An assumption, on the high side."""
_WILD_SD = 0.3
"""Of the load: how far such a measurement is off."""
_LOG_2PI = math.log(2.0 * math.pi)


class Measured:
    """The measurements of one species, as arrays."""

    def __init__(self) -> None:
        self.t_s = np.zeros(0)
        self.fraction = np.zeros(0)
        self.sd = np.zeros(0)

    def add(self, t_s: float, fraction: float, sd: float) -> None:
        """One more."""
        self.t_s = np.append(self.t_s, t_s)
        self.fraction = np.append(self.fraction, fraction)
        self.sd = np.append(self.sd, sd)


class LawFit:
    """What one law makes of the measurements so far."""

    def __init__(self, law: str, prior: ReleasePrior, noise_log_sd: float) -> None:
        self.law = law
        self.prior = prior
        self._noise_log_sd = noise_log_sd
        self._turn = 0
        self._z = normal_points(COUNT, len(NAMES), 0)
        self._supposed = self._unfolded(self._z)
        self._rates = np.zeros((COUNT, 0))
        self._log_weights = np.zeros(COUNT)
        self.weights = np.full(COUNT, 1.0 / COUNT)
        """Of the suppositions; they add up to 1."""
        self.log_evidence = 0.0
        """ln of the density of all measurements by this law."""

    # -- what it says --------------------------------------------------------------------------

    def released(self, history: MediumHistory, t_s: Array) -> Array:
        """Fraction of the load that has left, one row a supposition, one column a time."""
        self._rates = self._known(history, self._supposed, self._rates)
        return _released(self.law, self._supposed, self._rates @ _spent(history, t_s).T)

    def told(self, history: MediumHistory, t_s: Array) -> tuple[Array, Array]:
        """The fraction as an assay would tell it, and the factor on its stated deviation."""
        by = self._supposed
        return self.released(history, t_s) * by.scale + by.zero, by.noise

    # -- measurements --------------------------------------------------------------------------

    def learn(self, history: MediumHistory, measured: Measured) -> None:
        """Take in the last of `measured`."""
        told, noise = self.told(history, measured.t_s[-1:])
        density = _log_like(told, noise, measured.fraction[-1:], measured.sd[-1:])
        logarithm = self._log_weights + density
        top = float(np.max(logarithm))
        weights = np.exp(logarithm - top)
        total = float(np.sum(weights))
        before = float(np.sum(np.exp(self._log_weights)))
        self.log_evidence += top + math.log(total / before)
        self._log_weights = logarithm - top
        self.weights = weights / total

    @property
    def thin(self) -> bool:
        """Few suppositions carry the weight."""
        return float(np.sum(self.weights**2)) * _FEW * COUNT > 1.0

    def move(self, history: MediumHistory, measured: Measured) -> None:
        """Draw the crowd anew from itself and move it about."""
        core = len(NAMES) - len(MEDIUM)
        off = self._z - self.weights @ self._z
        cov = (off * self.weights[:, None]).T @ off
        root = np.linalg.cholesky(cov[:core, :core] + 1e-5 * np.eye(core))
        place = (np.arange(COUNT) + self._uniform(1)[0, 0]) / COUNT
        drawn = np.searchsorted(np.cumsum(self.weights), place).clip(0, COUNT - 1)
        self._z = self._z[drawn]
        self._supposed = self._unfolded(self._z)
        self._rates = self._known(history, self._supposed, self._rates[drawn])
        spent = _spent(history, measured.t_s)
        like = self._density(self._supposed, self._rates, spent, measured)
        for number, stride in enumerate(_STRIDES):
            like = self._step_core(stride * root, like, spent, measured)
            if number % 2 == 0:
                like = self._step_medium(history, like, spent, measured)
        self._log_weights = np.zeros(COUNT)
        self.weights = np.full(COUNT, 1.0 / COUNT)

    def _step_core(self, root: Array, like: Array, spent: Array, measured: Measured) -> Array:
        """One Metropolis step in what does not concern the medium; densities after it."""
        core = len(root)
        z = self._z.copy()
        z[:, :core] += self._normal(core) @ root.T
        supposed = self._unfolded(z)
        proposed = self._density(supposed, self._rates, spent, measured)
        gain = proposed - like - 0.5 * np.sum(z[:, :core] ** 2 - self._z[:, :core] ** 2, axis=1)
        taken = np.log(self._uniform(COUNT)[:, 0]) < gain
        self._take(z, taken)
        return np.where(taken, proposed, like)

    def _step_medium(
        self, history: MediumHistory, like: Array, spent: Array, measured: Measured
    ) -> Array:
        """One step in how the medium acts, along the prior (pCN): as long as the medium was one and
        the same nothing is known of it, and every step is taken."""
        first = len(NAMES) - len(MEDIUM)
        z = self._z.copy()
        kept = math.sqrt(1.0 - _FORGET**2)
        z[:, first:] = kept * z[:, first:] + _FORGET * self._normal(len(MEDIUM))
        supposed = self._unfolded(z)
        rates = self._known(history, supposed, np.zeros((COUNT, 0)))
        proposed = self._density(supposed, rates, spent, measured)
        taken = np.log(self._uniform(COUNT)[:, 0]) < proposed - like
        self._take(z, taken)
        self._rates = np.where(taken[:, None], rates, self._rates)
        return np.where(taken, proposed, like)

    def _density(self, supposed: Supposed, rates: Array, spent: Array, measured: Measured) -> Array:
        """ln of the density of all measurements by each supposition."""
        told = _released(self.law, supposed, rates @ spent.T) * supposed.scale + supposed.zero
        return _log_like(told, supposed.noise, measured.fraction, measured.sd)

    def _take(self, z: Array, taken: NDArray[np.bool_]) -> None:
        self._z = np.where(taken[:, None], z, self._z)
        self._supposed = self._unfolded(self._z)

    # -- within --------------------------------------------------------------------------------

    def _normal(self, dimensions: int) -> Array:
        self._turn += 1
        return normal_points(COUNT, dimensions, 1 + self._turn % _SETS)

    def _uniform(self, count: int) -> Array:
        self._turn += 1
        return uniform_points(count, 1, 1 + self._turn)

    def _unfolded(self, z: Array) -> Supposed:
        return unfold(z, self.law, self.prior, self._noise_log_sd)

    def _known(self, history: MediumHistory, supposed: Supposed, rates: Array) -> Array:
        """Rates beside the reference, with those of the media that have come since."""
        new = history.classes[rates.shape[1] :]
        if not new:
            return rates
        reference = self.prior.reference or history.reference()
        at_reference = log_rate(reference, supposed.by)
        columns = [
            np.exp(np.minimum(log_rate(_beside(one, reference), supposed.by) - at_reference, 40.0))
            for one in new
        ]
        return np.concatenate([rates, *columns], axis=1)


def _beside(medium: Medium, reference: Medium) -> Medium:
    """What one of the two does not know of the medium is taken to be the same in both."""
    ph, gsh = medium.ph, medium.glutathione_mol_per_m3
    if ph is None or reference.ph is None:
        ph = reference.ph
    if gsh is None or reference.glutathione_mol_per_m3 is None:
        gsh = reference.glutathione_mol_per_m3
    return replace(medium, ph=ph, glutathione_mol_per_m3=gsh)


def _spent(history: MediumHistory, t_s: Array) -> Array:
    return np.array([history.spent_s(float(t)) for t in t_s])


def _released(law: str, by: Supposed, reduced_s: Array) -> Array:
    x = by.rate_per_s * np.maximum(reduced_s - by.lag_s, 0.0)
    return np.asarray(by.burst + (by.end - by.burst) * grown(law, x, by.shape))


def _log_like(told: Array, noise: Array, fraction: Array, sd: Array) -> Array:
    """ln of the density of measurements, a share of which means nothing."""
    by = noise * sd
    off = (fraction - told) ** 2
    good = (1.0 - WILD_SHARE) / by * np.exp(np.maximum(-0.5 * off / by**2, -700.0))
    wild = WILD_SHARE / _WILD_SD * np.exp(np.maximum(-0.5 / _WILD_SD**2 * off, -700.0))
    return np.asarray(np.sum(np.log(good + wild), axis=1) - 0.5 * _LOG_2PI * len(fraction))


def wild_share(told: Array, noise: Array, fraction: Array, sd: Array) -> Array:
    """Probability that each measurement means nothing, by each supposition."""
    by = noise * sd
    off = (fraction - told) ** 2
    good = (1.0 - WILD_SHARE) / by * np.exp(np.maximum(-0.5 * off / by**2, -700.0))
    wild = WILD_SHARE / _WILD_SD * np.exp(np.maximum(-0.5 / _WILD_SD**2 * off, -700.0))
    return np.asarray(wild / (good + wild))
