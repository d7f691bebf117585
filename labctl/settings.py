"""What a user sets once for all commands: environment variables, read in one place.

| variable | meaning |
|---|---|
| `LABCTL_BENCH` | bench file taken when `--bench` is not given |
| `LABCTL_RUNS` | folder for records taken when `--runs` is not given; else `runs` |
| `LABCTL_BROKER` | MQTT broker taken when `--broker` is not given |
| `LABCTL_MQTT_USER` | who we are at the broker, where its address does not say |
| `LABCTL_MQTT_PASSWORD` | and our password there, or |
| `LABCTL_MQTT_PASSWORD_FILE` | a file that holds it, which only its owner can read |
| `LABCTL_MQTT_CA` | certificates by which a broker at `mqtts://` is known; else the system's |
| `LABCTL_LOG` | least level of labctl's own log: debug, info, warning, error |
| `LABCTL_OPERATOR` | whose runs these are, for run.json; else the one who is logged in |
| `LABCTL_RUNTIME_DIR` | where processes find each other; see `labctl.platform.runtime_dir` |
| `LABCTL_STATE_DIR` | where trips stay until they are reset; see `labctl.platform.state_dir` |
| `LABCTL_WIRE_LOG` | folder: every instrument's bytes with their times, for `labctl.instruments` |
| `NO_COLOR` | set to anything: no colour (https://no-color.org) |
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from labctl.errors import InputError

LEVELS = ("debug", "info", "warning", "error")
"""Of the log, from talkative to quiet."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment as labctl reads it. What a command line says comes before it."""

    bench: Path | None = None
    runs: Path = Path("runs")
    broker: str | None = None
    log_level: str = "warning"
    no_color: bool = False
    mqtt_user: str | None = None
    mqtt_password: str | None = field(default=None, repr=False)
    mqtt_password_file: Path | None = None
    mqtt_ca: Path | None = None
    operator: str = ""


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings; an empty variable is one that is not set. InputError for a word that means
    nothing."""
    given = os.environ if environment is None else environment
    bench = given.get("LABCTL_BENCH")
    level = given.get("LABCTL_LOG", "").lower() or "warning"
    if level not in LEVELS:
        raise InputError(
            f"LABCTL_LOG is {given['LABCTL_LOG']!r}", fix=f"Use one of {', '.join(LEVELS)}."
        )
    return Settings(
        bench=Path(bench).expanduser() if bench else None,
        runs=Path(given.get("LABCTL_RUNS") or "runs").expanduser(),
        broker=given.get("LABCTL_BROKER") or None,
        mqtt_user=given.get("LABCTL_MQTT_USER") or None,
        mqtt_password=given.get("LABCTL_MQTT_PASSWORD") or None,
        mqtt_password_file=_path(given.get("LABCTL_MQTT_PASSWORD_FILE")),
        mqtt_ca=_path(given.get("LABCTL_MQTT_CA")),
        log_level=level,
        no_color=bool(given.get("NO_COLOR")),
        operator=given.get("LABCTL_OPERATOR", "").strip(),
    )


def _path(text: str | None) -> Path | None:
    return Path(text).expanduser() if text else None
