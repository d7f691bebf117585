"""How large the guard is, and what its process brings with it.

At most 600 lines are asked for, to be read in one sitting. Counted is everything that chooses:
every line of labctl.guard, its process included, that is neither blank, comment nor docstring,
imports with them. What tries a gate in the dark for commissioning is in no process and counted by itself;
and so are the rooms below, which know and carry (decision 0034): they are held, so that nothing
grows there unseen.
"""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

GUARD = Path(__file__).resolve().parents[3] / "labctl" / "guard"
COMMISSIONING = "trying.py"
GOAL, MOST_COMMISSIONING, MOST_BELOW = 600, 95, {"evidence": 470, "talk": 840}
_NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
            tokenize.ENDMARKER}  # fmt: skip


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


def test_the_guard_is_at_most_six_hundred_lines() -> None:
    """Printed with what is below it (`pytest -s`)."""
    modules = [p for p in sorted(GUARD.rglob("*.py")) if p.name != COMMISSIONING]
    own = sum(lines_of_code(path) for path in modules)
    trying = lines_of_code(GUARD / COMMISSIONING)
    below = {
        room: sum(lines_of_code(path) for path in (GUARD.parent / room).glob("*.py"))
        for room in MOST_BELOW
    }
    print(f"\nthe guard: {own} lines of code, at most {GOAL}; in no run: guard.trying {trying}")
    print("below it, choosing nothing: " + ", ".join(f"{r} {n}" for r, n in below.items()))
    assert own <= GOAL
    assert trying <= MOST_COMMISSIONING
    assert all(below[room] <= most for room, most in MOST_BELOW.items())


@pytest.fixture(scope="module")
def brought() -> dict[str, object]:
    """What the process has imported when it is ready to be told what to hold, and what it cost."""
    code = (
        "import json, sys, time, labctl.guard.process._process\n"
        "print(json.dumps({'modules': sorted(sys.modules), 'cpu_s': time.process_time()}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said: dict[str, object] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("heavy", ["numpy", "pydantic", "ruamel", "yaml", "structlog", "click"])
def test_the_process_imports_nothing_heavy(brought: dict[str, object], heavy: str) -> None:
    """Few dependencies: none of those that the run needs."""
    modules = brought["modules"]
    assert isinstance(modules, list)
    assert heavy not in {name.partition(".")[0] for name in modules}


def test_the_process_brings_nothing_that_is_for_commissioning(brought: dict[str, object]) -> None:
    """What lets a gate through outside a run is not there in one."""
    modules = brought["modules"]
    assert isinstance(modules, list)
    assert "labctl.guard.trying" not in modules


def test_the_process_is_there_quickly(brought: dict[str, object]) -> None:
    """Half a second of the processor at most, until it can be told what to hold."""
    assert isinstance(brought["cpu_s"], float)
    assert brought["cpu_s"] < 0.5
