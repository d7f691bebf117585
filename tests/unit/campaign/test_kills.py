"""A campaign killed at random moments and taken up again: the short form of the benchmark.

In a process of its own: it forks, which a process with threads should not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_kills_repeat_no_irradiation_and_lose_no_finished_run() -> None:
    """Counted from the records, not from the log."""
    roots = (ROOT, ROOT / "drivers", ROOT / "simulators")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.protocols._campaign_kills", "3"],
        capture_output=True, text=True, check=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))},
    )  # fmt: skip
    found = json.loads(done.stdout)

    assert (3, 0, 0, 0) == (
        found["kills"], found["irradiated_twice"], found["lost"], found["not_made"]
    )  # fmt: skip
