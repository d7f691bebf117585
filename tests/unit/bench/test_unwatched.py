"""Rules that have nothing to look at on a bench are named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

from labctl import bench as benches
from labctl import sample as samples
from labctl.bench import BenchFile, unwatched
from labctl.cli import main
from labctl.sample import Specimen
from tests.scenario.runs import BENCHES, bench_file

FILE = bench_file("simulated")
PDA, WATER = (samples.load(samples.find(name)) for name in ("pda-aminoacid", "water"))


def test_a_bench_with_everything_leaves_no_rule_out() -> None:
    """Meter, readable interlock, and a count of readings."""
    assert [] == unwatched(FILE, "laser", None, PDA)
    assert [] == unwatched(bench_file("simulated-heater"), "heater", None, WATER, 0.5)


def test_each_rule_without_its_reading_is_named() -> None:
    """And why."""
    file = replace(
        FILE,
        roles={name: role for name, role in FILE.roles.items() if name != "meter"},
        vigilance=replace(FILE.vigilance, frozen_after=0),
        interlock_readable=False,
    )
    names = [line.partition(":")[0] for line in unwatched(file, "laser", None, PDA)]
    assert ["frozen", "power, power-mismatch", "interlock"] == names


@pytest.mark.parametrize(("deviation", "named"), [("30 %", []), ("100 %", ["power-mismatch"])])
def test_a_calibration_that_allows_no_power_at_all_leaves_too_little_power_unwatched(
    deviation: str, named: list[str]
) -> None:
    """Three of its deviations, and nothing at all is still within them."""
    text = (BENCHES / "simulated.yaml").read_text()
    assert "W/A, deviation: 3 %" in text
    file = benches.loads(text.replace("W/A, deviation: 3 %", f"W/A, deviation: {deviation}"))
    lines = unwatched(file, "laser", None, PDA)
    assert named == [line.partition(",")[0] for line in lines if line.startswith("power")]


@pytest.mark.parametrize(
    ("contents", "file", "expected"),
    [
        (None, FILE, ["frozen: no sample is named", "follow: no sample is named"]),
        (PDA, replace(FILE, vessel=None), ["frozen: the bench states no vessel",
                                           "follow: the bench states no vessel"]),
        (replace(PDA, absorbance=None), FILE, ["frozen: the sample states no absorbance",
                                               "follow, too small a rise: the sample states"]),
        (WATER, FILE, ["follow, too small a rise: 1 W makes no more than 0.14 K sure"]),
    ],
)  # fmt: skip
def test_how_a_sample_follows_the_light_is_told_to_be_unknown(
    contents: Specimen | None, file: BenchFile, expected: list[str]
) -> None:
    """With the reason: no sample, no vessel, no absorbance, too little power."""
    lines = unwatched(file, "laser", None, contents, 1.0)

    assert len(expected) == len(lines)
    assert all(line.startswith(words) for line, words in zip(lines, expected, strict=True)), lines


def test_a_plan_names_them() -> None:
    """A CNI supply cannot read its interlock."""
    done = CliRunner().invoke(
        main, ["plan", "heating-curve", "--bench", str(BENCHES / "simulated-cni.yaml")]
    )
    assert "not available on this bench: interlock" in done.output
    whole = CliRunner().invoke(
        main,
        ["plan", "heating-curve", "--bench", str(BENCHES / "simulated.yaml"),
         "--sample", "pda-aminoacid"],
    )  # fmt: skip
    assert "not available" not in whole.output
