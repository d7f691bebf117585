"""When a heating may end early: each thing that must hold, and that all of them let it end."""

from dataclasses import replace

import numpy as np
import pytest

from labctl.photothermal import Estimate, Moments, Standing, StoppingRule, sd_without_inputs
from labctl.photothermal import wall_time_constant_s as wall_s

RESIDUALS = np.random.default_rng(1).normal(size=300)
GOOD = Standing(
    relative_sd=0.015,
    light_s=90.0,
    wall_s=8.0,
    alarms=0,
    lost=0,
    residuals=RESIDUALS,
    noise_dof=150.0,
)
RULE = StoppingRule(0.02)


def test_all_that_must_hold_lets_it_end() -> None:
    """Tight enough, long enough, nothing found: nothing speaks against the end."""
    assert "" == RULE.why_not(GOOD)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"relative_sd": 0.021}, "2.1 % of 2 %"),
        ({"relative_sd": float("nan")}, "deviation"),
        ({"light_s": 59.0}, "59 s of 60 s"),
        ({"wall_s": 20.0}, "90 s of 100 s"),
        ({"wall_s": 0.0}, "without a wall"),
        ({"alarms": 1}, "alarm"),
        ({"lost": 1}, "no cell"),
        ({"residuals": RESIDUALS[:99]}, "too few"),
        ({"residuals": 1.5 * RESIDUALS}, "size"),
        ({"residuals": np.repeat(RESIDUALS[:150], 2)}, "memory"),
    ],
)
def test_each_one_alone_keeps_the_light_on(changed: dict[str, object], why: str) -> None:
    """Whatever single thing does not hold is said, and the heating goes on."""
    assert why in RULE.why_not(replace(GOOD, **changed))  # type: ignore[arg-type]


def test_the_walls_part_counts() -> None:
    """The deviation held against the target has the wall's part in it, though it is counted among
    the inputs: 3 % from the readings and 4 % from the wall are 5 %."""
    value = Estimate(0.4, 0.012, 0.05)

    assert 0.05 == pytest.approx(sd_without_inputs(value, {"wall heat capacity": 0.04}))


def test_nothing_that_heats_is_never_known_well() -> None:
    """An efficiency that is not above zero has no relative deviation."""
    assert float("inf") == sd_without_inputs(Estimate(-0.01, 0.001, 0.0), {})


def test_the_wall_follows_in_its_own_time() -> None:
    """1.2 J/K behind 0.15 W/K follow in 8 s."""
    mean = np.zeros(7)
    mean[Moments.LN_WALL], mean[Moments.LN_COUPLING] = np.log(1.2), np.log(0.15)

    assert 8.0 == pytest.approx(wall_s(Moments(mean, np.eye(7))))
