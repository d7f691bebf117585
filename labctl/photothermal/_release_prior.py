"""What is supposed of a release before it is measured: broad, and every width stated.

Every parameter is a normal number z of mean 0 and deviation 1 until it is measured, and `unfold`
makes of it what the laws take. So a supposition is one row of z, and the prior of all is the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from labctl.photothermal._release_laws import KORSMEYER_PEPPAS, Array, Medium, Sensitivity

MEDIUM = ("activation", "acid", "glutathione", "light")
NAMES = ("rate", "shape", "lag", "burst", "end", "scale", "zero", "noise", *MEDIUM)
"""The parameters, in the order of the columns of z; those of how the medium acts are the last."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and how far it may be off: by a factor of exp(`log_sd`) at one deviation."""

    median: float
    log_sd: float


@dataclass(frozen=True, slots=True)
class ReleasePrior:
    """Of one species. The defaults are so broad that a few measurements overrule them; a sample
    file that states one with its deviation makes it narrower."""

    rate_per_s: Spread = Spread(0.25 / 3600.0, 1.4)
    """1/s at the reference: from 0.015 to 4 per hour at two deviations."""
    reference: Medium | None = None
    """At which the rate is meant; None: the medium of the first measurement."""
    weibull_log_sd: float = 0.3
    """Of the exponent b around 1: 0.55 to 1.8."""
    lag_s: Spread = Spread(60.0, 1.3)
    """From seconds to a quarter of an hour."""
    burst: Spread = Spread(0.015, 1.0)
    """Released before the first reading, or at once; never more than 0.4."""
    end_held: Spread = Spread(0.05, 1.0)
    """1 - F_inf, what never leaves; never more than 0.6."""
    scale_relative_sd: float = 0.05
    """Of the measured fraction, common to all measurements: slope of the calibration, load."""
    zero_sd: float = 0.005
    """Of the load: an offset common to all measurements."""
    noise_log_sd: float = 0.25
    """By how much the stated deviation of a measurement may be wrong."""
    unstated_noise: float = 0.03
    """Of the load, where a measurement states no deviation; then `noise_log_sd` is 0.7."""
    activation_j_per_mol: float = 70e3
    activation_sd_j_per_mol: float = 25e3
    acid_factor: Spread = Spread(2.0, 0.8)
    glutathione_gain: Spread = Spread(1.0, 1.2)
    light_gain: Spread = Spread(0.5, 1.2)


@dataclass(frozen=True, slots=True)
class Supposed:
    """Parameters of many suppositions; every field an array of one number each, as a column."""

    rate_per_s: Array
    shape: Array
    lag_s: Array
    burst: Array
    end: Array
    scale: Array
    zero: Array
    noise: Array
    by: Sensitivity


def unfold(z: Array, law: str, prior: ReleasePrior, noise_log_sd: float) -> Supposed:
    """What rows of z stand for."""
    column = dict(zip(NAMES, z.T[:, :, None], strict=True))
    if law == KORSMEYER_PEPPAS:
        # 0.35 to 1: Fickian spheres are at 0.43, anomalous to 0.85, case II at 0.85.
        shape = 0.35 + 0.65 / (1.0 + np.exp(-1.5 * column["shape"]))
    else:
        shape = np.exp(prior.weibull_log_sd * column["shape"])
    burst = np.minimum(0.4, _spread(prior.burst, column["burst"]))
    held = np.minimum(0.6, _spread(prior.end_held, column["end"]))
    return Supposed(
        rate_per_s=_spread(prior.rate_per_s, column["rate"]),
        shape=shape,
        lag_s=_spread(prior.lag_s, column["lag"]),
        burst=burst,
        end=1.0 - held,
        scale=np.exp(math.log1p(prior.scale_relative_sd) * column["scale"]),
        zero=prior.zero_sd * column["zero"],
        noise=np.exp(noise_log_sd * column["noise"]),
        by=Sensitivity(
            # A rate that falls with warmth is no release that these laws are about.
            activation_j_per_mol=np.maximum(
                0.0,
                prior.activation_j_per_mol + prior.activation_sd_j_per_mol * column["activation"],
            ),
            acid_factor=_spread(prior.acid_factor, column["acid"]),
            glutathione_gain=_spread(prior.glutathione_gain, column["glutathione"]),
            light_gain=_spread(prior.light_gain, column["light"]),
        ),
    )


def _spread(spread: Spread, z: Array) -> Array:
    return np.asarray(spread.median * np.exp(np.clip(spread.log_sd * z, -40.0, 40.0)))
