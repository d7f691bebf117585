"""The drivers that this checkout registers, installed or not: read where they are declared."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path
from typing import cast

from labctl.instruments import Driver

_DECLARED = Path(__file__).parents[2] / "pyproject.toml"


def registered() -> dict[str, type[Driver]]:
    """Name -> class of every entry point `labctl.drivers`."""
    project = tomllib.loads(_DECLARED.read_text())["project"]
    found: dict[str, type[Driver]] = {}
    for name, target in project["entry-points"]["labctl.drivers"].items():
        module, _, attribute = target.partition(":")
        found[name] = cast("type[Driver]", getattr(import_module(module), attribute))
    return found
