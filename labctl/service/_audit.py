"""A line on disk for every privileged call: who, from where, what, and what came of it.

JSON lines beside the records, appended and synced; tokens and codes are never in it. A line that
cannot be written refuses the call, but for what only stops.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from labctl import platform
from labctl.clock import iso, wall_utc_ns
from labctl.errors import RecordError

FILE = "service-audit.jsonl"
_LONGEST = 2000
"""Characters of one value."""


class Audit:
    """Appends to one file. Any thread."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._lock = threading.Lock()

    def say(self, who: str, act: str, result: str, **about: Any) -> None:
        """Write one line; RecordError where the disk does not take it."""
        line = {"utc": iso(wall_utc_ns()), "who": who, "act": act, "result": result, **about}
        short = {k: v[:_LONGEST] if isinstance(v, str) else v for k, v in line.items()}
        text = json.dumps(short, ensure_ascii=True) + "\n"
        try:
            with self._lock:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                new = not self.path.exists()
                platform.append_synced(self.path, text.encode(), new=new, mode=0o600)
        except OSError as error:
            raise RecordError(
                "the audit line cannot be written", where=str(self.path), seen=str(error)
            ) from error
