"""Calibrations that are kept with a bench, and which of them a run may take."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from labctl.errors import InputError
from labctl.monitor import (
    files_in,
    fitting_calibration,
    load_calibration,
    store_calibration,
    why_not_used,
)
from labctl.photothermal import CellKnowledge, ElectricalCalibration

ROWS = tuple(tuple(1e-4 * (1.0 if i == j else 0.1) for j in range(6)) for i in range(6))
CELL = CellKnowledge(4.18, (-1.43, -5.16, -1.9, 0.095, 0.0, 0.004), ROWS)
KEPT = ElectricalCalibration(
    CELL, 0.002, 1e-6, "cuvette", bench="bench-2", date="2026-11-01", head_hash="ab" * 32
)
TODAY = date(2026, 11, 21)


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    """A calibration written beside its bench is the same when read, to the last bit."""
    path = store_calibration(KEPT, tmp_path / "bench.calibrations")

    assert KEPT == load_calibration(path)
    assert "2026-11-01-abababababab.json" == path.name


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({}, ""),
        ({"vessel": "another"}, "another"),
        ({"volume_m3": 1.1e-6}, "1.1 mL"),
        ({"date": "2026-08-01"}, "112 days old"),
        ({"date": ""}, "no date"),
        ({"world": "seed 3"}, "simulated cell of seed 3"),
    ],
)
def test_only_a_calibration_of_this_cell_is_taken(changed: dict[str, str], why: str) -> None:
    """Vessel, volume, age and world must fit; the reason says which does not."""
    said = why_not_used(
        replace(KEPT, **changed),  # type: ignore[arg-type]
        vessel="cuvette",
        volume_m3=1.01e-6,
        today=TODAY,
    )

    assert why in said
    assert bool(why) == bool(said)


def test_the_youngest_that_fits_is_taken(tmp_path: Path) -> None:
    """Of several the youngest one of this cell; those that do not fit are named with the reason."""
    for i, changed in enumerate(
        ({}, {"date": "2026-11-10"}, {"date": "2026-11-20", "vessel": "another"})
    ):
        store_calibration(replace(KEPT, head_hash=f"{i}" * 64, **changed), tmp_path)

    found, said = fitting_calibration(
        files_in((tmp_path, tmp_path / "missing")),
        vessel="cuvette",
        volume_m3=1e-6,
        today=TODAY,
    )

    assert found is not None
    assert "2026-11-10" == found.date
    assert 1 == len(said)
    assert "another" in said[0]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "labctl.calibration/2"}', "{not"])
def test_any_other_file_is_refused(tmp_path: Path, text: str) -> None:
    """What is no calibration is an error that says so, never a silent none."""
    path = tmp_path / "some.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match="no calibration"):
        load_calibration(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is not there is an error with its name."""
    with pytest.raises(InputError, match="cannot be read"):
        load_calibration(tmp_path / "gone.json")
