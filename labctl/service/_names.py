"""Names instead of places on this computer, in what leaves the service.

An error says where something lies, for whoever is at the computer: in the terminal, in the log, in
the record. Somebody on a page can do nothing with it, and it tells what the computer's folders are
called. What lies among the records is told from their folder on, every other file by its name.
Devices (`/dev/...`) stay as they are: they say which instrument is meant.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

from labctl.events import Event

_PLACE = re.compile(
    # Not behind a letter (`W/cm2`), a colon (`https://`), or a place's own middle; and `/min` is
    # none.
    r"(?<![\w/.:~$)\]-])~?/(?!dev/)(?:[^/\s'\"<>|;,]+/)+([^/\s'\"<>|;,]+)"
)
_WORDS = ("why", "message", "detail", "what", "how", "size")
"""Fields of an event that an error may have been put into; what a person said is left as it is."""


class Names:
    """Of one service. Any thread."""

    def __init__(self, runs_dir: Path) -> None:
        roots = {str(runs_dir.absolute()), str(runs_dir.resolve())}
        self._roots = sorted((f"{root.rstrip('/')}/" for root in roots), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text with names in the place of places."""
        if "/" not in text:
            return text
        for root in self._roots:
            text = text.replace(root, "")
        return _PLACE.sub(r"\1", text)

    def event(self, event: Event) -> Event:
        """The event as it may leave; the same one where nothing changes."""
        changed: dict[str, Any] = {
            name: told
            for name in _WORDS
            if isinstance(text := getattr(event, name, None), str) and (told := self(text)) != text
        }
        return dataclasses.replace(event, **changed) if changed else event
