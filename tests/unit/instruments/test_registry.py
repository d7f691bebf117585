"""Finding drivers and making instruments of what a bench file says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from labctl.clock import Clock
from labctl.instruments import (
    InputError,
    SimSpec,
    driver,
    drivers,
    make_instrument,
    open_simulation,
)
from labctl.instruments import _registry as registry
from labctl_drivers.arroyo import ArroyoLaser

ENTRIES = {
    "labctl.drivers": {
        "arroyo-laser": "labctl_drivers.arroyo:ArroyoLaser",
        "cni-laser": "labctl_drivers.cni:CniLaser",
    },
    "labctl.simulators": {"bench": "labctl_simulators.session:open_session"},
}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, dict[str, str]]]:
    """Entry points as an installed labctl has them, without one."""

    def entry_points(group: str) -> list[EntryPoint]:
        return [EntryPoint(n, target, group) for n, target in ENTRIES.get(group, {}).items()]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    registry._found.cache_clear()
    yield ENTRIES
    registry._found.cache_clear()


def test_drivers_are_listed_and_loaded_by_name(installed: object) -> None:
    """Names in order; the class behind a name."""

    assert ("arroyo-laser", "cni-laser") == drivers()
    assert ArroyoLaser is driver("arroyo-laser")


def test_an_unknown_driver_gets_a_suggestion(installed: object) -> None:
    """The near name and all that there are."""

    with pytest.raises(InputError, match="unknown driver 'aroyo-laser'") as caught:
        driver("aroyo-laser")
    assert "Did you mean 'arroyo-laser'?" in caught.value.fix
    assert "cni-laser" in caught.value.fix


def test_nothing_installed_says_how_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any entry point the message tells how to get them."""
    monkeypatch.setattr(registry, "entry_points", lambda group: [])
    registry._found.cache_clear()

    with pytest.raises(InputError, match="no driver is installed") as caught:
        driver("arroyo-laser")
    registry._found.cache_clear()
    assert "pip install" in caught.value.fix


def test_a_simulated_instrument_from_what_a_bench_file_says(
    installed: object, virtual: Callable[..., Any]
) -> None:
    """Driver name, address and settings are enough; it connects over the session's link."""

    async def main(clock: Clock) -> tuple[str, bool]:
        session = open_simulation(SimSpec(seed=1))
        instrument = make_instrument(
            "diode", "arroyo-laser", "sim://laser", {}, clock, session=session
        )
        identity = await instrument.connect()
        await instrument.close()
        return identity.make, instrument.simulated

    assert ("Arroyo", True) == virtual(main)


@pytest.mark.parametrize(
    ("driver_name", "address", "settings", "what"),
    [
        ("aroyo", "sim://laser", {}, "unknown driver"),
        ("arroyo-laser", "laser", {}, "no address"),
        ("arroyo-laser", "sim://laser", {}, "needs a simulated bench"),
        ("arroyo-laser", "/dev/null", {"max_current": 2}, "max_current"),
    ],
)
def test_what_cannot_be_made_names_the_instrument(
    installed: object,
    virtual: Callable[..., Any],
    driver_name: str,
    address: str,
    settings: dict[str, Any],
    what: str,
) -> None:
    """Bad driver, address or setting: InputError with the instrument's name, nothing opened."""

    async def main(clock: Clock) -> str:
        with pytest.raises(InputError, match=what) as caught:
            make_instrument("diode", driver_name, address, settings, clock)
        return caught.value.where

    assert virtual(main).startswith("diode")
