"""Everything that `labctl doctor` looks at, in its order. No port is opened."""

from __future__ import annotations

from collections.abc import Iterator

from labctl.doctor import _machine, _ports, _software
from labctl.doctor._finding import Finding
from labctl.instruments import serial_places
from labctl.settings import Settings


def look_over(settings: Settings) -> Iterator[Finding]:
    """Look at this computer as it is for this user with these settings."""
    yield from _software.software()
    places = serial_places()
    yield _ports.serial_permission(places)
    yield _ports.stable_names(places)
    yield _ports.usb_permission()
    yield from _ports.visa()
    yield _ports.meddlers()
    yield _ports.autosuspend()
    yield _software.folders()
    yield _machine.disk(settings.runs)
    yield _machine.clock()
    yield _machine.broker(settings.broker or "auto")
