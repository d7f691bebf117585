"""What an alarm says of its size, and where it says no number."""

import re
from dataclasses import replace

import pytest

from labctl.monitor import Priors
from labctl.monitor._alarms import LIGHT_ALL_THE_SAME, LOSS, NO_LIGHT, of_step
from labctl.monitor._criteria import _apart
from labctl.monitor._sizes import size_of
from labctl.photothermal import BEAD_OUT, BEAD_STEP, HEAT, HEAT_RAMP, OFFSET, SHIFT, Step
from tests.unit.monitor.story import fixed

PRIORS = Priors.from_plain(fixed().priors)
NUMBER = re.compile(r"\d")


def _step(shape: int, size: float) -> Step:
    ratios = [0.0] * 5
    if shape < SHIFT:
        ratios[shape] = 40.0
    return Step(shape, 100.0, size, 0.05 * abs(size), 40.0, tuple(ratios))


def test_a_small_change_of_heat_is_told_with_its_number() -> None:
    step = _step(HEAT, -0.2)
    assert (
        "-20.0 ± 4.1 % of the absorbed power"
        == size_of(step, 110.0, lit=True, loss_known=True).words
    )
    assert (
        "+20.0 ± 4.1 % of the heat loss" == size_of(step, 110.0, lit=False, loss_known=True).words
    )
    ramp = size_of(_step(HEAT_RAMP, -0.2), 160.0, lit=True, loss_known=True)
    assert "-20.0 ± 4.1 % of the absorbed power a minute" == ramp.words


def test_a_size_is_less_sure_when_it_is_first_told() -> None:
    """Before its shape has settled."""
    first = replace(_step(HEAT, -0.2), settled=False)
    words = size_of(first, 110.0, lit=True, loss_known=True).words
    assert "-20.0 ± 6.1 % of the absorbed power" == words


@pytest.mark.parametrize(
    ("step", "lit", "loss_known"),
    [
        (_step(HEAT, -0.93), True, True),
        (_step(HEAT, 0.8), True, True),
        (_step(HEAT_RAMP, -0.6), True, True),
        (_step(HEAT, 12.0), False, True),
        (_step(HEAT, -1.1), False, True),
        (_step(HEAT, 0.2), False, False),
        (_step(HEAT, -0.2), False, False),
        (_step(BEAD_OUT, -1.5), True, True),
    ],
)
def test_a_change_that_the_detector_cannot_size_has_no_number(
    step: Step, lit: bool, loss_known: bool
) -> None:
    """More than half of the heat, a share of a loss that is hardly any, a bead on its way."""
    words = size_of(step, 160.0, lit=lit, loss_known=loss_known).words
    assert words
    assert NUMBER.search(words) is None


@pytest.mark.parametrize("shape", [BEAD_STEP, OFFSET, SHIFT])
def test_a_jump_of_the_reading_is_told_in_its_unit(shape: int) -> None:
    words = size_of(_step(shape, 0.6), 110.0, lit=True, loss_known=True).words
    assert "+0.60 ± 0.03" in words


def test_heat_that_is_gone_is_as_if_there_were_no_light() -> None:
    """Named among the causes; a tenth less is not."""
    gone, less = (
        of_step(0, _step(HEAT, size), True, PRIORS, unsettled_room=False) for size in (-0.93, -0.1)
    )
    assert NO_LIGHT in gone.causes
    assert NO_LIGHT not in less.causes


def test_a_bead_that_goes_no_farther_than_a_liquid_without_light_may_be_in_one() -> None:
    """1.5 K beside a liquid that light warms by 0.06 K/s: it may have gone. 15 K: it is out."""
    near, out = (
        of_step(0, _step(BEAD_OUT, size), True, PRIORS, unsettled_room=False, heating_k_per_s=0.06)
        for size in (-1.5, -15.0)
    )
    assert NO_LIGHT in near.causes
    assert NO_LIGHT not in out.causes


def test_heat_in_the_dark_is_light_and_no_heat_loss_below_none() -> None:
    """Twelve times the loss comes in: not the loss. A fifth less of it may be."""
    much, little = (
        of_step(0, _step(HEAT, size), False, PRIORS, unsettled_room=False) for size in (12.0, 0.2)
    )
    assert (LIGHT_ALL_THE_SAME,) == much.causes
    assert LOSS in little.causes
    assert LIGHT_ALL_THE_SAME not in little.causes


def test_heat_losses_too_far_apart_have_no_number() -> None:
    assert "+22 % from" == _apart(0.2)
    assert ["more than twice", "less than half"] == [_apart(x) for x in (4.96, -4.96)]
