"""Shapes that hold another one: a value or a list of them, and what is read only later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from labctl.yamlfile._mark import ListNode, MapNode, Node
from labctl.yamlfile._reader import Reader
from labctl.yamlfile._shapes import ListOf, Shape

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OneOrMore(Shape[list[T]]):
    """One value alone, or a list of such."""

    item: Shape[T]

    def read(self, node: Node, reader: Reader) -> list[T] | None:
        if isinstance(node, ListNode):
            return ListOf(self.item).read(node, reader)
        value = self.item.read(node, reader)
        return None if value is None else [value]

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [self.item.schema(), ListOf(self.item).schema()]}


@dataclass(frozen=True, slots=True)
class Deferred(Shape[Node]):
    """Read later, once or several times, because what `$name` stands for is not known yet. Only
    the shape's schema is used here."""

    inner: Shape[Any]

    def read(self, node: Node, reader: Reader) -> Node:
        return node

    def schema(self) -> dict[str, Any]:
        return self.inner.schema()


@dataclass(frozen=True, slots=True)
class TextOr(Shape[T]):
    """A mapping, or a text that stands for a mapping with only its first key."""

    text: Shape[T]
    mapping: Shape[T]

    def read(self, node: Node, reader: Reader) -> T | None:
        return (self.mapping if isinstance(node, MapNode) else self.text).read(node, reader)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [self.text.schema(), self.mapping.schema()]}
