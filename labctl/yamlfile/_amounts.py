"""Shapes of values with a unit: a quantity, and a quantity with its standard deviation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labctl import quantities
from labctl.quantities import Kind, Quantity, QuantityError, Stated
from labctl.yamlfile._mark import MapNode, Node, ScalarNode
from labctl.yamlfile._reader import Reader, did_you_mean
from labctl.yamlfile._shapes import REFERENCE, Shape, Truth


@dataclass(frozen=True, slots=True)
class Measured(Shape[Quantity]):
    """A quantity of one of several kinds, told apart by its unit; bounds are in SI units."""

    kinds: tuple[str, ...]
    low: float | None = None
    high: float | None = None
    positive: bool = False
    """Must be greater than zero."""

    def read(self, node: Node, reader: Reader) -> Quantity | None:
        text = reader.text(node, f"a {' or '.join(self.kinds)}")
        if text is None:
            return None
        try:
            quantity = quantities.parse_any(text, *self.kinds)
        except QuantityError as error:
            reader.add(node, error.code, _with_source(node, text, error.what), error.fix)
            return None
        wrong = self._out_of_range(quantity)
        if wrong:
            reader.add(node, quantities.OUT_OF_RANGE, _with_source(node, text, wrong))
            return None
        return quantity

    def _out_of_range(self, quantity: Quantity) -> str:
        value, kind = quantity.value, quantity.kind
        if self.positive and value <= 0:
            return f"this {kind} must be greater than zero"
        if self.low is not None and value < self.low:
            return f"this {kind} must be at least {quantities.format(self.low, kind)}"
        if self.high is not None and value > self.high:
            return f"this {kind} must be at most {quantities.format(self.high, kind)}"
        return ""

    def schema(self) -> dict[str, Any]:
        pattern = "|".join(quantities.pattern(kind) for kind in self.kinds)
        return _quantity_schema(pattern, self.kinds)


@dataclass(frozen=True, slots=True)
class Amount(Shape[float]):
    """A quantity of one kind, in its SI unit; bounds too."""

    kind: str
    low: float | None = None
    high: float | None = None
    positive: bool = False

    def read(self, node: Node, reader: Reader) -> float | None:
        shape = Measured((self.kind,), self.low, self.high, self.positive)
        quantity = shape.read(node, reader)
        return None if quantity is None else quantity.value

    def schema(self) -> dict[str, Any]:
        return Measured((self.kind,)).schema()


def _with_source(node: Node, text: str, message: str) -> str:
    """Where a parameter stands in the file, say which text stood for it."""
    if isinstance(node, ScalarNode) and node.text != text:
        return f"{message} ({node.text} is '{text}')"
    return message


def _quantity_schema(pattern: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    examples = [f"1 {quantities.units_of(kind)[0]}".rstrip() for kind in kinds]
    text: dict[str, Any] = {
        "type": "string",
        "pattern": rf"^\s*({pattern}|{REFERENCE})\s*$",
        "examples": examples,
    }
    bare = any("" in quantities.units_of(kind) for kind in kinds)
    return {"anyOf": [text, {"type": "number"}]} if bare else text


@dataclass(frozen=True, slots=True)
class StatedAmount(Shape[Stated]):
    """A quantity with its standard deviation: `1 mL ± 1 %`, or a mapping with a source."""

    kind: str
    positive: bool = True

    def read(self, node: Node, reader: Reader) -> Stated | None:
        if isinstance(node, MapNode):
            return self._read_map(node, reader)
        text = reader.text(node, f"a {self.kind} with its deviation")
        if text is None:
            return None
        try:
            return self._checked(node, reader, quantities.parse_stated(text, self.kind))
        except QuantityError as error:
            reader.add(node, error.code, error.what, error.fix)
            return None

    def _read_map(self, node: MapNode, reader: Reader) -> Stated | None:
        known = ("value", "sd", "source", "placeholder")
        for pair in node.pairs:
            if pair.key.text not in known:
                reader.add(
                    pair.key,
                    "P012",
                    f"unknown key '{pair.key.text}'",
                    f"{did_you_mean(pair.key.text, known)}There are: {', '.join(known)}.",
                )
        value, sd = node.get("value"), node.get("sd")
        if value is None or sd is None:
            missing = "value" if value is None else "sd"
            reader.add(node, "P013", f"the key '{missing}' is missing",
                       "Write {value: 1 mL, sd: 1 %}; `sd` is one standard deviation.")  # fmt: skip
            return None
        texts = reader.text(value, f"a {self.kind}"), reader.text(sd, "a deviation")
        source, marked = node.get("source"), node.get("placeholder")
        said = reader.text(source, "a text") if source is not None else ""
        placeholder = Truth().read(marked, reader) if marked is not None else False
        if texts[0] is None or texts[1] is None or said is None or placeholder is None:
            return None
        try:
            quantities.parse(texts[0], self.kind)
        except QuantityError as error:
            reader.add(value, error.code, error.what, error.fix)
            return None
        try:
            stated = quantities.stated_texts(texts[0], texts[1], self.kind)
        except QuantityError as error:
            reader.add(sd, error.code, error.what, error.fix)
            return None
        return self._checked(node, reader, Stated(stated.value, stated.sd, said, placeholder))

    def _checked(self, node: Node, reader: Reader, stated: Stated) -> Stated | None:
        if self.positive and stated.value <= 0:
            reader.add(node, quantities.OUT_OF_RANGE, f"this {self.kind} must be greater than zero")
            return None
        return stated

    def schema(self) -> dict[str, Any]:
        one = quantities.pattern(self.kind)
        amount = _quantity_schema(one, (self.kind,))
        if self.kind == Kind.TEMPERATURE:
            wide = quantities.pattern(Kind.TEMPERATURE_DIFFERENCE)
        else:
            wide = rf"{one}|{quantities.pattern('fraction')}"
        spread = rf"^\s*({wide})\s*$"
        pair = rf"^\s*{one}\s*(±|\+-|\+/-)\s*({wide})\s*$"
        return {
            "anyOf": [
                {"type": "string", "pattern": pair},
                {
                    "type": "object",
                    "properties": {
                        "value": amount,
                        "sd": {"anyOf": [amount, {"type": "string", "pattern": spread}]},
                        "source": {"type": "string"},
                        "placeholder": {"type": "boolean"},
                    },
                    "required": ["value", "sd"],
                    "additionalProperties": False,
                },
            ]
        }
