"""A mapping with declared keys: read as a row, told what is unknown and what is missing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from labctl.yamlfile._mark import MapNode, Node, Pair, ScalarNode
from labctl.yamlfile._reader import Reader, describe, did_you_mean, near
from labctl.yamlfile._shapes import Shape

T = TypeVar("T")

_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)
_REST = re.compile(r"\d+(\s*[^\d\s].*)?", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Field(Generic[T]):
    """One key of a mapping."""

    name: str
    shape: Shape[T]
    help: str
    required: bool = False


class Row:
    """What was read of a mapping. A field that is absent, or was a problem, reads as None."""

    def __init__(self, node: MapNode) -> None:
        self.node = node
        self._values: dict[str, Any] = {}
        self._pairs: dict[str, Pair] = {}
        self._meant: set[str] = set()

    def put(self, name: str, pair: Pair, value: object) -> None:
        """For `Table`: note a key that was read."""
        self._pairs[name] = pair
        if value is not None:
            self._values[name] = value

    def misspelt(self, name: str) -> None:
        """For `Table`: note that an unknown key probably was to be this one."""
        self._meant.add(name)

    def __getitem__(self, wanted: Field[T]) -> T | None:
        return cast("T | None", self._values.get(wanted.name))

    def has(self, wanted: Field[Any]) -> bool:
        """Whether the key stands in the file, whatever its value."""
        return wanted.name in self._pairs

    def meant(self, wanted: Field[Any]) -> bool:
        """Whether the key stands in the file, perhaps misspelt: its absence need not be told."""
        return self.has(wanted) or wanted.name in self._meant

    def at(self, wanted: Field[Any]) -> Node:
        """Where the value stands; the whole mapping when the key is absent."""
        pair = self._pairs.get(wanted.name)
        return self.node if pair is None else pair.value

    def key(self, wanted: Field[Any]) -> Node:
        """Where the key stands; the whole mapping when it is absent."""
        pair = self._pairs.get(wanted.name)
        return self.node if pair is None else pair.key


@dataclass(frozen=True, slots=True)
class Table(Shape[Row]):
    """A mapping with declared keys."""

    what: str
    """For messages: `irradiate step`."""
    fields: tuple[Field[Any], ...]
    later: Mapping[str, str] = field(default_factory=dict)
    """Keys of coming versions, and what to do without them."""
    rules: Mapping[str, Any] = field(default_factory=dict)
    """More of JSON Schema: rules between keys, which whoever reads the row tells in words."""

    def read(self, node: Node, reader: Reader) -> Row | None:
        if not isinstance(node, MapNode):
            keys = ", ".join(f.name for f in self.fields)
            reader.add(
                node,
                "P014",
                f"{self.what}: a mapping is wanted here, not {describe(node)}",
                f"Its keys are: {keys}.",
            )
            return None
        row = Row(node)
        known = {f.name: f for f in self.fields}
        comma = _split_by_comma(node)
        for pair in node.pairs:
            name = pair.key.text
            if pair in comma:
                _tell_comma(comma[pair], pair, reader)
            elif name not in known:
                self._unknown(pair, row, reader)
            elif pair in comma.values():
                row.put(name, pair, None)
            else:
                row.put(name, pair, known[name].shape.read(pair.value, reader))
        for wanted in self.fields:
            if wanted.required and not row.meant(wanted):
                reader.add(
                    node,
                    "P013",
                    f"{self.what}: the key '{wanted.name}' is missing",
                    f"{wanted.help}.",
                )
        return row

    def _unknown(self, pair: Pair, row: Row, reader: Reader) -> None:
        name, known = pair.key.text, [f.name for f in self.fields]
        if name in self.later:
            reader.add(
                pair.key, "P015", f"'{name}' is not in this version of labctl", self.later[name]
            )
            return
        likely = near(name, known)
        if likely:
            row.misspelt(likely)
        reader.add(
            pair.key,
            "P012",
            f"unknown key '{name[:60]}' in {self.what}",
            f"{did_you_mean(name, known)}The keys are: {', '.join(known)}.",
        )

    def schema(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "type": "object",
            "properties": {
                f.name: {"description": f.help, **f.shape.schema()} for f in self.fields
            },
            "additionalProperties": False,
        }
        required = [f.name for f in self.fields if f.required]
        return {**out, **({"required": required} if required else {}), **self.rules}


def _split_by_comma(node: MapNode) -> dict[Pair, Pair]:
    """Keys without value that are the rest of a number: `{power: 1,5 W}` is for YAML `power: 1`
    and a key `5 W`. Maps such a key to the pair before it."""
    out: dict[Pair, Pair] = {}
    if not node.flow:
        return out
    for before, pair in zip(node.pairs, node.pairs[1:], strict=False):
        value = before.value
        if (
            isinstance(value, ScalarNode)
            and _NUMBER.fullmatch(value.text)
            and isinstance(pair.value, ScalarNode)
            and pair.value.text == ""
            and _REST.fullmatch(pair.key.text)
        ):
            out[pair] = before
    return out


def _tell_comma(before: Pair, rest: Pair, reader: Reader) -> None:
    value = before.value
    whole = value.text if isinstance(value, ScalarNode) else ""
    reader.add(
        value,
        "P020",
        f"'{whole},{rest.key.text}' uses a decimal comma",
        f"Write a point: '{whole}.{rest.key.text}'.",
    )


def json_schema(title: str, table: Table, definitions: Mapping[str, Shape[Any]]) -> dict[str, Any]:
    """The JSON Schema of a kind of file."""
    out: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **table.schema(),
    }
    if definitions:
        out["$defs"] = {name: shape.schema() for name, shape in definitions.items()}
    return out
