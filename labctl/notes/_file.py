"""Reads and appends to `notes.jsonl`.

Nothing is ever taken out or written over: a tag that is taken off is a line that says so. A line
that a dying process left without its end is kept as it is, and told; the next one stands on a line
of its own, and its hash covers the torn one too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl.clock import iso, wall_utc_ns
from labctl.errors import InputError, RecordError
from labctl.platform import append_synced, locked
from labctl.sealed import FIRST, hash_of, opened, seal

FILE = "notes.jsonl"
SCHEMA = "labctl.notes/1"
LONGEST = 4000
"""Characters of one note."""
_MOST_TAGS = 32
"""In one act."""
_TAG = re.compile(r"[^\W_][\w.:/+-]{0,39}")
NOTE, TAGGED, UNTAGGED = "note", "tagged", "untagged"


@dataclass(frozen=True, slots=True)
class Line:
    """One act."""

    number: int
    """Of the line in the file, from 1."""
    utc: str
    who: str
    """As they gave their name; '' where they gave none."""
    what: str
    """`note`, `tagged` or `untagged`."""
    text: str = ""
    """Of a note."""
    tags: tuple[str, ...] = ()
    user: str = ""
    """Account on the computer."""

    @property
    def by(self) -> str:
        """`who`, else `account aito`; '' where neither is known."""
        return self.who or (f"account {self.user}" if self.user else "")


@dataclass(frozen=True, slots=True)
class Notes:
    """All that was written about a run."""

    lines: tuple[Line, ...] = ()
    trouble: tuple[str, ...] = ()
    """In words: each line that is not as it was written, and what follows from it."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Those that stand now, by alphabet."""
        found: set[str] = set()
        for line in self.lines:
            if line.what == TAGGED:
                found |= set(line.tags)
            elif line.what == UNTAGGED:
                found -= set(line.tags)
        return tuple(sorted(found))

    @property
    def texts(self) -> tuple[str, ...]:
        """Of the notes, in their order."""
        return tuple(line.text for line in self.lines if line.what == NOTE)


def read_notes(folder: Path) -> Notes:
    """What stands in the `notes.jsonl` of a run's folder, as far as it can be read; nothing where
    there is no file. RecordError when the file cannot be read at all."""
    path = folder / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Notes()
    except OSError as error:
        raise RecordError(
            "the notes of a run cannot be read", where=str(path), seen=error.strerror or ""
        ) from error
    return _read(data)


def add_note(folder: Path, text: str, *, who: str, user: str) -> Line:
    """Write a note about the run in `folder`; it is on the disk when this returns. InputError for
    one without words, RecordError where the disk does not take it."""
    words = text.strip()
    if not words or len(words) > LONGEST:
        raise InputError(
            "a note needs words" if not words else
            f"a note has at most {LONGEST} characters, and this one {len(words)}"
        )  # fmt: skip
    return _append(folder, {"what": NOTE, "text": words}, who, user)


def change_tags(
    folder: Path, words: Iterable[str], *, who: str, user: str, remove: bool = False
) -> Line | None:
    """Put tags on the run in `folder`, or take them off; None, and nothing is written, where it has
    them (has them not) already. InputError for what is no tag, RecordError as for a note."""
    asked = list(dict.fromkeys(word.strip().lower() for word in words))
    for word in asked:
        if not _TAG.fullmatch(word):
            raise InputError(
                f"{word!r} is no tag",
                fix="A tag is one word of at most 40 letters, digits and _ . : / + -, and begins "
                "with a letter or digit.",
            )
    if not asked or len(asked) > _MOST_TAGS:
        raise InputError(f"{len(asked)} tags in one act", fix=f"Name 1 to {_MOST_TAGS}.")
    have = read_notes(folder).tags
    new = [word for word in asked if (word in have) == remove]
    if not new:
        return None
    return _append(folder, {"what": UNTAGGED if remove else TAGGED, "tags": new}, who, user)


def _append(folder: Path, facts: Mapping[str, Any], who: str, user: str) -> Line:
    for text in (who, str(facts.get("text", ""))):
        if not _is_text(text):
            raise InputError(
                f"half a character is in {ascii(text)[:80]}",
                fix="What was typed is not UTF-8: set the terminal to it.",
            )
    path = folder / FILE
    try:
        with locked(folder):
            data = path.read_bytes() if path.exists() else b""
            lines = _split(data)
            before = hash_of(lines[-1]) if lines else FIRST
            body = {
                "n": len(lines) + 1,
                **({} if lines else {"schema": SCHEMA}),
                "utc": iso(wall_utc_ns()),
                "who": who.strip(),
                "user": user,
                **facts,
                "before": before,
            }
            # A line that was torn is ended, so that this one stands alone.
            torn = b"\n" if data and not data.endswith(b"\n") else b""
            append_synced(path, torn + seal(body) + b"\n", new=not data)
    except OSError as error:
        raise RecordError(
            "the note cannot be written", where=str(path), seen=error.strerror or str(error),
            fix="Free the disk, or see to it that this account may write there.",
        ) from error  # fmt: skip
    return _line(len(lines) + 1, body)


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _split(data: bytes) -> list[bytes]:
    """The lines without their ends."""
    lines = data.split(b"\n")
    return lines[:-1] if not lines[-1] else lines


def _read(data: bytes) -> Notes:
    raw = _split(data)
    lines: list[Line] = []
    trouble: list[str] = []
    before = FIRST
    bad = 0
    """Number of the line before, where it was not as it was written."""
    for number, text in enumerate(raw, start=1):
        body = opened(text)
        last = number == len(raw)
        if body is None:
            torn = last and not data.endswith(b"\n")
            bad = number
            trouble.append(f"line {number} is {_TORN if torn else 'not as it was written'}")
        else:
            if body.get("before") != before:
                trouble.append(
                    f"line {number} does not follow the one before it: that is another, or missing"
                )
            elif bad == number - 1 and bad:
                # It was so already when this one was written: a process died over it.
                trouble[-1] = f"line {bad} is {_TORN}"
            lines.append(_line(number, body))
        before = hash_of(text)
    return Notes(tuple(lines), tuple(f"{FILE}: {words}" for words in trouble))


_TORN = "torn: whoever wrote it died over it, and what it said is not known"


def _line(number: int, body: Mapping[str, Any]) -> Line:
    tags = body.get("tags")
    return Line(
        number,
        utc=_text(body.get("utc")),
        who=_text(body.get("who")),
        what=_text(body.get("what")),
        text=_text(body.get("text")),
        tags=tuple(map(_text, tags)) if isinstance(tags, list) else (),
        user=_text(body.get("user")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
