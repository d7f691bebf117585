"""Random numbers keyed by (seed, channel, index)."""

from __future__ import annotations

from statistics import fmean, pstdev

from labctl_simulators.world import Stream


def test_same_key_same_numbers() -> None:
    """A channel of a seed gives the same numbers each time it is opened."""
    first, again = Stream(7, "probe"), Stream(7, "probe")

    assert [first.normal() for _ in range(5)] == [again.normal() for _ in range(5)]


def test_channels_and_seeds_are_unrelated() -> None:
    """Another channel or a neighbouring seed gives other numbers."""
    heads = {Stream(*key).normal() for key in [(7, "probe"), (7, "meter"), (8, "probe")]}

    assert 3 == len(heads)


def test_normal_has_unit_deviation() -> None:
    """Ten thousand draws have mean 0 and deviation 1 to within four standard errors."""
    stream = Stream(1, "x")
    drawn = [stream.normal() for _ in range(10_000)]

    assert abs(fmean(drawn)) < 0.04
    assert abs(pstdev(drawn) - 1.0) < 0.03


def test_near_stays_within_its_bound() -> None:
    """A truncated draw never lies beyond so many deviations."""
    stream = Stream(1, "x")

    assert max(abs(stream.near(0.0, 1.0, at_most_sd=1.0)) for _ in range(1000)) <= 1.0


def test_near_without_deviation_is_the_mean() -> None:
    """A stated value without deviation is taken as it is."""
    assert 3.5 == Stream(1, "x").near(3.5, 0.0)
