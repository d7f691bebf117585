"""Any instrument of PyMeasure by a mapping: over a fake of it, and over the real one."""

from __future__ import annotations

import math
from typing import Any

import pytest

from labctl.clock import Clock, run_real
from labctl.instruments import (
    Address,
    DeviceRefusedError,
    InputError,
    Instrument,
    Invalid,
    PortDisconnectedError,
    Reading,
    check_instrument,
)
from labctl.instruments._threaded import ThreadPort
from labctl_drivers.pymeasure_adapter import (
    PyMeasureLibrary,
    PyMeasureMeter,
    PyMeasureThermometer,
)

WHERE = "library+pymeasure://lakeshore.LakeShore211/GPIB0::12::INSTR"


class _Adapter:
    closed = False

    def close(self) -> None:
        self.closed = True


class _Channel:
    temperature = 295.0


class Fake:
    """As an instrument class of PyMeasure's looks to who uses it."""

    id = "LSCI,MODEL211,12,1.0"

    def __init__(self, name: str = "", resource: str = "") -> None:
        self.made_of = (name, resource)
        self.adapter = _Adapter()
        self.ch_1 = _Channel()
        self.wavelength = 0
        self._power = 12.5

    @property
    def power(self) -> float:
        return self._power

    @property
    def broken(self) -> float:
        raise OSError("VI_ERROR_TMO")

    @property
    def gain(self) -> int:
        return 1

    @gain.setter
    def gain(self, value: int) -> None:
        if value > 10:
            raise ValueError("Value of 11 is not in range [0,10]")


def opened(
    driver: Any,
    settings: dict[str, Any],
    made: Any = None,
    rest: str = "lakeshore.LakeShore211/G::1",
) -> tuple[Any, Any]:
    """Connect over a real thread, read once, close; the reading and the fake."""
    fakes = []

    def make(name: str, resource: str) -> Any:
        fakes.append((made or Fake)(name, resource))
        return fakes[-1]

    async def main(clock: Clock) -> Any:
        transport = PyMeasureLibrary("lakeshore.LakeShore211/G::1", "thing", make)
        port = ThreadPort(transport, clock, WHERE, "thing")
        thing = Instrument("thing", driver, settings, Address.parse(WHERE), port)
        try:
            identity = await thing.connect()
            read = "read_power" if driver is PyMeasureMeter else "read_temperatures"
            return identity, await thing.job(getattr(thing.driver, read))
        finally:
            await thing.close()

    return run_real(main), fakes


def test_a_property_becomes_a_reading() -> None:
    """In watts, from what the mapping says that it is; the setup is set; the adapter is closed."""
    (identity, got), (fake,) = opened(PyMeasureMeter, {"unit": "mW", "setup": {"gain": 2}})

    assert isinstance(got, Reading)
    assert (0.0125, "W", "power") == (pytest.approx(got.value), got.unit, got.channel)
    assert ("PyMeasure", "lakeshore.LakeShore211", "12") == (
        identity.make, identity.model, identity.serial,
    )  # fmt: skip
    assert ("lakeshore.LakeShore211", "G::1") == fake.made_of
    assert fake.adapter.closed


def test_channels_are_nested_properties() -> None:
    """Kelvin become degrees; the order is the mapping's."""
    (_, got), _ = opened(PyMeasureThermometer, {"read": {"1": "ch_1.temperature"}, "unit": "K"})
    (reading,) = got

    assert (pytest.approx(21.85), "degC", "1") == (reading.value, reading.unit, reading.channel)


def test_a_number_that_is_none_is_invalid() -> None:
    """NaN is an open input."""

    class Open(Fake):
        temperature = math.nan

    (_, got), _ = opened(PyMeasureThermometer, {}, Open)
    assert isinstance(got[0], Invalid)
    assert "open" == got[0].reason


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"setup": {"gain": 11}}, "not in range"),
        ({"setup": {"colour": 1}}, "there is no property"),
        ({"read": "broken"}, "VI_ERROR_TMO"),
    ],
)
def test_what_pymeasure_raises_is_an_instrument_error(settings: dict[str, Any], told: str) -> None:
    """Told in its own words, and never its exception."""
    with pytest.raises(DeviceRefusedError, match=told):
        opened(PyMeasureMeter, settings)


@pytest.mark.parametrize(
    "settings",
    [{"read": "_power"}, {"read": "adapter.close()"}, {"unit": "dBm"}, {"setup": {"x": [1]}}],
)
def test_a_mapping_that_cannot_be_is_bad_input(settings: dict[str, Any]) -> None:
    """Found before anything is opened."""
    with pytest.raises(InputError):
        check_instrument("thing", "pymeasure-meter", WHERE, settings)


@pytest.mark.parametrize("rest", ["", "lakeshore", "os.system/x", "lakeshore.LakeShore211/"])
def test_an_address_that_names_no_class_is_bad_input(rest: str) -> None:
    """A class of PyMeasure's, then where it is."""
    with pytest.raises(InputError, match="names no instrument of PyMeasure"):
        PyMeasureLibrary(rest, "thing")


def test_without_pymeasure_it_says_how_to_get_it() -> None:
    """Or that the class is not in it."""
    library = PyMeasureLibrary("nobody_at_all.Nothing/GPIB::1", "thing")
    with pytest.raises(PortDisconnectedError, match="is not installed") as caught:
        library.open()
    assert "labctl[pymeasure]" in caught.value.fix


@pytest.mark.filterwarnings("ignore")
def test_a_class_of_pymeasure_s_own_answers() -> None:
    """Its LakeShore 211 above its own protocol adapter."""
    adapters = pytest.importorskip("pymeasure.adapters", reason="the extra is not installed")
    from pymeasure.instruments.lakeshore import LakeShore211

    def make(name: str, resource: str) -> Any:
        told = [("*IDN?", "LSCI,MODEL211,211001,1.0")] * 2
        return LakeShore211(adapters.ProtocolAdapter([*told[:1], ("CRDG?", "+023.45")]))

    async def main(clock: Clock) -> Any:
        transport = PyMeasureLibrary("lakeshore.LakeShore211/GPIB::12", "thing", make)
        port = ThreadPort(transport, clock, WHERE, "thing")
        settings = {"read": {"1": "temperature_celsius"}}
        thing = Instrument("thing", PyMeasureThermometer, settings, Address.parse(WHERE), port)
        try:
            identity = await thing.connect()
            return identity, await thing.job(thing.driver.read_temperatures)  # type: ignore[attr-defined]
        finally:
            await thing.close()

    identity, (reading,) = run_real(main)
    assert "211001" == identity.serial
    assert 23.45 == reading.value
