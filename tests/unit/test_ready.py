"""From names to a run that is ready: what is taken, assumed and refused before anything is touched;
and a plan as programs and the page have it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labctl import protocol as protocols
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.errors import InputError, LabctlError, RefusedError
from labctl.ready import (
    DEFAULT_SAMPLE,
    NONE,
    Order,
    choose,
    folders,
    home,
    limits_used,
    lit_sources,
    load_bench,
    load_sample,
    plan_told,
    ready,
    series_of,
)

QUICK = ("baseline=5s", "heat=60s", "cool=5s", "every=1s")


@pytest.fixture
def bench() -> BenchFile:
    return load_bench("simulated")[0]


def order(folder: Path, **more: Any) -> Order:
    given: dict[str, Any] = {"protocol": "heating-curve", "parameters": QUICK, **more}
    return Order(runs_dir=folder, **given)


def real(bench: BenchFile) -> BenchFile:
    """The same with addresses that make no claim to be simulated."""
    return bench.with_addresses(
        {key: f"socket://127.0.0.1:{4000 + n}" for n, key in enumerate(bench.instruments)}
    )


def speed(plan: Any, way: Any) -> float:
    return 1.0 if way.real else 7.0


def test_a_bench_is_taken_with_why() -> None:
    """By its name; one that there is not is told."""
    file, why = load_bench("simulated")
    assert "simulated" == file.name
    assert why
    with pytest.raises(LabctlError, match="simulatd"):
        load_bench("simulatd")


def test_no_sample_is_none_and_a_wrong_one_is_told() -> None:
    """None stays None."""
    assert load_sample(None) is None
    assert "water" == getattr(load_sample("water"), "name", "")
    with pytest.raises(LabctlError, match="watr"):
        load_sample("watr")


def test_parameters_seed_and_speed_go_into_the_run(tmp_path: Path, bench: BenchFile) -> None:
    """As they were asked for; the speed by how the bench is reached."""
    asked = order(tmp_path, sample="water", seed=7, faults=("beam-off-sample=-30%@3s",))
    made = ready(asked, bench, speed)
    request = made.request
    assert ("water", 7, asked.faults, 7.0, tmp_path) == (
        getattr(request.specimen, "name", ""), request.seed, request.faults, request.speed,
        request.runs_dir,
    )  # fmt: skip
    assert not made.assumed
    assert 70.0 == request.plan.at_most_ns / 1e9
    assert 1.0 == ready(order(tmp_path, sample="water"), real(bench), speed).request.speed


def test_a_sample_is_assumed_on_a_simulated_bench_alone(tmp_path: Path, bench: BenchFile) -> None:
    """Where light is used: a default, and it is said; a blank is of the solvent. On a REAL bench
    nobody guesses what is in the cuvette."""
    made = ready(order(tmp_path), bench, speed)
    assert (True, DEFAULT_SAMPLE) == (made.assumed, getattr(made.request.specimen, "name", ""))
    blank = ready(order(tmp_path, protocol="blank", parameters=()), bench, speed)
    assert (True, "water") == (blank.assumed, getattr(blank.request.specimen, "name", ""))
    log = ready(order(tmp_path, protocol="log", parameters=()), bench, speed)
    assert (False, None) == (log.assumed, log.request.specimen)
    unknown = ready(order(tmp_path), real(bench), speed)
    assert (False, None) == (unknown.assumed, unknown.request.specimen)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"protocol": "heating-curv"}, InputError),
        ({"parameters": ("power=1000W",)}, InputError),
        ({"parameters": ("nonsense=1",)}, InputError),
        ({"sample": "watr"}, InputError),
        ({"calibration": "/nonexistent.json"}, LabctlError),
    ],
)
def test_what_is_wrong_is_refused_before_a_record(
    tmp_path: Path, bench: BenchFile, more: dict[str, Any], error: type[LabctlError]
) -> None:
    """Nothing lies in the folder for records afterwards; the same without the mistake is ready."""
    with pytest.raises(error):
        ready(order(tmp_path, **more), bench, speed)
    assert [] == list(tmp_path.iterdir())
    assert ready(order(tmp_path), bench, speed).request.check


def test_a_run_of_the_commissioning_has_no_check_and_needs_no_record_of_it(
    tmp_path: Path, bench: BenchFile
) -> None:
    """It is what makes that record."""
    strict = replace(bench, arming=replace(bench.arming, commissioned=True))
    made = ready(order(tmp_path, sample="water", commissions=True), strict, speed)
    assert (False, False) == (made.request.check, made.request.bench_file.arming.commissioned)
    usual = ready(order(tmp_path, sample="water"), strict, speed)
    assert (True, True) == (usual.request.check, usual.request.bench_file.arming.commissioned)


def test_a_series_is_its_runs_and_names_its_samples_itself(
    tmp_path: Path, bench: BenchFile
) -> None:
    """Each run is ready with its own sample; a sample beside it is refused."""
    series = order(tmp_path, protocol="concentration-series", parameters=())
    runs = series_of(series, bench)
    assert len(runs) > 1
    made = [ready(series, bench, speed, one=run).request for run in runs]
    assert len({one.plan.digest for one in made} | {one.specimen for one in made}) > 1
    assert all(one.specimen is not None for one in made)
    with pytest.raises(RefusedError, match="names its samples itself"):
        series_of(replace(series, sample="water"), bench)
    assert () == series_of(order(tmp_path), bench)


def test_calibrations_lie_beside_the_bench_or_here(
    tmp_path: Path, bench: BenchFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped bench's place is not written to; one's own bench has them beside it."""
    monkeypatch.chdir(tmp_path)
    beside, here = folders(bench)
    assert (home(bench), "simulated.calibrations") == (here, beside.name)
    own = replace(bench, source_file=str(tmp_path / "mine.yaml"))
    assert tmp_path / "mine.calibrations" == home(own)


