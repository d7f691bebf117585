"""What must reach the disk though nobody may wait for it: written beside the loop, by a thread.

A disk that hangs holds up nobody but the writer, and whoever asks is told.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from pathlib import Path
from typing import Any

from labctl import platform
from labctl.clock import NS, iso, real_ns, wall_utc_ns

_PATIENCE_S = 2.0
"""A line may take so long to reach the disk."""


class SyncedLines:
    """Lines of JSON, each synced. They are kept until there is a file for them."""

    def __init__(self) -> None:
        self._failed = ""
        self._since_ns = 0
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None

    def say(self, t_ns: int, what: str, **facts: Any) -> None:
        """Put a line on the log."""
        line = {"t": t_ns, "utc": iso(wall_utc_ns()), "what": what, **facts}
        self._lines.put(json.dumps(line, default=str).encode() + b"\n")

    @property
    def fault(self) -> str:
        """What the disk said when it failed, or that it says nothing; '' while all is well."""
        since_ns = self._since_ns
        if self._failed or not since_ns or real_ns() - since_ns < _PATIENCE_S * NS:
            return self._failed
        return f"the disk has not answered for {_PATIENCE_S:g} s"

    def begin(self, path: str) -> None:
        """Write to this file from now on, what was said before first."""
        if self._writer is None:
            self._writer = threading.Thread(target=self._write, args=(path,), daemon=True)
            self._writer.start()

    def close(self) -> None:
        """Return when the last line is on the disk, or the disk has been given up."""
        self._lines.put(None)
        if self._writer is not None:
            self._writer.join(_PATIENCE_S)

    def _write(self, path: str) -> None:
        self._since_ns = real_ns()
        try:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._since_ns = 0
            try:
                for line in iter(self._lines.get, None):
                    self._since_ns = real_ns()
                    if os.write(handle, line) < len(line):
                        raise OSError("a line was cut short")
                    platform.sync_data(handle)
                    self._since_ns = 0
            finally:
                os.close(handle)
        except OSError as error:
            self._failed = error.strerror or str(error)


def write_whole(path: Path, text: str, within_s: float) -> str:
    """Put a file there, whole or not at all, synced; what went wrong, or that the disk has not
    answered within this time, and '' when it is there. Never raises."""
    said: list[str] = []
    writer = threading.Thread(target=_write_whole, args=(path, text, said), daemon=True)
    try:
        writer.start()
        writer.join(within_s)
    except (RuntimeError, MemoryError) as error:
        # No memory for a thread.
        said.append(repr(error))
    return said[0] if said else "the disk does not answer"


def _write_whole(path: Path, text: str, said: list[str]) -> None:
    try:
        draft = path.with_suffix(f".{os.getpid()}")
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            platform.sync_data(file.fileno())
        draft.replace(path)
        platform.sync_folder(path.parent)
        said.append("")
    except OSError as error:
        said.append(error.strerror or str(error))
