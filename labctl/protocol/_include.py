"""Another protocol's steps: a file beside this one, with parameters of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

from labctl import yamlfile
from labctl.errors import InputError
from labctl.limits import Limits
from labctl.protocol._fields import LIMIT_FIELDS, LIMITS, NEEDS, PARAMETERS, PROTOCOL
from labctl.protocol._parameters import Given, read_parameters
from labctl.protocol._structure_fields import FILE, WITH_TEXTS
from labctl.yamlfile import MapNode, Node, Reader, Row


@dataclass(frozen=True, slots=True)
class Included:
    """What is taken of the other file."""

    file: str
    parameters: Mapping[str, str]
    steps: Node
    """Not read yet: its `$name` stand for its own parameters."""
    limits: Limits = field(default_factory=Limits)
    """They hold for the whole run: a limit is only ever tightened."""


def open_included(
    row: Row, files: tuple[str, ...], needs: Mapping[str, str], reader: Reader
) -> Included | None:
    """The file that an `include` names; None after its problems were told, each at its place in
    the file where it stands. `files` are those that are open around it."""
    name = row[FILE]
    if name is None:
        return None
    if Path(name).is_absolute() or PureWindowsPath(name).drive or name[:1] in ("~", "/", "\\"):
        reader.add(
            row.at(FILE),
            "P035",
            f"'{name}' is not relative to the protocol that includes it",
            "Write the path from this file, so that the folder can be moved.",
        )
        return None
    if "\0" in name:
        reader.add(row.at(FILE), "P035", "this is no path", "Check the path.")
        return None
    path = Path(files[-1]).parent / name
    if any(_same(path, other) for other in files):
        loop = " -> ".join(Path(file).name for file in (*files, name))
        reader.add(row.at(FILE), "P034", f"files include each other: {loop}", "Break the loop.")
        return None
    try:
        node, problems = yamlfile.read_text(yamlfile.open_source(path))
    except InputError as error:
        first = error.problems[0] if error.problems else None
        if first is None or first.code in ("P001", "P003"):
            reader.add(row.at(FILE), "P035", f"'{name}': {error.what}", "Check the path.")
        else:
            reader.problems += error.problems
        return None
    reader.problems += problems
    return _taken(node, str(path), row, needs, reader)


def _taken(
    node: Node, file: str, row: Row, needs: Mapping[str, str], reader: Reader
) -> Included | None:
    given = {key: Given(item.value, item.node, "") for key, item in (row[WITH_TEXTS] or {}).items()}
    if not isinstance(node, MapNode):
        reader.add(node, "P014", "an included file is a protocol", "It begins with `schema`.")
        return None
    parameters = read_parameters(node.get(PARAMETERS.name), given, reader)
    with reader.scope(parameters):
        # Its steps are read when it is its turn, with its own place among the others.
        without = MapNode(
            tuple(pair for pair in node.pairs if pair.key.text != "steps"), node.mark, node.flow
        )
        head = _HEAD.read(without, reader)
    steps = node.get("steps")
    if steps is None:
        reader.add(node, "P013", "protocol: the key 'steps' is missing", "What is done, in order.")
    if head is None or steps is None:
        return None
    for role, item in (head[NEEDS] or {}).items():
        if role not in needs:
            reader.add(
                item.key,
                "P046",
                f"the included file needs '{role}', and the protocol that includes it lists none",
                f"Add '{role}: {item.value}' to the `needs` of the protocol that is run.",
            )
    limits = head[LIMITS]
    if limits is None:
        return Included(file, parameters, steps)
    values = {limit.field: limits[key] for limit, key in LIMIT_FIELDS}
    return Included(file, parameters, steps, Limits(**values))


def _same(path: Path, other: str) -> bool:
    return path.resolve() == Path(other).resolve()


_HEAD = yamlfile.Table(
    PROTOCOL.what, tuple(f for f in PROTOCOL.fields if f.name != "steps"), PROTOCOL.later
)
