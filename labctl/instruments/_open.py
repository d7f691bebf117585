"""From an address to an instrument that is not connected yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from labctl.clock import Clock
from labctl.errors import InputError, LabctlError, PortDisconnectedError, attempt
from labctl.instruments._address import Address, Transport
from labctl.instruments._capabilities import Driver, DriverSpec, SerialSettings
from labctl.instruments._inline import InlinePort
from labctl.instruments._instrument import Instrument, Trouble
from labctl.instruments._link import SimSession
from labctl.instruments._port import Frame
from labctl.instruments._raw import RawPort
from labctl.instruments._registry import driver, library_transport
from labctl.instruments._serial import SerialTransport
from labctl.instruments._threaded import ThreadPort
from labctl.instruments._transport import BlockingTransport
from labctl.instruments._visa import VisaTransport
from labctl.instruments._wire_log import WireLog, logged, logged_plug, wire_log


def make_instrument(
    name: str,
    driver_name: str,
    address: str,
    settings: Mapping[str, Any],
    clock: Clock,
    *,
    session: SimSession | None = None,
    on_trouble: Trouble | None = None,
) -> Instrument:
    """The instrument that a bench file describes; no I/O before its `connect`.

    `session` is the simulated bench for `sim://` addresses. InputError for a driver, an address or
    a setting that there is not.
    """
    try:
        driver_class = driver(driver_name)
        where = Address.parse(address)
        line = _line(driver_class.spec, settings)
        about = {"instrument": name, "driver": driver_name, "address": address}
        log = wire_log(name, {**about, "settings": dict(settings)})
        port = raw_port(where, line, clock, f"{name} at {address}", session, log)
    except InputError as error:
        error.where = error.where or name
        raise
    return Instrument(name, driver_class, settings, where, port, on_trouble=on_trouble)


def check_instrument(
    name: str, driver_name: str, address: str, settings: Mapping[str, Any]
) -> Driver:
    """The driver that a bench file describes, on a port that leads nowhere: for what it says of
    itself. InputError for everything that `make_instrument` would refuse."""
    try:
        driver_class = driver(driver_name)
        return driver_class(_Nowhere(Address.parse(address).text), settings)
    except InputError as error:
        error.where = error.where or name
        raise


class _Nowhere:
    """A port that must not be used."""

    arrived_ns = 0

    def __init__(self, address: str) -> None:
        self.address = address

    async def exchange(
        self, data: bytes, reply: Frame, *, timeout_s: float, retry: bool = False
    ) -> bytes:
        raise PortDisconnectedError("this port leads nowhere", where=self.address)

    async def urgent(self, data: bytes) -> None:
        raise PortDisconnectedError("this port leads nowhere", where=self.address)

    async def pause(self, duration_s: float) -> None:
        raise PortDisconnectedError("this port leads nowhere", where=self.address)


def raw_port(
    address: Address,
    line: SerialSettings,
    clock: Clock,
    where: str,
    session: SimSession | None = None,
    log: WireLog | None = None,
) -> RawPort:
    """The way to an address, not opened. `session` is the simulated bench for `sim://`; `log` notes
    the bytes."""
    if address.transport is Transport.SIM:
        if session is None:
            raise InputError(f"{address} needs a simulated bench, and there is none here")
        plug = logged_plug(lambda: session.link(address.target), log)
        return InlinePort(plug, clock, address.text, where)
    transport: BlockingTransport
    if address.transport is Transport.LIBRARY:
        scheme, _, rest = address.target.partition("://")
        transport = library_transport(scheme)(rest, where)
    elif address.transport is Transport.SERIAL:
        transport = SerialTransport(address.target, line, where)
    else:
        transport = VisaTransport(address.target, line, where)
    return ThreadPort(logged(transport, log, clock), clock, address.text, where)


def _line(spec: DriverSpec, settings: Mapping[str, Any]) -> SerialSettings:
    """The manual's line settings, but for the baud rate where a driver lets it be set."""
    line = spec.serial or SerialSettings()
    baud = settings.get("baud")
    return replace(line, baud=baud) if "baud" in spec.settings and isinstance(baud, int) else line


async def connect_all(instruments: Iterable[Instrument], clock: Clock) -> tuple[LabctlError, ...]:
    """Open and identify them, side by side; every source is off then. Returns what is missing."""
    answers = await clock.together(*(_connected(instrument) for instrument in instruments))
    return tuple(error for error in answers if error is not None)


async def _connected(instrument: Instrument) -> LabctlError | None:
    try:
        await instrument.connect()
    except LabctlError as error:
        return error
    return None


async def off_all(instruments: Iterable[Instrument]) -> None:
    """Write off to every source and gate among them, blindly and side by side, whatever becomes of
    another's: behind one that hangs no other waits."""
    await asyncio.gather(*(attempt(one.off, "off could not be written") for one in instruments))


async def close_all(instruments: Iterable[Instrument]) -> None:
    """Release every port, side by side, whatever becomes of another's."""
    await asyncio.gather(
        *(attempt(one.close, "the port could not be released") for one in instruments)
    )
