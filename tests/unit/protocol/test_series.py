"""A protocol over several samples is several runs (decision 0021)."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl import bench, protocol, sample
from labctl.errors import InputError, RefusedError
from labctl.protocol import Prompt

HEAD = """\
schema: labctl.protocol/1
name: concentration
needs: {laser: laser, probe: thermometer, ambient: thermometer}
limits: {total: 40 min}
record: {every: 500 ms}
"""
SERIES = """\
steps:
  - for_each_sample:
      of: pda-aminoacid
      samples:
        - {id: water, concentration: 0 ug/mL}
        - {id: A25, concentration: 25 ug/mL}
        - pbs
      prompt: Put in $sample.id, press Enter.
      steps:
        - baseline: {for: 60 s}
        - irradiate: {power: 1 W, for: 10 min}
        - cool: {for: 15 min}
"""


def problems(text: str, **how: object) -> list[tuple[str, int]]:
    """Code and line."""
    with pytest.raises(InputError) as caught:
        protocol.loads(HEAD + text, **how)  # type: ignore[arg-type]
    return [(p.code, p.line) for p in caught.value.problems]


def test_each_sample_is_a_plan_of_its_own() -> None:
    """Its sample's file, its concentration, and a prompt before its steps."""
    plan = protocol.loads(HEAD + SERIES)

    assert [("water", "water", 0.0), ("A25", "pda-aminoacid", 0.025), ("pbs", "pbs", None)] == [
        (run.id, run.of, run.concentration_kg_per_m3) for run in plan.samples
    ]
    for run in plan.samples:
        prompt = run.plan.steps[0]
        assert isinstance(prompt, Prompt)
        assert f"Put in {run.id}, press Enter." == prompt.text
        assert [0, 1, 2, 3] == [step.index for step in run.plan.steps]
        assert run.plan == protocol.loads(run.plan.dump())
        assert run.file.is_file()


def test_the_plan_of_the_whole_has_all_steps_and_is_no_run() -> None:
    """For its timeline; limits such as `total` are those of each run."""
    plan = protocol.loads(HEAD + SERIES)

    assert list(range(12)) == [step.index for step in plan.steps]
    assert 3 * 26 * 60 * 10**9 == plan.at_most_ns
    with pytest.raises(RefusedError, match="series of 3 runs"):
        plan.dump()
    assert plan.digest != plan.samples[0].plan.digest


def test_a_series_is_bound_run_by_run() -> None:
    """A power that the bench does not allow is told once, and each run is bound."""
    file = bench.load(bench.find_bench("simulated", environment=None).path)
    plan = protocol.loads(HEAD + SERIES, bench=file)

    assert 3 == len(plan.samples)
    assert ["P050"] == [
        code for code, _ in problems(SERIES.replace("power: 1 W", "power: 90 W"), bench=file)
        if code == "P050"
    ][:1]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (SERIES + "  - cool: {for: 1 s}\n", "P037"),
        ("steps:\n  - repeat:\n      times: 2\n      steps:\n"
         "        - for_each_sample: {samples: [water], steps: [{cool: {for: 1 s}}]}\n", "P037"),
        (SERIES.replace("      of: pda-aminoacid\n", ""), "P080"),
        (SERIES.replace("pda-aminoacid", "pda-aminoacids"), "P080"),
        (SERIES.replace("- pbs", "- water"), "P033"),
        (SERIES.replace("25 ug/mL", "25"), "P022"),
        (SERIES.replace("$sample.id", "$sample.idd"), "P030"),
        (SERIES.replace("15 min", "1 h"), "P047"),
    ],
)  # fmt: skip
def test_a_series_that_cannot_be_is_refused(text: str, code: str) -> None:
    """Beside other steps, nested, unknown samples, two of one name."""
    assert code in [found for found, _ in problems(text)]


def test_a_samples_file_may_lie_beside_the_protocol(tmp_path: Path) -> None:
    """A folder with protocol and samples can be moved."""
    water = sample.find("water").read_text("utf-8")
    (tmp_path / "mine.yaml").write_text(water, encoding="utf-8")
    text = SERIES.replace("- pbs", "- mine.yaml")

    plan = protocol.loads(HEAD + text, file=str(tmp_path / "p.yaml"))

    assert ("mine", tmp_path / "mine.yaml") == (plan.samples[2].id, plan.samples[2].file)


def test_a_dilution_scales_what_the_particles_bring() -> None:
    """Absorbance and loads by the ratio of concentrations, with the same relative deviation, and
    the assumption is said; at nothing it is the liquid; a solvent stays itself."""
    plan = protocol.loads(HEAD + SERIES.replace("25 ug/mL", "50 ug/mL"))
    base = sample.load(sample.find("pda-aminoacid"))
    water, half, _ = (run.specimen() for run in plan.samples)

    assert ("water", "solvent", "a25") == (water.name, water.kind, half.name)
    assert base.concentration_kg_per_m3 is not None
    ratio = 0.05 / base.concentration_kg_per_m3.value
    assert base.absorbance is not None
    assert half.absorbance is not None
    assert base.absorbance.value * ratio == pytest.approx(half.absorbance.value)
    assert base.absorbance.relative == pytest.approx(half.absorbance.relative)
    for species, load in base.release.items():
        scaled = half.release[species].load_mol_per_m3
        assert load.load_mol_per_m3.value * ratio == pytest.approx(scaled.value)
    assert any("diluted from pda-aminoacid" in words for words in half.assumptions)
    blank = sample.diluted(base, "blank", 0.0)
    assert ("solvent", None, {}) == (blank.kind, blank.absorbance, dict(blank.release))
    assert half == sample.loads(half.dump())
    assert blank == sample.loads(blank.dump())


def test_what_is_no_dilution_is_refused_at_the_bench() -> None:
    """More than the file states, or of a solvent."""
    file = bench.load(bench.find_bench("simulated", environment=None).path)

    for text in (
        SERIES.replace("25 ug/mL", "25 g/L"),
        SERIES.replace("- pbs", "- {id: pbs, concentration: 1 g/L}"),
    ):
        assert "P057" in [code for code, _ in problems(text, bench=file)]
