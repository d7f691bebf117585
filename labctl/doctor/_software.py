"""Python, the packages labctl stands on, its drivers, and where its processes find each other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata

from labctl import platform
from labctl.doctor._finding import Finding, bad, ok
from labctl.errors import Exit, LabctlError
from labctl.instruments import driver, drivers

_LEAST = (3, 11)
_PACKAGES = ("pyserial", "pyvisa", "pyvisa-py", "aiomqtt", "pydantic", "numpy", "ruamel.yaml")


def software() -> Iterator[Finding]:
    """Python and packages."""
    version = ".".join(str(n) for n in sys.version_info[:3])
    words = f"{version} at {sys.executable}"
    if sys.version_info[:2] < _LEAST:
        yield bad("python", words, "Install Python 3.11 or newer.", Exit.FAULT)
    else:
        yield ok("python", words)
    found, missing = [], []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        fix = f"Install them: `{sys.executable} -m pip install {' '.join(missing)}`."
        yield bad("packages", f"missing: {', '.join(missing)}", fix, Exit.FAULT)
    else:
        yield ok("packages", ", ".join(found))
    yield installed_drivers()


def installed_drivers() -> Finding:
    """Every driver that is registered must load: one that does not hides its instrument."""
    names, broken = drivers(), []
    for name in names:
        try:
            driver(name)
        except Exception as error:
            # A third party's module may fail in any way while it is imported.
            broken.append(f"{name} ({type(error).__name__}: {error})")
    if broken:
        fix = "Install the package of that driver again, or remove it."
        return bad("drivers", f"cannot be loaded: {'; '.join(broken)}", fix)
    if not names:
        return bad("drivers", "none is installed", "Install labctl: `pip install .` in it.")
    return ok("drivers", f"{len(names)}: {', '.join(names)}")


def folders() -> Finding:
    """Where the processes of one user find each other, and where trips are kept."""
    try:
        return ok("folders", f"{platform.runtime_dir()}, {platform.state_dir()}")
    except LabctlError as error:
        return bad("folders", str(error.what), error.fix, Exit.BAD_INPUT)
