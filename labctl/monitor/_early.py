"""May the heating end early? What the rule of `labctl.photothermal` is held against in a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labctl.events import Alarm
from labctl.monitor._estimates import Estimates
from labctl.monitor._history import History
from labctl.monitor._priors import Kind, Priors
from labctl.photothermal import (
    NoiseEstimate,
    Standing,
    StoppingRule,
    sd_without_inputs,
    wall_time_constant_s,
)


def why_not_yet(
    relative_sd: float,
    light_s: float,
    priors: Priors,
    estimates: Estimates,
    history: History,
    noise: NoiseEstimate,
    alarms: Sequence[Alarm],
) -> str:
    """Why a heating that wants the efficiency to `relative_sd` may not end yet; '' when it may."""
    limits = priors.thresholds
    rule = StoppingRule(relative_sd, limits.least_heating_s, whiteness_p=limits.ljung_box_p)
    if priors.kind is not Kind.EFFICIENCY:
        return "no efficiency is computed"
    # Before anything that takes time: this is asked at every tick.
    if light_s < rule.least_light_s:
        return f"light for {light_s:.0f} s of {rule.least_light_s:.0f} s"
    found = estimates.snapshot()
    if found.efficiency is None:
        return "no efficiency is computed"
    deviation = sd_without_inputs(found.efficiency, found.budget)
    residuals = np.array(history.innovations_k)
    residuals /= np.sqrt(np.array(history.spreads_k2) + noise.variance)
    two_nodes = priors.bank.wall_j_per_k > 0.0 and priors.bank.wall_relative_sd > 0.0
    return rule.why_not(
        Standing(
            relative_sd=deviation,
            light_s=light_s,
            wall_s=wall_time_constant_s(found.moments) if two_nodes else 0.0,
            alarms=len(alarms),
            lost=history.lost,
            residuals=residuals,
            noise_dof=noise.dof,
        )
    )
