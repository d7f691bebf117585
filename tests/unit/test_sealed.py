"""Lines that say themselves whether they are as they were written: the bytes are those of ever."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from labctl.platform import append_synced
from labctl.sealed import hash_of, opened, seal

BODY = {"n": 1, "who": "A. Itō", "x": 0.1}


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ({}, rb'{"n": 1, "who": "A. It\u014d", "x": 0.1, "c": "58746bf186460a2d"}'),
        (
            {"spaced": False, "allow_nan": False},
            rb'{"n":1,"who":"A. It\u014d","x":0.1,"c":"6c3f0a252c9d9212"}',
        ),
        (
            {"ensure_ascii": False, "default": str},
            '{"n": 1, "who": "A. Itō", "x": 0.1, "c": "48beea209d8ec4bb"}'.encode(),
        ),
    ],
    ids=["notes", "observations", "campaign"],
)
def test_each_file_has_the_bytes_that_it_had_from_its_beginning(
    how: dict[str, Any], line: bytes
) -> None:
    """Lines that older versions wrote are opened, and follow each other's hashes."""
    assert line == seal(BODY, **how)
    assert BODY == opened(line, spaced=how.get("spaced", True))
    assert 64 == len(hash_of(line))


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{}", b"[]", b'{"n": 1}', b'"c": "58746bf186460a2d"}',
        seal(BODY)[:-1], seal(BODY) + b" ", seal(BODY).replace(b"0.1", b"0.2"),
        seal(BODY).replace(b"58", b"59"), seal(BODY, spaced=False),
    ],
)  # fmt: skip
def test_any_other_line_is_not_as_it_was_written(line: bytes) -> None:
    """One byte, one too few, one too many, another file's blanks."""
    assert opened(line) is None


def test_what_is_deep_without_end_is_no_line() -> None:
    """Anybody can put a checksum behind anything."""
    head = b'{"n": ' + b"[" * 100_000
    check = hashlib.sha256(head + b"}").hexdigest()[:16].encode()
    assert opened(head + b', "c": "' + check + b'"}') is None


def test_a_link_is_written_through_only_where_it_may_be(tmp_path: Path) -> None:
    """A campaign's log may lie elsewhere; what stands beside a record may not."""
    there, link = tmp_path / "there", tmp_path / "link"
    link.symlink_to(there)
    with pytest.raises(OSError, match="link"):
        append_synced(link, b"a\n", new=True)
    assert not there.exists()
    append_synced(link, b"a\n", new=True, links=True, mode=0o600)
    assert (b"a\n", 0o600) == (there.read_bytes(), there.stat().st_mode & 0o777)
