"""The dose of a whole run: in its record, on its screen, and the same from its files."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest

from benchmarks.check.dose import cell
from labctl.events import Dose, DoseBasis, RunEnded
from labctl.photothermal import ProbeTrust, thermal_dose
from tests.scenario.runs import Story, run

HOT = ("baseline=5s", "heat=4min", "cool=30s", "power=1.9W")


@pytest.fixture(scope="module")
def hot(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A run that goes well above 43 degC."""
    return run(tmp_path_factory.mktemp("runs"), parameters=HOT)


def test_the_dose_of_a_run_is_that_of_its_table(hot: Story) -> None:
    """CEM43 and Omega from the columns of data.csv are those of the record; the numbers are not
    close to nothing."""
    with (hot.result.folder.path / "data.csv").open() as file:
        rows = list(csv.DictReader(file))
    basis = hot.of(DoseBasis)[0]
    told = hot.of(Dose)[0].results
    again = thermal_dose(
        [float(row["time_s"]) for row in rows],
        [float(row["probe_temperature_degC"]) for row in rows],
        ProbeTrust(basis.probe_tolerance_k, basis.lag_s, basis.lag_sd_s),
    )
    assert again.cem43_min.value > 1.0
    for end in ("low", "value", "high"):
        assert told["cem43"][end] == pytest.approx(getattr(again.cem43_min, end), rel=1e-3)
        assert told["arrhenius_skin"][end] == pytest.approx(
            getattr(again.damage[0].omega, end), rel=1e-3
        )
    assert told["peak_temperature"]["value"] == again.peak_degc


def test_the_energy_of_the_dose_is_that_of_the_engine(hot: Story) -> None:
    """Folded from the events it comes to what was counted while sampling."""
    assert hot.of(Dose)[0].energy_j == pytest.approx(hot.ended.energy_j, abs=2e-3)
    assert hot.ended.energy_j > 400.0


def test_the_light_of_the_dose_is_that_of_the_protocol(hot: Story) -> None:
    """Lit as long as the step was, and the value stands between its bounds."""
    energy = hot.of(Dose)[0].results["energy"]
    assert math.isclose(energy["lit_s"], 240.0, abs_tol=2.0)
    assert energy["low"] < energy["value"] < energy["high"]


def test_run_json_carries_the_dose(hot: Story) -> None:
    """With its words, so that a person who opens it finds them."""
    told = json.loads((hot.result.folder.path / "run.json").read_text())["dose"]
    dose = hot.of(Dose)[0]
    assert dose.results["cem43"] == told["cem43"]
    assert list(dose.words) == told["words"]


def test_the_dose_is_told_before_the_last_word(hot: Story) -> None:
    """Once, after the beam is off and before the run has ended."""
    kinds = [type(event) for event in hot.events]
    assert 1 == kinds.count(Dose) == kinds.count(DoseBasis)
    assert kinds.index(Dose) < kinds.index(RunEnded)


def test_no_word_of_the_record_says_safe(hot: Story) -> None:
    """Neither of the dose, nor of anything else in the record."""
    folder: Path = hot.result.folder.path
    for name in ("run.json", "journal.jsonl"):
        assert "safe" not in (folder / name).read_text().lower()


@pytest.mark.parametrize("seed", [1, 2, 4, 5])
def test_the_bounds_hold_the_dose_of_the_liquid_around_the_bead(seed: int) -> None:
    """Cells of the simulated world, which knows that temperature and shares no code with the dose;
    the bounds are not so wide that they would hold anything."""
    found = cell(seed)
    cem43 = found.told.results["cem43"]
    assert found.true_min > 1.0
    assert found.holds
    assert cem43["high"] / cem43["low"] < 6.0
