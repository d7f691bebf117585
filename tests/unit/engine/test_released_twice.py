"""A released fraction as a condition: no single measurement opens a gate."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from labctl.engine._conditions import Look
from labctl.protocol import Released

OUT = Released("quinidine", 0.8, None, 0.95)


class Measured:
    """A run in which each assay brings the next odds of the list."""

    def __init__(self, odds: list[float | None]) -> None:
        self._odds = odds
        self.assays: Counter[str] = Counter()
        self.now_ns = 0
        self.sampler = SimpleNamespace(energy_j=0.0)
        self.release = SimpleNamespace(probability=lambda asked: self._odds.pop(0))


def met(odds: list[float | None], *, twice: bool) -> list[bool]:
    """Whether it is met after each assay of the species, each looked at three times, with one of
    another species in between."""
    run: Any = Measured(list(odds))
    look = Look(run, OUT, 0, twice=twice)
    found = []
    for _ in odds:
        run.assays["quinidine"] += 1
        seen = {look.met() for _ in range(3)}
        run.assays["doxorubicin"] += 1
        assert seen == {look.met()}
        found.append(seen.pop())
    return found


@pytest.mark.parametrize(
    ("odds", "opens"),
    [
        ([0.97, 0.5, 0.96, 0.97], [False, False, False, True]),
        ([0.2, 0.95, 0.95], [False, False, True]),
        ([0.97, None, 0.97, 0.94, 0.99], [False] * 5),
    ],
)
def test_a_gate_opens_after_two_good_measurements_in_a_row(
    odds: list[float | None], opens: list[bool]
) -> None:
    """Of its own species: looking again, or a measurement of another, is no second one."""
    assert opens == met(odds, twice=True)


def test_what_is_required_at_that_moment_is_looked_at_once() -> None:
    """What a gate requires has to hold when the gate would open."""
    assert [False, True, False] == met([0.5, 0.96, 0.5], twice=False)
