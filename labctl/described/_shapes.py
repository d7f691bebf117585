"""Shapes of what only a driver's file has: patterns, commands, ends of lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from labctl.yamlfile import Node, Reader, Shape

VALUE = "value"
_WORDS = {"CR": b"\r", "LF": b"\n", "CR LF": b"\r\n"}


@dataclass(frozen=True, slots=True)
class Pattern(Shape[re.Pattern[str]]):
    """A regular expression that a whole reply must match, without its end of line."""

    groups: tuple[str, ...] = ()
    """Named groups that it must have."""

    def read(self, node: Node, reader: Reader) -> re.Pattern[str] | None:
        text = reader.text(node, "a pattern")
        if text is None:
            return None
        try:
            found = re.compile(text)
        except re.error as error:
            reader.add(node, "P014", f"this is no regular expression: {error}")
            return None
        lacking = [name for name in self.groups if name not in found.groupindex]
        if lacking:
            reader.add(
                node,
                "P014",
                f"the pattern does not say which part is the {lacking[0]}",
                f"Write it as (?P<{lacking[0]}>...), for example '(?P<{lacking[0]}>[-+.0-9eE]+)'.",
            )
            return None
        return found

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "regex"}


@dataclass(frozen=True, slots=True)
class Command(Shape[bytes]):
    """What is sent, without its end of line."""

    def read(self, node: Node, reader: Reader) -> bytes | None:
        text = reader.text(node, "a command")
        if text is None:
            return None
        if not text.isascii() or not text.isprintable() or len(text) > 200:
            reader.add(
                node,
                "P014",
                "a command is one line of at most 200 printable ASCII characters",
                "Its end of line is added by itself: see `ends`.",
            )
            return None
        return text.encode()

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"]}


@dataclass(frozen=True, slots=True)
class Template(Shape[str]):
    """A command with `{value}` in it."""

    def read(self, node: Node, reader: Reader) -> str | None:
        data = Command().read(node, reader)
        if data is None:
            return None
        text = data.decode()
        if text.count("{value}") != 1 or "{" in text.replace("{value}", ""):
            reader.add(
                node, "P014", "this command must have {value} in it, once, and no other brace",
                "Write for example 'CURR {value}'.",
            )  # fmt: skip
            return None
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": r"\{value\}"}


@dataclass(frozen=True, slots=True)
class Ends(Shape[bytes]):
    """How a line ends."""

    def read(self, node: Node, reader: Reader) -> bytes | None:
        text = reader.text(node, "an end of line")
        if text is not None and text not in _WORDS:
            reader.add(node, "P017", f"'{text[:40]}' is no end of line",
                       f"Use one of {', '.join(_WORDS)}.")  # fmt: skip
        return None if text is None else _WORDS.get(text)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(_WORDS)}
