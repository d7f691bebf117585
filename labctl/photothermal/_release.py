"""The release of one species, followed as its assays come in.

By several laws at once, each with its evidence (`_release_law_fit`), over the reduced time that the
temperature and the medium have made (`_release_history`). What is asked of it - the fraction now,
the odds that it is above or below a value, when it will be - is of the fraction that has truly
left, not of what an assay would say: the common error of calibration and load is in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from labctl.photothermal._release_history import MediumHistory
from labctl.photothermal._release_law_fit import LawFit, Measured, wild_share
from labctl.photothermal._release_laws import LAWS, Array
from labctl.photothermal._release_prior import ReleasePrior

FEWEST = 4
"""Measurements that mean something before any odds are given."""
_LAW_SD = 0.008
"""Of the load: what no law of ours is wrong by less. An assumption."""
_NO_NEWS = 1e-4
"""A law with less of the evidence than this is not moved about."""
_SURPRISE = 4.0
"""Deviations between a measurement and what was expected of it: named at once."""
_QUANTILES = (0.025, 0.975)
_REACH = 8.0
"""Deviations beyond which a value is below or above for certain."""
_WILD = 0.5


@dataclass(frozen=True, slots=True)
class Released:
    """What is known of a released fraction at a time."""

    fraction: float
    sd: float
    low: float
    """95 % interval."""
    high: float


class ReleaseTracker:
    """One species. Times in s, not falling; fractions of the load."""

    def __init__(
        self, history: MediumHistory, prior: ReleasePrior | None = None, *, stated: bool = True
    ) -> None:
        """`history` is shared by all species and told by its owner. `stated`: measurements come
        with a deviation of their own."""
        self.prior = prior or ReleasePrior()
        self.history = history
        noise_log_sd = self.prior.noise_log_sd if stated else 0.7
        self._laws = [LawFit(law, self.prior, noise_log_sd) for law in LAWS]
        self._measured = Measured()
        self._surprising: list[bool] = []
        self._wild: list[float] = []

    # -- measurements --------------------------------------------------------------------------

    def add(self, t_s: float, fraction: float, sd: float | None = None) -> None:
        """A measurement, and its own deviation. ValueError for what is no number or a deviation
        that is not above 0; a fraction above 1 or below 0 is a measurement like any other."""
        sd = self.prior.unstated_noise if sd is None else sd
        if not (math.isfinite(t_s) and math.isfinite(fraction) and 0.0 < sd < math.inf):
            raise ValueError(f"no measurement: {fraction} ± {sd} at {t_s} s")
        expected, spread = self._expected(t_s, sd)
        self._surprising.append(
            len(self._measured.t_s) >= FEWEST and abs(fraction - expected) > _SURPRISE * spread
        )
        self._measured.add(t_s, fraction, sd)
        for law in self._laws:
            law.learn(self.history, self._measured)
        shares = self.law_shares
        for law in self._laws:
            if law.thin and shares[law.law] > _NO_NEWS:
                law.move(self.history, self._measured)
        self._wild = self._meaning_nothing()

    @property
    def count(self) -> int:
        """Measurements so far."""
        return len(self._surprising)

    @property
    def last_s(self) -> float | None:
        """When the last measurement was taken."""
        return float(self._measured.t_s[-1]) if self.count else None

    @property
    def outliers(self) -> tuple[float, ...]:
        """Times in s of measurements that mean nothing, by all that is known now."""
        times = zip(self._measured.t_s, self._wild, strict=True)
        return tuple(float(t_s) for t_s, share in times if share > _WILD)

    @property
    def last_means_nothing(self) -> bool:
        """The last measurement is an outlier, or far from all that was expected of it."""
        return self.count > 0 and (self._surprising[-1] or self._wild[-1] > _WILD)

    @property
    def law_shares(self) -> dict[str, float]:
        """Law -> its share of the evidence."""
        logs = [law.log_evidence for law in self._laws]
        top = max(logs)
        odds = [math.exp(found - top) for found in logs]
        total = sum(odds)
        return {law.law: odd / total for law, odd in zip(self._laws, odds, strict=True)}

    @property
    def why_none(self) -> str:
        """Why no odds are given now; '' when they are."""
        good = self.count - len(self.outliers)
        if good < FEWEST:
            return f"{good} of at least {FEWEST} measurements"
        if self.last_means_nothing:
            return "the last measurement is an outlier"
        return ""

    # -- what is known -------------------------------------------------------------------------

    def at(self, t_s: float) -> Released:
        """The fraction at a time: past, present, or to come in the medium as it is now."""
        values, weights = self._all(t_s)
        mean = float(values @ weights)
        sd = math.sqrt(float((values - mean) ** 2 @ weights) + _LAW_SD**2)
        low, high = _quantiles(values, weights)
        return Released(mean, sd, low, high)

    def probability_at_least(self, fraction: float, t_s: float) -> float | None:
        """Odds that at least this has left at `t_s`; None while there are none to give (see
        `why_none`)."""
        if self.why_none:
            return None
        return 1.0 - _below(*self._all(t_s), fraction)

    def probability_at_most(self, fraction: float, t_s: float) -> float | None:
        """The same for at most."""
        if self.why_none:
            return None
        return _below(*self._all(t_s), fraction)

    def reaches_s(self, fraction: float, now_s: float) -> tuple[float, float, float]:
        """When the fraction will have been reached, s from `now_s`, in the medium as it is now:
        low and high of 95 %, the median between them; inf where it may never be."""
        ahead_s = np.concatenate([[0.0], np.geomspace(60.0, 48.0 * 3600.0, 60)])
        odds = np.zeros(len(ahead_s))
        for share, law in self._parts():
            odds += share * (
                law.weights @ (law.released(self.history, now_s + ahead_s) >= fraction)
            )
        low, middle, high = (_first(ahead_s, odds, share) for share in (0.025, 0.5, 0.975))
        return low, middle, high

    # -- within --------------------------------------------------------------------------------

    def _parts(self) -> Iterator[tuple[float, LawFit]]:
        shares = self.law_shares
        for law in self._laws:
            if shares[law.law] > _NO_NEWS:
                yield shares[law.law], law

    def _all(self, t_s: float) -> tuple[Array, Array]:
        """Fractions of all suppositions and their weights."""
        when = np.array([t_s])
        parts = [
            (law.released(self.history, when)[:, 0], share * law.weights)
            for share, law in self._parts()
        ]
        weights = np.concatenate([weight for _, weight in parts])
        return np.concatenate([values for values, _ in parts]), weights / weights.sum()

    def _expected(self, t_s: float, sd: float) -> tuple[float, float]:
        when = np.array([t_s])
        mean = square = 0.0
        for share, law in self._parts():
            told, noise = law.told(self.history, when)
            mean += share * float(law.weights @ told[:, 0])
            square += share * float(law.weights @ (told[:, 0] ** 2 + (noise[:, 0] * sd) ** 2))
        return mean, math.sqrt(max(square - mean * mean, 0.0) + _LAW_SD**2)

    def _meaning_nothing(self) -> list[float]:
        found = np.zeros(self.count)
        measured = self._measured
        for share, law in self._parts():
            told, noise = law.told(self.history, measured.t_s)
            wild = wild_share(told, noise, measured.fraction, measured.sd)
            found += share * (law.weights @ wild)
        return [float(odds) for odds in found]


def _quantiles(values: Array, weights: Array) -> tuple[float, float]:
    """By halving: the fractions are smoothed by what no law is wrong by less. Sorted once, so that
    only those near the point are smoothed."""
    order = np.argsort(values)
    ordered, by_order = values[order], weights[order]
    below = np.concatenate([[0.0], np.cumsum(by_order)])
    reach = _REACH * _LAW_SD

    def odds(fraction: float) -> float:
        first, last = np.searchsorted(ordered, (fraction - reach, fraction + reach))
        near = _smoothed(fraction, ordered[first:last])
        return float(below[first] + by_order[first:last] @ near)

    found = []
    for share in _QUANTILES:
        low, high = -0.1, 1.1
        for _ in range(24):
            middle = 0.5 * (low + high)
            if odds(middle) < share:
                low = middle
            else:
                high = middle
        found.append(min(max(0.5 * (low + high), 0.0), 1.0))
    return found[0], found[1]


def _smoothed(fraction: float, values: Array) -> Array:
    """Odds that each of the values, known as well as a law is right, is below the fraction; the
    normal's integral by a tanh, good to 3e-4."""
    x = np.clip((fraction - values) / _LAW_SD, -_REACH, _REACH)
    # Multiplied out: a power of three takes many times as long.
    return np.asarray(0.5 * (1.0 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x))))


def _below(values: Array, weights: Array, fraction: float) -> float:
    """Odds that the fraction is below."""
    return min(max(float(weights @ _smoothed(fraction, values)), 0.0), 1.0)


def _first(ahead_s: Array, odds: Array, share: float) -> float:
    reached = np.nonzero(odds >= share)[0]
    return float(ahead_s[reached[0]]) if len(reached) else math.inf
