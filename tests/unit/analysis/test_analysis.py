"""A record through every method: what is given, what is asked for, what is never printed.

The curves are of one node in closed form, of two by the tests' own integration of the check's
equations, or real ones: this tests the room, not the physics.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labctl import sample as samples
from labctl.analysis import Analysis, Given, Loaded, Row, _analysis, _batch, analyse, load
from labctl.errors import Exit
from labctl.photothermal import (
    BEAD_STEP,
    HEAT,
    OFFSET,
    Estimate,
    Known,
    Record,
    StepFound,
    absorbed_shares,
    solvent_absorbance,
)
from tests.unit.photothermal.cell import Cell
from tests.unit.photothermal.curves import curve

REAL = Path(__file__).resolve().parents[2] / "data" / "heating-curves"
VIKAS = REAL / "vikas2023_gnr_10x38_20ugml_808nm.csv"
ARMENTA = REAL / "armentagamez2026_aunr_785nm_1p2Wcm2.csv"
RODS = samples.load(samples.find("gold-nanorods"))
KNOWN = Given(specimen=RODS, power=Known(1.0, 0.03))


def loaded(record: Record) -> Loaded:
    """As if it had been read."""
    return Loaded(record, "curve.csv", ("comma",), lines=range(2, len(record) + 2))


def estimate(found: Analysis, method: str, what: str) -> Estimate:
    """That answer of that method, which must be there."""
    row = next(row for row in found.rows if row.name == method)
    value = getattr(row, what)
    assert isinstance(value, Estimate), (method, what, row.why)
    return value


@pytest.fixture(scope="module")
def real() -> dict[Path, Analysis]:
    """Both real curves; of the search for a step, which has tests of its own, only the answer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_batch, "find_step", lambda *args, **options: STEPS)
        return {path: analyse(load(path)) for path in (VIKAS, ARMENTA)}


STEPS = (
    StepFound(OFFSET, 70.0, 1.39, 0.07, 80.0),
    StepFound(BEAD_STEP, 70.0, 1.4, 0.08, 79.0),
    StepFound(HEAT, 60.0, 0.2, 0.1, 20.0),
)


