"""From an address to an instrument that is not connected yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl.clock import Clock
from labctl.errors import InputError
from labctl.instruments._address import Address, Transport
from labctl.instruments._inline import InlinePort
from labctl.instruments._instrument import Instrument, Trouble
from labctl.instruments._link import SimSession
from labctl.instruments._raw import RawPort
from labctl.instruments._registry import driver


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
        port = _port(where, clock, f"{name} at {address}", session)
    except InputError as error:
        error.where = error.where or name
        raise
    return Instrument(name, driver_class, settings, where, port, on_trouble=on_trouble)


def _port(address: Address, clock: Clock, where: str, session: SimSession | None) -> RawPort:
    if address.transport is Transport.SIM:
        if session is None:
            raise InputError(f"{address} needs a simulated bench, and there is none here")
        return InlinePort(lambda: session.link(address.target), clock, address.text, where)
    raise InputError(f"{address} cannot be reached yet")
