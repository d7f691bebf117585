"""How large the guard is, and what its process brings with it.

At most 600 lines are asked for, to be read in one sitting; how they are counted is told where they
are (`benchmarks/guard/size.py`). The rooms below it, which know and carry, are held, so that
nothing grows there unseen.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks.guard.size import GOAL, sizes

MOST_COMMISSIONING, MOST_BELOW = 95, {"evidence": 470, "talk": 890}


def test_the_guard_is_at_most_six_hundred_lines() -> None:
    """Printed with what is below it (`pytest -s`)."""
    size = sizes()
    print(f"\nthe guard: {size.guard} lines of code, at most {GOAL}")
    print(f"in no run: guard.trying {size.trying}; below it, choosing nothing: {size.below}")
    assert size.guard <= GOAL
    assert size.trying <= MOST_COMMISSIONING
    assert MOST_BELOW.keys() == size.below.keys()
    assert all(size.below[room] <= most for room, most in MOST_BELOW.items())


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
