"""`labctl.load`: pandas and xarray with units, and nothing heavy before they are asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import labctl
from benchmarks.records import _read_back as back
from labctl.errors import RecordError, RefusedError
from labctl.record import read_journal
from tests.unit.export import records


def test_importing_labctl_imports_none_of_it() -> None:
    """Neither the package nor what `load` is made of."""
    code = "import labctl, sys; labctl.load; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert {m for m in done.stdout.split() if m.partition(".")[0] == "labctl"} == {"labctl"}
    assert not {"pandas", "xarray", "numpy", "labctl.export"} & set(done.stdout.split())


def test_a_record_is_loaded_without_pandas(tmp_path: Path) -> None:
    """Events, facts and units are there; what needs a package says so when it is asked for."""
    folder = records.golden("heating", tmp_path)
    code = (
        "import sys\n"
        "for name in ('pandas', 'xarray', 'pyarrow', 'h5py', 'event_model'):\n"
        "    sys.modules[name] = None\n"
        "import labctl\n"
        "from labctl.errors import RefusedError\n"
        f"run = labctl.load({str(folder)!r})\n"
        "print(len(run.events), run.units['probe_temperature'])\n"
        "for what in (run.to_pandas, run.to_xarray):\n"
        "    try:\n"
        "        what()\n"
        "    except RefusedError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("128 degC\n")
    assert 2 == done.stdout.count("pip install 'labctl[export]'")


def test_pandas_has_the_readings_with_units_and_reasons(tmp_path: Path) -> None:
    """By time, one row a sample."""
    folder = records.awkward(tmp_path)
    run = labctl.load(folder)
    frame = run.to_pandas()

    assert back.frame_back(frame, run.events)
    assert "time" == frame.index.name
    assert set(frame.attrs["units"]) <= {*frame.columns, "time"}
    assert "heating-curve" == frame.attrs["run"]["protocol"]


def test_xarray_has_the_readings_with_units_and_reasons(tmp_path: Path) -> None:
    """Each variable with its own unit, and the name of what tells its quality."""
    folder = records.awkward(tmp_path)
    run = labctl.load(folder / "journal.jsonl")
    data = run.to_xarray()

    assert back.dataset_back(data, run.events)
    assert "s" == data["time"].attrs["units"]
    assert "W/K" == data["heat_loss_coefficient"].attrs["units"]


def test_a_dataset_goes_to_netcdf_and_back(tmp_path: Path) -> None:
    """What xarray is given, it can also write."""
    import xarray as xr

    data = labctl.load(records.awkward(tmp_path)).to_xarray()
    data.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as again:
        xr.testing.assert_identical(data, again)


def test_load_says_what_became_of_the_record(tmp_path: Path) -> None:
    """A run that was cut off is loaded as far as it is good, and called so."""
    folder = records.golden("cut-off", tmp_path)
    run = labctl.load(str(folder))

    assert "cut off" in repr(run)
    assert run.events == read_journal(folder / "journal.jsonl").events
    assert {} == run.facts
    assert folder == run.path
    assert "cut off" == run.description.state


def test_no_record_is_one_clear_error(tmp_path: Path) -> None:
    """With what to name instead."""
    with pytest.raises(RecordError, match=r"journal\.jsonl"):
        labctl.load(tmp_path)
    assert not issubclass(RecordError, RefusedError)
