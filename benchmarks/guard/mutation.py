"""The guard without each of its rules in turn: how many tests fail.

Short: the tests of the rules as levels. Full: all tests of the guard, the stories of every rule,
and the whole runs under faults; a rule is needed when a test fails without it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks._figures import Figure
from benchmarks.guard._without import NAME, names

ROOT = Path(__file__).resolve().parents[2]
SHORT = ("tests/unit/guard/test_rules.py",)
FULL = (
    "tests/unit/guard",
    "tests/safety",
    "tests/scenario/test_faults.py",
    "tests/scenario/test_gates.py",
)
_COUNTED = re.compile(r"(\d+) (passed|failed|error)")


def measure(profile: str) -> Iterator[Figure]:
    """One figure a rule, after one with none taken out."""
    where = SHORT if profile == "short" else FULL
    failed, passed = _tests("", where)
    yield Figure(
        "tests that fail with every rule in place",
        failed,
        f"of {failed + passed}",
        profile,
        goal="none",
        holds=failed == 0 and passed > 0,
    )
    for name in names():
        failed, passed = _tests(name, where)
        yield Figure(
            f"tests that fail without the rule {name}",
            failed,
            f"of {failed + passed}",
            profile,
            goal="at least one",
            holds=failed > 0,
        )


def _tests(without: str, where: tuple[str, ...]) -> tuple[int, int]:
    """(failed, passed)."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider",
         "--tb=no", "-p", "benchmarks.guard._without", *where],
        cwd=ROOT,
        env={**os.environ, NAME: without, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    counts = {word: int(number) for number, word in _COUNTED.findall(done.stdout)}
    if done.returncode not in (0, 1) or "passed" not in counts:
        raise SystemExit(done.stdout[-2000:] + done.stderr[-2000:])
    return counts.get("failed", 0) + counts.get("error", 0), counts["passed"]
