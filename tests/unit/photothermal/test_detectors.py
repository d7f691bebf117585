"""The bank of detectors on plateau records of the check's own model, many at once.

The records and the table of delays are those of the benchmarks (inference alone, as said there);
here fewer of them.
"""

import math

import numpy as np
import pytest

from benchmarks.check import detection, false_alarms
from benchmarks.check._plateau import (
    AMBIENT_DEGC,
    KNOWN,
    NOISE_K,
    POWER_W,
    RISE_K,
    RULES,
    Fault,
    Floats,
    Watch,
    readings,
)
from labctl.photothermal import (
    BEAD_OUT,
    BEAD_STEP,
    HEAT,
    HEAT_RAMP,
    NOT_TOLD_APART,
    OFFSET,
    SHIFT,
    FilterBank,
    Leading,
    SharedGains,
    Step,
    StepDetector,
    StepRules,
    Taken,
)
from labctl.photothermal._layout import DYNAMIC, STATES
from labctl.photothermal._signatures import ONSETS, slot
from labctl.photothermal._tally import Tallies, Tally


@pytest.mark.parametrize("row", detection.ROWS, ids=lambda row: row.name)
def test_fault_of_the_table_is_told_in_time(row: detection.Row) -> None:
    """The mean delay over sixty records is within the goal, by the whole bank."""
    found = detection.delays(row, 60, seed=1)

    assert (0, 0) == (found.missed, found.early)
    assert found.seconds.mean() <= row.goal_s


def test_hundred_hours_without_a_fault_have_no_alarm() -> None:
    """A hundred simulated hours, with an edge every twenty minutes, are silent."""
    assert 0 == false_alarms.count(1, seed=1, records=100).total()


def test_bound_is_that_of_the_table() -> None:
    """The first-order bounds of the filter that the benchmark uses are those of the literature's
    formula, as the table has them to a reading or two."""
    bounds = [detection.bound_s(row) for row in detection.ROWS[:6]]

    assert bounds == pytest.approx([18.0, 31.0, 90.0, 18.0, 37.0, 45.0], abs=1.5)


def _settled(fault: Fault, seconds: int) -> Step:
    """What is said of one record for good."""
    watch = Watch(1)
    said: list[Step] = []
    plain, rng = watch.detector.update_all, np.random.default_rng(1)

    def listened(t_s: float, taken: Taken, innovations_k: Floats) -> list[tuple[int, Step]]:
        found = plain(t_s, taken, innovations_k)
        said.extend(step for _, step in found)
        return found

    watch.detector.update_all = listened  # type: ignore[method-assign]
    for read in readings(rng, 1, (100, seconds), fault):
        watch.take(read)
    assert [False, True] == [step.settled for step in said]
    return said[-1]


@pytest.mark.parametrize(
    ("name", "shape", "size"),
    [
        ("power -10 %", HEAT, -0.1),
        ("heat loss +10 %", HEAT, -0.1),
        ("light on bead +0.5 K", BEAD_STEP, 0.5),
        ("offset +0.2 K", OFFSET, 0.2),
        ("bead out", BEAD_OUT, -RISE_K),
    ],
)
def test_shape_is_named_when_it_has_settled(name: str, shape: int, size: float) -> None:
    """A few seconds after the alarm the fault's own shape is the best or not told apart from it,
    and its size is about right."""
    (row,) = (row for row in detection.ROWS if row.name == name)
    step = _settled(row.fault, row.at_most_s)

    assert step.by_shape[shape] > max(step.by_shape) - NOT_TOLD_APART
    assert 100.0 == pytest.approx(step.onset_s, abs=5.0)
    assert size == pytest.approx(step.size, rel=0.4)


def test_ramp_is_told_from_a_step() -> None:
    """Bleaching of 10 % a minute is a ramp, and a step does not explain it as well."""
    fault = Fault(watts=lambda since_s: POWER_W * np.exp(-0.1 * since_s / 60.0))
    watch = Watch(1)
    rng = np.random.default_rng(2)
    found = [step for read in readings(rng, 1, (100, 120), fault) for _, step in watch.take(read)]
    step, evidence, _ = watch.detector._best(0, watch.t_s, 15.0)

    assert 1 == len(found)
    assert HEAT_RAMP == step.shape
    assert evidence > step.by_shape[HEAT] + NOT_TOLD_APART
    assert -0.1 == pytest.approx(step.size, rel=0.3)


def test_one_bad_reading_is_no_step() -> None:
    """A reading eight deviations off, with good ones behind it, raises no alarm."""
    watch = Watch(50)
    rng = np.random.default_rng(3)
    said = []
    for number, read in enumerate(readings(rng, 50, (300,))):
        bad = 8.0 * NOISE_K if number == 200 else 0.0
        said += watch.take(read + bad)

    assert [] == said


def test_smaller_steps_than_declared_are_not_told() -> None:
    """A step of 2 % is not told by rules that declare 5 % as the smallest, nor as a shift."""
    fault = Fault(watts=lambda since_s: np.full(len(since_s), 0.98 * POWER_W))
    watch = Watch(20, StepRules(smallest_heat=0.05, smallest_bead_k=0.5))
    rng = np.random.default_rng(4)

    assert [] == [
        said for read in readings(rng, 20, (100, 300), fault) for said in watch.take(read)
    ]


