"""The exported JSON Schema by itself, as an editor's YAML language server uses it: every shipped
protocol is accepted, twenty broken ones are refused, and every key has a word for completion."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks._figures import Figure
from labctl import protocol as protocols
from labctl import yamlfile

BROKEN = Path(__file__).parents[2] / "tests" / "data" / "broken-protocols"


def measure(profile: str) -> Iterator[Figure]:
    """Shipped files accepted, broken ones refused, keys described."""
    # A dependency of the tests, not of labctl.
    import jsonschema

    schema = protocols.json_schema()
    validator = jsonschema.Draft202012Validator(schema)
    shipped = sorted(yamlfile.shipped_folder().glob("*.yaml"))
    broken = sorted(BROKEN.glob("*.yaml"))
    accepted = sum(validator.is_valid(_plain(path)) for path in shipped)
    refused = sum(not validator.is_valid(_plain(path)) for path in broken)
    keys, described = _keys(schema)
    yield Figure(
        "shipped protocols that the schema accepts", accepted, "files", profile,
        f"{len(shipped)} shipped, by jsonschema", "all", accepted == len(shipped),
    )  # fmt: skip
    yield Figure(
        "broken protocols that the schema refuses", refused, "files", profile,
        f"{len(broken)} broken, by jsonschema", "all", refused == len(broken) == 20,
    )  # fmt: skip
    yield Figure(
        "keys with a description for completion", described, "keys", profile,
        f"{keys} keys", "all", described == keys,
    )  # fmt: skip


def _plain(path: Path) -> Any:
    return yamlfile.plain(yamlfile.read_text(yamlfile.open_source(path))[0])


def _keys(schema: Any) -> tuple[int, int]:
    """How many properties there are, and how many say what they are."""
    if isinstance(schema, list):
        found = [_keys(item) for item in schema]
    elif isinstance(schema, dict):
        found = [_keys(value) for value in schema.values()]
        properties = schema.get("properties")
        if isinstance(properties, dict):
            said = sum(bool(it.get("description")) for it in properties.values())
            found.append((len(properties), said))
    else:
        return 0, 0
    return sum(n for n, _ in found), sum(n for _, n in found)
