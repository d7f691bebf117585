"""Dose of the probed liquid: what its temperature and its light add up to over a record.

`DoseMeter` takes one reading at a time at a fixed cost, `thermal_dose` a whole record at once; both
give the same. Every dose carries an interval and the label `OF_LIQUID`.

The interval is made of bounds, not of a probability: the probe off by its whole tolerance either
way, and slower or faster than its lag by two deviations. The bead lags the liquid, which stands at
T + lag dT/dt. To first order in the lag that moves the curve in time, so that the dose changes only
at the two ends of each stretch without a gap, by lag (rate at its end - rate at its beginning): no
reading is differentiated. What is left out is (k lag dT/dt)^2 / 2 of the dose, with k = 0.69 1/K
above 43 degC: 2 % at 1 s and 0.3 K/s, which a lag of more than a few seconds makes too much. Light
on the bead is not taken off. Noise of sd s adds (k s)^2 / 2: 0.06 % for 0.05 K.

In a gap nothing is counted, and that is told; the upper end of the interval holds the hotter of the
readings on either side. (No bound if it was hotter still between them.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from labctl.photothermal._kinetics import CEM43, SKIN, Array, ArrheniusPair, Cem43, Kinetics

OF_LIQUID = "of the probed liquid, not of tissue"
"""Goes with every dose that is shown."""
LONGEST_GAP_S = 10.0
_LAG_DEVIATIONS = 2.0
COLDEST_DEGC, HOTTEST_DEGC = -100.0, 400.0
"""A reading beyond is none of a liquid, and left out."""


@dataclass(frozen=True, slots=True)
class ProbeTrust:
    """How far the reading of a probe may be from the temperature of the liquid around it."""

    tolerance_k: float
    """Bound either way: the class of the thermocouple, or what its calibration left."""
    lag_s: float
    """Time constant of the bead in the liquid."""
    lag_sd_s: float
    """One standard deviation."""

    def __post_init__(self) -> None:
        values = (self.tolerance_k, self.lag_s, self.lag_sd_s)
        if not all(math.isfinite(value) and value >= 0.0 for value in values):
            raise ValueError(f"tolerance, lag and its deviation must be 0 or more: {values}")

    @property
    def lags_s(self) -> tuple[float, float, float]:
        """Shortest, likeliest and longest lag."""
        spread = _LAG_DEVIATIONS * self.lag_sd_s
        return max(0.0, self.lag_s - spread), self.lag_s, self.lag_s + spread


@dataclass(frozen=True, slots=True)
class Bounded:
    """A number between two bounds."""

    value: float
    low: float
    high: float

    def __add__(self, other: Bounded) -> Bounded:
        """Both together; the bounds are of one cause (the same probe), so they add."""
        return Bounded(self.value + other.value, self.low + other.low, self.high + other.high)


NOTHING = Bounded(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Damage:
    """Omega by one pair, and the share that would survive by it."""

    pair: ArrheniusPair
    omega: Bounded

    @property
    def survival(self) -> Bounded:
        """exp(-Omega). First order: overstates early death."""
        omega = self.omega
        return Bounded(math.exp(-omega.value), math.exp(-omega.high), math.exp(-omega.low))


@dataclass(frozen=True, slots=True)
class ThermalDose:
    """What a record of temperature adds up to."""

    cem43_min: Bounded
    """Equivalent minutes at 43 degC by `convention`."""
    convention: Cem43
    damage: tuple[Damage, ...]
    peak_degc: float | None
    """Highest reading; None without one."""
    duration_s: float
    """From the first reading to the last, gaps left out."""
    gaps: int
    gap_s: float
    """All gaps together, in which nothing was counted."""
    left_out: int
    """Readings that are none, of no liquid, or not later than the one before."""
    probe: ProbeTrust
    label: str = OF_LIQUID


@dataclass(slots=True)
class _Sums:
    """Of one law: the dose along the curve as read, and as read less and more the tolerance."""

    law: Kinetics
    along: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    ends: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    """Rates at the ends of closed stretches less those at their beginnings."""
    in_gaps: float = 0.0
    """Upper bound of what the gaps held."""

    def bounded(self, lags: Sequence[float], open_ends: Sequence[float]) -> Bounded:
        """The dose with the lag's share; `open_ends` as `ends`, of the stretch still going on."""
        ends = [a + b for a, b in zip(self.ends, open_ends, strict=True)]
        low = self.along[0] + min(lags[0] * ends[0], lags[2] * ends[0])
        value = self.along[1] + lags[1] * ends[1]
        high = self.along[2] + max(lags[0] * ends[2], lags[2] * ends[2]) + self.in_gaps
        value = max(0.0, value)
        return Bounded(value, min(max(0.0, low), value), max(high, value))


