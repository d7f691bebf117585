"""How large the guard is, and how much of it its tests go through.

Counted is everything that chooses: every line of labctl.guard, its process included, that is
neither blank, comment nor docstring, imports with them. What tries a gate in the dark for
commissioning is in no run; what the rooms below know and carry chooses nothing (decision 0034).
Both are told beside.
"""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks._figures import Figure

ROOT = Path(__file__).resolve().parents[2]
GOAL = 600
COMMISSIONING = "trying.py"
BELOW = ("evidence", "talk")
TESTS = ("tests/unit/guard", "tests/safety")
COVERED = ("labctl.guard", "labctl.evidence", "labctl.talk", "labctl.synced")
"""As `.ci/run` has it; all but the guard are told beside."""
_NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
            tokenize.ENDMARKER}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lines of code."""

    guard: int
    trying: int
    below: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Branches:
    """Of some files: how many ways there are, how many of them the tests took, and how many lines
    they never came to."""

    count: int
    taken: int
    lines_missed: int

    @property
    def percent(self) -> float:
        """100 where there are none."""
        return 100.0 * self.taken / self.count if self.count else 100.0

    @property
    def whole(self) -> bool:
        """Every way and every line."""
        return self.taken == self.count and not self.lines_missed


def lines_of_code(path: Path) -> int:
    """Lines that hold code: no blank one, no comment, no docstring."""
    text = path.read_text(encoding="utf-8")
    words: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            words.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NO_CODE:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code - words)


def sizes() -> Sizes:
    """Of the guard and of what is told beside it."""
    rooms = ROOT / "labctl"
    guard = rooms / "guard"
    own = [path for path in sorted(guard.rglob("*.py")) if path.name != COMMISSIONING]
    return Sizes(
        sum(map(lines_of_code, own)),
        lines_of_code(guard / COMMISSIONING),
        {room: sum(map(lines_of_code, (rooms / room).rglob("*.py"))) for room in BELOW},
    )


def branches_of(report: Mapping[str, Any], *, guard: bool) -> Branches:
    """From coverage's own JSON: of the guard's files, or of all others in it."""
    told = [
        one["summary"]
        for name, one in report["files"].items()
        if Path(name).as_posix().startswith("labctl/guard/") == guard
    ]
    return Branches(
        sum(one["num_branches"] for one in told),
        sum(one["covered_branches"] for one in told),
        sum(one["missing_lines"] for one in told),
    )


def measure(profile: str) -> Iterator[Figure]:
    """Both profiles are the same."""
    size = sizes()
    beside = ", ".join(f"{room} {lines}" for room, lines in size.below.items())
    yield Figure(
        "lines of the guard's own code",
        size.guard,
        "lines",
        profile,
        beside=f"{beside}, trying {size.trying}",
        goal=f"at most {GOAL}",
        holds=size.guard <= GOAL,
    )
    report = _covered()
    own, below = branches_of(report, guard=True), branches_of(report, guard=False)
    yield Figure(
        "branch coverage of the guard",
        own.percent,
        "%",
        profile,
        beside=f"{own.count} branches, {own.lines_missed} lines never reached; "
        f"evidence, talk and synced {below.percent:.4g} % of {below.count}",
        goal="100",
        holds=own.whole,
    )


def _covered() -> dict[str, Any]:
    """The guard's tests with coverage, in a process of their own; what coverage says."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "coverage.json"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short", *TESTS,
             *(f"--cov={room}" for room in COVERED), "--cov-branch", f"--cov-report=json:{said}"],
            cwd=ROOT,
            env={**os.environ, "COVERAGE_FILE": str(Path(folder) / "data")},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        # With a test that fails nothing is said of how far they go.
        if done.returncode != 0 or not said.exists():
            raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
        report: dict[str, Any] = json.loads(said.read_text(encoding="utf-8"))
        return report
