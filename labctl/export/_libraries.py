"""Packages that only some formats need: brought in late, named where they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from labctl.errors import RefusedError

EXTRA = "export"


def library(module: str, what: str) -> Any:
    """The module; RefusedError that names package and extra where it is not installed. `what` is
    the thing that needs it, e.g. `Parquet`."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0].replace("_", "-")
        raise RefusedError(
            f"{what} needs {package}, which is not installed",
            seen=str(error),
            fix=f"pip install 'labctl[{EXTRA}]'",
        ) from error
