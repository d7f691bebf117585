"""Heat loss, time constant and rise are told only where the cell has a plateau to tell them of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labctl.clock import ns
from labctl.events import Alarm
from labctl.monitor import Priors
from labctl.monitor._alarms import (
    AMBIENT,
    BLEACHING,
    LOSS,
    OFF,
    POWER,
    behind_the_light,
)
from labctl.monitor._estimates import Estimates, Snapshot
from labctl.monitor._verdict import results
from labctl.photothermal import FilterBank, Moments
from tests.unit.monitor.story import fixed

PRIORS = Priors.from_plain(fixed().priors)


def _with_curve(per_k: float, sd_per_k: float) -> tuple[Estimates, Snapshot]:
    """What a new bank knows, but for the curvature of the heat loss."""
    estimates = Estimates(PRIORS)
    bank = FilterBank(PRIORS.bank, 22.0, 22.0)
    told = bank.moments()
    i = Moments.CURVE
    told.mean[i] = per_k
    told.covariance[i, :] = told.covariance[:, i] = 0.0
    told.covariance[i, i] = sd_per_k**2
    seen = estimates.work_out(bank, 1.0, 300.0)
    rise_k = replace(seen.thermal, rise_k=100.0)
    return estimates, replace(seen, moments=told, thermal=rise_k)


@pytest.mark.parametrize(
    ("per_k", "sd_per_k", "known"),
    [(0.004, 0.003, True), (0.0, 0.003, True), (-0.0055, 0.0011, False), (-0.003, 0.003, False)],
)
def test_a_heat_loss_that_goes_to_nothing_on_the_way_is_not_told(
    per_k: float, sd_per_k: float, known: bool
) -> None:
    estimates, seen = _with_curve(per_k, sd_per_k)
    assert seen.has_plateau is known
    found = results(seen, estimates, PRIORS)
    for name in ("heat_loss_coefficient", "time_constant", "temperature_rise"):
        assert (name in found) is known
    assert "heating_rate" in found
    assert "efficiency" in found


@pytest.mark.parametrize("monitors", [True, False])
def test_soon_behind_the_light_an_alarm_names_what_changed_slowly_in_it(monitors: bool) -> None:
    priors = replace(PRIORS, has_meter=monitors, has_ambient=monitors)
    first = Alarm(ns(660.0), "bead-step", 7, (OFF,), ns(648.0), "+0.17 ± 0.02 K at the bead", "")
    causes = behind_the_light(first, priors).causes
    assert {OFF, BLEACHING, LOSS} <= set(causes)
    assert (POWER in causes) is not monitors
    assert (AMBIENT in causes) is not monitors
    assert "absorbance after the run" in behind_the_light(first, priors).split_by
