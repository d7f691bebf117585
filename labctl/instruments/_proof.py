"""Whether a driver went through the contract suite, as it is today.

labctl registers no driver of its own that its tests do not try. Anybody else's is proven by a file
beside it, written by the suite itself (`pytest -p labctl.testing --labctl-proof`) when everything
passed, with the SHA-256 of the driver's sources: a driver that was changed since is not the one
that was tried. The proof says that the driver fulfils the contract against the transcript that its
author wrote down; like all files it can be forged, and it is no statement about the instrument.
"""

from __future__ import annotations

import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from labctl.errors import InputError
from labctl.instruments._capabilities import Driver

SCHEMA = "labctl.proof/1"
CONTRACT = 1
"""Raised when the suite asks for more than it did: older proofs then count no more."""


def write_proof(driver: type[Driver], tests: int) -> Path:
    """Note that so many tests, which were all, passed; returns the file."""
    path = proof_path(driver)
    said = {
        "schema": SCHEMA,
        "driver": driver.spec.name,
        "contract": CONTRACT,
        "labctl": version("labctl"),
        "tests": tests,
        "sha256": digest_of(driver),
    }
    path.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    return path


def forget_proof(driver: type[Driver]) -> None:
    """Take an older proof away."""
    proof_path(driver).unlink(missing_ok=True)


def unproven_because(driver: type[Driver]) -> str:
    """Why this driver, which is not labctl's own, does not count as proven; empty when it does."""
    path = proof_path(driver)
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        name, contract, digest = said["driver"], said["contract"], said["sha256"]
    except FileNotFoundError:
        return "no record says that it went through the contract suite"
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"the record of its contract suite cannot be read: {error!r}"
    if name != driver.spec.name:
        return f"the record of its contract suite is of {name}"
    if contract != CONTRACT:
        return "it went through an older contract suite"
    if digest != digest_of(driver):
        return "it was changed since it went through the contract suite"
    return ""


def proof_path(driver: type[Driver]) -> Path:
    """`<driver's file>.proof.json`, one a driver: `acme.py` -> `acme.py.acme-meter.proof.json`."""
    source = source_of(driver)
    return source.with_name(f"{source.name}.{driver.spec.name}.proof.json")


def source_of(driver: type[Driver]) -> Path:
    """The file that the driver was read from: its module's, or the one that describes it."""
    described = getattr(driver, "source_file", None)
    file = described or getattr(sys.modules.get(driver.__module__), "__file__", None)
    if not isinstance(file, str):
        raise InputError(f"the driver {driver.spec.name} comes from no file")
    return Path(file)


def digest_of(driver: type[Driver]) -> str:
    """SHA-256 over the driver's file, or over all Python files of the package that it stands in."""
    source = source_of(driver)
    package = source.parent
    files = [source]
    if source.suffix == ".py" and (package / "__init__.py").exists():
        while (package.parent / "__init__.py").exists():
            package = package.parent
        files = sorted(package.rglob("*.py"))
    found = hashlib.sha256()
    for file in files:
        found.update(f"{file.relative_to(package).as_posix()}\n".encode())
        found.update(hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()
