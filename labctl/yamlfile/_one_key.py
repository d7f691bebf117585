"""A mapping that must have exactly one of several keys: a step its verb, a condition its test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labctl.yamlfile._mark import MapNode, Node, Pair
from labctl.yamlfile._reader import Reader, describe, did_you_mean
from labctl.yamlfile._shapes import Shape
from labctl.yamlfile._table import Field


@dataclass(frozen=True, slots=True)
class Chosen:
    """The one key that was there."""

    key: str
    value: Any
    """What the key's shape read; None after a problem was told."""
    common: Mapping[str, Any]
    """Values of the keys that any of them may have beside it."""
    node: MapNode
    key_node: Node
    value_node: Node


@dataclass(frozen=True, slots=True)
class OneKey(Shape[Chosen]):
    """Exactly one of `options`, and beside it any of `common`."""

    what: str
    word: str
    """What the keys are called: `verb`."""
    code: str
    options: tuple[Field[Any], ...]
    common: tuple[Field[Any], ...] = ()
    later: Mapping[str, str] = field(default_factory=dict)
    """Keys of coming versions, and what to do without them."""

    def read(self, node: Node, reader: Reader) -> Chosen | None:
        names = ", ".join(f.name for f in self.options)
        if not isinstance(node, MapNode):
            reader.add(
                node,
                self.code,
                f"{self.what} is a {self.word} with its details, not {describe(node)}",
                f"Write for example '{self.options[0].name}: {{...}}'. The {self.word}s are: "
                f"{names}.",
            )
            return None
        options = {f.name: f for f in self.options}
        common = {f.name: f for f in self.common}
        chosen: list[Pair] = []
        beside: dict[str, Any] = {}
        told = False
        for pair in node.pairs:
            name = pair.key.text
            if name in options:
                chosen.append(pair)
            elif name in common:
                beside[name] = common[name].shape.read(pair.value, reader)
            else:
                self._unknown(pair, reader)
                told = True
        if len(chosen) != 1:
            if not told:
                self._not_one(node, chosen, reader)
            return None
        pair = chosen[0]
        value = options[pair.key.text].shape.read(pair.value, reader)
        return Chosen(pair.key.text, value, beside, node, pair.key, pair.value)

    def _unknown(self, pair: Pair, reader: Reader) -> None:
        name = pair.key.text
        if name in self.later:
            reader.add(
                pair.key, "P015", f"'{name}' is not in this version of labctl", self.later[name]
            )
            return
        known = [f.name for f in (*self.options, *self.common)]
        reader.add(
            pair.key,
            "P012",
            f"unknown key '{name[:60]}' in {self.what}",
            f"{did_you_mean(name, known)}The {self.word}s are: "
            f"{', '.join(f.name for f in self.options)}.",
        )

    def _not_one(self, node: MapNode, chosen: list[Pair], reader: Reader) -> None:
        names = ", ".join(f.name for f in self.options)
        if not chosen:
            message, fix = f"{self.what} without a {self.word}", f"Add one of: {names}."
            reader.add(node, self.code, message, fix)
            return
        seen = " and ".join(f"'{pair.key.text}'" for pair in chosen)
        reader.add(
            chosen[1].key,
            self.code,
            f"{self.what} has more than one {self.word}: {seen}",
            "Make each a list item of its own: begin its line with '- '.",
        )

    def schema(self) -> dict[str, Any]:
        fields = (*self.common, *self.options)
        return {
            "type": "object",
            "properties": {f.name: {"description": f.help, **f.shape.schema()} for f in fields},
            "additionalProperties": False,
            "oneOf": [{"required": [f.name]} for f in self.options],
        }
