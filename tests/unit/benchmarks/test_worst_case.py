"""A slice of the drawn protocols that are held against their worst case."""

from __future__ import annotations

from benchmarks.protocols.worst_case import carried_out


def test_no_drawn_run_takes_longer_than_its_worst_case() -> None:
    """Also with steps that are late, and a person who is asked then."""
    runs = carried_out(4)

    assert max(runs.over_s) <= 0.0
    assert sum(runs.verbs.values()) > 8
    assert runs.outcomes["completed"] >= 3
