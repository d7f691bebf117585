"""`labctl plan` of a staged release and of a series: gates, dose, samples, seed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from labctl import bench, protocol
from labctl.cli import main
from labctl.engine import RunRequest, check_request

STAGED = """\
schema: labctl.protocol/1
name: staged
needs: {laser: laser, probe: thermometer, assay: assay, thermostat: thermostat, doser: doser}
limits: {temperature: 50 degC}
record: {every: 500 ms}
steps:
  - thermostat: {temperature: 37 degC, at_most: 1 h}
  - release: {species: [quinidine, doxorubicin], stimulus: {pH: 5.5}}
  - name: Order gate
    wait:
      until: {released: {species: quinidine, at_least: 80 %}}
      require: {released: {species: doxorubicin, at_most: 25 %}}
      abort_if: {above: {channel: probe, value: 41 degC}}
      at_most: 6 h
      assay_every: 5 min
  - sweep:
      param: p
      values: [1 W, 1.5 W]
      order: shuffled
      steps:
        - hold_temperature:
            between: [43 degC, 48 degC]
            power_limit: $p
            until: {cem43: 10 min}
            at_most: 15 min
        - cool: {for: 10 min}
"""
SERIES = """\
schema: labctl.protocol/1
name: series
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
steps:
  - for_each_sample:
      samples: [water, pbs]
      steps: [{irradiate: {power: 1 W, for: 25 min}}, {cool: {for: 1 min}}]
"""


def plan(tmp_path: Path, text: str, *options: str) -> str:
    """What `labctl plan` prints, its lines unfolded."""
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(main, ["plan", str(path), *options])
    assert 0 == result.exit_code, result.output
    return " ".join(result.output.split())


def test_a_staged_release_is_told_with_gates_dose_and_seed(tmp_path: Path) -> None:
    """What holds it, what ends it, and what a hold could do at most."""
    out = plan(tmp_path, STAGED, "--bench", "simulated-release", "--seed", "5")

    assert "Order gate: held, unless doxorubicin is released to at most 25 %" in out
    assert "ended as soon as probe is above 41 degC" in out
    assert "480 min at 43 degC at most, were it at 48 degC for all of its time" in out
    assert "the step ends at 10 min" in out
    assert "seed 5, from which orders are drawn" in out
    assert "medium 1 addition in steps of their own" in out


def test_a_series_is_told_as_its_runs(tmp_path: Path) -> None:
    """Limits are those of one run: twice 25 min are not 50 min, twice 1.5 kJ not 3 kJ."""
    told = json.loads(plan(tmp_path, SERIES, "--json"))

    assert ["water", "pbs"] == [run["id"] for run in told["samples"]]
    used = {entry["limit"]: entry["used"] for entry in told["limits"]}
    assert (1500.0, 1500.0) == (used["exposure"], used["energy"])
    assert "2 runs, 1 change of sample: water, pbs" in plan(tmp_path, SERIES)


RUN = ["--yes", "--plain", "--broker", "off", "--speed", "max", "--no-figure", "--runs"]


def test_a_series_is_run_as_one_record_a_sample(tmp_path: Path) -> None:
    """Decision 0021: each with its own sample, and the exit code of the worst."""
    path = tmp_path / "p.yaml"
    text = SERIES.replace("pbs", "{id: A50, of: pda-aminoacid, concentration: 50 ug/mL}")
    path.write_text(text.replace("25 min", "5 s").replace("1 min", "5 s"), encoding="utf-8")

    result = CliRunner().invoke(main, ["run", str(path), *RUN, str(tmp_path / "runs")])

    assert 7 == result.exit_code, result.output
    folders = sorted((tmp_path / "runs").glob("*/*/run.json"))
    assert ["001-series-water", "002-series-a50"] == [folder.parent.name for folder in folders]


def test_a_series_names_its_samples_itself(tmp_path: Path) -> None:
    """--sample beside it is refused before anything is begun."""
    path = tmp_path / "p.yaml"
    path.write_text(SERIES, encoding="utf-8")

    result = CliRunner().invoke(
        main, ["run", str(path), "--sample", "water", *RUN, str(tmp_path / "runs")]
    )

    assert 0 != result.exit_code
    assert not (tmp_path / "runs").exists()


def test_the_engine_carries_no_series_out_as_one_run(tmp_path: Path) -> None:
    """Who takes the plan of the whole is refused, whatever way it came."""
    file = bench.load(bench.find_bench("simulated").path)
    request = RunRequest(protocol.loads(SERIES, bench=file), file, None, tmp_path)

    with pytest.raises(RuntimeError, match="series is several runs"):
        check_request(request)


def test_a_series_gives_its_fluence_for_one_sample(tmp_path: Path) -> None:
    """1 W for 25 min on 0.5 cm2; not that of both samples together."""
    text = plan(tmp_path, SERIES, "--bench", "simulated")

    assert "fluence 3000 J/cm² of one sample" in text


def test_a_plan_of_a_release_says_which_numbers_of_the_bench_are_placeholders() -> None:
    """Every released fraction rests on the calibration of its assay."""
    runner = CliRunner()
    told = runner.invoke(main, ["plan", "triggered-release", "--bench", "simulated-release"])
    dark = runner.invoke(main, ["plan", "heating-curve", "--bench", "simulated-release"])

    assert "the calibration of the assay of quinidine" in told.output
    assert "the stock of acid" in told.output
    assert 0 == dark.exit_code
    assert "placeholders in the bench" not in dark.output
