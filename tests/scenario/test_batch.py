"""A batch judged by runs of the simulated bench."""

from __future__ import annotations

from pathlib import Path

from labctl.batch import Answer, loads_limits, release
from labctl.sample import find
from tests.scenario.runs import run

LIMITS = """\
schema: labctl.release-limits/1
name: limits
sample: pda-aminoacid
protocol: heating-curve
reference:
  sample: polydopamine
  measured: {{efficiency: {{low: 10 %, high: 90 %}}}}
  within: 1 h
measured:
  efficiency: {{low: {low} %, high: 90 %}}
accept_placeholders: true
"""


def test_runs_of_a_lot_and_of_the_reference_before_it_release_or_do_not(tmp_path: Path) -> None:
    """From a run's journal to the verdict of a lot; the lot is the one of its sample file."""
    file = tmp_path / "lot.yaml"
    file.write_text(find("pda-aminoacid").read_text("utf-8") + "lot: A25\n")
    runs = tmp_path / "runs"
    run(runs, sample="polydopamine")
    run(runs, sample=str(file))

    wide, narrow = (release(loads_limits(LIMITS.format(low=low)), (), runs) for low in (10, 80))

    assert [("A25", Answer.PASS)] == [(lot.lot, lot.answer) for lot in wide.lots]
    assert [("A25", Answer.FAIL)] == [(lot.lot, lot.answer) for lot in narrow.lots]
    assert "SIMULATED" == wide.mode
    assert any("absorbance of the sample is a placeholder" in note for note in wide.notes)
