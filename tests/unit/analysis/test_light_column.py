"""A light column that lies: the column is named, and no alarm has a size."""

from dataclasses import replace

import numpy as np
import pytest

from labctl.analysis import Given, analyse
from labctl.analysis._batch import _power_steps
from labctl.analysis._given import basis
from labctl.analysis._light_column import COLUMN, by_column, judged_anew
from labctl.clock import NS
from labctl.events import Alarm, Criterion, Verdict
from labctl.monitor import AGREE, NO_ALARM
from labctl.photothermal import Finding, Known, Record, Severity
from tests.unit.analysis.test_analysis import KNOWN, RODS, loaded, no_batch
from tests.unit.photothermal.curves import curve

_ = no_batch
STEP = Alarm(310 * NS, "heat-step", 1, ("power", "heat loss"), 300 * NS, "-20 ± 2 %", "a meter")
METER = replace(STEP, name="power-step")
WRONG = Finding("edge-contradicts", Severity.WRONG, "bends at 202 s", "", time_s=60.0)
BEND = Finding("bend-without-light", Severity.DOUBTFUL, "bends", "", time_s=305.0)


def test_of_a_column_that_is_wrong_the_check_s_alarms_name_it_alone() -> None:
    """Without a size. What the power meter saw stays."""
    step, meter = by_column([STEP, METER], [WRONG])
    assert ((COLUMN,), "") == (step.causes, step.split_by)
    assert not any(letter.isdigit() for letter in step.size)
    assert METER == meter


def test_at_a_bend_the_column_stands_beside_the_causes_and_the_size_stays() -> None:
    (step,) = by_column([STEP], [BEND])
    assert ((COLUMN, *STEP.causes), STEP.size) == (step.causes, step.size)
    assert (STEP,) == by_column([STEP], [replace(BEND, time_s=600.0)])
    assert (STEP,) == by_column([STEP], [])


def test_a_doubtful_column_takes_the_size_and_leaves_the_causes() -> None:
    (step,) = by_column([STEP], [replace(WRONG, severity=Severity.DOUBTFUL)])
    assert (COLUMN, *STEP.causes) == step.causes
    assert "20" not in step.size


def test_the_verdict_says_it_in_the_same_words() -> None:
    """Its word stays; what was said of sizes and instruments goes."""
    criteria = (
        Criterion(NO_ALARM, 1.0, "0", "fail", "-20 ± 2 % from 300 s"),
        Criterion(AGREE, 30.0, "3", "fail", "cooling gives more than twice"),
    )
    reasons = (f"{NO_ALARM}: -20 ± 2 % from 300 s", f"{AGREE}: more", "to tell the causes apart: x")
    verdict = Verdict(0, "fail", reasons, criteria, {}, ())
    told = judged_anew(verdict, by_column([STEP], [WRONG]), [WRONG])
    assert "fail" == told.verdict
    assert 2 == len(told.reasons)
    assert all("contradicts the light's column" in c.why for c in told.criteria)


@pytest.mark.usefixtures("no_batch")
def test_light_logged_as_on_before_it_was_is_named() -> None:
    """On by its column at 60 s, lit at 200 s: the column, by whatever the check saw."""
    record = curve(every_s=10.0, noise_k=0.05, baseline_s=200.0, heating_s=460.0)
    times = record.time_s
    lies = replace(record, laser_on=(times > 60.0) & (times <= 660.0))
    found = analyse(loaded(lies), KNOWN)

    assert "fail" == found.verdict
    assert found.alarms
    assert all((COLUMN,) == alarm.causes for alarm in found.alarms)
    assert not any("%" in alarm.size for alarm in found.alarms)


def test_a_power_that_repeats_one_number_is_a_setting() -> None:
    """It sees no fault of the light; a measured one varies."""
    record = curve(every_s=10.0, noise_k=0.05)
    lit = record.laser_on
    assert lit is not None
    given = Given(specimen=RODS, power=Known(1.0, 0.03))
    noise = np.random.default_rng(1).normal(1.0, 0.001, len(record))
    of = {
        name: basis(given, replace(record, power_w=np.where(lit, watts, 0.0)))
        for name, watts in (("set", 1.0), ("measured", noise))
    }
    assert (False, True) == (of["set"].priors.has_meter, of["measured"].priors.has_meter)
    assert any("set, and not measured" in line for line in of["set"].assumptions)


def test_a_measured_power_lies_between_the_edges_of_the_light() -> None:
    """Rows 30 s apart, switched in between: the power is that of the light's own time, not of the
    whole distance of the rows."""
    times = np.arange(0.0, 1801.0, 30.0)
    lit = (times > 300.0) & (times < 900.0)
    record = Record(times, np.where(lit, 30.0, 20.0), lit, np.where(lit, 0.8, 0.0))
    steps = _power_steps(record, 1.0)

    on_s, off_s = float(steps.times_s[0]), float(steps.times_s[-1])
    assert 300.0 <= on_s <= 330.0
    assert 870.0 <= off_s <= 900.0
    assert (0.8, 0.0) == (steps.watts[0], steps.watts[-1])
    assert 0.8 == pytest.approx(steps.at(600.0))
