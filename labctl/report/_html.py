"""HTML as a tree of elements, so that no text can become markup.

What comes out of a record (names of samples, notes, replies of instruments) is put into the tree
as text, and the serialiser of the standard library escapes all of it. There is no template and no
way to write raw markup; script and style are files of this package, allowed by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

Child = str | Element | None
"""Text, an element, or nothing."""

_ASSETS = Path(__file__).parent / "assets"
_LONG = 40
"""Characters from which a cell needs room of its own on a narrow screen."""
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that set text in another order than it is written: a name could show as another one."""


def tag(name: str, /, *children: Child, **attributes: str | float | None) -> Element:
    """An element. `class_` is the attribute class; `_` in names is `-`; None leaves one out."""
    element = Element(name)
    for key, value in attributes.items():
        if value is not None:
            element.set(key.rstrip("_").replace("_", "-"), visible(str(value)))
    return put(element, *children)


def put(element: Element, *children: Child) -> Element:
    """Put more into an element; hands it back."""
    for child in children:
        if child is None:
            continue
        if isinstance(child, Element):
            element.append(child)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + visible(child)
        else:
            element.text = (element.text or "") + visible(child)
    return element


def visible(text: str) -> str:
    """Text with control characters, marks of direction and halves of characters written out as
    `\\u202e`: shown, and without effect."""
    if text.isprintable() and text.isascii():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character in "\n\t":
        return character
    if character in _BIDI or unicodedata.category(character) in ("Cc", "Cs"):
        return f"\\u{ord(character):04x}"
    return character


def table(head: tuple[str, ...], rows: list[tuple[Child, ...]], caption: str = "") -> Element:
    """A table whose first column names the row, in a frame that scrolls where it is too wide."""
    body = tag("tbody")
    for row in rows:
        line = tag("tr", tag("th", row[0], scope="row"))
        for cell in row[1:]:
            long = isinstance(cell, str) and len(cell) > _LONG
            line.append(tag("td", cell, class_="long" if long else None))
        body.append(line)
    titles = tag("tr", *(tag("th", title, scope="col") for title in head))
    inner = tag("table", tag("caption", caption) if caption else None, tag("thead", titles), body)
    return tag(
        "div", inner, class_="wide", tabindex="0", role="region", aria_label=caption or head[0]
    )


def section(name: str, title: str, *children: Child) -> Element:
    """A part of the page under a heading of its own."""
    return tag(
        "section", tag("h2", title, id=f"{name}-title"), *children,
        id=name, aria_labelledby=f"{name}-title",
    )  # fmt: skip


def bullets(lines: list[str] | tuple[str, ...]) -> Element:
    """A list of sentences."""
    return tag("ul", *(tag("li", line) for line in lines))


def page(title: str, *children: Child) -> str:
    """A whole document. It asks for nothing from anywhere: no script but its own, no request."""
    style, script = (
        (_ASSETS / name).read_text(encoding="utf-8") for name in ("report.css", "report.js")
    )
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        _raw("style", style),
    )
    body = tag("body", *children, _raw("script", script))
    text: str = tostring(tag("html", head, body, lang="en"), encoding="unicode", method="html")
    return f"<!DOCTYPE html>\n{text}\n"


def _raw(name: str, text: str) -> Element:
    # The serialiser writes script and style as they are, so nothing of a record may stand there.
    element = Element(name)
    element.text = text
    return element


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
