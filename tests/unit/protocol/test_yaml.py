"""YAML with places: what is read, what is refused, and where the mark stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labctl import protocol, yamlfile
from labctl.errors import InputError, Problem
from labctl.yamlfile import MapNode, ScalarNode, Source


def refused(text: str) -> list[Problem]:
    """The problems of a text that is not taken."""
    with pytest.raises(InputError) as caught:
        protocol.loads(text, file="p.yaml")
    return list(caught.value.problems)


def test_every_key_and_value_knows_its_place() -> None:
    """Line and column are 1-based and point at the first character."""
    node, _ = yamlfile.read_text(Source("p.yaml", "a:\n  - b: {c: 1.5 W}\n"))

    assert isinstance(node, MapNode)
    inner = node.pairs[0].value.items[0].pairs[0].value  # type: ignore[union-attr]
    assert isinstance(inner, MapNode)
    value = inner.pairs[0].value
    assert isinstance(value, ScalarNode)
    assert ("1.5 W", 2, 12, 5) == (value.text, value.mark.line, value.mark.column, value.mark.width)


def test_plain_values_follow_yaml_1_2() -> None:
    """`on` is text, `012` a decimal number, `12:30` text; quotes make anything text."""
    text = "{a: on, b: 012, c: 12:30, d: '5', e: 1e3, f: ~, g: true, h: [1, x]}"

    node, _ = yamlfile.read_text(Source("p.yaml", text))

    expected = {"a": "on", "b": 12, "c": "12:30", "d": "5", "e": 1000.0, "f": None, "g": True,
                "h": [1, "x"]}  # fmt: skip
    assert expected == yamlfile.plain(node)


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("steps:\n\t- baseline: {for: 60 s}\n", "P005", 2, 1),
        ("a: &x [1, 2]\nb: *x\n", "P007", 1, 4),
        ("a: 1\nb: *x\n", "P007", 2, 4),
        ("a: !!python/object:os.system x\n", "P008", 1, 4),
        ("a: !mine {b: 1}\n", "P008", 1, 4),
        ("a: 1\n---\nb: 2\n", "P010", 2, 1),
        ("", "P011", 0, 0),
        ("# only a comment\n", "P011", 0, 0),
        ("a: [1, 2\nb: 3\n", "P004", 2, 2),
        ('a: "open\n', "P004", 2, 1),
        ("a: b: c\n", "P004", 1, 5),
        ("{[1]: 2}\n", "P004", 1, 2),
        ("a: \x85\n", "P002", 1, 4),
        ("- 1\n- 2\n", "P014", 1, 1),
    ],
)
def test_what_is_not_our_yaml_is_refused_at_its_place(
    text: str, code: str, line: int, column: int
) -> None:
    """One problem with file, line and column, and no traceback of a parser."""
    problems = refused(text)

    assert [(code, "p.yaml", line, column)] == [
        (p.code, p.file, p.line, p.column) for p in problems
    ]


def test_aliases_cannot_unfold_a_small_file_to_a_huge_one() -> None:
    """A bomb of aliases is refused at its first anchor."""
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )

    assert ["P007"] == [p.code for p in refused(bomb)]


@pytest.mark.parametrize("text", ["[" * 5000, "{a: " * 5000, "- " * 5000])
def test_deep_nesting_is_refused(text: str) -> None:
    """Nesting without end is a problem and no stack overflow."""
    assert ["P009"] == [p.code for p in refused(text)]


def test_duplicate_keys_are_all_told_with_the_first_place() -> None:
    """Each repeated key is a problem of its own, and the rest of the file is still checked."""
    problems = refused("name: a\nname: b\ntitle: x\ntitle: y\nstepz: 1\n")

    assert ["P006", "P006", "P012"] == [p.code for p in problems if p.code in ("P006", "P012")]
    twice = [p.fix for p in problems if p.code == "P006"]
    assert ["It was first given in line 1;", "It was first given in line 3;"] == [
        fix.partition(" keep")[0] for fix in twice
    ]


def test_a_file_that_is_no_text_is_refused_at_its_byte(tmp_path: Path) -> None:
    """Line and column of the first byte that is not UTF-8."""
    path = tmp_path / "p.yaml"
    path.write_bytes(b"schema: x\nname: \xff\n")

    with pytest.raises(InputError) as caught:
        protocol.load(path)

    assert [("P002", 2, 7)] == [(p.code, p.line, p.column) for p in caught.value.problems]


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    """A file that nobody writes by hand is not even parsed."""
    path = tmp_path / "p.yaml"
    path.write_bytes(b"a: 1\n" * 100_000)

    with pytest.raises(InputError) as caught:
        protocol.load(path)

    assert ["P003"] == [p.code for p in caught.value.problems]


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    """What cannot be opened is told as a problem of that file."""
    with pytest.raises(InputError) as caught:
        protocol.load(tmp_path / "none.yaml")

    assert ["P001"] == [p.code for p in caught.value.problems]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    """Editors on Windows write one; the first key is read all the same."""
    path = tmp_path / "p.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: x\n")

    with pytest.raises(InputError) as caught:
        protocol.load(path)

    assert "P012" not in [p.code for p in caught.value.problems]


_PIECES = st.sampled_from(
    ["schema: labctl.protocol/1\n", "steps:\n", "- ", "  ", "{", "}", "[", "]", ": ", ", ", "&a ",
     "*a", "!!x ", "'", '"', "|\n", ">\n", "$power", "1,5 W", "\t", "\n", "---\n", "%YAML 1.1\n",
     "irradiate", "repeat", "times", "until", "0", "\\U", "? ", "#", "\r", "\u2028", "\x00", "é"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@example('"\\UFFFFFFFF"')
@example("%YAML 9.9\n---\na: 1\n")
@example("? \n- a\n: b")
@given(st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=25).map("".join)))
def test_garbage_never_gives_anything_but_an_input_error(text: str) -> None:
    """Whatever stands in a file, the answer is problems with codes that exist."""
    codes = {p.code for p in refused(text)}

    assert codes
    assert codes <= set(yamlfile.CODES)


def test_every_code_is_told_somewhere() -> None:
    """No code is documented that nothing tells."""
    root = Path(__file__).parents[3] / "labctl"
    rooms = ("yamlfile", "quantities", "protocol", "bench", "sample", "engine")
    files = [f for room in rooms for f in (root / room).glob("*.py") if f.name != "_codes.py"]
    text = "".join(file.read_text("utf-8") for file in files)

    assert [] == [code for code in yamlfile.CODES if f'"{code}"' not in text]
