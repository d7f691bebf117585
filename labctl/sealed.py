"""A line of a file that people go on adding to, which says itself whether it is as it was written.

One JSON object; its last key `c` has the first 16 hex digits of the SHA-256 of the line without it.
Whoever keeps such a file puts the hash of the line before into each: then one that was taken out,
or made anew, is missed by those after it. Nothing tells of the last ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

FIRST = "0" * 64
"""Stands in the first line for the hash of the one before."""
_SPACED, _CLOSE = (", ", ": "), (",", ":")


def seal(body: Mapping[str, Any], *, spaced: bool = True, **how: Any) -> bytes:
    """The line, without its newline. `spaced` is whether blanks stand behind commas and colons, as
    each file has had it from its beginning; `how` goes to `json.dumps`."""
    comma, colon = _SPACED if spaced else _CLOSE
    text = json.dumps(body, separators=(comma, colon), **how)
    check = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f'{text[:-1]}{comma}"c"{colon}"{check}"}}'.encode()


def opened(line: bytes, *, spaced: bool = True) -> dict[str, Any] | None:
    """What a line, without its newline, says; None where it is not as it was written."""
    comma, colon = _SPACED if spaced else _CLOSE
    head, mark, tail = line.rpartition(f'{comma}"c"{colon}"'.encode())
    body = head + b"}"
    if not mark or tail != hashlib.sha256(body).hexdigest()[:16].encode() + b'"}':
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def hash_of(line: bytes) -> str:
    """For the `before` of the next line."""
    return hashlib.sha256(line).hexdigest()