class DoseMeter:
    """Dose of readings as they come. Each costs the same, however many came before."""

    def __init__(
        self,
        probe: ProbeTrust,
        *,
        convention: Cem43 = CEM43,
        pairs: Sequence[ArrheniusPair] = (SKIN,),
        longest_gap_s: float = LONGEST_GAP_S,
    ) -> None:
        self.probe = probe
        self.convention = convention
        self.pairs = tuple(pairs)
        self.longest_gap_s = longest_gap_s
        self.left_out = 0
        self.gaps = 0
        self.gap_s = 0.0
        self.duration_s = 0.0
        self.peak_degc: float | None = None
        self._shifts = (-probe.tolerance_k, 0.0, probe.tolerance_k)
        laws: tuple[Kinetics, ...] = (convention, *self.pairs)
        self._sums = [_Sums(law) for law in laws]
        self._began_degc: float | None = None
        """First reading of the stretch that goes on."""
        self._t_s = 0.0
        self._degc = 0.0

    def add(self, t_s: float, degc: float) -> None:
        """Take a reading at `t_s` seconds, in degC. One that is NaN, of no liquid, or not later
        than the one before is left out and counted in `left_out`."""
        if not (COLDEST_DEGC <= degc <= HOTTEST_DEGC and math.isfinite(t_s)):
            self.left_out += 1
            return
        if self._began_degc is None:
            self._began_degc = self.peak_degc = degc
            self._t_s, self._degc = t_s, degc
            return
        dt_s = t_s - self._t_s
        if dt_s <= 0.0:
            self.left_out += 1
            return
        if self.peak_degc is None or degc > self.peak_degc:
            self.peak_degc = degc
        if dt_s > self.longest_gap_s:
            self._gap(dt_s, degc)
        else:
            self.duration_s += dt_s
            before = self._degc
            for sums in self._sums:
                piece, along = sums.law.piece, sums.along
                for track, shift in enumerate(self._shifts):
                    along[track] += piece(before + shift, degc + shift, dt_s)
        self._t_s, self._degc = t_s, degc

    def take_all(self, t_s: Array, degc: Array) -> None:
        """Take many readings at once, finite and each later than the one before, into a meter that
        has had none (`thermal_dose` sees to that)."""
        self.peak_degc = float(degc.max())
        dt_s = np.diff(t_s)
        wide = dt_s > self.longest_gap_s
        near = ~wide
        self.gaps, self.gap_s = int(wide.sum()), float(dt_s[wide].sum())
        self.duration_s = float(dt_s[near].sum())
        before, after = degc[:-1], degc[1:]
        hotter = np.maximum(before, after)[wide] + self._shifts[2]
        begins = np.concatenate((degc[:1], after[wide]))
        for sums in self._sums:
            law = sums.law
            sums.in_gaps = float((law.rates(hotter) * dt_s[wide]).sum())
            for track, shift in enumerate(self._shifts):
                pieces = law.pieces(before[near] + shift, after[near] + shift, dt_s[near])
                sums.along[track] = float(pieces.sum())
                closed = law.rates(before[wide] + shift) - law.rates(begins[:-1] + shift)
                sums.ends[track] = float(closed.sum())
        self._began_degc = float(begins[-1])
        self._t_s, self._degc = float(t_s[-1]), float(degc[-1])

    def _gap(self, dt_s: float, degc: float) -> None:
        self.gaps += 1
        self.gap_s += dt_s
        hotter = max(self._degc, degc) + self._shifts[2]
        for sums in self._sums:
            sums.in_gaps += sums.law.rate(hotter) * dt_s
            for track, end in enumerate(self._open_ends(sums.law)):
                sums.ends[track] += end
        self._began_degc = degc

    def _open_ends(self, law: Kinetics) -> list[float]:
        began = self._began_degc
        if began is None:
            return [0.0, 0.0, 0.0]
        return [law.rate(self._degc + s) - law.rate(began + s) for s in self._shifts]

    @property
    def cem43_min(self) -> float:
        """Equivalent minutes so far, without bounds: cheap enough to ask at every tick."""
        sums = self._sums[0]
        began = self._began_degc
        if began is None:
            return 0.0
        rate = self.convention.rate
        ends = sums.ends[1] + rate(self._degc) - rate(began)
        return max(0.0, sums.along[1] + self.probe.lag_s * ends)

    def told(self) -> ThermalDose:
        """The dose so far."""
        lags = self.probe.lags_s
        first, *rest = [sums.bounded(lags, self._open_ends(sums.law)) for sums in self._sums]
        return ThermalDose(
            cem43_min=first,
            convention=self.convention,
            damage=tuple(Damage(p, omega) for p, omega in zip(self.pairs, rest, strict=True)),
            peak_degc=self.peak_degc,
            duration_s=self.duration_s,
            gaps=self.gaps,
            gap_s=self.gap_s,
            left_out=self.left_out,
            probe=self.probe,
        )


def thermal_dose(
    t_s: Array | Sequence[float],
    degc: Array | Sequence[float],
    probe: ProbeTrust,
    *,
    convention: Cem43 = CEM43,
    pairs: Sequence[ArrheniusPair] = (SKIN,),
    longest_gap_s: float = LONGEST_GAP_S,
) -> ThermalDose:
    """Dose of a record: times in seconds and temperatures in degC, both of shape (n,), at any
    spacing. The same as a `DoseMeter` that was given them one by one. ValueError when the two are
    not of one length."""
    t, x = np.asarray(t_s, dtype=float), np.asarray(degc, dtype=float)
    if t.ndim != 1 or t.shape != x.shape:
        raise ValueError(f"times {t.shape} and temperatures {x.shape} are not of one length")
    n = len(t)
    good = np.isfinite(t) & (x >= COLDEST_DEGC) & (x <= HOTTEST_DEGC)
    t, x = t[good], x[good]
    if len(t):
        latest = np.maximum.accumulate(t)
        later = np.concatenate(([True], t[1:] > latest[:-1]))
        t, x = t[later], x[later]
    meter = DoseMeter(probe, convention=convention, pairs=pairs, longest_gap_s=longest_gap_s)
    meter.left_out = n - len(t)
    if len(t):
        meter.take_all(t, x)
    return meter.told()
