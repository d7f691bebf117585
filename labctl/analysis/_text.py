"""The text of a file that an instrument or a spreadsheet wrote, whatever its encoding."""

from __future__ import annotations

import codecs
from pathlib import Path

from labctl.errors import InputError

LARGEST_BYTES = 512 * 1024 * 1024
_BY_MARK = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)


def read_text(path: Path) -> tuple[str, str]:
    """(text, encoding in words). UTF-8 unless a byte-order mark says otherwise; what is not UTF-8
    is Latin-1, the encoding in which every byte is a letter. InputError where there is no text."""
    where = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"cannot read the file: {error.strerror}", where=where, fix="Check the path."
        ) from error
    if len(data) > LARGEST_BYTES:
        raise InputError(
            f"the file is larger than {LARGEST_BYTES // 2**20} MB",
            where=where,
            fix="Check that this is the file you mean, or thin its rows.",
        )
    return decode(data, where)


def decode(data: bytes, where: str = "file") -> tuple[str, str]:
    """The same of bytes."""
    for mark, codec, words in _BY_MARK:
        if data.startswith(mark):
            return _text(data.decode(codec, errors="replace"), where), words
    try:
        return _text(data.decode("utf-8"), where), "UTF-8"
    except UnicodeDecodeError:
        return _text(data.decode("latin-1"), where), "Latin-1"


def _text(text: str, where: str) -> str:
    if "\0" in text:
        raise InputError(
            "this is not a text file",
            where=where,
            fix="Export the data as CSV (a spreadsheet: Save as, CSV).",
        )
    return text
