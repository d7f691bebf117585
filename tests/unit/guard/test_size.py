"""How large the guard is, and what its process brings with it.

600 lines were asked for, to be read in one sitting. What decides and lights has twice that: docs/
explanation/guard.md says what is in it. The process around it, and what tries a gate in the dark
for commissioning, are counted by themselves. The bounds keep all three from growing unseen.
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
COMMISSIONING = ("trying.py",)
MOST_INSIDE, MOST_PROCESS, MOST_COMMISSIONING = 1260, 375, 96
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


def test_the_guard_stays_small() -> None:
    """What decides and lights, what makes a process of it, and what tries a gate in the dark and is
    in no run, each below its bound."""
    trying = sum(lines_of_code(GUARD / name) for name in COMMISSIONING)
    inside = sum(lines_of_code(p) for p in GUARD.glob("*.py") if p.name not in COMMISSIONING)
    process = sum(lines_of_code(p) for p in (GUARD / "process").glob("*.py"))
    assert trying <= MOST_COMMISSIONING, trying
    assert inside <= MOST_INSIDE, inside
    assert process <= MOST_PROCESS, process


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
