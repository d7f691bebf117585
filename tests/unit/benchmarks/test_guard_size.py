"""How the guard's size and coverage are counted; the tests themselves are run by the benchmark."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks import guard
from benchmarks.guard import size

CODE = '''"""Words, of
two lines."""

# A comment.
import os  # One.


def told(
    name: str,
) -> str:
    """Words."""
    return """a text
of two lines"""
'''


def of(branches: int, taken: int, missed: int = 0) -> dict[str, Any]:
    """A file, as coverage tells it."""
    return {
        "summary": {"num_branches": branches, "covered_branches": taken, "missing_lines": missed}
    }


def test_lines_of_code_are_neither_blank_nor_comment_nor_docstring(tmp_path: Path) -> None:
    """An import, a head of three lines, and a text of two that is no docstring."""
    (tmp_path / "a.py").write_text(CODE)

    assert 6 == size.lines_of_code(tmp_path / "a.py")


def test_the_size_is_the_first_part_and_beside_it_stand_the_rooms_below() -> None:
    """The first figure needs no test to be run."""
    figure = next(iter(size.measure("short")))

    assert "size" == guard.PARTS[0]
    assert ("lines of the guard's own code", True) == (figure.name, figure.holds)
    assert figure.value == size.sizes().guard > 400
    assert all(room in figure.beside for room in ("evidence", "talk", "trying"))


def test_the_tests_are_those_of_every_commit() -> None:
    """What .ci/run goes through with coverage, and what of."""
    said = (size.ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert " ".join(("pytest -q", *size.TESTS)) in said
    assert " ".join(f"--cov={room}" for room in size.COVERED) + " --cov-branch" in said


def test_branches_are_those_of_the_guard_and_of_the_others() -> None:
    """By the folder of each file."""
    files = {
        "labctl/guard/_off.py": of(10, 9),
        "labctl/guard/process/_process.py": of(4, 4),
        "labctl/talk/_wire.py": of(6, 6),
        "labctl/synced.py": of(4, 2),
    }
    own = size.branches_of({"files": files}, guard=True)
    below = size.branches_of({"files": files}, guard=False)

    assert (14, 13, False) == (own.count, own.taken, own.whole)
    assert 100 * 13 / 14 == pytest.approx(own.percent)
    assert (10, 80.0) == (below.count, below.percent)


def test_a_line_that_is_never_reached_is_not_whole() -> None:
    """Also where every branch was taken, or there is none."""
    report = {"files": {"labctl/guard/_off.py": of(0, 0, missed=1)}}

    assert not size.branches_of(report, guard=True).whole
    assert 100.0 == size.branches_of(report, guard=True).percent
    assert size.branches_of({"files": {"labctl/guard/_off.py": of(2, 2)}}, guard=True).whole


def test_tests_that_fail_say_nothing_of_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmark ends with what they said."""

    def fails(*how: object, **more: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess((), 1, "1 failed", "")

    monkeypatch.setattr(subprocess, "run", fails)
    with pytest.raises(SystemExit, match="1 failed"):
        list(size.measure("short"))
