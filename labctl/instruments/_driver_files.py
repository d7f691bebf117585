"""Drivers that are not installed: a bench file names the file that they are in.

`./acme.py:AcmeMeter` is a class in a Python file, `./acme.yaml` describes an instrument that speaks
lines of text. Whoever reads a bench file makes the path absolute; the guard's process gets it so.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import cast

from labctl.errors import InputError
from labctl.instruments._capabilities import Driver, DriverSpec

_GROUP = "labctl.driver_files"


def names_file(name: str) -> bool:
    """Whether a driver's name in a bench file is that of a file."""
    return "/" in name or "\\" in name


def absolute(name: str, folder: Path) -> str:
    """The same driver, wherever one stands: a relative path counts from `folder`."""
    if not names_file(name):
        return name
    file, colon, attribute = _split(name)
    return f"{(folder / file).resolve()}{colon}{attribute}"


@cache
def driver_in_file(name: str) -> type[Driver]:
    """The driver; InputError says what of it is not there, or not as it must be."""
    file, _, attribute = _split(name)
    path = Path(file)
    if not path.is_file():
        raise InputError(
            "there is no such driver file",
            where=name,
            fix="Write a path from the bench file's folder, ./acme.py:AcmeMeter or ./acme.yaml.",
        )
    if path.suffix == ".py":
        return _from_python(path, attribute, name)
    suffix = path.suffix.removeprefix(".")
    (found,) = entry_points(group=_GROUP, name=suffix) or (None,)
    if found is None or attribute:
        raise InputError(
            f"a driver file is .py (with :Class behind it) or .yaml, and not {path.name}",
            where=name,
            fix="See docs/how-to/add-a-driver.md.",
        )
    return cast(Callable[[Path], type[Driver]], found.load())(path)


def _split(name: str) -> tuple[str, str, str]:
    """The file, and the class behind a colon; a Windows drive's colon is none."""
    head, colon, tail = name.rpartition(":")
    return (head, colon, tail) if colon and tail.isidentifier() else (name, "", "")


def _from_python(path: Path, attribute: str, name: str) -> type[Driver]:
    module_name = f"labctl_local_{path.stem}_{abs(hash(str(path))):x}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise InputError("this file cannot be read as Python", where=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[module_name]
        if not isinstance(error, Exception):
            raise
        raise InputError(f"this driver file cannot be loaded: {error!r}", where=name) from error
    classes = [k for k, v in vars(module).items() if _is_driver(v) and v.__module__ == module_name]
    if not _is_driver(getattr(module, attribute, None)):
        raise InputError(
            f"there is no driver {attribute!r} in this file" if attribute else "which driver of it",
            where=name,
            fix=f"There are: {', '.join(f'{path.name}:{k}' for k in classes) or 'none'}. A driver "
            "is a class with a `spec`.",
        )
    return cast("type[Driver]", getattr(module, attribute))


def _is_driver(value: object) -> bool:
    return isinstance(value, type) and isinstance(getattr(value, "spec", None), DriverSpec)
