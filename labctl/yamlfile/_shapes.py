"""The shapes that a value in a file can have. Each reads a node and gives its JSON Schema.

`read` returns None after telling a problem; it never raises for what a person wrote.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from labctl.yamlfile._mark import ListNode, MapNode, Node, ScalarNode, plain, truth_of
from labctl.yamlfile._reader import Reader, describe, did_you_mean, is_unfilled

T = TypeVar("T")

REFERENCE = r"\$[a-zA-Z_][a-zA-Z0-9_-]*"


class Shape(ABC, Generic[T]):
    """What a value may look like."""

    @abstractmethod
    def read(self, node: Node, reader: Reader) -> T | None:
        """The value, or None after a problem was told."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """The same as JSON Schema, for completion in an editor."""


@dataclass(frozen=True, slots=True)
class Text(Shape[str]):
    """Words."""

    longest: int = 2000

    def read(self, node: Node, reader: Reader) -> str | None:
        text = reader.text(node, "a text")
        if text is not None and len(text) > self.longest:
            reader.add(node, "P024", f"this text is longer than {self.longest} characters")
            return None
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": ["string", "number"]}


@dataclass(frozen=True, slots=True)
class Name(Shape[str]):
    """A short name for files and topics: small letters, digits, hyphens."""

    pattern: str = r"[a-z0-9][a-z0-9-]{0,63}"
    example: str = "heating-curve"

    def read(self, node: Node, reader: Reader) -> str | None:
        text = reader.text(node, "a name")
        if text is not None and not re.fullmatch(self.pattern, text):
            reader.add(
                node,
                "P018",
                f"'{text[:70]}' is not a name",
                f"Use small letters, digits and hyphens, for example '{self.example}'.",
            )
            return None
        return text

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{self.pattern}$"}


@dataclass(frozen=True, slots=True)
class Choice(Shape[str]):
    """One of a few words; `later` are words of coming versions, with what to say of them."""

    words: Mapping[str, str]
    later: Mapping[str, str] | None = None

    def read(self, node: Node, reader: Reader) -> str | None:
        text = reader.text(node, "a word")
        if text is None or text in self.words:
            return text
        if self.later and text in self.later:
            reader.add(node, "P015", f"'{text}' is not in this version", self.later[text])
            return None
        reader.add(
            node,
            "P017",
            f"'{text[:40]}' is not one of the words allowed here",
            f"{did_you_mean(text, self.words)}Use one of {', '.join(self.words)}.",
        )
        return None

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Truth(Shape[bool]):
    """`true` or `false`."""

    def read(self, node: Node, reader: Reader) -> bool | None:
        truth = truth_of(node)
        if is_unfilled(node):
            reader.add(node, "P014", "this is still to be filled in: true or false is wanted here")
        elif truth is None:
            reader.add(node, "P014", f"{describe(node)} is neither true nor false")
        return truth

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Count(Shape[int]):
    """A whole number."""

    low: int
    high: int

    def read(self, node: Node, reader: Reader) -> int | None:
        text = reader.text(node, "a whole number")
        if text is None:
            return None
        if not re.fullmatch(r"[+-]?[0-9]{1,12}", text) or not self.low <= int(text) <= self.high:
            reader.add(
                node,
                "P019",
                f"'{text[:40]}' is not a whole number from {self.low} to {self.high}",
            )
            return None
        return int(text)

    def schema(self) -> dict[str, Any]:
        number = {"type": "integer", "minimum": self.low, "maximum": self.high}
        return {"anyOf": [number, {"type": "string", "pattern": f"^{REFERENCE}$"}]}


@dataclass(frozen=True, slots=True)
class Date(Shape[str]):
    """A day, `2026-01-31`."""

    def read(self, node: Node, reader: Reader) -> str | None:
        text = reader.text(node, "a date")
        if text is None:
            return None
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            reader.add(node, "P026", f"'{text[:40]}' is not a date", "Write it as 2026-01-31.")
            return None

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}


@dataclass(frozen=True, slots=True)
class ListOf(Shape[list[T]]):
    """A list of one shape; at least one item."""

    item: Shape[T]

    def read(self, node: Node, reader: Reader) -> list[T] | None:
        if not isinstance(node, ListNode) or not node.items:
            reader.add(node, "P014", f"a list is wanted here, not {describe(node)}",
                       "Begin each item on a line of its own with '- '.")  # fmt: skip
            return None
        read = [self.item.read(item, reader) for item in node.items]
        return [value for value in read if value is not None]

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "minItems": 1, "items": self.item.schema()}


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """A value in a mapping with free keys, and where it stands."""

    value: T
    key: ScalarNode
    node: Node


@dataclass(frozen=True, slots=True)
class MapOf(Shape[dict[str, Item[T]]]):
    """A mapping whose keys people choose."""

    item: Shape[T]
    pattern: str = r"[a-z][a-z0-9_-]{0,31}"

    def read(self, node: Node, reader: Reader) -> dict[str, Item[T]] | None:
        if not isinstance(node, MapNode):
            reader.add(node, "P014", f"a mapping is wanted here, not {describe(node)}")
            return None
        out: dict[str, Item[T]] = {}
        for pair in node.pairs:
            if not re.fullmatch(self.pattern, pair.key.text):
                reader.add(
                    pair.key,
                    "P018",
                    f"'{pair.key.text[:40]}' is not a name",
                    "Begin with a small letter; small letters, digits, '-' and '_'.",
                )
                continue
            value = self.item.read(pair.value, reader)
            if value is not None:
                out[pair.key.text] = Item(value, pair.key, pair.value)
        return out

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "patternProperties": {f"^{self.pattern}$": self.item.schema()},
            "additionalProperties": False,
        }


@dataclass(frozen=True, slots=True)
class AnyPlain(Shape[Any]):
    """Whatever YAML can say, as plain Python; somebody else checks it."""

    def read(self, node: Node, reader: Reader) -> Any:
        if isinstance(node, ScalarNode) and is_unfilled(node) and not node.empty:
            reader.add(node, "P014", "this is still to be filled in")
        return plain(node)

    def schema(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, slots=True)
class Ref(Shape[T]):
    """A shape that is named, so that it can hold itself (`repeat` holds steps)."""

    name: str
    to: Callable[[], Shape[T]]

    def read(self, node: Node, reader: Reader) -> T | None:
        return self.to().read(node, reader)

    def schema(self) -> dict[str, Any]:
        return {"$ref": f"#/$defs/{self.name}"}
