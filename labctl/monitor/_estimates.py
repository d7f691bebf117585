"""The bank's parameters as results: efficiency, heat loss, time constant, rise, blank."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from labctl.monitor._priors import GUESSED_LOSS_SD, Kind, Priors
from labctl.photothermal import (
    MODEL_LOSS_RELATIVE_SD,
    Estimate,
    FieldHeating,
    FilterBank,
    Moments,
    Thermal,
    efficiency,
    field_heating,
    thermal,
)

_LEAST_TELLING = 0.5
"""A relative deviation above this says nothing yet."""
MOSTLY_ASSUMED = GUESSED_LOSS_SD / 3.0
"""A relative deviation that is more than a third of what was assumed: of what the answer is off by,
more than a ninth may then be the assumption's."""
LEAST_LOSS_K_PER_S = 0.005
"""In the dark a change of heat is held against the loss, or this where less is lost."""
_LEAST_BEND = 0.2
"""Heat loss at the plateau over that at the start. Below it `thermal` holds the heat loss at a
fifth, whatever the readings say, and a deviation worked out there is that of nothing."""


def figures(value: float, digits: int = 6) -> float:
    """Rounded to significant digits, so that a record is no longer than it knows."""
    return float(f"{value:.{digits}g}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was known at a time. `efficiency` and its budget are None where the kind has none."""

    moments: Moments
    thermal: Thermal
    efficiency: Estimate | None
    budget: Mapping[str, float]
    power_w: float
    lit_s: float
    """How long the light had been on by then."""
    flutter_k2_per_s: float
    loss_guessed: bool = False
    """Whether nobody said anything of the vessel's heat loss beforehand."""
    magnetic: FieldHeating | None = None
    """Of a coil's run; its budget is that of the loss power."""

    @property
    def wanted(self) -> Estimate | None:
        """What the run is for: the efficiency, or the loss power; None where it has neither."""
        return self.efficiency if self.magnetic is None else self.magnetic.loss

    @property
    def has_plateau(self) -> bool:
        """False where the heat loss, by its curvature within a deviation, goes towards nothing
        before a plateau is reached. A heating cut short can leave that open; heat loss, time
        constant and rise, which are those at the plateau, are then not known."""
        i = Moments.CURVE
        low = float(self.moments.mean[i]) - math.sqrt(max(0.0, self.moments.covariance[i, i]))
        return 1.0 + 2.0 * low * self.thermal.rise_k > _LEAST_BEND

    @property
    def learned(self) -> bool:
        """False where nothing is stated of the vessel and the record has told too little of it:
        its time constant, and what goes with it, would be mostly what was assumed."""
        tau_s, sd_s, sd_wall_s = self.thermal.time_constant_s
        return not self.loss_guessed or math.hypot(sd_s, sd_wall_s) <= MOSTLY_ASSUMED * tau_s

    @property
    def has_loss(self) -> bool:
        """Whether heat loss, time constant and rise are told."""
        return self.has_plateau and self.learned


@dataclass(frozen=True, slots=True)
class Live:
    """For an assessment; None while nothing can be said."""

    efficiency: float | None = None
    efficiency_sd_statistical: float | None = None
    efficiency_sd_total: float | None = None
    time_constant_s: float | None = None
    time_constant_sd_s: float | None = None
    heat_loss_w_per_k: float | None = None
    heat_loss_sd_w_per_k: float | None = None


class Estimates:
    """Works the whole uncertainty out at intervals (`look`), and the values between."""

    def __init__(self, priors: Priors) -> None:
        self._priors = priors
        self._capacity = priors.bank.heat_capacity_j_per_k
        known = priors.inputs.liquid_heat_capacity_j_per_k
        self._capacity_relative = known.sd / known.value if known else None
        self._snapshot: Snapshot | None = None
        self._looked_s = -1.0
        self._live = Live()
        self._per_rate = 0.0
        """Efficiency, and `_less` beside it, over the rate of the last look."""
        self._less = 0.0
        if priors.kind is Kind.EFFICIENCY:
            particles, solvent = priors.inputs.shares()
            self._less = solvent / particles

    def work_out(self, bank: FilterBank, power_w: float, lit_s: float) -> Snapshot:
        """Everything, from the bank as it is."""
        moments = bank.moments()
        found = thermal(moments, self._capacity, power_w)
        result = None
        if self._priors.kind is Kind.EFFICIENCY:
            result = efficiency(found.rate, self._priors.inputs, moments)
        value, budget = (None, {}) if result is None else (result[0], dict(result[1]))
        flutter, field, heated = bank.flutter_k2_per_s(), self._priors.field, None
        if field is not None:
            heated = field_heating(found.rate, self._priors.inputs, field, power_w, moments)
            budget = {} if heated is None else dict(heated.budget)
        return Snapshot(
            moments, found, value, budget, power_w, lit_s, flutter,
            self._priors.bank.heat_loss_relative_sd >= GUESSED_LOSS_SD, heated,
        )  # fmt: skip

    def look(self, bank: FilterBank, power_w: float, lit_s: float) -> None:
        """Work everything out and keep it as the last look."""
        self._snapshot = self.work_out(bank, power_w, lit_s)
        self._live = self._told(self._snapshot)
        value, rate = self._snapshot.efficiency, self._snapshot.thermal.rate.k_per_s_w
        if value is not None and rate != 0.0:
            self._per_rate = (value.value + self._less) / rate

    def snapshot(self) -> Snapshot:
        """The last look; RuntimeError before the first."""
        if self._snapshot is None:
            raise RuntimeError("no estimate was worked out yet")
        return self._snapshot

    def looked_s(self, now_s: float) -> bool:
        """True when rules that rest on the estimates were tried within the last 2 s."""
        if self._snapshot is None or now_s - self._looked_s < 2.0:
            return True
        self._looked_s = now_s
        return False

    def live(self, bank: FilterBank) -> Live:
        """For one assessment: the last look, with the efficiency of now."""
        live = self._live
        if live.efficiency is None:
            return live
        value = bank.mean_rate() * self._per_rate - self._less
        return Live(
            figures(value),
            live.efficiency_sd_statistical,
            live.efficiency_sd_total,
            live.time_constant_s,
            live.time_constant_sd_s,
            live.heat_loss_w_per_k,
            live.heat_loss_sd_w_per_k,
        )

    def told_time_constant_s(self) -> float | None:
        """That of the last look, where it is worth telling."""
        return self._live.time_constant_s

    def rate_k_per_s(self, power_w: float) -> float:
        """How fast that power heats the liquid at first."""
        if self._snapshot is None:
            return 0.0
        return abs(self._snapshot.thermal.rate.k_per_s_w) * power_w

    def heat_step_k_per_s(self, power_w: float, bank: FilterBank) -> float:
        """What a step of 100 % of the heat adds to the liquid's rate: a P under light, the loss
        that is missing in the dark."""
        if power_w > 0.0:
            return bank.mean_rate() * power_w
        return max(LEAST_LOSS_K_PER_S, bank.mean_loss_k_per_s())

    def light_on_bead(self, power_w: float) -> tuple[float, float]:
        """(K, sd) that light adds to the bead at that power."""
        moments = self.snapshot().moments
        i = moments.LIGHT
        return float(moments.mean[i]) * power_w, math.sqrt(moments.covariance[i, i]) * power_w

    def no_rise(self) -> bool:
        """True when the light surely does not heat as particles would."""
        value = self.snapshot().efficiency
        if value is None:
            return False
        return value.value + 3.0 * value.sd_total < self._priors.thresholds.least_efficiency

    def heat_loss(self, snapshot: Snapshot) -> Estimate | None:
        """hS in W/K, linearised at the plateau; None where the heat capacity is not known."""
        if self._capacity_relative is None:
            return None
        per_s, sd, sd_wall = snapshot.thermal.loss_per_s
        value = per_s * self._capacity
        relative = math.hypot(self._capacity_relative, MODEL_LOSS_RELATIVE_SD)
        inputs = math.hypot(sd_wall * self._capacity, value * relative)
        return Estimate(value, sd * self._capacity, inputs, "W/K")

    def time_constant(self, snapshot: Snapshot) -> Estimate:
        """tau in s of liquid and wall together at the plateau."""
        value, sd, sd_wall = snapshot.thermal.time_constant_s
        return Estimate(value, sd, math.hypot(sd_wall, value * MODEL_LOSS_RELATIVE_SD), "s")

    def _told(self, snapshot: Snapshot) -> Live:
        value, tau = snapshot.efficiency, self.time_constant(snapshot)
        loss = self.heat_loss(snapshot)
        if value is not None and value.sd_total > _LEAST_TELLING * abs(value.value):
            value = None
        tau_told = snapshot.has_loss and tau.sd_total <= _LEAST_TELLING * tau.value
        return Live(
            None if value is None else figures(value.value),
            None if value is None else figures(value.sd_statistical, 4),
            None if value is None else figures(value.sd_total, 4),
            figures(tau.value, 5) if tau_told else None,
            figures(tau.sd_total, 4) if tau_told else None,
            figures(loss.value, 5) if loss is not None and tau_told else None,
            figures(loss.sd_total, 4) if loss is not None and tau_told else None,
        )
