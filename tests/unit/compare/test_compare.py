"""Runs laid over each other: aligned at the light, and told where they cannot be compared."""

from __future__ import annotations

import math
import shutil
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labctl.compare import Told, aligned, compare, curve_difference, read_side
from labctl.errors import InputError
from labctl.events import Mode
from labctl.figure import Curve
from labctl.record import RunFolder
from tests.unit.compare.sides import curve, side
from tests.unit.record.some_events import run

GOLDEN = Path(__file__).parents[2] / "data" / "journals"


def test_runs_are_aligned_at_the_light() -> None:
    """Rises over each one's own baseline; a run lit later and on a warmer day looks the same."""
    late = replace(side("B"), lit_s=100.0, baseline_degc=25.0, probe=curve(
        lambda t_s: 25.0 + (0.1 * (t_s - 100.0) if t_s > 100.0 else 0.0), end_s=400.0,
    ))  # fmt: skip
    found = curve_difference(side("A"), late, rise=True)
    assert (-60.0, 240.0) == (found.t_s[0], found.t_s[-1])
    assert float(np.abs(found.value_k).max()) < 1e-9
    warmer = curve_difference(side("A"), late, rise=False)
    assert math.isclose(3.0, warmer.largest_k or 0.0, abs_tol=1e-9)


def test_the_difference_is_that_of_the_curves_whatever_their_periods() -> None:
    """On the axis of the coarser one; its largest value has its sign and its place."""
    other = replace(side("B"), probe=curve(
        lambda t_s: 22.0 + (0.05 * (t_s - 60.0) if t_s > 60.0 else 0.0), period_s=0.3,
    ))  # fmt: skip
    found = curve_difference(side("A"), other, rise=True)
    after = found.t_s > 1.0
    assert np.allclose(found.value_k[after], -0.05 * found.t_s[after], atol=1e-9)
    assert (-12.0, 240.0) == (round(found.largest_k or 0.0, 6), found.largest_at_s)


def test_nothing_is_told_across_a_gap() -> None:
    """A stretch without readings, or with some that gave no number, is one without a difference."""
    whole = curve(lambda t_s: 22.0)
    nan = array("d", (math.nan if 120.0 < t_s < 150.0 else 22.0 for t_s in whole.t_s))
    kept = [t_s for t_s in whole.t_s if not 120.0 < t_s < 150.0]
    for probe in (Curve(whole.t_s, nan), Curve(array("d", kept), array("d", [22.0] * len(kept)))):
        found = curve_difference(side("A"), replace(side("B"), probe=probe), rise=True)
        inside = (found.t_s > 60.0) & (found.t_s < 90.0)
        assert np.isnan(found.value_k[inside]).all()
        assert np.isfinite(found.value_k[~inside]).all()


def test_curves_that_never_meet_have_no_difference() -> None:
    """Nor has one without readings."""
    short = replace(side("B"), probe=curve(lambda t_s: 22.0, end_s=50.0), lit_s=-500.0)
    for other in (short, replace(side("B"), probe=Curve())):
        found = curve_difference(side("A"), other, rise=True)
        assert (None, None) == (found.rms_k, found.largest_k)


def test_a_run_that_was_never_lit_counts_from_its_beginning() -> None:
    """And its rise from its first reading; both are told."""
    dark = replace(side("B"), lit_s=None, baseline_degc=None)
    t_s, value = aligned(dark, rise=True)
    assert (0.0, 0.0) == (t_s[0], value[0])
    assert any("B: was never lit" in words for words in compare([side("A"), dark]).warnings)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"protocol": "on-off-cycles"}, "other protocols: A: heating-curve; B: on-off-cycles"),
        ({"mode": Mode.SIMULATED, "seed": 1}, "not of one mode: A: REAL; B: SIMULATED"),
        ({"bench": "bench-3"}, "other benches"),
        ({"protocol_digest": "q"}, "protocols of one name, heating-curve, that say different"),
        ({"bench_digest": "c"}, "bench files of one name"),
        ({"sample_digest": "t"}, "sample files of one name"),
        ({"version": "0.2.0"}, "made by other versions of labctl"),
        ({"outcome": "stopped"}, "B: ended as stopped"),
        ({"verdict": "fail"}, "B: the check says fail: reason"),
        ({"faults": ("bead-off",)}, "B: faults were injected: bead-off"),
        ({"assumptions": ("the absorbance is a placeholder",)}, "B: rests on placeholders"),
    ],
    ids=str,
)
def test_what_makes_runs_hard_to_compare_is_told(other: dict[str, Any], words: str) -> None:
    """And nothing is told of two that are alike."""
    assert () == compare([side("A"), side("B")]).warnings
    assert any(words in each for each in compare([side("A"), side("B", **other)]).warnings)


