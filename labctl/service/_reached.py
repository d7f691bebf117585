"""By which addresses and names a service is reached, and from which pages a browser may ask it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from labctl.errors import InputError

_ANY = ("0.0.0.0", "::")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Reached:
    """Where it listens, and what stands in front of it."""

    host: str
    port: int
    names: Sequence[str]
    """Other names of it, with their ports where they are not `port` or the scheme's own."""
    tls: bool
    """It speaks TLS itself."""
    behind_proxy: bool
    """A proxy in front speaks TLS to the world."""

    @property
    def hosts(self) -> list[str]:
        """As a browser writes them in `Host`."""
        return [*self._own, *self._named]

    @property
    def origins(self) -> list[str]:
        """As a browser writes them in `Origin`. What others reach by TLS is no page without."""
        own = "https" if self.tls else "http"
        named = "https" if self.tls or self.behind_proxy else "http"
        return [
            *(f"{own}://{host}" for host in self._own),
            *(f"{named}://{host}" for host in self._named),
        ]

    @property
    def url(self) -> str:
        """For whoever is on this computer."""
        scheme = "https" if self.tls else "http"
        host = "127.0.0.1" if self.host == "0.0.0.0" else "::1" if self.host == "::" else self.host
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def page(self) -> str:
        """For a person: by its first name, where it has one."""
        if not self.names or not (self.tls or self.behind_proxy):
            return self.url
        name = self.names[0]
        port = "" if self.behind_proxy or ":" in name else f":{self.port}"
        return f"https://{name}{port}"

    @property
    def _own(self) -> list[str]:
        names = list(_LOOPBACK)
        if self.host not in (*_ANY, "127.0.0.1", "::1"):
            names.append(f"[{self.host}]" if ":" in self.host else self.host)
        return [f"{name}:{self.port}" for name in names]

    @property
    def _named(self) -> list[str]:
        hosts = []
        for name in self.names:
            hosts += [name] if ":" in name else [name, f"{name}:{self.port}"]
        return hosts


def check_reachable(
    host: str, names: Sequence[str], *, certificate: bool, key: bool, behind_proxy: bool
) -> None:
    """InputError for an address that others reach in clear, or by no name that it knows."""
    if certificate != key:
        raise InputError("TLS needs a certificate and its key", where="--tls-cert, --tls-key")
    if certificate and behind_proxy:
        raise InputError("either it speaks TLS itself, or a proxy does", where="--behind-proxy",
                         fix="Leave out --tls-cert and --tls-key, or --behind-proxy.")  # fmt: skip
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise InputError(
            f"{host!r} is no address of this machine",
            where="--host",
            fix="Write an address such as 127.0.0.1, ::1 or 0.0.0.0.",
        ) from None
    if not local and not certificate and not behind_proxy:
        raise InputError(
            f"{host} can be reached from other computers, and tokens would travel in clear",
            where="--host",
            fix="Give --tls-cert and --tls-key, or --behind-proxy when a proxy in front has TLS.",
        )
    if not names and (behind_proxy or host in _ANY):
        raise InputError(
            "nobody could call it: it answers to names that it was given, and was given none",
            where="--name",
            fix="Give --name HOST[:PORT], as it stands in a browser's address.",
        )