def test_no_calibration_is_said(bench: BenchFile) -> None:
    """`none` is none, with a line that tells it; without one at hand there is nothing to say."""
    found, said = choose(NONE, bench, None, "")
    assert found is None and "--calibration none" in said[0]
    assert choose(None, bench, None, "seed 1")[0] is None


def test_a_plan_is_told_as_the_documented_object(bench: BenchFile) -> None:
    """JSON without a number that is none; energies add up; limits nearest first; the worst case is
    no shorter than the steps."""
    specimen = samples.load(samples.find("water"))
    plan = protocols.load(
        protocols.find("heating-curve"), ("power=1.5W", *QUICK), bench=bench, specimen=specimen
    )
    told = json.loads(json.dumps(plan_told(plan, bench, specimen), allow_nan=False))
    assert "labctl.plan/1" == told["schema"]
    steps = told["steps"]
    assert pytest.approx(told["energy_j"]) == sum(step["energy_j"] for step in steps)
    assert pytest.approx(1.5 * 60.0) == told["energy_j"]
    assert told["worst_case_s"] >= told["at_most_s"] == 70.0
    fractions = [limit["fraction"] for limit in told["limits"]]
    assert sorted(fractions, reverse=True) == fractions
    assert ("power", 0.75) == (told["limits"][0]["limit"], fractions[0])
    assert {"laser"} == set(told["off_latency"])
    assert told["light"]["irradiance_w_per_m2"] == pytest.approx(1.5 / 0.5e-4)
    assert "0 < efficiency <= 1" in {one["name"] for one in told["criteria"]}


def test_a_plan_without_light_uses_no_source(bench: BenchFile) -> None:
    """No off latency, no irradiance, no criteria; its time alone is held against a limit."""
    plan = protocols.load(protocols.find("log"), (), bench=bench)
    told = plan_told(plan, bench, None)
    assert () == lit_sources(plan)
    assert ({}, [], None) == (
        told["off_latency"], told["criteria"], told["light"]["fluence_j_per_m2"],
    )  # fmt: skip
    assert {"total"} >= {limit["limit"] for limit in limits_used(plan, bench)}
