"""The guard's own log: lines of JSON, each synced, written beside the guard's loop.

A disk that hangs holds up nobody but the writer; one that fails is told at the next arming.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from typing import Any

from labctl import platform
from labctl.clock import iso, wall_utc_ns

_PATIENCE_S = 2.0
"""The last line may take so long to reach the disk."""


class GuardLog:
    """Lines are kept until there is a file for them."""

    def __init__(self) -> None:
        self.fault = ""
        """What the disk said when it failed."""
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None

    def say(self, t_ns: int, what: str, **facts: Any) -> None:
        """Put a line on the log."""
        line = {"t": t_ns, "utc": iso(wall_utc_ns()), "what": what, **facts}
        self._lines.put(json.dumps(line, default=str).encode() + b"\n")

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
        try:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                while (line := self._lines.get()) is not None:
                    os.write(handle, line)
                    platform.sync_data(handle)
            finally:
                os.close(handle)
        except OSError as error:
            self.fault = error.strerror or str(error)
