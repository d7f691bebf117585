"""Names and words out of a record, as a terminal may have them: text, whoever wrote them."""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    """`text` with control characters, marks of direction and halves of characters written out, as
    `\\x1b`: a record from elsewhere moves no cursor and hides nothing."""
    if text.isprintable():
        return text
    return "".join(each if _plain(each) else _written_out(each) for each in text)


def _plain(each: str) -> bool:
    return each.isprintable() or unicodedata.category(each) == "Zs"


def _written_out(each: str) -> str:
    return each.encode("unicode_escape").decode("ascii")
