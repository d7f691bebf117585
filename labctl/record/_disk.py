"""How bytes get to the disk: written whole or not at all, synced, and replaced in one step."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from labctl import platform
from labctl.errors import RecordError


class Disk:
    """The calls that a journal makes. Tests put one that fails in its place."""

    def write(self, handle: int, data: bytes) -> int:
        """One write; returns how many bytes were taken, which may be fewer than given."""
        return os.write(handle, data)

    def sync(self, handle: int) -> None:
        """All that was written is on the disk when this returns."""
        platform.sync_data(handle)

    def truncate(self, handle: int, size: int) -> None:
        """Cut the file to `size` bytes."""
        os.ftruncate(handle, size)


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that whoever looks, also after a power cut, finds either what was
    there before or all of this. RecordError when it cannot be written."""
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
        platform.sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def put_files(folder: Path, texts: Mapping[str, str]) -> None:
    """New files in a new folder, on the disk when this returns: one that is only written is empty
    after a power cut, beside a journal that was synced. OSError."""
    for name, text in texts.items():
        with (folder / name).open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            platform.sync_data(file.fileno())
    platform.sync_folder(folder)


def cannot_write(path: Path, error: OSError) -> RecordError:
    """What the person at the bench reads when the disk says no."""
    return RecordError(
        "cannot be written",
        where=str(path),
        seen=error.strerror or str(error),
        fix="Free space or choose another disk with --runs; what was acknowledged is kept.",
    )
