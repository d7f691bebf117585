"""The committed JSON Schemas and the codes of problems are those of the code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from labctl import bench, protocol, sample, yamlfile

ROOT = Path(__file__).parents[3]
SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "protocol-1": protocol.json_schema,
    "bench-1": bench.json_schema,
    "sample-1": sample.json_schema,
}
SHIPPED = [
    *(("protocol-1", path) for path in sorted((ROOT / "protocols").glob("*.yaml"))),
    *(("bench-1", path) for path in sorted((ROOT / "protocols/benches").glob("*.yaml"))),
    *(("sample-1", path) for path in sorted((ROOT / "protocols/samples").glob("*.yaml"))),
]


def committed(name: str) -> dict[str, Any]:
    """A schema as it lies in the repository."""
    found: dict[str, Any] = json.loads((ROOT / f"protocols/{name}.json").read_text("utf-8"))
    return found


def plain(text: str) -> Any:
    """A YAML text as an editor's checker sees it."""
    node, _ = yamlfile.read_text(yamlfile.Source("x.yaml", text))
    return yamlfile.plain(node)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_schema_is_up_to_date(name: str) -> None:
    """`labctl schema` and the file in protocols/ say the same."""
    assert SCHEMAS[name]() == committed(name)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_is_a_schema(name: str) -> None:
    """Editors can read it."""
    jsonschema.Draft202012Validator.check_schema(committed(name))


@pytest.mark.parametrize(("name", "path"), SHIPPED, ids=lambda x: getattr(x, "stem", x))
def test_the_schema_accepts_what_ships(name: str, path: Path) -> None:
    """An editor shows no error in a shipped file."""
    validator = jsonschema.Draft202012Validator(committed(name))

    assert [] == [error.message for error in validator.iter_errors(plain(path.read_text("utf-8")))]


@pytest.mark.parametrize(("name", "path"), SHIPPED, ids=lambda x: getattr(x, "stem", x))
def test_a_shipped_file_names_its_schema_for_editors(name: str, path: Path) -> None:
    """The first line leads from the file to its schema."""
    first = path.read_text("utf-8").splitlines()[0]

    prefix, _, place = first.partition("$schema=")
    assert "# yaml-language-server: " == prefix
    assert ROOT / f"protocols/{name}.json" == (path.parent / place).resolve()


@pytest.mark.parametrize(
    "change",
    [
        ("power: $power", "power: 1,5 W"),
        ("power: $power", "power: 5 nm"),
        ("power: $power", "powr: $power"),
        ("every: $every", "every: 0.5"),
        ("name: heating-curve", "name: Heating Curve"),
        ("- name: Heat\n    irradiate", "- name: Heat\n    radiate"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(change: tuple[str, str]) -> None:
    """Mistakes in units, keys and names are seen while typing."""
    text = protocol.find("heating-curve").read_text("utf-8")
    assert change[0] in text
    validator = jsonschema.Draft202012Validator(committed("protocol-1"))

    errors = list(validator.iter_errors(plain(text.replace(*change))))

    assert errors


@pytest.mark.parametrize("file", ["docs/reference/protocol.md"])
def test_every_code_of_a_problem_is_documented(file: str) -> None:
    """The page lists each code with what it means."""
    text = (ROOT / file).read_text("utf-8")

    assert [] == [
        code for code, means in yamlfile.CODES.items() if f"| {code} | {means} |" not in text
    ]


def blocks(page: str) -> list[str]:
    """The YAML examples of a page."""
    text = (ROOT / "docs/reference" / page).read_text("utf-8")
    return [part.partition("```")[0] for part in text.split("```yaml\n")[1:]]


@pytest.mark.parametrize(
    ("page", "loads", "schema"),
    [
        ("protocol.md", protocol.loads, "protocol-1"),
        ("bench-file.md", bench.loads, "bench-1"),
        ("sample-file.md", sample.loads, "sample-1"),
    ],
)
def test_the_examples_in_the_pages_are_valid(
    page: str, loads: Callable[[str], object], schema: str
) -> None:
    """What the reference shows can be used as it stands."""
    validator = jsonschema.Draft202012Validator(committed(schema))

    # The first is a whole file; what follows it are single keys that could stand in it.
    text = blocks(page)[0]
    loads(text)
    assert [] == [error.message for error in validator.iter_errors(plain(text))]


@pytest.mark.parametrize(
    ("page", "schema"),
    [("protocol.md", "protocol-1"), ("bench-file.md", "bench-1"), ("sample-file.md", "sample-1")],
)
def test_every_key_of_a_file_is_in_its_page(page: str, schema: str) -> None:
    """No key without a word about it."""
    text = (ROOT / "docs/reference" / page).read_text("utf-8")

    assert [] == [key for key in committed(schema)["properties"] if f"`{key}`" not in text]
