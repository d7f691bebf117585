"""Limits of bench and protocol: tightened, never loosened."""

from __future__ import annotations

import dataclasses

import pytest

from labctl import limits
from labctl.errors import RefusedError
from labctl.limits import LIMITS, Limits

BENCH = Limits(power_w=2.0, temperature_degc=80.0, min_temperature_degc=5.0)


def test_a_tighter_limit_takes_the_place_of_the_bench_s() -> None:
    """What the protocol sets holds; what it does not set stays."""
    tight = limits.tighten(BENCH, Limits(power_w=1.0, min_temperature_degc=10.0, exposure_s=60.0))

    assert Limits(1.0, None, 80.0, 10.0, 60.0) == tight


@pytest.mark.parametrize(
    ("by", "name"),
    [(Limits(power_w=3.0), "power"), (Limits(min_temperature_degc=0.0), "min_temperature")],
)
def test_a_looser_limit_is_refused(by: Limits, name: str) -> None:
    """A higher cap, or a lower floor, is refused by name."""
    with pytest.raises(RefusedError, match=f"'{name}'"):
        limits.tighten(BENCH, by)


def test_a_limit_that_the_bench_does_not_set_cannot_be_loosened() -> None:
    """Any value tightens what is not limited."""
    assert () == limits.loosened(Limits(), BENCH)


def test_every_attribute_has_its_limit() -> None:
    """The table names every attribute once."""
    assert sorted(f.name for f in dataclasses.fields(Limits)) == sorted(x.field for x in LIMITS)
