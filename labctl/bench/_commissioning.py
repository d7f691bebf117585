"""The record of a bench's commissioning: `commissioning.json` beside its bench file.

It holds what a person found who went through the bench before it was used, with the digest of
everything in the bench file that bears on safety: a bench that was changed since is not the one
that was commissioned.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from labctl.bench._dump import plain
from labctl.bench._model import BenchFile
from labctl.instruments import driver_digest, in_file

NAME = "commissioning.json"
_BEARS_ON_SAFETY = (
    "name", "instruments", "roles", "power_at_sample", "pick_off", "heater", "limits",
    "vigilance", "interlock", "dead_man", "waivers", "unattended", "arming",
    "thermocouples", "thermostat",
)  # fmt: skip


def record_path(bench: BenchFile) -> Path:
    """Where the record of this bench lies."""
    return Path(bench.source_file).parent / NAME


def safety_digest(bench: BenchFile) -> str:
    """SHA-256 over what of the bench file bears on safety, and over the driver files that it names;
    a title or a spot area does not."""
    stated = plain(bench)
    part = {key: stated[key] for key in _BEARS_ON_SAFETY if key in stated}
    files = {e.driver for e in bench.instruments.values() if in_file(e.driver)}
    if files:
        part["driver files"] = {name: driver_digest(name) for name in sorted(files)}
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()


def not_commissioned(bench: BenchFile) -> str:
    """Why this bench does not count as commissioned, or ''. The record must say `passed: true`,
    this bench's `safety_digest`, and `who` and `date`."""
    path = record_path(bench)
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        passed, digest = said["passed"], said["safety_digest"]
        who, date = str(said["who"]), str(said["date"])
    except FileNotFoundError:
        return "it has not been commissioned"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"the record of its commissioning cannot be read: {error!r}"
    if passed is not True:
        return f"it did not pass its commissioning by {who} on {date}"
    if digest != safety_digest(bench):
        return f"it was changed since its commissioning by {who} on {date}"
    return ""
