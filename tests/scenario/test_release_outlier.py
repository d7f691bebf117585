"""Assays that go wrong in a whole simulated run: they are named, and open no gate."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.events import Assayed, GateLooked, ReleaseAssessed, RunEnded
from tests.scenario.runs import run

# Quinidine of this seed reaches 80 % after two hours.
GATE = """schema: labctl.protocol/1
name: order-gate
needs: {laser: laser, probe: thermometer, thermostat: thermostat, doser: doser, assay: assay}
limits: {temperature: 50 degC, total: 5 h}
record: {every: 1 s}
steps:
  - release: {species: [quinidine, doxorubicin], stimulus: {pH: 5.5, temperature: 37 degC}}
  - name: Order gate
    wait:
      until: {released: {species: quinidine, at_least: 80 %, probability: 95 %}}
      at_most: 50 min
      assay_every: 4 min
  - irradiate: {power: 200 mW, for: 10 s}
"""


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ("assay-outlier=+60%@2600s+1800s", "all measurements from then on"),
        ("assay-saturated@2600s", "no number any more"),
    ],
)
def test_a_bad_assay_lights_nothing(tmp_path: Path, fault: str, what: str) -> None:
    """Many outliers, or none but saturated ones: the gate is held, and the laser stays dark."""
    story = run(
        tmp_path, protocol=GATE, parameters=(), bench="simulated-release", seed=2, faults=(fault,)
    )
    (ended,) = story.of(RunEnded)
    assert "held" == ended.outcome, what
    assert [] == story.truth["emission"]
    gates = story.of(GateLooked)
    assert [False] == [gate.opened for gate in gates]


def test_one_outlier_is_named_and_forgotten(tmp_path: Path) -> None:
    """The assessment behind it counts one outlier and withholds the odds, the next gives them, and
    the gate, which is not due yet, is held."""
    story = run(
        tmp_path,
        protocol=GATE,
        parameters=(),
        bench="simulated-release",
        seed=2,
        faults=("assay-outlier=+60%@2600s",),
    )
    hit = next(e for e in story.of(Assayed) if e.t_ns > 2600 * 10**9)
    behind = [e.results[hit.species] for e in story.of(ReleaseAssessed) if e.t_ns >= hit.t_ns]
    assert [False] == [gate.opened for gate in story.of(GateLooked)]
    assert "the last measurement is an outlier" == behind[0]["why_none"]
    assert 1 == behind[0]["outliers"]
    assert "" == behind[-1]["why_none"]
    assert 1 == behind[-1]["outliers"]
