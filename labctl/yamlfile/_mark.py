"""What a YAML file is made of, each piece with its place in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from labctl.errors import Problem


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file, and the line that stands there."""

    file: str
    line: int = 0
    """1-based; 0 when there is no line."""
    column: int = 0
    """1-based."""
    width: int = 1
    source: str = ""

    def problem(self, code: str, message: str, fix: str = "") -> Problem:
        """Something wrong at this place."""
        return Problem(
            code, message, self.file, self.line, self.column, self.source, fix, self.width
        )


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """One word, number or text."""

    text: str
    mark: Mark
    quoted: bool = False
    """Written in quotes or as a block: always text."""

    @property
    def empty(self) -> bool:
        """Nothing was written, or `null`."""
        return not self.quoted and self.text in ("", "~", "null", "Null", "NULL")


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    items: tuple[Node, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Pair:
    """A key with its value."""

    key: ScalarNode
    value: Node


@dataclass(frozen=True, slots=True)
class MapNode:
    """Keys with values. A key that stands twice has been told as a problem and dropped."""

    pairs: tuple[Pair, ...]
    mark: Mark
    flow: bool = False
    """Written in braces."""

    def get(self, key: str) -> Node | None:
        """The value of a key, or None."""
        return next((pair.value for pair in self.pairs if pair.key.text == key), None)


Node = ScalarNode | ListNode | MapNode

# The core schema of YAML 1.2.
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][+-]?[0-9]+)?", re.ASCII)
_TRUTH = {word: word[0] in "tT" for word in ["true", "True", "TRUE", "false", "False", "FALSE"]}
_LONGEST_NUMBER = 40


def truth_of(node: Node) -> bool | None:
    """True or false, or None for anything else."""
    return _TRUTH.get(node.text) if isinstance(node, ScalarNode) and not node.quoted else None


def plain(node: Node) -> Any:
    """The node as plain Python: dict, list, str, int, float, bool, None."""
    if isinstance(node, MapNode):
        return {pair.key.text: plain(pair.value) for pair in node.pairs}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    if node.quoted:
        return node.text
    if node.empty:
        return None
    truth = truth_of(node)
    if truth is not None:
        return truth
    if len(node.text) <= _LONGEST_NUMBER:
        if _INTEGER.fullmatch(node.text):
            return int(node.text)
        if _FLOAT.fullmatch(node.text):
            value = float(node.text)
            return value if abs(value) < 1e300 else node.text
    return node.text
