"""What changed, by the check's own model (inference alone)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from labctl.photothermal import BankPrior, Cause, Change, ChangeTest, FilterBank
from tests.unit.photothermal.cell import Cell, Point, curve
from tests.unit.photothermal.test_bank import PRIOR

ONSET_S, OFF_S = 240.0, 360.0
CHANGES = (
    Change(Cause.HEAT_IN, 0.3),
    Change(Cause.HEAT_OUT, 0.3),
    Change(Cause.SURROUNDINGS, 5.0),
)


def _odds(points: list[Point], prior: BankPrior = PRIOR) -> dict[Cause, float]:
    bank = FilterBank(prior, points[0].degc, 22.0)
    test: ChangeTest | None = None
    for last, point in pairwise(points):
        edge = point.power_w != last.power_w
        if edge or point.t_s % 20 == 0:
            bank.relinearise()
        if last.t_s == ONSET_S - 5.0:
            test = ChangeTest(bank, ONSET_S, CHANGES)
        if test is None:
            bank.predict(1.0, point.power_w, 22.0)
            bank.update(point.degc, 0.03**2)
            continue
        if edge:
            test.edge(0.05)
        test.predict(point.t_s, 1.0, point.power_w, 22.0)
        test.update(point.degc, 0.03**2)
    if test is None:
        raise RuntimeError("the curve is too short")
    return dict(test.odds())


def test_heat_that_is_lost_is_told_from_loss_behind_the_switch_off() -> None:
    """A tenth less heat: surroundings and loss are ruled out by the cooling branch."""
    points = curve(Cell(), seed=5, absorbed_step=(ONSET_S, 0.9), cool_s=240.0)
    odds = _odds(points)

    assert 0.0 == odds[Cause.HEAT_IN]
    assert max(odds[Cause.HEAT_OUT], odds[Cause.SURROUNDINGS]) < -7.0


def test_the_light_alone_tells_nothing() -> None:
    """Before the switch-off the same readings leave all three open."""
    points = curve(Cell(), seed=5, absorbed_step=(ONSET_S, 0.9))
    odds = _odds([p for p in points if p.t_s < OFF_S - 20.0])

    assert min(odds.values()) > -7.0


def test_a_hypothesis_whose_bank_is_lost_is_dropped() -> None:
    """Readings of no cell leave no odds, and no error."""
    points = curve(Cell(), seed=5)
    wild = [replace(p, degc=1e9 * (-1) ** i if p.t_s > 250 else p.degc)
            for i, p in enumerate(points)]  # fmt: skip

    assert all(odds <= 0.0 for odds in _odds(wild).values())


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_may_be_tried(cause: Cause) -> None:
    """Each kind of change is a hypothesis that a healthy curve does not break."""
    points = curve(Cell(), seed=7, heat_s=100.0, cool_s=20.0)
    bank = FilterBank(PRIOR, points[0].degc, 22.0)
    test = ChangeTest(bank, 80.0, (Change(cause, 0.1),))
    for point in points[1:]:
        test.predict(point.t_s, 1.0, point.power_w, 22.0)
        test.update(point.degc, 0.03**2)

    assert {cause: 0.0} == dict(test.odds())
