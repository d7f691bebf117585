"""Meters and loggers over TCP, through pyserial or PyVISA."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from labctl.clock import Clock
from labctl.instruments import Instrument, PowerMeter, Reading, Thermometer
from labctl_simulators.session import Session
from tests.wire.served import over_tcp

METERS: list[tuple[str, Mapping[str, Any]]] = [
    ("center-309", {"channels": [1, 2]}),
    ("pico-tc08", {"channels": [1, 2]}),
    ("ophir-meter", {"wavelength": "808 nm", "filter": "in"}),
    ("thorlabs-pm100", {"wavelength": "808 nm"}),
    ("keysight-3497x", {"channels": [101, 102], "nplc": 0.2}),
    ("keysight-3497x", {"channels": [101, 102], "nplc": 0.2, "scan": "split"}),
    ("keysight-3497x", {"channels": [101], "scan": "monitor"}),
]


@pytest.mark.parametrize(("name", "settings"), METERS)
def test_its_readings_come_over_tcp(name: str, settings: Mapping[str, Any]) -> None:
    """Identified, configured, and read three times by the library of its transport."""

    async def body(clock: Clock, session: Session, instrument: Instrument) -> None:
        driver = instrument.driver
        for _ in range(3):
            if isinstance(driver, Thermometer):
                readings = await instrument.job(driver.read_temperatures)
            else:
                assert isinstance(driver, PowerMeter)
                readings = (await instrument.job(driver.read_power),)

            assert readings
            for reading in readings:
                assert isinstance(reading, Reading)
                assert 0 < reading.t_ns <= clock.now_ns()

    over_tcp(name, settings, body)
