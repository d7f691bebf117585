"""The step detector on the check's own model."""

import pytest

from labctl.photothermal import (
    HEAT,
    OFFSET,
    FilterBank,
    Moments,
    Step,
    StepDetector,
    StepRules,
)
from tests.unit.photothermal.cell import Cell, Point, curve
from tests.unit.photothermal.test_bank import PRIOR


def _look(points: list[Point]) -> tuple[Step, float] | None:
    """The first step found and when it was named."""
    bank = FilterBank(PRIOR, points[0].degc, 22.0)
    detector = StepDetector(StepRules())
    power_w = 0.0
    for i, point in enumerate(points[1:]):
        edge = point.power_w != power_w
        power_w = point.power_w
        if edge or (i % 50 == 0 and not detector.suspicious):
            bank.relinearise()
            if bank.follow_the_leading():
                detector.forget()
        if edge:
            detector.restart(point.t_s - 1.0)
            bank.loosen(0.1)
        bank.predict(1.0, power_w, 22.0)
        rate = float(bank.moments().mean[Moments.RATE]) * power_w
        detector.move(bank.moved(), rate if power_w else 0.02)
        bank.update(point.degc, 0.03**2)
        found = detector.update(point.t_s, bank.taken())
        if found is not None and found.settled:
            return found, point.t_s
    return None


def test_healthy_runs_have_no_steps() -> None:
    """Eight healthy runs, no alarm."""
    assert [None] * 8 == [_look(curve(Cell(), seed=s)) for s in range(8)]


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.15])
def test_step_of_heat_is_found(factor: float) -> None:
    """A step of the absorbed power at the third minute of heating is found within a minute, with
    its shape, its onset and about its size."""
    found = _look(curve(Cell(), seed=21, absorbed_step=(240.0, factor)))

    assert found is not None
    step, named_s = found
    assert HEAT == step.shape
    assert 240.0 == pytest.approx(step.onset_s, abs=12.0)
    assert factor - 1.0 == pytest.approx(step.size, rel=0.6)
    assert named_s < 300.0


@pytest.mark.parametrize("jump_k", [0.6, -1.0, 3.0])
def test_jump_of_the_bead_is_found(jump_k: float) -> None:
    """A jump of the reading against the liquid is named as an offset within ten seconds."""
    found = _look(curve(Cell(), seed=22, bead_jump=(240.0, jump_k)))

    assert found is not None
    step, named_s = found
    assert OFFSET == step.shape
    assert jump_k == pytest.approx(step.size, rel=0.5)
    assert named_s < 255.0
