"""A short record of a vessel of which nobody said anything: what was mostly assumed is not told."""

import math

import numpy as np
import pytest

from labctl.analysis import Analysis, analyse
from labctl.monitor import (
    GUESSED_LOSS_SD,
    MOSTLY_ASSUMED,
    MOSTLY_ASSUMED_WORDS,
    Priors,
    _monitor,
    build_priors,
)
from labctl.monitor._criteria import AGREE, _agreement
from labctl.monitor._estimates import Estimates, Snapshot
from labctl.monitor._history import History, Kept
from labctl.monitor._room import Room
from labctl.photothermal import FilterBank, Inputs, Moments, classical_methods
from tests.unit.analysis.test_analysis import loaded
from tests.unit.monitor.story import INPUTS, LOSS
from tests.unit.photothermal.curves import curve


def _priors(*, stated: bool) -> Priors:
    return build_priors(
        INPUTS,
        heat_loss=LOSS if stated else None,
        has_ambient=True,
        has_meter=True,
        nominal_power_w=1.0,
    )[0]


def _snapshot(priors: Priors, loss_sd: float) -> Snapshot:
    """As a bank would have it whose readings leave so much open of the heat loss."""
    bank = FilterBank(priors.bank, 22.0, 22.0)
    found = Estimates(priors).work_out(bank, 1.0, 100.0)
    variances = np.full(7, 1e-6)
    variances[Moments.RATE] = 1e-8
    variances[Moments.LN_LOSS] = loss_sd**2
    moments = Moments(found.moments.mean, np.diag(variances))
    bank.moments = lambda: moments  # type: ignore[method-assign]
    return Estimates(priors).work_out(bank, 1.0, 100.0)


def _short() -> Analysis:
    return analyse(loaded(curve(tau_s=1500.0, heating_s=80.0, cooling_s=40.0, every_s=5.0,
                                baseline_s=30.0, noise_k=0.05, efficiency=0.2)))  # fmt: skip


def test_a_short_record_tells_no_time_constant_that_was_assumed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither live nor by the batch fit; the heating rate is there, and the verdict is open and
    says why."""
    monkeypatch.setattr(_monitor, "settled", lambda bank: bank)
    found = _short()
    live, batch = found.rows[:2]
    assert (None, None) == (live.time_constant, batch.time_constant)
    assert live.rate is not None and batch.rate is not None
    assert MOSTLY_ASSUMED_WORDS in batch.notes
    assert "cannot tell" == found.verdict
    assert any("nothing is stated of the vessel" in line for line in found.assumptions)


def test_a_heat_loss_that_nobody_stated_is_assumed_to_a_factor() -> None:
    """With a volume as without; one that was stated is taken as stated."""
    nothing = build_priors(Inputs(), has_ambient=True, has_meter=True, nominal_power_w=1.0)[0]
    sds = [p.bank.heat_loss_relative_sd for p in (_priors(stated=False), nothing)]
    assert [GUESSED_LOSS_SD] * 2 == sds
    assert 0.25 == _priors(stated=True).bank.heat_loss_relative_sd


@pytest.mark.parametrize(("part", "told"), [(0.9, True), (1.4, False)])
def test_the_loss_is_told_from_a_third_of_what_was_assumed_on(part: float, told: bool) -> None:
    open_ = _snapshot(_priors(stated=False), part * MOSTLY_ASSUMED)
    assert told == open_.learned


def test_of_a_vessel_that_was_stated_it_is_always_told() -> None:
    assert _snapshot(_priors(stated=True), 2.0 * MOSTLY_ASSUMED).learned


def test_a_heating_that_leaves_its_loss_open_is_contradicted_by_no_cooling() -> None:
    """40 % apart: healthy where heating alone left 50 % open, a contradiction where it left 2 %."""
    priors = _priors(stated=False)
    outcomes = {}
    for name, alone_sd, both_sd in (("open", 0.5, 0.495), ("known", 0.02, 0.01)):
        before, after = _snapshot(priors, alone_sd), _snapshot(priors, both_sd)
        after.moments.mean[Moments.LN_LOSS] += math.log(0.6)
        history = History()
        history.at_first_off = Kept(100.0, before)
        history.dark_after_s = 200.0
        (agree,) = _agreement(after, history, (), priors, Room("pass"))
        outcomes[agree.name, name] = agree.outcome
    assert {(AGREE, "open"): "pass", (AGREE, "known"): "fail"} == outcomes


def test_a_classical_time_constant_says_how_often_its_deviation_held() -> None:
    told = {m.name: m for m in classical_methods(curve(noise_k=0.05, every_s=10.0))}
    for name in ("one time constant", "Roper, corrected", "log-linear cooling"):
        assert "it held the truth in" in " ".join(told[name].notes)
    assert "held" not in " ".join(told["initial slope"].notes)
