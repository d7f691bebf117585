"""Where a broker is: `mqtt://user:password@host:port`, or `mqtts://` for TLS. The password is never
shown."""

from __future__ import annotations

import shlex
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from labctl.errors import InputError
from labctl.settings import Settings

PORT = 1883
"""The port that MQTT without TLS is registered for."""
TLS_PORT = 8883
"""The port that MQTT with TLS is."""


@dataclass(frozen=True, slots=True)
class Address:
    """A broker's host and port, and who we are there."""

    host: str
    port: int = PORT
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    ca: Path | None = None
    """Certificates by which the broker is known; None: those of the system."""

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read `mqtt://[user[:password]@]host[:port]`, or the same with `mqtts`; InputError for
        anything else."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise _not_an_address(str(error)) from None
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise _not_an_address(f"scheme {parts.scheme!r}, host {parts.hostname!r}")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise _not_an_address("something after the port")
        tls = parts.scheme == "mqtts"
        return cls(
            parts.hostname,
            (TLS_PORT if tls else PORT) if port is None else port,
            None if parts.username is None else unquote(parts.username),
            None if parts.password is None else unquote(parts.password),
            tls,
        )

    def known_as(self, settings: Settings) -> Address:
        """The same with user, password and certificates from the environment, where the address
        itself has none. InputError for a password file that cannot be read, or that others can."""
        user, password = self.user, self.password
        if user is None:
            user, password = settings.mqtt_user, settings.mqtt_password
            if user is not None and settings.mqtt_password_file is not None:
                password = _from_file(settings.mqtt_password_file)
        return replace(self, user=user, password=password, ca=settings.mqtt_ca)

    def __str__(self) -> str:
        who = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"mqtt{'s' if self.tls else ''}://{who}{host}:{self.port}"

    def mosquitto_sub(self, topic: str) -> str:
        """The line that shows everything under `topic`, to be pasted into a shell."""
        who = f" -u {shlex.quote(self.user)}" if self.user else ""
        secret = ' -P "$MQTT_PASSWORD"' if self.password else ""
        known = ""
        if self.tls:
            known = f" --cafile {shlex.quote(str(self.ca))}" if self.ca else " --tls-use-os-certs"
        at = f"-h {shlex.quote(self.host)} -p {self.port}"
        return f"mosquitto_sub {at}{known}{who}{secret} -v -t {shlex.quote(topic)}"


def _not_an_address(seen: str) -> InputError:
    # The URL itself may hold a password: only its parts are named.
    return InputError(
        f"not the address of an MQTT broker ({seen})",
        fix="Write mqtt://host:port or mqtt://user:password@host:port; mqtts:// with TLS.",
    )


def _from_file(path: Path) -> str:
    where = f"LABCTL_MQTT_PASSWORD_FILE, {path}"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "the password for the broker cannot be read", where=where, fix=type(error).__name__
        ) from error
    if mode & 0o077:
        raise InputError("others can read this password", where=where, fix=f"chmod 600 {path}")
    return text
