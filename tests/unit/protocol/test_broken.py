"""Twenty broken protocols: refused by the schema in an editor, told in words with their places."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from labctl import protocol, yamlfile
from labctl.cli import main
from labctl.errors import InputError

ROOT = Path(__file__).parents[3]
BROKEN = sorted((ROOT / "tests/data/broken-protocols").glob("*.yaml"))
SCHEMA = json.loads((ROOT / "protocols/protocol-1.json").read_text("utf-8"))


def test_there_are_twenty() -> None:
    """None is lost."""
    assert 20 == len(BROKEN)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_each_is_told_in_words_with_its_places_in_one_pass(path: Path) -> None:
    """Every problem of the file, and no other; each says what is wrong and what to do."""
    expected = path.read_text("utf-8").splitlines()[0].removeprefix("# expected: ").split(", ")

    with pytest.raises(InputError) as caught:
        protocol.load(path)

    assert expected == [f"{p.code} {p.line}:{p.column}" for p in caught.value.problems]
    assert all(p.message and p.fix for p in caught.value.problems if p.code not in ("P019", "P024"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_each_is_refused_by_the_exported_schema(path: Path) -> None:
    """An editor marks it while it is written."""
    node, _ = yamlfile.read_text(yamlfile.open_source(path))

    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(yamlfile.plain(node)))


def test_validate_tells_all_of_them_in_one_call() -> None:
    """Exit code 2, and every place."""
    folder = str(BROKEN[0].parent)

    result = CliRunner().invoke(main, ["validate", "--alone", folder])

    assert 2 == result.exit_code
    for path in BROKEN:
        place = path.read_text("utf-8").splitlines()[0].split()[3].rstrip(",")
        assert f"{path.name}:{place}" in result.output
