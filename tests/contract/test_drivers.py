"""What every driver must do, whoever wrote it: against its card's transcript and the simulator.

The suite is `labctl.testing`, as anybody's project has it. A driver without a case fails here; it
is not fit to be registered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from labctl.instruments import Driver, Link, SimSpec
from labctl.testing import FarEnd, contract
from labctl_simulators.session import open_session
from tests.contract.cards import CASES
from tests.contract.registered import registered

DRIVERS = registered()


def simulated(name: str) -> FarEnd:
    """The simulated instrument of one driver, in a world of its own."""

    def far_end(settings: Mapping[str, Any]) -> Callable[[], Link]:
        entry = {"driver": name, "address": "sim://thing", "settings": dict(settings)}
        session = open_session(SimSpec(seed=3, bench={"instruments": {"thing": entry}}))
        return lambda: session.link("sim://thing")

    return far_end


for _name, _driver in DRIVERS.items():
    if _name in CASES:
        _made = contract(_driver, CASES[_name], simulated(_name))
        globals()[_made.__name__] = _made


def test_every_registered_driver_has_a_case() -> None:
    """No driver is registered that this suite does not try."""

    assert sorted(DRIVERS) == sorted(CASES)


@pytest.mark.parametrize("name", DRIVERS)
def test_a_driver_of_ours_keeps_its_name_and_says_what_was_verified(name: str) -> None:
    """It has the name that it is registered under; its module tells where its facts are from."""
    driver: type[Driver] = DRIVERS[name]

    assert name == driver.spec.name
    assert "No hardware was touched." in (__import__(driver.__module__, fromlist=["x"]).__doc__)
