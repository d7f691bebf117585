"""Debian's mosquitto as an embedded broker: where it is and how it is configured."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def executable() -> str | None:
    """Path of mosquitto, or None. Debian puts it where a user's PATH does not look."""
    extended = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    return shutil.which("mosquitto", path=extended)


def configuration(port: int) -> str:
    """A broker for this machine alone that keeps nothing and cannot grow without bound."""
    return "\n".join(
        [
            f"listener {port} 127.0.0.1",
            "allow_anonymous true",
            "persistence false",
            "max_queued_messages 1000",
            "message_size_limit 262144",
            "max_connections 200",
            "log_dest none",
            "",
        ]
    )


def command(path: str, folder: Path, port: int) -> list[str]:
    """Write the configuration into `folder`; returns the command that serves it."""
    file = folder / "mosquitto.conf"
    file.write_text(configuration(port), encoding="utf-8")
    return [path, "-c", str(file)]
