"""What a hold of temperature knows of its cell before it begins: the check's model, in few numbers.

    liquid   dT_l/dt = a P + d - g_l (T_l - T_w) - f_l k (1 + c D) (T_l - T_s)
    wall     dT_w/dt = g_w (T_l - T_w) - f_w (k/r) (1 + c D) (T_w - T_s)
    bead     dT_m/dt = (T_l + delta P - T_m) / tau_c

The letters are those of `_layout`; d [K/s] is all that the rest does not know, found while the
hold goes on. Taken from the check's bank as it stands, or from its priors before there is one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from labctl.photothermal._bank import FilterBank
from labctl.photothermal._layout import BEAD, DARK, HOLDER, LIQUID, OFFSET, WALL, BankPrior
from labctl.photothermal._told import Moments

_LEAST_RELATIVE_SD = 0.02
"""Nothing is known better of a hold to come: the liquid mixes otherwise at another power."""
_HEATER_RELATIVE_SD = 0.05


@dataclass(frozen=True, slots=True)
class HoldModel:
    """Rates of one cell. Relative deviations are of the logarithm."""

    rate_k_per_s_w: float
    """a: heating of the liquid for each watt at the sample."""
    rate_relative_sd: float
    loss_per_s: float
    """k = hS/C_l, under light."""
    loss_relative_sd: float
    coupling_per_s: float
    """g_l = G/C_l."""
    wall_ratio: float
    """r = C_w/C_l."""
    lag_s: float
    """tau_c."""
    light_k_per_w: float = 0.0
    """delta."""
    curve_per_k: float = 0.0
    """c."""
    wall_loss_share: float = 0.8
    """f_w; f_l = 1 - f_w."""
    dark_loss_log: float = 0.0
    """ln of the loss in the dark over that under light."""

    def __post_init__(self) -> None:
        rates = (self.rate_k_per_s_w, self.loss_per_s, self.coupling_per_s, self.wall_ratio)
        if not all(math.isfinite(value) and value > 0.0 for value in (*rates, self.lag_s)):
            raise ValueError(f"a cell whose rates are not all above 0 cannot be held: {self}")

    @classmethod
    def of_prior(cls, prior: BankPrior) -> HoldModel:
        """Before any reading. ValueError where nothing is expected to heat."""
        capacity = prior.heat_capacity_j_per_k
        return cls(
            prior.heat_per_watt / capacity,
            prior.heat_per_watt_sd / max(prior.heat_per_watt, 1e-9),
            prior.heat_loss_w_per_k / capacity,
            prior.heat_loss_relative_sd,
            prior.coupling_w_per_k / capacity,
            prior.wall_j_per_k / capacity,
            prior.lag_s,
            0.0,
            prior.curve_per_k,
            prior.wall_loss_share,
        )

    @classmethod
    def of_bank(cls, bank: FilterBank) -> HoldModel:
        """What the readings so far have left of the priors. ValueError where nothing heats."""
        moments, prior = bank.moments(), bank.prior
        mean, variance = moments.mean, moments.covariance.diagonal()
        capacity = prior.heat_capacity_j_per_k
        rate = float(mean[Moments.RATE])
        rate_sd = math.sqrt(max(0.0, float(variance[Moments.RATE])))
        loss_sd = math.sqrt(max(0.0, float(variance[Moments.LN_LOSS])))
        return cls(
            rate,
            max(_LEAST_RELATIVE_SD, rate_sd / max(rate, 1e-9)),
            math.exp(mean[Moments.LN_LOSS]),
            max(_LEAST_RELATIVE_SD, loss_sd),
            math.exp(mean[Moments.LN_COUPLING]) / capacity,
            math.exp(mean[Moments.LN_WALL]) / capacity,
            math.exp(-mean[Moments.LN_INVERSE_LAG]),
            float(mean[Moments.LIGHT]),
            float(mean[Moments.CURVE]),
            prior.wall_loss_share,
            float(bank.mean()[DARK]),
        )

    def heated_by_resistor(self, heat_capacity_j_per_k: float) -> HoldModel:
        """The same cell under a resistor, all of whose power is heat in the liquid of that heat
        capacity, and which lights no bead."""
        return replace(
            self,
            rate_k_per_s_w=1.0 / heat_capacity_j_per_k,
            rate_relative_sd=_HEATER_RELATIVE_SD,
            light_k_per_w=0.0,
        )


@dataclass(frozen=True, slots=True)
class HoldStart:
    """Temperatures from which a hold takes over, degC."""

    liquid_degc: float
    wall_degc: float
    bead_degc: float
    surroundings_degc: float
    """As the loss sees them: ambient, what the ambient probe is off, and the holder's excess."""
    slope_k_per_s: float | None = None
    """Of the liquid now, under `slope_power_w`; None where it is not known."""
    slope_power_w: float = 0.0
    """At the sample."""

    @classmethod
    def of_bank(cls, bank: FilterBank, power_w: float) -> HoldStart:
        """As the check sees the cell now, under the power of its last reading."""
        reference, mean = bank.reference_degc, bank.mean()
        return cls(
            reference + float(mean[LIQUID]),
            reference + float(mean[WALL]),
            reference + float(mean[BEAD]),
            reference + float(mean[OFFSET] + mean[HOLDER]),
            bank.slope_k_per_s(),
            power_w,
        )

    @classmethod
    def at_rest(cls, reading_degc: float, ambient_degc: float | None = None) -> HoldStart:
        """A cell that has stood in the dark."""
        around = reading_degc if ambient_degc is None else ambient_degc
        return cls(reading_degc, reading_degc, reading_degc, around)
