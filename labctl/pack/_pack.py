"""The file: a zip of few known names, stored, with a manifest of their hashes.

Written so that the same contents give the same bytes; read as something that a stranger sent.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import labctl
from labctl.errors import InputError, RecordError, RefusedError

SCHEMA = "labctl.pack/1"
SUFFIX = ".labpack"
MANIFEST = "manifest.json"
FILES = {
    "protocol.yaml": "the protocol, resolved",
    "sample.yaml": "the sample",
    "limits.yaml": "the limits that the reference was under",
    "release-limits.yaml": "what a lot must be to pass, for `labctl batch`",
    "calibration.yaml": "what the reference's bench stated of its calibrations; for reading",
    "reference.json": "the reference's results with uncertainty, and its journal's head hash",
}
"""What a pack may hold beside its manifest; the protocol must be there."""
LARGEST_BYTES = 16 << 20
LARGEST_ENTRY = 4 << 20
_TIME = (1980, 1, 1, 0, 0, 0)
_BROKEN = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, OSError, EOFError,
           RuntimeError, NotImplementedError, ValueError, OverflowError, IndexError)  # fmt: skip
"""What `zipfile` raises of files that are none."""
_FIX = "Ask for the pack again, and compare its SHA-256 with the sender's."


@dataclass(frozen=True, slots=True)
class Pack:
    """What is in a pack, whole and as its manifest says."""

    files: Mapping[str, bytes]
    about: Mapping[str, Any] = field(default_factory=dict)
    """Of the manifest: `name`, `mode`, `head_hash`, `labctl`."""
    sha256: str = ""
    """Of the pack's own bytes; what a sender tells over the telephone."""

    @property
    def reference(self) -> Mapping[str, Any] | None:
        """The reference's results; None where the pack was made of a protocol alone."""
        data = self.files.get("reference.json")
        return None if data is None else json.loads(data)


def pack_bytes(files: Mapping[str, bytes], about: Mapping[str, Any]) -> bytes:
    """The same contents give the same bytes, on any computer: nothing is compressed, and no time
    is kept."""
    manifest = {
        "schema": SCHEMA,
        "labctl": labctl.__version__,
        **about,
        "files": [
            {"name": name, "sha256": hashlib.sha256(files[name]).hexdigest(),
             "bytes": len(files[name]), "what": FILES[name]}
            for name in FILES if name in files
        ],
    }  # fmt: skip
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in (
            (MANIFEST, text.encode()),
            *((n, files[n]) for n in FILES if n in files),
        ):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, data)
    return out.getvalue()


def write_pack(path: Path, files: Mapping[str, bytes], about: Mapping[str, Any]) -> Pack:
    """Write a pack to `path`, which must not be there; returns what was written, read again.
    RefusedError where it is there, RecordError where the disk does not take it."""
    data = pack_bytes(files, about)
    pack = pack_of(data, str(path))
    write_new(path, data)
    return pack


def write_new(path: Path, data: bytes) -> None:
    """Put a file there, whole and synced, or not at all. RefusedError where there is one already,
    RecordError where the disk does not take it."""
    if path.exists():
        raise RefusedError("is there already and is not written over", where=str(path))
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".labpack-", delete=False) as file:
            beside = Path(file.name)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                beside.chmod(0o644)
                os.link(beside, path)
            finally:
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise RecordError(
            "cannot be written", where=str(path), seen=error.strerror or str(error)
        ) from error


def read_pack(path: Path) -> Pack:
    """Read a pack that somebody sent. InputError with one reason for anything that is not exactly
    what `write_pack` makes; nothing is written anywhere."""
    return pack_of(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """Of a file that may be a pack, one byte more than any has at most. InputError."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"cannot read the pack: {error.strerror}", where=str(path), fix="Check the path."
        ) from error


def open_pack(pack: Pack, folder: Path) -> list[Path]:
    """Put the files of a pack that was read into `folder`, which must not be there or be empty.
    RefusedError where it is not; RecordError where the disk does not take them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise RefusedError(
                "this folder is not empty", where=str(folder), fix="Name one that is not there yet."
            )
        paths = []
        for name, data in pack.files.items():
            path = folder / name
            with path.open("xb") as file:
                file.write(data)
            paths.append(path)
    except OSError as error:
        raise RecordError(
            "the pack cannot be opened there", where=str(folder), seen=error.strerror or str(error)
        ) from error
    return paths


def pack_of(data: bytes, where: str) -> Pack:
    """As `read_pack`, of bytes that came from `where`."""
    if len(data) > LARGEST_BYTES:
        _no(where, f"it is larger than {LARGEST_BYTES >> 20} MB")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = {
                entry.filename: _entry(archive, entry, where) for entry in _entries(archive, where)
            }
    except InputError:
        raise
    except _BROKEN as error:
        raise InputError("this is no whole pack", where=where, fix=_FIX) from error
    return Pack(*_as_told(found, where), hashlib.sha256(data).hexdigest())


def _entries(archive: zipfile.ZipFile, where: str) -> list[zipfile.ZipInfo]:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    for entry in entries:
        name, mode = entry.filename, entry.external_attr >> 16
        if name not in FILES and name != MANIFEST:
            _no(where, f"it holds {name[:80]!r}, which no pack has")
        if names.count(name) > 1:
            _no(where, f"it holds {name} twice")
        if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
            _no(where, f"{name} is no plain file in it")
        if entry.flag_bits & 1 or entry.compress_type != zipfile.ZIP_STORED:
            _no(where, f"{name} is compressed or locked in it, and packs are not")
        if entry.file_size > LARGEST_ENTRY or entry.compress_size != entry.file_size:
            _no(where, f"{name} is larger than {LARGEST_ENTRY >> 20} MB, or says so")
    return entries


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str) -> bytes:
    with archive.open(entry) as file:
        data = file.read(LARGEST_ENTRY + 1)
    if len(data) != entry.file_size:
        _no(where, f"{entry.filename} is shorter in it than it says")
    return data


def _as_told(found: dict[str, bytes], where: str) -> tuple[dict[str, bytes], dict[str, Any]]:
    """The files, and what the manifest says; each must be as it says."""
    try:
        manifest = json.loads(found.pop(MANIFEST))
        told = {one["name"]: one["sha256"] for one in manifest["files"]}
        schema = manifest["schema"]
    except (KeyError, TypeError, ValueError, RecursionError):
        _no(where, "it has no manifest that can be read")
    if schema != SCHEMA:
        _no(where, f"it is of {str(schema)[:40]!r}, and this labctl reads {SCHEMA}")
    if "protocol.yaml" not in found:
        _no(where, "it has no protocol")
    for name in told.keys() ^ found.keys():
        _no(
            where, f"{str(name)[:80]!r} is {'not in it' if name in told else 'not in its manifest'}"
        )
    for name, data in found.items():
        if hashlib.sha256(data).hexdigest() != told[name]:
            _no(where, f"{name} is not the one that its manifest has the hash of")
    about = {key: value for key, value in manifest.items() if key != "files"}
    try:
        reference = json.loads(found.get("reference.json", b"{}"))
    except (ValueError, RecursionError):
        reference = None
    if not isinstance(reference, dict):
        _no(where, "its reference cannot be read")
    return {name: found[name] for name in FILES if name in found}, about


def _no(where: str, why: str) -> NoReturn:
    raise InputError(f"this pack is not opened: {why}", where=where, fix=_FIX)
