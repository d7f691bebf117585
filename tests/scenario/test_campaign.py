"""A whole small campaign through the command line, on the simulated bench."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labctl.cli import main
from labctl.platform import is_locked

PROTOCOL = """\
schema: labctl.protocol/1
name: quick
needs: {laser: laser, probe: thermometer}
record: {every: 1 s}
steps:
  - baseline: {for: 10 s}
  - irradiate: {power: 1.0 W, for: 60 s}
  - cool: {for: 10 s}
"""
CAMPAIGN = """\
schema: labctl.campaign/1
name: small
hypothesis: Particles get warmer than water.
protocol: quick.yaml
bench: simulated
seed: 3
replicates: 3
blind: true
arms:
  particles: {sample: polydopamine}
  medium: {sample: water, role: blank}
analysis: {primary: peak_temperature, compare_to: medium}
"""


def labctl(*words: object) -> int:
    """Run the command; returns its exit code."""
    with pytest.raises(SystemExit) as caught:
        main.main([str(word) for word in words])
    return int(caught.value.code or 0)


def test_a_campaign_is_run_taken_up_unblinded_and_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One run shown as any run is, the others side by side; nothing is made twice; the report names
    arms once it may, and finds the effect."""
    (tmp_path / "quick.yaml").write_text(PROTOCOL)
    (tmp_path / "campaign.yaml").write_text(CAMPAIGN)
    given = (tmp_path / "campaign.yaml", "--runs", tmp_path / "runs")

    labctl("campaign", "run", *given, "--yes", "--plain", "--at-most", 1)
    shown = capfd.readouterr().out
    labctl("campaign", "run", *given, "--quiet", "--yes", "--jobs", 2)
    labctl("campaign", "run", *given, "--quiet", "--yes", "--jobs", 2)
    capfd.readouterr()
    labctl("campaign", "status", *given, "--json")
    status = json.loads(capfd.readouterr().out)
    labctl("campaign", "report", *given)
    blind = capfd.readouterr().out
    labctl("campaign", "unblind", *given, "--by", "A. Lab", "--reason", "all runs are made")
    labctl("campaign", "report", *given)
    told = capfd.readouterr().out

    assert "SIMULATED" in shown
    assert 6 == len(status["runs"])
    assert {"completed"} == {run["outcome"] for run in status["runs"]}
    assert all(unit["made"] for unit in status["units"])
    assert "particles" not in blind
    assert "particles  3" in told
    assert "unblinded" in told
    journals = list((tmp_path / "runs").glob("*/*/journal.jsonl"))
    assert 6 == len(journals)
    assert not any(is_locked(journal) for journal in journals)