def test_another_cell_and_a_journal_without_an_end_are_told() -> None:
    """The cell by what the check started from."""
    cell = replace(side("B"), priors={"vessel": "well plate"})
    assert (
        "other cells: A: quartz cuvette, 10 mm; B: well plate"
        in compare([side("A"), cell]).warnings
    )
    cut = replace(side("B"), state="cut off", ended=None)
    assert any("its journal is cut off" in words for words in compare([side("A"), cut]).warnings)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_two_to_eight_runs_are_compared(count: int) -> None:
    """Each one once."""
    with pytest.raises(InputError, match="cannot be compared"):
        compare([side(letter) for letter in "ABCDEFGHI"[:count]])
    with pytest.raises(InputError, match="named twice"):
        compare([side("A"), replace(side("B"), run=side("A").run)])


def test_runs_of_one_name_in_two_places_are_two_runs(tmp_path: Path) -> None:
    """As of two laboratories on one day; then each is called by its whole path. One folder by two
    names is one run."""
    made = []
    for lab in ("here", "there"):
        folder = RunFolder.create(tmp_path / lab, "heating-curve", "water")
        journal = folder.open_journal(real_time=False)
        for event in run(30 if lab == "here" else 33):
            journal.append(event)
        folder.finish()
        made.append(folder.path)
    here, there = made
    found = compare([read_side(here, "A"), read_side(there, "B")])
    assert [str(here.resolve()), str(there.resolve())] == [side.run for side in found.sides]
    with pytest.raises(InputError, match="named twice"):
        compare([read_side(here, "A"), read_side(here / ".." / here.name, "B")])


def test_a_copy_of_a_run_is_no_second_measurement(tmp_path: Path) -> None:
    """Whatever the folder is called; nor is one simulated world that was run twice."""
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in run():
        journal.append(event)
    folder.finish()
    shutil.copytree(folder.path, tmp_path / "copy")
    found = compare([read_side(folder.path, "A"), read_side(tmp_path / "copy", "B")])
    assert any("A B have one journal" in words for words in found.warnings)
    assert not any("run.json" in words for words in found.warnings)


def test_a_journal_that_is_another_than_at_the_runs_end_is_told(tmp_path: Path) -> None:
    """A run.json that cannot be read says nothing of it."""
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in run():
        journal.append(event)
    folder.finish()
    facts = folder.path / "run.json"
    facts.write_text(facts.read_text().replace(journal.head_hash, "0" * 64))
    found = compare([side("A"), read_side(folder.path, "B")])
    assert any("B: its journal is not the one" in words for words in found.warnings)
    facts.write_text("{")
    found = compare([side("A"), read_side(folder.path, "B")])
    assert not any("its journal is not" in words for words in found.warnings)


def test_each_further_run_is_held_against_the_first() -> None:
    """And that some of many stand out by chance is said."""
    found = compare([side(letter) for letter in "ABCDEFGH"])
    assert [("A", letter) for letter in "BCDEFGH"] == [
        (each.first, each.second) for each in found.differences
    ]
    assert any("by chance" in words for words in found.remarks)
    assert any("replicates" in words for words in found.remarks)


def test_a_record_is_read_with_its_light_its_baseline_and_its_results(tmp_path: Path) -> None:
    """From its journal."""
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in run():
        journal.append(event)
    folder.finish()
    read = read_side(folder.path, "A")
    assert ("A", "closed", 1.0, 1.0) == (read.letter, read.state, read.lit_s, read.asked_w)
    assert read.completed and read.baseline_degc is not None
    assert 0.41 == (read.result("efficiency") or {})["value"]


def test_every_golden_journal_can_be_laid_beside_another(tmp_path: Path) -> None:
    """Also one of a log, of a run that was cut off, of one that tripped."""
    sides = []
    for letter, golden in zip("ABCDEFGH", sorted(GOLDEN.glob("*.jsonl")), strict=False):
        folder = tmp_path / "2026-01-31" / golden.stem
        folder.mkdir(parents=True)
        shutil.copy(golden, folder / "journal.jsonl")
        sides.append(read_side(folder, letter))
    found = compare(sides)
    assert 7 == len(found.curves) == len(sides) - 1
    assert {Told.CANNOT_TELL} == {each.told for each in found.differences if each.value is None}