@pytest.fixture
def no_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch fit left out, where it is not what is tried."""
    monkeypatch.setattr(
        _analysis, "batch", lambda *args, **options: (Row("batch", "", why="no"), ())
    )


@cache
def walled() -> Record:
    """A cell with a wall at 2 s a row, 10 min of light, 10 min of cooling."""
    cell, x, rows = Cell(curve_per_k=0.004), (0.0, 0.0, 0.0), []
    noise = np.random.default_rng(5)
    for t_s in range(0, 1262, 2):
        rows.append((t_s, 24.0 + x[2] + noise.normal(0.0, 0.05), 61 <= t_s < 661))
        for part in range(4):
            x = cell.step(x, 1.0 if 61.0 <= t_s + 0.5 * part < 661.0 else 0.0, 0.5)
    time_s, temperature, light = (np.array(column) for column in zip(*rows, strict=True))
    return Record(time_s.astype(float), temperature, light)


@pytest.fixture(scope="module")
def good() -> Analysis:
    """That, all inputs known."""
    return analyse(loaded(walled()), KNOWN)


def test_all_methods_stand_beside_each_other(good: Analysis) -> None:
    """Each has its row, and the ones that can have an efficiency do."""
    names = [row.name for row in good.rows]
    assert names == [
        "full model, live", "full model, batch", "one time constant", "Roper, steady state",
        "Roper, corrected", "Chen, rate constants", "initial slope", "log-linear cooling",
    ]  # fmt: skip
    assert [row.name for row in good.rows if row.efficiency is None] == ["log-linear cooling"]


def test_a_good_record_passes_with_nothing_asked_for(good: Analysis) -> None:
    """Known inputs, a clean curve: pass, exit code 0, no finding of weight."""
    assert ("pass", Exit.PASS) == (good.verdict, good.exit_code), good.reasons
    assert () == good.asked


def test_the_full_model_holds_the_truth(good: Analysis) -> None:
    """Live and batch contain the efficiency of the cell, and agree with each other; the classical
    ones are below it, by about the bias that they tell."""
    particles, solvent = absorbed_shares(1.0, solvent_absorbance(0.01))
    truth = (Cell().heat_per_watt / 0.964 - solvent) / particles
    live, batch = (estimate(good, f"full model, {how}", "efficiency") for how in ("live", "batch"))
    assert live.low < truth < live.high
    assert batch.low < truth < batch.high
    assert abs(live.value - batch.value) < 2.0 * live.sd_total
    assert estimate(good, "Roper, steady state", "efficiency").value < 0.8 * truth


def test_no_input_is_made_up() -> None:
    """Nothing given: no efficiency and no heat loss by any method, and each input asked for with
    the way to give it; time constant and rate are there."""
    found = analyse(loaded(curve(noise_k=0.05, every_s=10.0)))
    assert all(row.efficiency is None and row.heat_loss is None for row in found.rows)
    assert {"volume", "density", "specific heat", "absorbance", "power at the sample"} == {
        name for name, _ in found.asked
    }
    assert all(how for _, how in found.asked)
    for row in found.rows:
        assert row.time_constant is not None or row.name == "initial slope"
        assert row.rate is not None or row.name == "log-linear cooling"


@pytest.mark.usefixtures("no_batch")
@pytest.mark.parametrize(
    ("given_", "asked"),
    [
        (Given(specimen=RODS), {"power at the sample"}),
        (Given(specimen=replace(RODS, absorbance=None), power=Known(1.0, 0.03)), {"absorbance"}),
    ],
)
def test_one_missing_input_is_enough_for_no_efficiency(given_: Given, asked: set[str]) -> None:
    """Power or absorbance alone missing: asked for by name, and no efficiency by any method."""
    found = analyse(loaded(curve(noise_k=0.05, every_s=10.0)), given_)
    assert asked == {name for name, _ in found.asked}
    assert all(row.efficiency is None for row in found.rows)
    assert estimate(found, "full model, live", "heat_loss").value > 0.0


@pytest.mark.usefixtures("no_batch")
def test_a_power_without_a_deviation_is_told() -> None:
    """10 % is assumed, and said."""
    found = analyse(
        loaded(curve(noise_k=0.05, every_s=10.0)), replace(KNOWN, power=Known(1.0, 0.0))
    )
    assert any("± 10 % assumed" in line for line in found.assumptions)
    assert found.budget["power at the sample"] > 0.09


@pytest.mark.usefixtures("no_batch")
def test_a_recorded_power_is_taken() -> None:
    """A column with the power in W needs no --power."""
    record = curve(noise_k=0.05, every_s=10.0)
    assert record.laser_on is not None
    measured = replace(record, power_w=np.where(record.laser_on, 1.0, 0.0))
    found = analyse(loaded(measured), Given(specimen=RODS))
    assert () == found.asked
    assert estimate(found, "Roper, corrected", "efficiency").value == pytest.approx(0.376, abs=0.01)


def test_the_full_model_follows_the_first_real_curve(real: dict[Path, Analysis]) -> None:
    """One smooth curve of it leaves less than 0.1 K rms, and says how much."""
    batch = next(row for row in real[VIKAS].rows if row.name == "full model, batch")
    left = re.match(r"one smooth curve leaves ([\d.]+) K rms", batch.notes[0])
    assert left is not None and float(left[1]) < 0.10


def test_what_only_flutter_explains_is_no_pass(real: dict[Path, Analysis]) -> None:
    """The smooth curve through the first leaves neighbours that correlate at 0.35: flutter or a
    missing node, and nothing is known of the bench. The criterion is kept, value and threshold."""
    found = real[VIKAS]
    assert "cannot tell" == found.verdict
    assert any("a curve alone does not tell" in reason for reason in found.reasons)
    smooth = next(each for each in found.criteria if each.name == "one smooth curve")
    assert smooth.value == pytest.approx(0.35, abs=0.1)
    assert smooth.threshold.startswith("memory 0.22")


@pytest.mark.usefixtures("no_batch")
def test_a_record_without_light_is_no_fail() -> None:
    """As a run that a resistor heated: nothing to check, and nothing wrong."""
    record = curve(every_s=10.0)
    found = analyse(loaded(replace(record, laser_on=np.zeros(len(record), dtype=bool))))
    assert "cannot tell" == found.verdict
    assert "the light is on in none of the rows that can be used" == found.reasons[0]


@pytest.mark.parametrize("path", [VIKAS, ARMENTA])
def test_a_real_curve_fails_one_time_constant_and_gets_no_efficiency(
    path: Path, real: dict[Path, Analysis]
) -> None:
    """Both published cuvettes: the reasons are given, inputs asked for, no efficiency printed."""
    found = real[path]
    assert any("memory" in reason for reason in found.one_node)
    assert all(row.efficiency is None for row in found.rows)
    assert "volume" in {name for name, _ in found.asked}


def test_the_step_in_the_second_real_curve_is_found(real: dict[Path, Analysis]) -> None:
    """Between 70 and 80 s it rises by 1.6 K beyond its slope: the audit says where, the batch fit
    tells the kinds that it may be, the check raises an alarm, and it does not pass."""
    found = real[ARMENTA]
    steps = [finding for finding in found.findings if finding.code == "curve-steps"]
    assert ["between 70 and 80 s"] == [finding.seen[:19] for finding in steps]
    batch = next(row for row in found.rows if row.name == "full model, batch")
    assert batch.notes[1] == (
        "a step is in the record: an offset of the reading of +1.39 ± 0.07 K from 70 s or light on "
        "the bead of +1.40 ± 0.08 K from 70 s; a step of heat less probable"
    )
    assert found.alarms
    assert "pass" != found.verdict
    assert () == tuple(f for f in real[VIKAS].findings if f.code == "curve-steps")


@pytest.mark.usefixtures("no_batch")
def test_a_contradiction_in_the_record_fails() -> None:
    """Two records in one file: fail, whatever the check says of the first part."""
    record = curve(noise_k=0.05, every_s=10.0)
    rows = np.concatenate([np.arange(len(record))] * 2)
    found = analyse(loaded(record.rows(rows)), KNOWN)
    assert ("fail", Exit.CHECK_FAILED) == (found.verdict, found.exit_code)
    assert any("records-glued" in reason for reason in found.reasons)


@pytest.mark.usefixtures("no_batch")
def test_a_doubt_lowers_a_pass_to_cannot_tell() -> None:
    """Light found from the curve: the numbers are there, the verdict is open."""
    record = replace(curve(noise_k=0.05, every_s=10.0), laser_on=None)
    found = analyse(loaded(record), KNOWN)
    assert ("cannot tell", Exit.CANNOT_TELL) == (found.verdict, found.exit_code)
    assert any("light-from-curve" in reason for reason in found.reasons)
    assert estimate(found, "full model, live", "efficiency").value > 0.0


def test_a_long_record_is_thinned_and_said(good: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than the check is given: it takes means, and the answer stays."""
    monkeypatch.setattr(_analysis, "_MOST", 250)
    found = analyse(loaded(walled()), KNOWN)
    assert any("means of 3 neighbouring" in line for line in found.assumptions)
    a, b = (estimate(f, "full model, live", "efficiency") for f in (good, found))
    assert abs(a.value - b.value) < a.sd_total


