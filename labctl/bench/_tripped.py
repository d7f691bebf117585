"""Trips that earlier runs left on disk: they refuse light until a person resets them at the bench.

A bench is known again by the addresses of its sources, a REAL one by its name too, because devices
move to other ports. What is simulated in-process is a new world every time and keeps nothing.
"""

from __future__ import annotations

import dataclasses
import getpass
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl import platform
from labctl.bench._lock import port_of
from labctl.bench._model import BenchFile
from labctl.clock import iso, wall_utc_ns
from labctl.errors import RecordError, SafetyError
from labctl.events import SOURCES
from labctl.instruments import Address
from labctl.talk import Latch, Trip

RESETS = "resets.jsonl"


@dataclass(frozen=True, slots=True)
class Latched:
    """One trip that is kept."""

    path: Path
    bench: str
    addresses: tuple[str, ...]
    utc: str
    rule: str
    message: str


def latch_of(bench_file: BenchFile, sources: Iterable[str]) -> Latch:
    """Where a trip of this bench is to be kept."""
    addresses = _addresses(bench_file, sources)
    known = hashlib.sha256("\n".join([bench_file.name, *addresses]).encode()).hexdigest()[:16]
    return Latch(str(_folder() / f"{known}.json"), bench_file.name, addresses)


def latched(bench_file: BenchFile) -> tuple[Latched, ...]:
    """What stands latched on this bench. A file that cannot be read counts: SafetyError."""
    mine = _addresses(bench_file, SOURCES)
    ports = {port_of(address) for address in mine}
    real = any(not Address.parse(address).claims_simulated for address in mine)
    found = []
    for path in sorted(_folder().glob("*.json")):
        try:
            said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            one = Latched(
                path, said["bench"], tuple(said["addresses"]), said["utc"], said["rule"],
                said["message"],
            )  # fmt: skip
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SafetyError(
                "a trip is on disk that cannot be read",
                where=str(path),
                seen=repr(error),
                fix="Find out which bench it was; remove the file when its cause is gone.",
            ) from error
        if ports & {port_of(address) for address in one.addresses} or (
            real and one.bench == bench_file.name
        ):
            found.append(one)
    return tuple(found)


def refuse_latched(bench_file: BenchFile) -> None:
    """SafetyError while a trip of an earlier run stands."""
    found = latched(bench_file)
    if found:
        first = found[0]
        raise SafetyError(
            f"bench {bench_file.name} tripped at {first.utc} and has not been reset: "
            f"{first.message}",
            where=str(first.path),
            fix="See to the cause, then `labctl reset` at the bench.",
        )


def keep_trip(bench_file: BenchFile, rule: str, message: str) -> None:
    """Latch a bench until it is reset at the bench, for a person who wants it so. RecordError where
    the disk does not take it. What is simulated in-process keeps nothing."""
    latch = latch_of(bench_file, SOURCES)
    if not latch.addresses:
        return
    kept = latch.keep(Trip(rule, message))
    if kept.message != message:
        raise RecordError("the latch is not on disk", where=latch.path, seen=kept.message)


def reset_latched(bench_file: BenchFile, why: str) -> None:
    """Take the trips off, with who and why on record first. RecordError where that fails: then
    they stand."""
    found = latched(bench_file)
    try:
        handle = os.open(resets_file(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            for one in found:
                about = dataclasses.asdict(one) | {
                    "path": str(one.path),
                    "reset_utc": iso(wall_utc_ns()),
                    "by": getpass.getuser(),
                    "why": why,
                }
                os.write(handle, json.dumps(about).encode() + b"\n")
            platform.sync_data(handle)
        finally:
            os.close(handle)
        for one in found:
            one.path.unlink()
        platform.sync_folder(_folder())
    except OSError as error:
        raise RecordError(f"the reset cannot be put on record: {error}") from error


def resets_file() -> Path:
    """Where each reset stands, a line a trip: what tripped and when, who reset it, when and why."""
    return _folder() / RESETS


def _addresses(bench_file: BenchFile, sources: Iterable[str]) -> tuple[str, ...]:
    keys = [bench_file.roles[name].instrument for name in sources if name in bench_file.roles]
    addresses = [bench_file.instruments[key].address for key in keys]
    return tuple(a for a in addresses if not Address.parse(a).simulated)


def _folder() -> Path:
    folder = platform.state_dir() / "trips"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
