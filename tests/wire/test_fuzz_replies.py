"""No reply breaks a driver: a reading, an invalid one, or an instrument error comes out."""

from __future__ import annotations

import pytest

from tests.contract.cards import CASES
from tests.contract.registered import registered
from tests.wire.replies import fuzz

DRIVERS = registered()


@pytest.mark.parametrize("name", DRIVERS)
def test_whatever_comes_is_a_reading_an_invalid_one_or_an_instrument_error(name: str) -> None:
    """Some replies get through all the same, and most do not."""
    ended = fuzz(DRIVERS[name], CASES[name], 3000, seed=11)

    assert 3000 == sum(ended.values())
    assert len(ended) >= 2, f"{name}: too tame to tell anything: {ended}"