@pytest.mark.usefixtures("no_batch")
def test_hours_in_the_dark_are_left_to_the_audit(good: Analysis) -> None:
    """A night of readings behind the curve: the check takes those around the light and says so; its
    answer is that of the curve alone."""
    record = walled()
    night = np.arange(1270.0, 20000.0, 10.0)
    noise = np.random.default_rng(6).normal(0.0, 0.05, len(night))
    last = float(record.temperature_degc[-20:].mean()) - 24.0
    tail = 24.0 + last * np.exp(-(night - 1260.0) / 220.0) + noise
    assert record.laser_on is not None
    longer = Record(
        np.r_[record.time_s, night],
        np.r_[record.temperature_degc, tail],
        np.r_[record.laser_on, np.zeros(len(night), dtype=bool)],
    )
    found = analyse(loaded(longer), KNOWN)
    assert any("around the light" in line for line in found.assumptions)
    a, b = (estimate(f, "full model, live", "efficiency") for f in (good, found))
    assert abs(a.value - b.value) < a.sd_total


MOVES: dict[str, Callable[[Record], Record]] = {
    "an hour later": lambda r: replace(r, time_s=r.time_s + 3600.0),
    "ten kelvin warmer": lambda r: replace(r, temperature_degc=r.temperature_degc + 10.0),
    "every other row": lambda r: r.rows(slice(None, None, 2)),
}


@pytest.mark.parametrize("name", MOVES)
def test_shift_and_resampling_leave_the_answer_alone(name: str, good: Analysis) -> None:
    """The same cell, logged at another time, in a warmer room, or more seldom: every method's
    answer stays within what its deviation allows."""
    moved = analyse(loaded(MOVES[name](walled())), KNOWN)
    for row, other in zip(good.rows, moved.rows, strict=True):
        for what in ("efficiency", "time_constant", "rate"):
            a, b = getattr(row, what), getattr(other, what)
            if a is None:
                assert b is None
                continue
            assert abs(a.value - b.value) < 4.0 * max(
                a.sd_statistical, b.sd_statistical, 2e-3 * a.value
            )


_NUMBERS = st.one_of(
    st.floats(-50.0, 150.0), st.sampled_from([np.nan, np.inf, -np.inf, 25.0, 0.0, 1e300, -1e12])
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(_NUMBERS, _NUMBERS, st.booleans()), min_size=0, max_size=30),
    st.booleans(),
    st.booleans(),
)
def test_any_record_has_an_answer_or_a_reason(
    rows: list[tuple[float, float, bool]], told: bool, ordered: bool
) -> None:
    """NaN, infinities, one reading, none, times in any order: never an exception, and no method
    without a number or a reason."""
    if ordered:
        rows = sorted(rows, key=lambda row: (np.isnan(row[0]), row[0]))
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    time_s, temperature, light = (np.array(column) for column in columns)
    time_s, temperature = time_s.astype(float), temperature.astype(float)
    light = light.astype(bool)
    record = Record(time_s, temperature, light if told else None)
    with np.errstate(all="ignore"):
        found = analyse(loaded(record), KNOWN)
    assert found.reasons
    for row in found.rows:
        assert row.time_constant or row.rate or row.why
        if row.efficiency is not None:
            assert np.isfinite(row.efficiency.value)


@pytest.mark.parametrize("value", [25.0, 0.0])
def test_constant_readings_say_so(value: float) -> None:
    """A thermocouple that never moves: fail, with the reason."""
    record = curve(every_s=10.0)
    record = replace(record, temperature_degc=np.full(len(record), value))
    found = analyse(loaded(record), KNOWN)
    assert "fail" == found.verdict
    assert any("every reading is" in reason for reason in found.reasons)
