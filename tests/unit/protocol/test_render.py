"""Problems as text, JSON and annotations."""

from __future__ import annotations

import json

from labctl import protocol
from labctl.errors import Problem

PROBLEM = Problem(
    "P012", "unknown key 'powr'", "p.yaml", 12, 17, "  - irradiate: {powr: 1 W}", "Did you, 5 %?", 4
)


def test_a_terminal_shows_place_line_mark_and_help() -> None:
    """file:line:column, the line as it stands, a mark under the place, one line of help."""
    expected = """\
p.yaml:12:17: P012 unknown key 'powr'
   |
12 |   - irradiate: {powr: 1 W}
   |                 ^^^^
  help: Did you, 5 %?"""

    assert expected == protocol.render([PROBLEM])


def test_problems_are_parted_by_an_empty_line() -> None:
    """Several problems are several blocks."""
    assert 2 == len(protocol.render([PROBLEM, PROBLEM]).split("\n\n"))


def test_a_tab_does_not_move_the_mark() -> None:
    """The mark stands under the character also when the line begins with a tab."""
    lines = protocol.render([Problem("P005", "tab", "f", 1, 2, "\tx")]).splitlines()

    assert lines[2].index("x") == lines[3].index("^")


def test_json_is_one_object_a_line() -> None:
    """A program reads each problem from its own line."""
    lines = protocol.render_json([PROBLEM, PROBLEM]).splitlines()

    assert [("P012", 12), ("P012", 12)] == [
        (found["code"], found["line"]) for found in map(json.loads, lines)
    ]


def test_annotations_escape_what_would_end_them() -> None:
    """Per cent signs, line ends, colons and commas cannot break an annotation."""
    text = protocol.render_github([PROBLEM])

    expected = "::error file=p.yaml,line=12,col=17,title=P012::unknown key 'powr'. Did you, 5 %25?"
    assert expected == text
