"""Which broker a run speaks to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from labctl.errors import LabctlError
from labctl.settings import read_settings
from labctl.telemetry._address import PORT, Address


class NoBrokerError(LabctlError):
    """There is no broker and none can be started: the run goes on without telemetry."""


@dataclass(frozen=True, slots=True)
class Found:
    """A broker that is there."""

    address: Address
    words: str
    """What it is, for a person: `embedded mosquitto 2.0.11 at mqtt://127.0.0.1:1883`."""


Find: TypeAlias = Callable[[], Awaitable[Found]]
"""Finds a broker, each time a connection is to be made. Raises NoBrokerError when there is no
hope, LinkError when trying again may help."""


@dataclass(frozen=True, slots=True)
class BrokerChoice:
    """`auto` (an embedded broker on loopback), `off`, or the address of a broker."""

    address: Address | None = None
    """None for the embedded one."""
    off: bool = False
    port: int = PORT
    """Preferred by the embedded one; another is taken, and named, when it is not free."""

    @classmethod
    def parse(cls, text: str) -> BrokerChoice:
        """`auto`, `off` or `mqtt[s]://[user:password@]host[:port]`, completed from the environment
        (`labctl.settings`); InputError for anything else."""
        if text == "auto":
            return cls()
        if text == "off":
            return cls(off=True)
        return cls(Address.parse(text).known_as(read_settings()))


def configured(address: Address) -> Find:
    """The broker that a person named; whether it answers is found out by connecting."""

    async def find() -> Found:
        open_to_all = address.password is not None and not address.tls and not _local(address.host)
        clear = " (the password travels in clear: mqtts:// encrypts)" if open_to_all else ""
        return Found(address, f"broker {address}{clear}")

    return find


def _local(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")
