"""Where a broker is: `mqtt://user:password@host:port`. The password is never shown."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from labctl.errors import InputError

PORT = 1883
"""The port that MQTT without TLS is registered for."""


@dataclass(frozen=True, slots=True)
class Address:
    """A broker's host and port, and who we are there."""

    host: str
    port: int = PORT
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read `mqtt://[user[:password]@]host[:port]`; InputError for anything else."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise _not_an_address(str(error)) from None
        if parts.scheme != "mqtt" or not parts.hostname:
            raise _not_an_address(f"scheme {parts.scheme!r}, host {parts.hostname!r}")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise _not_an_address("something after the port")
        return cls(
            parts.hostname,
            PORT if port is None else port,
            None if parts.username is None else unquote(parts.username),
            None if parts.password is None else unquote(parts.password),
        )

    def __str__(self) -> str:
        who = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt://{who}{host}:{self.port}"

    def mosquitto_sub(self, topic: str) -> str:
        """The line that shows everything under `topic`, to be pasted into a shell."""
        who = f" -u {shlex.quote(self.user)}" if self.user else ""
        secret = ' -P "$MQTT_PASSWORD"' if self.password else ""
        host = shlex.quote(self.host)
        return f"mosquitto_sub -h {host} -p {self.port}{who}{secret} -v -t {shlex.quote(topic)}"


def _not_an_address(seen: str) -> InputError:
    # The URL itself may hold a password: only its parts are named.
    return InputError(
        f"not the address of an MQTT broker ({seen})",
        fix="Write mqtt://host:port or mqtt://user:password@host:port.",
    )
