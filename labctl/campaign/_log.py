"""The log of a campaign: one act a line, appended, synced, each with the hash of the line before.

A line is on the disk before what it tells of is begun. A process that dies leaves at worst a last
line without its end, which the next one sets aside. Any other line that is not as it was written is
an error, and nothing is run on such a log.
"""

from __future__ import annotations

import getpass
import hashlib
import json
from pathlib import Path
from typing import Any

from labctl.clock import iso, wall_utc_ns
from labctl.errors import RecordError
from labctl.platform import FileLock, append_synced, sync_data, sync_folder
from labctl.sealed import FIRST, hash_of, seal

SCHEMA = "labctl.campaign-log/1"
FILE, TAIL, TEXT, LOCK = "log.jsonl", "log.tail", "campaign.yaml", "lock"


class CampaignLog:
    """The log in one folder. A context manager: held alone, so that one process at a time runs a
    campaign; `read` needs no hold."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._lock = FileLock(folder / LOCK)

    def __enter__(self) -> CampaignLog:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            sync_folder(self.folder.parent)
            held = self._lock.try_exclusive()
        except OSError as error:
            raise self._broken(error) from error
        if not held:
            raise RecordError(
                "this campaign is being run by another process",
                where=str(self.folder),
                fix="Wait for it, or stop it with `labctl stop`.",
            )
        try:
            self._set_torn_aside()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def read(self) -> list[dict[str, Any]]:
        """Every whole line, in order; RecordError where one is not as it was written."""
        return self._read()[0]

    def say(self, what: str, **facts: Any) -> dict[str, Any]:
        """Append a line; it is on the disk when this returns. RecordError when it cannot be."""
        lines, _, head = self._read()
        body = {
            "n": len(lines),
            "utc": iso(wall_utc_ns()),
            "user": getpass.getuser(),
            "what": what,
            **({"schema": SCHEMA} if not lines else {}),
            **facts,
            "before": head,
        }
        self._append(seal(body, ensure_ascii=False, default=str) + b"\n")
        return body

    def keep(self, text: str) -> None:
        """The campaign's file as it was when it was declared, beside the log."""
        try:
            draft = self.folder / f".{TEXT}"
            draft.write_text(text, encoding="utf-8")
            draft.replace(self.folder / TEXT)
            sync_folder(self.folder)
        except OSError as error:
            raise self._broken(error) from error

    def _read(self) -> tuple[list[dict[str, Any]], int, str]:
        """Lines, length of the good part, hash of the last line."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return [], 0, FIRST
        except OSError as error:
            raise self._broken(error) from error
        lines: list[dict[str, Any]] = []
        good, head = 0, FIRST
        for number, line in enumerate(data.splitlines(keepends=True), start=1):
            if not line.endswith(b"\n"):
                # Torn; only the last line can be without its end.
                break
            body = _opened(line)
            if body is None or body.get("n") != len(lines) or body.get("before") != head:
                raise RecordError(
                    "a line of the campaign's log is not as it was written",
                    where=f"{self.path}:{number}",
                    fix="Compare it with a copy; nothing is run on it as it is.",
                )
            lines.append(body)
            good += len(line)
            # With its newline, unlike other sealed files: so it was when the first campaigns began.
            head = hash_of(line)
        return lines, good, head

    def _append(self, line: bytes) -> None:
        try:
            append_synced(self.path, line, new=not self.path.exists(), links=True)
        except OSError as error:
            raise self._broken(error) from error

    def _set_torn_aside(self) -> None:
        _, good, _ = self._read()
        try:
            if not self.path.exists() or self.path.stat().st_size == good:
                return
            with self.path.open("r+b") as file:
                file.seek(good)
                with (self.folder / TAIL).open("ab") as tail:
                    tail.write(file.read() + b"\n")
                file.truncate(good)
                file.flush()
                sync_data(file.fileno())
        except OSError as error:
            raise self._broken(error) from error

    def _broken(self, error: OSError) -> RecordError:
        return RecordError(
            "the campaign's log cannot be kept", where=str(self.path), seen=error.strerror or "",
            fix="Nothing is begun that is not logged: free the disk, or choose another with "
            "--runs.",
        )  # fmt: skip


def _opened(line: bytes) -> dict[str, Any] | None:
    """The line's facts; None where it is not as it was written.

    Not `sealed.opened`, which looks at the bytes: this looks at what they say, so that a log whose
    blanks an editor changed in its last line is still taken, as it always was."""
    try:
        body = json.loads(line)
        check = body.pop("c")
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    text = json.dumps(body, ensure_ascii=False)
    right = hashlib.sha256(text.encode()).hexdigest()[:16] == check
    return body if right and isinstance(body, dict) else None
