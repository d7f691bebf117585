"""Release followed online: laws, reduced time, the odds, outliers, and that it costs little."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable
from statistics import median

import numpy as np
import pytest

from labctl.photothermal import FEWEST, Medium, MediumHistory, ReleasePrior, ReleaseTracker, Spread
from labctl.photothermal._release_laws import (
    FIRST_ORDER,
    KORSMEYER_PEPPAS,
    LAWS,
    WEIBULL,
    Sensitivity,
    grown,
    log_rate,
)
from labctl.photothermal._release_points import normal_points

BODY = Medium(37.0, 5.5, 0.0)
RATE_PER_S = 0.7 / 3600.0
EVERY_S = 300.0
SD = 0.025
BY = Sensitivity(60e3, 2.0, 1.0, 0.5)


def first_order(t_s: float) -> float:
    return 1.0 - math.exp(-RATE_PER_S * t_s)


def tracker(*, prior: ReleasePrior | None = None, medium: Medium = BODY) -> ReleaseTracker:
    history = MediumHistory()
    history.tell(0.0, medium)
    return ReleaseTracker(history, prior)


def fed(
    follows: ReleaseTracker,
    numbers: Iterable[int],
    law: Callable[[float], float] = first_order,
    *,
    seed: int = 1,
    off: dict[int, float] | None = None,
) -> ReleaseTracker:
    """With a measurement every five minutes, some of them off."""
    rng = random.Random(seed)
    for number in numbers:
        t_s = EVERY_S * number
        value = law(t_s) + rng.gauss(0.0, SD) + (off or {}).get(number, 0.0)
        follows.add(t_s, value, SD)
    return follows


# -- laws ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("law", LAWS)
def test_a_law_starts_at_nothing_and_saturates_at_all(law: str) -> None:
    """Every law grows from 0 to 1 and never falls."""
    x = np.linspace(0.0, 60.0, 4001)
    h = grown(law, x, np.array(0.7))
    assert 0.0 == pytest.approx(float(h[0]), abs=1e-9)
    assert 1.0 == pytest.approx(float(h[-1]), abs=1e-4)
    assert np.all(np.diff(h) >= 0.0)


def test_weibull_with_exponent_one_is_first_order() -> None:
    """The one holds the other."""
    x = np.linspace(0.0, 5.0, 50)
    np.testing.assert_allclose(grown(WEIBULL, x, 1.0), grown(FIRST_ORDER, x, 1.0), atol=1e-12)


def test_the_power_law_goes_on_smoothly_where_it_ends() -> None:
    """Korsmeyer-Peppas is handed on at 60 % with the value and the slope that it has there."""
    n = 0.6
    ends = 0.6 ** (1.0 / n)
    below, at, above = (
        float(grown(KORSMEYER_PEPPAS, np.array(ends + d), n)) for d in (-1e-5, 0.0, 1e-5)
    )
    assert 0.6 == pytest.approx(at, abs=1e-9)
    assert (at - below) == pytest.approx(above - at, rel=1e-3)


def test_no_law_of_that_name() -> None:
    """A word that is no law is refused with the list of them."""
    with pytest.raises(ValueError, match="first order, Weibull"):
        grown("hill", np.array(1.0), 1.0)


def test_rates_follow_warmth_acid_glutathione_and_light() -> None:
    """Each raises the rate as the equation says, and what is not known takes no part."""
    base = log_rate(BODY, BY)
    warm = log_rate(Medium(47.0, 5.5, 0.0), BY)
    expected = 60e3 / 8.314462618 * (1 / 310.15 - 1 / 320.15)
    assert expected == pytest.approx(float(warm - base))
    neutral = log_rate(Medium(37.0, 7.4, 0.0), BY)
    assert neutral < base
    assert math.log(1.5) == pytest.approx(float(log_rate(Medium(37.0, 5.5, 2.0), BY) - base))
    lit = Medium(37.0, 5.5, 0.0, lit=True)
    assert math.log(1.5) == pytest.approx(float(log_rate(lit, BY) - base))
    unknown = Medium(37.0)
    assert float(log_rate(unknown, BY)) == pytest.approx(-60e3 / 8.314462618 / 310.15)


# -- history -------------------------------------------------------------------------------------


def test_the_history_adds_up_time_in_each_medium() -> None:
    """Seconds in every medium, up to any moment, also one in the past."""
    history = MediumHistory()
    history.tell(10.0, BODY)
    history.tell(70.0, Medium(45.0, 5.5, 0.0))
    history.tell(100.0, BODY)
    assert [60.0, 30.0] == list(history.spent_s(100.0))
    assert [65.0, 30.0] == list(history.spent_s(105.0))
    assert [20.0, 0.0] == list(history.spent_s(30.0))
    assert [0.0, 0.0] == list(history.spent_s(5.0))


def test_the_reference_is_the_medium_of_the_first_question() -> None:
    """And stays it."""
    history = MediumHistory()
    with pytest.raises(ValueError, match="no medium"):
        history.reference()
    history.tell(0.0, Medium(25.0))
    history.tell(60.0, BODY)
    assert BODY == history.reference()
    history.tell(90.0, Medium(45.0))
    assert BODY == history.reference()


def test_noise_of_a_thermometer_makes_no_new_medium() -> None:
    """Hours of samples that waver by less than a rate can tell are one class."""
    history, rng = MediumHistory(), random.Random(1)
    for second in range(5000):
        history.tell(float(second), Medium(37.1 + rng.uniform(-0.05, 0.05), 5.5))
    assert 1 == len(history.classes)


def test_points_are_normal_and_the_same_again() -> None:
    """The fixed points have the moments of a normal distribution, set by set, and no two sets are
    one."""
    points = normal_points(4096, 6, 3)
    np.testing.assert_allclose(points.mean(axis=0), 0.0, atol=0.06)
    np.testing.assert_allclose(np.cov(points.T), np.eye(6), atol=0.08)
    normal_points.cache_clear()
    np.testing.assert_array_equal(points, normal_points(4096, 6, 3))
    assert not np.array_equal(points, normal_points(4096, 6, 4))


# -- following -----------------------------------------------------------------------------------


def test_the_fraction_is_found_with_an_interval_that_holds_it() -> None:
    """After two hours of measurements the truth lies in the interval, which is a narrow one."""
    follows = fed(tracker(), range(1, 25))
    found = follows.at(24 * EVERY_S)
    assert found.low <= first_order(24 * EVERY_S) <= found.high
    assert 0.015 < found.sd < 0.05
    assert found.low < found.fraction < found.high


def test_odds_rise_with_the_release_and_are_each_others_rest() -> None:
    """At least and at most add up to one, early odds are nil and late ones sure."""
    follows = fed(tracker(), range(1, 13))
    now_s = 12 * EVERY_S
    least, most = (
        follows.probability_at_least(0.5, now_s),
        follows.probability_at_most(0.5, now_s),
    )
    assert least is not None and most is not None
    assert 1.0 == pytest.approx(least + most)
    early = follows.probability_at_least(0.8, now_s)
    assert early is not None and early < 0.01
    fed(follows, range(13, 60), seed=2)
    late = follows.probability_at_least(0.8, 59 * EVERY_S)
    assert late is not None and late > 0.99


def test_no_odds_before_some_measurements() -> None:
    """Three measurements are not enough, and it says so."""
    follows = fed(tracker(), range(1, FEWEST))
    assert follows.probability_at_least(0.0, 1000.0) is None
    assert f"3 of at least {FEWEST} measurements" == follows.why_none
    fed(follows, [FEWEST], seed=2)
    assert "" == follows.why_none


def test_an_outlier_is_named_and_opens_nothing() -> None:
    """A measurement far above all others gives no odds until the next one, and moves nothing."""
    follows = fed(tracker(), range(1, 15))
    before = follows.at(14 * EVERY_S)
    follows.add(15 * EVERY_S, 0.97, SD)
    assert "the last measurement is an outlier" == follows.why_none
    assert follows.probability_at_least(0.8, 15 * EVERY_S) is None
    assert (15 * EVERY_S,) == follows.outliers
    assert abs(follows.at(14 * EVERY_S).fraction - before.fraction) < 0.02
    fed(follows, [16], seed=5)
    odds = follows.probability_at_least(0.8, 16 * EVERY_S)
    assert odds is not None and odds < 0.05


def test_an_outlier_among_the_first_is_named_when_others_have_come() -> None:
    """What no law could tell at the second measurement, later ones tell."""
    follows = fed(tracker(), range(1, 16), off={2: 0.5})
    assert (2 * EVERY_S,) == follows.outliers


def test_ordinary_noise_is_no_outlier() -> None:
    """Fifty ordinary measurements: none is named."""
    assert () == fed(tracker(), range(1, 51), seed=4).outliers


def test_a_slope_that_is_off_is_in_the_interval() -> None:
    """With an assay known to 10 % the odds are more careful than with one known to 1 %."""
    far, near = (
        fed(tracker(prior=ReleasePrior(scale_relative_sd=sd)), range(1, 31)).at(30 * EVERY_S).sd
        for sd in (0.10, 0.01)
    )
    assert far > 1.5 * near


def test_a_fraction_above_one_is_a_measurement_like_any_other() -> None:
    """An assay that reads 106 % of the load says something of the assay, and F stays below 1."""
    follows = fed(tracker(), range(1, 60), lambda t_s: 1.06 * first_order(t_s))
    assert () == follows.outliers
    found = follows.at(59 * EVERY_S)
    assert found.high <= 1.0
    assert found.low <= first_order(59 * EVERY_S)


def test_warmth_to_come_is_known_to_drive_the_release() -> None:
    """After ten minutes at 45 degC more is supposed to have left than after ten at 37, before any
    measurement says so, and by how much is known worse."""
    cold, warm = (fed(tracker(), range(1, 13)) for _ in range(2))
    now_s = 12 * EVERY_S
    warm.history.tell(now_s, Medium(45.0, 5.5, 0.0))
    at_cold, at_warm = (follows.at(now_s + 600.0) for follows in (cold, warm))
    assert at_warm.fraction > at_cold.fraction + 0.02
    assert at_warm.sd > at_cold.sd


def test_how_warmth_acts_is_learnt_from_measurements_in_it() -> None:
    """A drug that does not mind the warmth is found out."""
    follows = fed(tracker(), range(1, 13))
    follows.history.tell(12 * EVERY_S, Medium(47.0, 5.5, 0.0))
    supposed = follows.at(20 * EVERY_S).fraction
    fed(follows, range(13, 21), seed=3)
    truth = first_order(20 * EVERY_S)
    assert abs(follows.at(20 * EVERY_S).fraction - truth) < 0.04 < abs(supposed - truth)


def test_when_it_will_be_reached_is_told_early() -> None:
    """From the first hour the time of 80 % is told with an interval that holds it."""
    follows = fed(tracker(), range(1, 13))
    low, middle, high = follows.reaches_s(0.8, 12 * EVERY_S)
    truth_s = -math.log(0.2) / RATE_PER_S - 12 * EVERY_S
    assert low <= truth_s <= high
    assert low < middle <= high


def test_what_is_never_reached_is_told_as_such() -> None:
    """A release that stands at 60 % has no time for 80 %."""
    follows = fed(tracker(), range(1, 80), lambda t_s: 0.6 * first_order(4.0 * t_s))
    assert math.inf == follows.reaches_s(0.8, 80 * EVERY_S)[2]


def test_a_stated_rate_narrows_what_is_supposed() -> None:
    """With a measured rate the first measurements say more."""
    stated = ReleasePrior(rate_per_s=Spread(RATE_PER_S, 0.1), reference=BODY)
    broad, narrow = (
        fed(tracker(prior=prior), range(1, 5)).at(7200.0).sd for prior in (None, stated)
    )
    assert narrow < 0.8 * broad


def test_a_rate_stated_elsewhere_is_carried_over_with_its_doubt() -> None:
    """A rate at 37 degC supposes a slower release at 25 degC."""
    prior = ReleasePrior(rate_per_s=Spread(RATE_PER_S, 0.1), reference=BODY)
    here, cold = (
        tracker(prior=prior, medium=medium).at(3600.0) for medium in (BODY, Medium(25.0, 5.5, 0.0))
    )
    assert cold.fraction < 0.8 * here.fraction


def test_the_same_measurements_give_the_same_answer() -> None:
    """Bit for bit: a replay comes to what the run came to."""
    one, other = (fed(tracker(), range(1, 20), off={7: 0.3}) for _ in range(2))
    assert one.at(6000.0) == other.at(6000.0)
    assert one.law_shares == other.law_shares


@pytest.mark.parametrize(
    ("value", "sd"), [(math.nan, 0.02), (math.inf, 0.02), (0.5, 0.0), (0.5, -1.0), (0.5, math.nan)]
)
def test_what_is_no_measurement_is_refused(value: float, sd: float) -> None:
    """No number, or a deviation that is none, never reaches the crowd."""
    with pytest.raises(ValueError, match="no measurement"):
        tracker().add(60.0, value, sd)


def test_wild_measurements_never_break_it() -> None:
    """Whatever finite numbers an assay gives, there is a fraction between 0 and 1."""
    follows, rng = tracker(), random.Random(9)
    for number in range(1, 25):
        follows.add(number * EVERY_S, rng.choice((-50.0, 0.0, 1.0, 1e6)) * rng.random(), SD)
        found = follows.at(number * EVERY_S)
        assert 0.0 <= found.low <= found.high <= 1.0
    assert "" != follows.why_none or follows.probability_at_least(0.8, 9000.0) is not None


def test_a_measurement_costs_little() -> None:
    """Half of all updates over five hours take less than 20 ms."""
    follows, rng, took = tracker(), random.Random(2), []
    for number in range(1, 61):
        t_s = number * EVERY_S
        begun = time.perf_counter()
        follows.add(t_s, first_order(t_s) + rng.gauss(0.0, SD), SD)
        took.append(time.perf_counter() - begun)
    assert median(took) < 0.02
