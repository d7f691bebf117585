"""Whether two results differ: never said where the intervals do not say so."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from labctl.compare import Side, Told, difference
from labctl.events import Mode
from tests.unit.compare.sides import BUDGET, side

SHARED_ALL = ("power at the sample", "absorbance", "model")


def told(first: Side, second: Side) -> Told:
    return difference(first, second, "efficiency").told


def test_an_input_that_is_the_same_for_both_counts_once() -> None:
    """Of one bench file, sample and protocol the volume alone is of each run by itself: its shares
    and the statistics make the interval."""
    found = difference(side("A", 0.5), side("B", 0.5), "efficiency")
    assert set(SHARED_ALL) == set(found.shared)
    expected = math.sqrt(2 * 0.002**2 + 2 * (0.5 * BUDGET["volume"]) ** 2)
    assert math.isclose(expected, found.sd or 0.0, rel_tol=1e-9)
    assert (found.sd_independent or 0.0) > 3 * expected


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        ({}, SHARED_ALL),
        ({"bench_digest": "another"}, ("absorbance", "model")),
        ({"sample_digest": "another"}, ("power at the sample",)),
        ({"protocol_digest": "another"}, ("power at the sample", "absorbance")),
        ({"mode": Mode.SIMULATED, "seed": 1}, ()),
    ],
    ids=str,
)
def test_what_is_shared_is_what_is_known_to_be_the_same(
    other: dict[str, Any], shared: tuple[str, ...]
) -> None:
    """By the digests of the files; nothing between a simulated and a real run."""
    found = difference(side("A"), side("B", **other), "efficiency")
    assert set(shared) == set(found.shared)


@pytest.mark.parametrize(("seed", "count"), [(7, 3), (8, 0)])
def test_simulated_worlds_share_something_with_one_seed_only(seed: int, count: int) -> None:
    """Each seed draws its own truth of power and sample."""
    one = side("A", mode=Mode.SIMULATED, seed=7)
    other = side("B", mode=Mode.SIMULATED, seed=seed)
    assert count == len(difference(one, other, "efficiency").shared)


def test_samples_without_a_name_share_nothing_of_a_sample() -> None:
    """Two that were not named need not be one."""
    found = difference(side("A", sample_digest=""), side("B", sample_digest=""), "efficiency")
    assert ("power at the sample",) == found.shared


@pytest.mark.parametrize(
    ("second", "expected"),
    [(0.5, Told.NOT_APART), (0.51, Told.NOT_APART), (0.53, Told.IF_SHARED), (0.6, Told.DIFFER)],
)
def test_runs_differ_where_the_interval_leaves_zero_out(second: float, expected: Told) -> None:
    """And where that hangs on what they share, it is said to; in either order."""
    assert expected == told(side("A", 0.5), side("B", second))
    assert expected == told(side("A", second), side("B", 0.5))


def test_the_interval_holds_what_it_says_where_the_power_is_shared() -> None:
    """Of 4000 pairs of runs with one wrong calibration a pair, 95 % of the intervals hold the true
    difference; as if nothing were shared nearly all would."""
    rng = np.random.default_rng(11)
    true, hits, wide = (0.5, 0.55), 0, 0
    for _ in range(4000):
        common = {name: rng.normal(0.0, BUDGET[name]) for name in SHARED_ALL}
        values = []
        for value in true:
            own = rng.normal(0.0, BUDGET["volume"])
            values.append(value * (1 + sum(common.values()) + own) + rng.normal(0.0, 0.002))
        found = difference(side("A", values[0]), side("B", values[1]), "efficiency")
        assert found.low is not None and found.high is not None
        hits += found.low <= 0.05 <= found.high
        wide += (found.low_independent or 0) <= 0.05 <= (found.high_independent or 0)
    assert 0.94 < hits / 4000 < 0.96
    assert wide / 4000 > 0.999


@pytest.mark.parametrize(
    ("first", "why"),
    [
        (side("A", None), "A has no efficiency"),
        (side("A", outcome="stopped"), "A did not come to its end (stopped)"),
        (replace(side("A"), state="cut off", ended=None), "A did not come to its end (cut off)"),
        (replace(side("A"), verdict=None), "A has no efficiency"),
    ],
    ids=["none", "stopped", "cut off", "no verdict"],
)
def test_without_two_numbers_nothing_can_be_told(first: Side, why: str) -> None:
    """Whichever of the two lacks it."""
    found = difference(first, side("B"), "efficiency")
    assert (Told.CANNOT_TELL, why, None) == (found.told, found.why, found.value)
    assert Told.CANNOT_TELL == told(side("B"), first)


def test_a_number_without_an_interval_tells_nothing() -> None:
    """Nor one that is no number."""
    for bad in ({"value": 0.5}, {"value": "0.5", "low": 0.4, "high": 0.6}, {"value": float("nan")}):
        verdict = side("A").verdict
        assert verdict is not None
        first = replace(side("A"), verdict=replace(verdict, results={"efficiency": bad}))
        assert Told.CANNOT_TELL == told(first, side("B", 0.9))


def test_a_budget_that_does_not_add_up_takes_nothing_off() -> None:
    """Then the shares are not those of this result, and the wide interval stands."""
    verdict = side("A").verdict
    assert verdict is not None
    first = replace(side("A"), verdict=replace(verdict, budget={"power at the sample": 0.5}))
    found = difference(first, side("B"), "efficiency")
    assert (found.sd_independent, ()) == (found.sd, found.shared)
