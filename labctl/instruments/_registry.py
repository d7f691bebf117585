"""Which drivers and simulators are installed: entry points, loaded when one is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from labctl.errors import InputError
from labctl.instruments._capabilities import Driver
from labctl.instruments._driver_files import driver_in_file, names_file
from labctl.instruments._link import OpenSession, SimSession, SimSpec
from labctl.instruments._proof import digest_of, unproven_because
from labctl.instruments._transport import BlockingTransport

_DRIVERS = "labctl.drivers"
_SIMULATORS = "labctl.simulators"
_TRANSPORTS = "labctl.transports"


@cache
def _found(group: str) -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in sorted(entry_points(group=group))}


def drivers() -> tuple[str, ...]:
    """Names of the installed drivers, in order; none is loaded."""
    return tuple(_found(_DRIVERS))


def driver(name: str) -> type[Driver]:
    """The driver that a bench file calls `name`, or the one in the file that it names
    (`/path/acme.py:AcmeMeter`, `/path/acme.yaml`); InputError names a near one."""
    if names_file(name):
        return driver_in_file(name)
    return cast("type[Driver]", _load(_DRIVERS, name, "driver"))


def proven(name: str) -> bool:
    """Whether this driver, as it is now, went through labctl's contract suite."""
    return not unproven(name)


def unproven(name: str) -> str:
    """Why a driver does not count as proven; empty when it does. labctl registers none of its own
    that does not; for anybody else's see `_proof`."""
    entry = None if names_file(name) else _found(_DRIVERS).get(name)
    if entry is not None and entry.dist is not None and entry.dist.name == "labctl":
        return ""
    return unproven_because(driver(name))


def driver_digest(name: str) -> str:
    """SHA-256 of a driver's sources, as they are now."""
    return digest_of(driver(name))


def library_transport(name: str) -> Callable[[str, str], BlockingTransport]:
    """What makes the transport for `library+NAME://REST`: called with REST and the words for
    messages. It does no I/O and loads no library before it is opened."""
    make = _load(_TRANSPORTS, name, "library")
    return cast("Callable[[str, str], BlockingTransport]", make)


def open_simulation(spec: SimSpec) -> SimSession:
    """A simulated bench in this process."""
    return cast(OpenSession, _load(_SIMULATORS, "bench", "simulator"))(spec)


def simulation_server() -> Callable[..., Any]:
    """What `labctl sim serve` runs."""
    return cast("Callable[..., Any]", _load(_SIMULATORS, "serve", "simulator"))


def simulated_faults() -> str:
    """What can be made to go wrong in a simulated bench, as help for a person."""
    return cast("Callable[[], str]", _load(_SIMULATORS, "faults", "simulator"))()


def _load(group: str, name: str, what: str) -> object:
    found = _found(group)
    if name in found:
        return found[name].load()
    if not found:
        raise InputError(
            f"no {what} is installed",
            fix="Install labctl (`pip install .` in its checkout), or start it as "
            "`python3 -m labctl`.",
        )
    near = difflib.get_close_matches(name, found, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise InputError(f"unknown {what} {name!r}", fix=f"{hint}There are: {', '.join(found)}.")
