"""Parameters: what the file declares, what the command line sets, which text stands for `$name`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from labctl import quantities
from labctl.protocol._fields import DEFAULT, LEAST, MOST, PARAMETERS_SHAPE
from labctl.quantities import Kind, Quantity, QuantityError
from labctl.yamlfile import Field, Item, Mark, Node, Reader, Row, did_you_mean


@dataclass(frozen=True, slots=True)
class Given:
    """A parameter's text as it was given, and where."""

    text: str
    place: Node | Mark
    typed: str
    """The option as it was typed; empty where a file gives it, and then problems with it are told
    there."""


def parse_overrides(texts: Iterable[str], reader: Reader) -> dict[str, Given]:
    """`power=1.2W` -> {power: 1.2W}. Problems are told."""
    out: dict[str, Given] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name, value = name.strip(), value.strip()
        mark = Mark(f"-p {text}")
        if not name or not equals or not value:
            reader.add(mark, "P014", "a parameter is set as NAME=VALUE", "For example power=1.2W.")
        elif name in out:
            reader.add(mark, "P006", f"the parameter '{name}' is set twice", "Set it once.")
        else:
            out[name] = Given(value, Mark(f"-p {name}={value}"), f"-p {name}={value}")
    return out


def read_parameters(
    node: Node | None, overrides: Mapping[str, Given], reader: Reader
) -> dict[str, str]:
    """The text of every parameter, as it was given or its default. Problems are told."""
    declared = (PARAMETERS_SHAPE.read(node, reader) if node is not None else None) or {}
    for name, given in overrides.items():
        if name not in declared:
            known = ", ".join(declared)
            reader.add(
                given.place,
                "P030",
                f"the protocol has no parameter '{name}'",
                f"{did_you_mean(name, declared)}"
                + (f"It has: {known}." if known else "It has no parameters."),
            )
    out: dict[str, str] = {}
    for name, item in declared.items():
        chosen = _chosen(name, item, overrides.get(name), reader)
        if chosen is not None:
            out[name] = chosen
    return out


def _chosen(name: str, item: Item[Row], override: Given | None, reader: Reader) -> str | None:
    row = item.value
    default = _quantity(row, DEFAULT, None, reader)
    if default is None:
        return None
    least = _quantity(row, LEAST, default.kind, reader)
    most = _quantity(row, MOST, default.kind, reader)
    low = least.value if least else -float("inf")
    high = most.value if most else float("inf")
    if low > high or not low <= default.value <= high:
        reader.add(
            row.at(DEFAULT),
            "P032",
            f"the default of '{name}' does not lie between its min and max",
            "Mend one of the three.",
        )
    text = row[DEFAULT] or ""
    if override is None:
        return text
    # An option is told where the parameter is declared: there stand its min and max.
    mark = item.key.mark if override.typed else override.place
    typed = f"{override.typed}: " if override.typed else ""
    try:
        given = quantities.parse(override.text, default.kind)
    except QuantityError as error:
        reader.add(mark, error.code, f"{typed}{error.what}", error.fix)
        # The rest of the file is still checked, with the default.
        return text
    if not low <= given <= high:
        allowed = [
            f"{word} {quantities.format(bound.value, default.kind)}"
            for word, bound in (("at least", least), ("at most", most))
            if bound is not None
        ]
        reader.add(
            mark,
            "P031",
            f"{typed}this is outside what the protocol allows for '{name}'",
            f"Allowed: {', '.join(allowed)}.",
        )
        return text
    return override.text


def _quantity(row: Row, field: Field[str], kind: Kind | None, reader: Reader) -> Quantity | None:
    """A quantity of any kind (for a default), or of the default's kind (for min and max)."""
    text = row[field]
    if text is None:
        return None
    try:
        if kind is None:
            return quantities.parse_any(text, *Kind)
        return quantities.parse_any(text, kind)
    except QuantityError as error:
        if kind is None:
            what = error.what if error.code == "P020" else f"'{text}' is not a quantity"
            fix = error.fix if error.code == "P020" else "Write a number and a unit, e.g. '1.0 W'."
            reader.add(row.at(field), error.code, what, fix)
        else:
            reader.add(row.at(field), error.code, error.what, error.fix)
        return None
