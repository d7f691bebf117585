"""Bench, sample and blank files -> priors."""

import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from labctl import bench as benches
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.clock import NS
from labctl.errors import InputError
from labctl.events import Beam, Event, RunEnded, Verdict
from labctl.monitor import Kind, Priors, priors_for, read_blank
from labctl.photothermal import BlankResult, Inputs
from labctl.record import Journal
from labctl.sample import Specimen
from tests.unit.monitor.story import INPUTS, events, fixed, heat_per_watt, play
from tests.unit.photothermal.cell import Cell, curve

SHIPPED = Path(__file__).parents[3] / "protocols"


@pytest.fixture(scope="module")
def bench() -> BenchFile:
    """The shipped simulated bench."""
    return benches.load(SHIPPED / "benches" / "simulated.yaml")


@pytest.fixture(scope="module")
def particles() -> Specimen:
    """The shipped dispersion."""
    return samples.load(SHIPPED / "samples" / "pda-aminoacid.yaml")


def _priors(
    bench: BenchFile, specimen: Specimen | None, blank: BlankResult | None = None
) -> tuple[Priors, str]:
    priors, said = priors_for(
        bench, specimen, blank=blank, has_ambient=True, has_meter=True, nominal_power_w=1.0
    )
    return priors, "; ".join(said)


def test_shipped_files_make_an_efficiency(bench: BenchFile, particles: Specimen) -> None:
    """The shipped bench and dispersion state all that an efficiency needs."""
    priors, said = _priors(bench, particles)

    assert Kind.EFFICIENCY == priors.kind
    assert "no blank was named" in said
    assert "the absorbance of the sample is a placeholder" in said


def test_shipped_water_is_a_blank(bench: BenchFile) -> None:
    """Water makes a blank run."""
    water = samples.load(SHIPPED / "samples" / "water.yaml")

    assert Kind.BLANK == _priors(bench, water)[0].kind


def test_no_sample_gives_rates_only(bench: BenchFile) -> None:
    """Without a sample file there is no efficiency, and what is missing is named."""
    priors, said = _priors(bench, None)

    assert Kind.RATE == priors.kind
    assert "volume" in said


def test_absorbance_at_another_line_is_not_used(bench: BenchFile, particles: Specimen) -> None:
    """An absorbance at 650 nm says nothing of a laser at 808 nm."""
    priors, said = _priors(bench, replace(particles, wavelength_m=650e-9))

    assert Kind.RATE == priors.kind
    assert "650 nm" in said


def test_absorbance_follows_the_path(bench: BenchFile, particles: Specimen) -> None:
    """An absorbance over 5 mm is twice that over the vessel's 10 mm, and this is said."""
    priors, said = _priors(bench, replace(particles, path_m=0.005))

    assert priors.inputs.absorbance is not None
    assert 2.0 == pytest.approx(priors.inputs.absorbance.value)
    assert "scaled" in said


def test_water_is_not_known_everywhere(bench: BenchFile, particles: Specimen) -> None:
    """At 980 nm water's coefficient at 808 nm must not stand in: a blank is asked for."""
    priors, said = _priors(
        replace(bench, wavelength_m=980e-9), replace(particles, wavelength_m=980e-9)
    )

    assert Kind.RATE == priors.kind
    assert "a blank run" in said


@cache
def _played(inputs: Inputs) -> tuple[list[Event], Verdict]:
    """What was told in a run, and its verdict."""
    cell = Cell(heat_per_watt=heat_per_watt(0.0, inputs) if not inputs.particles else 0.38)
    told = events(curve(cell, seed=31, heat_s=400.0))
    return told, play(told, fixed(inputs))[0].verdict(800 * NS)


def _record(
    folder: Path, *, inputs: Inputs = INPUTS, closed: bool = True, verdict: str = "pass"
) -> Path:
    """A run's folder with its journal."""
    folder.mkdir()
    told, found = _played(inputs)
    journal = Journal(folder / "journal.jsonl", real_time=False)
    for event in (fixed(inputs), *told):
        journal.append(event)
    journal.append(replace(found, verdict=verdict))
    if closed:
        journal.append(
            RunEnded(800 * NS, "completed", "", 0, "pass", Beam.OFF, "read back", 1, 1.0)
        )
    journal.close()
    return folder


BLANK = replace(INPUTS, absorbance=None, particles=False)


def test_blank_is_read(tmp_path: Path, bench: BenchFile, particles: Specimen) -> None:
    """A closed blank run that passed gives what it knows of the cell together, its solvent's
    heat, and the hash of its record."""
    blank = read_blank(_record(tmp_path / "blank", inputs=BLANK))

    priors, said = _priors(bench, particles, blank)
    assert blank.cell is not None
    assert priors.bank.log_covariance is not None
    loss = math.exp(blank.cell.mean[1]) * blank.cell.heat_capacity_j_per_k
    assert loss == pytest.approx(priors.bank.heat_loss_w_per_k)
    assert blank.heat_loss_w_per_k == pytest.approx(loss, rel=0.1)
    assert 0.0223 == pytest.approx(blank.solvent_share, rel=0.15)
    assert blank.head_hash[:12] in said


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"inputs": BLANK, "closed": False}, "cut off"),
        ({"inputs": BLANK, "verdict": "cannot tell"}, "cannot tell"),
        ({"inputs": INPUTS}, "not a solvent"),
    ],
)
def test_bad_blanks_are_refused(tmp_path: Path, arguments: dict[str, Any], why: str) -> None:
    """A run that was cut off, did not pass or had particles is no blank; the error says which."""
    folder = _record(tmp_path / "blank", **arguments)

    with pytest.raises(InputError, match=why):
        read_blank(folder)


def test_any_folder_is_not_a_blank(tmp_path: Path) -> None:
    """A folder without a journal is refused with what to name instead."""
    with pytest.raises(InputError, match="folder of a run"):
        read_blank(tmp_path)
