"""`labctl plan --predict`: the plan by the simulator, through the engine, and nothing kept."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from labctl.cli import main

TEXT = """\
schema: labctl.protocol/1
name: short
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
steps:
  - baseline: {for: 10 s}
  - name: Heat
    irradiate: {power: 1 W, for: 60 s}
  - cool: {for: 10 s}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A short protocol, in a folder that must stay as it is."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "short.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_the_predicted_curve_is_a_simulated_run_and_says_so(file: Path) -> None:
    """Every step with its temperatures; for programs the curve; no record is left."""
    result = CliRunner().invoke(main, ["plan", str(file), "--predict", "--json"])

    assert 0 == result.exit_code, result.output
    found = json.loads(result.output)["predicted"]
    assert ("completed", "pda-aminoacid", 1) == (found["outcome"], found["sample"], found["seed"])
    assert "placeholders" in found["by"]
    dark, lit, _ = found["steps"]
    assert lit["highest_degc"] > dark["highest_degc"] + 3.0
    assert len(found["t_s"]) == len(found["probe_degc"]) > 100
    assert [file] == list(file.parent.iterdir())


def test_the_predicted_curve_can_be_drawn(file: Path) -> None:
    """As the figure of a run."""
    figure = file.parent / "predicted.svg"

    result = CliRunner().invoke(main, ["plan", str(file), "--figure", str(figure)])

    assert 0 == result.exit_code, result.output
    assert "2 Heat: " in result.output
    assert figure.read_text("utf-8").lstrip().startswith(("<?xml", "<svg"))


def test_a_prediction_touches_no_hardware(file: Path) -> None:
    """Of a bench that is not simulated in-process nothing is predicted."""
    text = Path(__file__).parents[3].joinpath("protocols/benches/simulated.yaml").read_text("utf-8")
    bench = file.parent / "real.yaml"
    bench.write_text(text.replace("sim://", "tcp://127.0.0.1:1/?"), encoding="utf-8")

    result = CliRunner().invoke(main, ["plan", str(file), "--predict", "--bench", str(bench)])

    assert 0 != result.exit_code
    assert "predicted" not in result.output


def test_a_predicted_release_says_what_is_out_at_the_end_of_each_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the simulated assays, beside the temperatures."""
    monkeypatch.chdir(tmp_path)
    words = ["plan", "triggered-release", "--bench", "simulated-release", "--predict"]
    few = ["-p", "measurements=4", "-p", "every=2min"]

    result = CliRunner().invoke(main, [*words, *few])

    assert 0 == result.exit_code, result.output
    assert re.search(r"2 Follow: .*released quinidine \d+ %, doxorubicin \d+ %", result.output)
