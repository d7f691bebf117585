"""Steps that an installed package makes: entry points of the group `labctl.steps`, nothing else.

An entry point names a callable. It gets the mapping that stands under `with` as plain Python, its
`$name` replaced, and returns a list of steps as a YAML file has them, for example
`[{"cool": {"for": "1 min"}}]`. They are read as if they stood there; what is wrong with one is told
at the plugin's place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl.protocol._structure_fields import USES, WITH_PLAIN
from labctl.yamlfile import (
    Chosen,
    ListNode,
    MapNode,
    Mark,
    Node,
    Pair,
    Reader,
    Row,
    ScalarNode,
    did_you_mean,
    plain,
)

GROUP = "labctl.steps"
_DEEPEST = 24


def installed() -> dict[str, Any]:
    """The plugins that are installed, by name."""
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=GROUP)}


def steps_of_plugin(
    step: Chosen, row: Row, found: Mapping[str, Any], reader: Reader
) -> Node | None:
    """The steps as nodes of a file; None after a problem was told. `found` are those installed."""
    name = row[USES]
    if name is None:
        return None
    given = _given(row, reader)
    if given is None:
        return None
    if name not in found:
        there = f"Installed: {', '.join(sorted(found))}." if found else "None is installed."
        reader.add(
            row.at(USES),
            "P036",
            f"no package that is installed has the plugin '{name}'",
            f"{did_you_mean(name, found)}{there}",
        )
        return None
    try:
        made = found[name].load()(given)
    except Exception as error:
        # Somebody else's code: whatever it raises is this file's problem, told at this place.
        said = " ".join(str(error).split())[:200]
        reader.add(
            step.key_node,
            "P036",
            f"the plugin '{name}' gave no steps: {type(error).__name__}: {said}",
            "Mend what stands under `with`, or the plugin.",
        )
        return None
    try:
        node = _node(made, step.key_node.mark, 0)
    except (TypeError, ValueError) as error:
        reader.add(
            step.key_node,
            "P036",
            f"what the plugin '{name}' gave is not a list of steps: {error}",
            "It must return a list of mappings, as a protocol file has them.",
        )
        return None
    if isinstance(node, ListNode) and node.items:
        return node
    reader.add(
        step.key_node, "P036", f"the plugin '{name}' gave no list of steps",
        "It must return a list of mappings, as a protocol file has them.",
    )  # fmt: skip
    return None


def _given(row: Row, reader: Reader) -> dict[str, Any] | None:
    """What stands under `with`, `$name` replaced."""
    if not row.has(WITH_PLAIN):
        return {}
    node = row.at(WITH_PLAIN)
    if not isinstance(node, MapNode):
        reader.add(node, "P014", "a mapping is wanted here", "Write `with: {name: value}`.")
        return None
    before = len(reader.problems)
    value = plain(_replaced(node, reader))
    return value if len(reader.problems) == before else None


def _replaced(node: Node, reader: Reader) -> Node:
    if isinstance(node, MapNode):
        pairs = tuple(Pair(pair.key, _replaced(pair.value, reader)) for pair in node.pairs)
        return MapNode(pairs, node.mark, node.flow)
    if isinstance(node, ListNode):
        return ListNode(tuple(_replaced(item, reader) for item in node.items), node.mark)
    if "$" not in node.text:
        return node
    return ScalarNode(reader.text(node, "a text") or "", node.mark, node.quoted)


def _node(value: Any, mark: Mark, depth: int) -> Node:
    """Plain Python as the node that a file would have given."""
    if depth > _DEEPEST:
        raise ValueError(f"nested deeper than {_DEEPEST} levels")
    if isinstance(value, str):
        return ScalarNode(value, mark, quoted=True)
    if value is None:
        return ScalarNode("", mark)
    if isinstance(value, bool | int | float):
        text = str(value).lower() if isinstance(value, bool) else repr(value)
        return ScalarNode(text, mark)
    if isinstance(value, Mapping):
        pairs = []
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r:.40} is no text")
            pairs.append(Pair(ScalarNode(key, mark), _node(inner, mark, depth + 1)))
        return MapNode(tuple(pairs), mark)
    if isinstance(value, list | tuple):
        return ListNode(tuple(_node(item, mark, depth + 1) for item in value), mark)
    raise TypeError(f"a {type(value).__name__} stands in it")
