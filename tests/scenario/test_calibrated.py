"""A cell calibrated by a resistor on the simulated bench, and a laser run in it that ends early."""

from dataclasses import replace
from pathlib import Path

import pytest

from labctl.events import PriorsFixed, StepEnded, Verdict
from labctl.monitor import Kind, Priors, read_calibration
from labctl.photothermal import ElectricalCalibration
from tests.scenario import runs

BENCH, SEED = "simulated-heater", 7
EARLY = """\
schema: labctl.protocol/1
name: early
needs: {laser: laser, probe: thermometer, ambient: thermometer, meter: power_meter}
record: {every: 1 s}
steps:
  - baseline: {for: 60 s}
  - irradiate: {power: 1.0 W, until: {efficiency_statistical: 3 %}, at_most: 10 min, if_late: continue}
  - cool: {until: {time_constants: 1}, at_most: 15 min}
"""  # noqa: E501


Calibrated = tuple[runs.Story, ElectricalCalibration]


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Calibrated:
    """A calibration run on the bench with a resistor, and what was worked out from its record."""
    story = runs.run(
        tmp_path_factory.mktemp("calibration"), protocol="electrical-calibration", bench=BENCH,
        sample="water", seed=SEED, parameters=("heat=6min", "cool=6min", "every=1 s"),
    )  # fmt: skip
    return story, read_calibration(story.result.folder.path)


def _verdict(story: runs.Story) -> Verdict:
    verdict = story.result.verdict
    assert verdict is not None
    return verdict


def test_a_calibration_is_checked(calibrated: Calibrated) -> None:
    """The run of a resistor has priors of its own kind, passes, and names its cell and record."""
    story, found = calibrated

    (fixed,) = story.of(PriorsFixed)
    assert Kind.ELECTRICAL == Priors.from_plain(fixed.priors).kind
    assert "pass" == _verdict(story).verdict
    assert ("quartz cuvette, 10 mm", "simulated-heater", f"seed {SEED}") == (
        found.vessel, found.bench, found.world,
    )  # fmt: skip
    assert 64 == len(found.head_hash)


def test_a_calibrated_run_ends_early_and_is_right(tmp_path: Path, calibrated: Calibrated) -> None:
    """In the same cell the heating ends within five minutes on the efficiency, the cooling after a
    time constant, and the interval holds the true efficiency of a world richer than the model."""
    request = runs.request(tmp_path, protocol=EARLY, bench=BENCH, seed=SEED, parameters=())
    story = runs.read(
        runs.carry_out(
            replace(request, calibration=calibrated[1]),
            publish=(), ask=runs.nobody, on_begin=lambda begun: None,
            on_signals=lambda loop, stop: lambda: None,
        )
    )  # fmt: skip

    verdict = _verdict(story)
    ((on_s, off_s),) = story.light
    found = verdict.results["efficiency"]
    assert ["elapsed", "reached", "reached"] == [step.why for step in story.of(StepEnded)]
    assert off_s is not None
    assert 60.0 <= off_s - on_s <= 300.0
    assert found["low"] <= story.truth["efficiency"] <= found["high"]
    assert "electrical power" in verdict.budget
    assert any("calibrated electrically" in said for said in verdict.assumptions)