def test_records_at_once_say_what_each_says_alone() -> None:
    """Three records watched at once, one with a fault, tell the steps of three detectors."""
    fault = Fault(shown=lambda _, shown: shown + np.array([0.0, 0.3, 0.0]))
    rng = np.random.default_rng(5)
    read = list(readings(rng, 3, (100, 60), fault))
    together = Watch(3)
    said = [(number, *told) for number, x in enumerate(read) for told in together.take(x)]
    alone = []
    for record in range(3):
        watch = Watch(1)
        for number, x in enumerate(read):
            alone += [(number, record, step) for _, step in watch.take(x[record : record + 1])]

    assert [1] == [record for _, record, _ in said]
    assert [(n, r, s.shape, s.onset_s) for n, r, s in alone] == [
        (n, r, s.shape, s.onset_s) for n, r, s in said
    ]
    assert said[0][2].log_ratio == pytest.approx(alone[0][2].log_ratio)


def test_shared_gains_give_each_record_its_own_innovations() -> None:
    """Records carried as differences have the innovations of a bank of their own."""
    rng = np.random.default_rng(6)
    read = list(readings(rng, 2, (50,)))
    first = AMBIENT_DEGC + RISE_K
    shared = SharedGains(FilterBank(KNOWN, first, AMBIENT_DEGC), 2)
    own = [FilterBank(KNOWN, first, AMBIENT_DEGC) for _ in range(2)]
    for x in read:
        shared.predict(1.0, POWER_W, AMBIENT_DEGC)
        _, innovations = shared.update(x, NOISE_K**2)
        for bank, reading in zip(own, x, strict=True):
            bank.predict(1.0, POWER_W, AMBIENT_DEGC)
            bank.update(float(reading), NOISE_K**2)

    assert [bank.taken().innovation_k for bank in own] == pytest.approx(innovations)


def test_onsets_are_missed_by_an_eighth_at_most() -> None:
    """At any time there is a candidate within an eighth of the time since every onset, as far back
    as a thousand onsets."""
    held = np.zeros(ONSETS, dtype=int)
    for number in range(1, 3001):
        held[slot(number)] = number
    ages = np.arange(1, 1001)
    miss = np.abs((3001 - held)[None, :] - ages[:, None]).min(axis=1)

    assert np.all(miss <= np.maximum(ages / 8.0, 0.0))


def test_threshold_follows_the_rate_of_readings() -> None:
    """Ten times the readings need ln 10 more: the false alarms are counted by the hour."""
    rules = StepRules()

    assert math.log(10.0) == pytest.approx(rules.threshold(0.1) - rules.threshold(1.0))


def test_mean_that_no_shape_explains_is_a_shift() -> None:
    """Innovations with a mean of two deviations, in a filter whose error no shape could make, are
    told by the CUSUM pair."""
    detector = StepDetector(StepRules())
    gain = np.zeros(STATES)
    gain[2] = 1.0
    still = Leading(np.eye(DYNAMIC, STATES), np.zeros((DYNAMIC, DYNAMIC)), 1.0, 0.0)
    said = []
    for number in range(200):
        detector.move(still, 0.1)
        wave = 2.0 + (0.5 if number % 2 else -0.5)
        step = detector.update(float(number), Taken(gain, 0.05 * wave, 0.05**2, 0.0))
        said += [] if step is None else [step]

    assert {SHIFT} == {step.shape for step in said}
    assert 2.0 == pytest.approx(said[0].size, abs=0.5)


def test_restart_lets_it_speak_again() -> None:
    """After a restart at an edge a second fault is told too, and none within the quiet time."""
    watch = Watch(1, RULES)
    rng = np.random.default_rng(7)
    said = []
    for number, read in enumerate(readings(rng, 1, (400,))):
        if number == 200:
            watch.edge()
        off = 0.5 * (number >= 100) + 0.5 * (number >= 300)
        said += [(number, step.shape) for _, step in watch.take(read + off)]

    assert [100, 300] == pytest.approx([number for number, _ in said], abs=3)


def test_tally_of_one_is_that_of_many() -> None:
    """The floats of a live run and the arrays of many records keep the same."""
    one, many = Tally(1.4), Tallies(1.4, 2)
    rng = np.random.default_rng(8)
    ratios = np.zeros((2, 3))
    for number in range(300):
        z = rng.normal(0.3, 1.0, 2)
        one.add(z[1:], 0.1)
        many.add(z, 0.1)
        one.sum(float(number), z[1:], 0.01)
        many.sum(float(number), z, 0.01)
        assert one.shift(0) == pytest.approx(many.shift(1))
        assert (1 in many.likely(ratios, 3.0)) == bool(one.likely(ratios[1:], 3.0))

    assert [one.level, one.squares, one.alone(0)] == pytest.approx(
        [many.level[1], many.squares[1], many.alone(1)]
    )
