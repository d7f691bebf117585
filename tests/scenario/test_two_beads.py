"""A bench with a second thermocouple in the sample: it is read and recorded, and an alarm says
whether the fault is of the bead or of the liquid."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.events import Alarm, PriorsFixed, Reading, Sample
from tests.scenario.runs import run

BENCH = "simulated-two-beads"
LONG_ENOUGH = ("baseline=30s", "heat=4min", "cool=20s")
OF_BEAD = {"light on the bead", "offset of the probe", "bead out of the sample"}


def test_a_healthy_run_records_both_beads_and_raises_no_alarm(tmp_path: Path) -> None:
    """Every sample has both, a few tenths of a kelvin from each other at most, and so has the
    table; the check knows that there is a second one."""
    story = run(tmp_path, bench=BENCH, parameters=LONG_ENOUGH)
    both = [
        [r.value for r in sample.readings if isinstance(r, Reading) and "probe" in r.channel]
        for sample in story.of(Sample)
    ]
    (priors,) = story.of(PriorsFixed)
    table = (story.result.folder.path / "data.csv").read_text(encoding="utf-8")

    assert {2} == {len(values) for values in both}
    assert 0.0 < max(abs(a - b) for a, b in both) < 0.8
    assert "probe2_temperature_degC" in table.partition("\n")[0].split(",")
    assert priors.priors["has_second"]
    assert [] == story.of(Alarm)


@pytest.mark.parametrize(
    ("fault", "cause", "of_bead"),
    [
        ("bead-in-beam=1K@160s", "light on the bead", True),
        ("probe-offset=+1K@160s", "offset of the probe", True),
        ("beam-off-sample=-20%@160s", "overlap of beam and sample", False),
    ],
)
def test_a_fault_is_named_on_its_own_side(
    tmp_path: Path, fault: str, cause: str, of_bead: bool
) -> None:
    """The alarm that stands in the end names the true cause, and none from the other side."""
    story = run(tmp_path, bench=BENCH, parameters=LONG_ENOUGH, faults=[fault])

    standing = story.of(Alarm)[-1]
    assert cause in standing.causes
    assert {of_bead} == {named in OF_BEAD for named in standing.causes}
