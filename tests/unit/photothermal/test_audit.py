"""The audit of a record: each finding is made where it is due, and none on good records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from labctl.photothermal import (
    CellParameters,
    Expected,
    Finding,
    Inputs,
    Known,
    PowerSteps,
    Record,
    Setting,
    Severity,
    audit,
    solve_cell,
    with_light,
)
from tests.unit.photothermal.curves import INPUTS, SETTING, TAU_S, curve

HARMLESS = {"no-plateau", "no-baseline", "no-cooling", "cycles", "coarse", "tail-unstable"}
"""Notes on good records that end early or are coarse: true, and of no weight."""


def codes(record: Record, setting: Setting = SETTING, expected: Expected | None = None) -> set[str]:
    """Codes of all findings."""
    return {finding.code for finding in audit(record, setting, expected)}


def finding(record: Record, code: str, setting: Setting = SETTING) -> Finding:
    """The one with that code, which must be there."""
    return next(found for found in audit(record, setting) if found.code == code)


def rows(record: Record, *parts: slice) -> Record:
    """Those rows, one part behind the other."""
    return record.rows(np.concatenate([np.arange(len(record))[part] for part in parts]))


GOOD = {
    "1 Hz": curve(noise_k=0.05),
    "10 Hz": curve(noise_k=0.05, every_s=0.1, heating_s=300.0, cooling_s=300.0),
    "10 s a row": curve(noise_k=0.05, every_s=10.0),
    "noisy": curve(noise_k=0.25),
    "no baseline": curve(noise_k=0.05, baseline_s=0.0),
    "no cooling": curve(noise_k=0.05, cooling_s=0.0),
    "slow cell": curve(noise_k=0.05, tau_s=600.0, heating_s=1200.0, cooling_s=2000.0),
    "weak": curve(noise_k=0.05, efficiency=0.05),
    "warm room": curve(noise_k=0.05, surroundings_degc=33.0),
    "no noise": curve(),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_records_have_no_finding_of_weight(name: str) -> None:
    """Sampled fast or slow, noisy, short, weak, warm: nothing is called wrong or doubtful."""
    assert set() == codes(GOOD[name]) - HARMLESS


@pytest.mark.parametrize("seed", range(12))
def test_noise_alone_finds_nothing(seed: int) -> None:
    """Over seeds, at the noise of a coarse thermocouple, nothing is found."""
    assert set() == codes(curve(noise_k=0.15, seed=seed)) - HARMLESS


def nan_rows(record: Record) -> Record:
    times = record.time_s.copy()
    times[[30, 31]] = np.nan
    return replace(record, time_s=times)


def repeated(record: Record) -> Record:
    return rows(record, slice(0, 101), slice(100, None))


def swapped(record: Record) -> Record:
    return rows(record, slice(0, 100), slice(101, 102), slice(100, 101), slice(102, None))


def glued(record: Record) -> Record:
    return rows(record, slice(None), slice(None))


def glued_on(record: Record) -> Record:
    both = glued(record.rows(slice(0, 900)))
    return replace(both, time_s=np.arange(len(both), dtype=float))


def set_back(record: Record) -> Record:
    shift = np.where(record.time_s > 400.0, 60.0, 0.0)
    return replace(record, time_s=record.time_s - shift)


def jumps_ahead(record: Record) -> Record:
    shift = np.where(record.time_s > 150.0, 3600.0, 0.0)
    return replace(record, time_s=record.time_s + shift)


def gap(record: Record) -> Record:
    return rows(record, slice(0, 800), slice(1000, None))


def few(record: Record) -> Record:
    return record.rows(slice(0, None, 120))


def hot_nan(record: Record) -> Record:
    values = record.temperature_degc.copy()
    values[200:260] = np.nan
    return replace(record, temperature_degc=values)


def constant(record: Record) -> Record:
    return replace(record, temperature_degc=np.full(len(record), 25.0))


def stuck(record: Record) -> Record:
    values = record.temperature_degc.copy()
    values[120:180] = values[120]
    return replace(record, temperature_degc=values)


def coarse(record: Record) -> Record:
    return replace(record, temperature_degc=np.round(record.temperature_degc * 4.0) / 4.0)


def kelvin(record: Record) -> Record:
    return replace(record, temperature_degc=record.temperature_degc + 273.15)


def fahrenheit(record: Record) -> Record:
    return replace(record, temperature_degc=record.temperature_degc * 1.8 + 32.0)


def boiled_dry(record: Record) -> Record:
    hot = record.temperature_degc.copy()
    hot[600:650] += 90.0
    return replace(record, temperature_degc=hot)


def column_early(record: Record) -> Record:
    return replace(record, laser_on=(record.time_s > 60.0) & (record.time_s <= 570.0))


def column_late(record: Record) -> Record:
    return replace(record, laser_on=(record.time_s > 60.0) & (record.time_s <= 720.0))


def never_lit(record: Record) -> Record:
    return replace(record, laser_on=np.zeros(len(record), dtype=bool))


def moved_probe(record: Record) -> Record:
    moved = np.where(record.time_s > 300.0, 1.5, 0.0)
    return replace(record, temperature_degc=record.temperature_degc + moved)


def step_of_power(record: Record) -> Record:
    half = curve(noise_k=0.0, baseline_s=300.0, heating_s=360.0, cooling_s=900.0, efficiency=0.4)
    return replace(record, temperature_degc=record.temperature_degc + half.temperature_degc - 24.0)


def minutes(record: Record) -> Record:
    return replace(record, time_s=record.time_s / 60.0)


def hours(record: Record) -> Record:
    return replace(record, time_s=record.time_s / 3600.0)


def milliseconds(record: Record) -> Record:
    return replace(record, time_s=record.time_s * 1000.0)


FAULTS: dict[str, tuple[Callable[[Record], Record], Severity]] = {
    "time-missing": (nan_rows, Severity.DOUBTFUL),
    "time-repeats": (repeated, Severity.DOUBTFUL),
    "time-backwards": (swapped, Severity.WRONG),
    "records-glued": (glued, Severity.WRONG),
    "clock-jumps": (set_back, Severity.WRONG),
    "gap": (gap, Severity.DOUBTFUL),
    "few-rows": (few, Severity.DOUBTFUL),
    "temperature-missing": (hot_nan, Severity.DOUBTFUL),
    "constant": (constant, Severity.WRONG),
    "stuck": (stuck, Severity.WRONG),
    "coarse": (coarse, Severity.NOTE),
    "kelvin": (kelvin, Severity.WRONG),
    "fahrenheit": (fahrenheit, Severity.DOUBTFUL),
    "above-boiling": (boiled_dry, Severity.DOUBTFUL),
    "edge-contradicts": (column_early, Severity.WRONG),
    "never-lit": (never_lit, Severity.DOUBTFUL),
    "curve-steps": (moved_probe, Severity.DOUBTFUL),
    "bend-without-light": (step_of_power, Severity.DOUBTFUL),
    "time-unit": (minutes, Severity.WRONG),
}


@pytest.mark.parametrize("code", FAULTS)
def test_each_fault_of_a_record_is_found(code: str) -> None:
    """A good record with one thing wrong: that is found, with its weight and what to do."""
    spoil, severity = FAULTS[code]
    found = finding(spoil(curve(noise_k=0.05)), code)
    assert severity == found.severity
    assert found.fix and found.seen


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (jumps_ahead, "clock-jumps"),
        (glued_on, "records-glued"),
        (column_late, "edge-contradicts"),
        (hours, "time-unit"),
        (milliseconds, "time-unit"),
    ],
)
def test_each_other_form_of_a_fault_is_found(spoil: Callable[[Record], Record], code: str) -> None:
    """A clock ahead, curves glued with times that go on, a late column, other units of time."""
    assert Severity.WRONG == finding(spoil(curve(noise_k=0.05)), code).severity


def test_a_finding_says_where() -> None:
    """Row and time of the record as it was given."""
    found = finding(glued(curve(noise_k=0.05)), "records-glued")
    assert (1561, 0.0) == (found.row, found.time_s)
    found = finding(stuck(curve(noise_k=0.05)), "stuck")
    assert 120 == found.row


def test_minutes_are_a_hypothesis_and_named() -> None:
    """The words say what the time constant would be."""
    found = finding(minutes(curve(noise_k=0.05)), "time-unit")
    assert found.hypothesis and "minutes" in found.fix and f"{TAU_S:.0f} s"[:2] in found.fix


@pytest.mark.parametrize("off_s", [1.0, 5.0])
def test_a_lagging_probe_contradicts_no_column(off_s: float) -> None:
    """A bead a few seconds behind is no contradiction."""
    record = curve(noise_k=0.05)
    late = np.interp(record.time_s - off_s, record.time_s, record.temperature_degc)
    assert "edge-contradicts" not in codes(replace(record, temperature_degc=late))


def test_light_is_found_from_the_curve_and_said() -> None:
    """Without a light column the edges are found to a few seconds, and the record is doubtful."""
    good = curve(noise_k=0.05)
    blind = replace(good, laser_on=None)
    assert "light-from-curve" in codes(blind)
    lit = with_light(blind)
    assert lit is not None and lit.laser_on is not None and good.laser_on is not None
    assert int(np.sum(lit.laser_on != good.laser_on)) <= 6


def test_a_dark_record_without_a_column_has_no_light() -> None:
    """Noise alone has no edges."""
    dark = replace(curve(noise_k=0.05, efficiency=0.0), laser_on=None)
    assert with_light(dark) is None
    assert "light-unknown" in codes(dark)


@pytest.mark.parametrize(("power_w", "word"), [(1000.0, "mW"), (0.13, "W/cm2")])
def test_an_impossible_efficiency_names_the_slip(power_w: float, word: str) -> None:
    """1 W written in mW, or an irradiance for a power: beyond 0 to 1, and the slip is named."""
    setting = replace(SETTING, power_w=Known(power_w, 0.03 * power_w))
    found = finding(curve(noise_k=0.05), "efficiency-impossible", setting)
    assert found.hypothesis and word.lower() in found.fix.lower()


def test_heat_beyond_the_power_needs_no_absorbance_to_be_impossible() -> None:
    """C rate over power above 1 is impossible whatever is absorbed."""
    setting = Setting(replace(INPUTS, absorbance=None), Known(0.1, 0.003))
    assert "efficiency-impossible" in codes(curve(noise_k=0.05), setting)


def test_a_natural_absorbance_is_told_by_its_concentration() -> None:
    """2.3 where concentration and coefficient say 1.0; 1.05 is no such case."""
    due = Expected(absorbance=Known(1.0, 0.1))
    natural = replace(SETTING, inputs=replace(INPUTS, absorbance=Known(2.3, 0.01)))
    assert "absorbance-natural" in codes(curve(noise_k=0.05), natural, due)
    near = replace(SETTING, inputs=replace(INPUTS, absorbance=Known(1.05, 0.01)))
    assert "absorbance-natural" not in codes(curve(noise_k=0.05), near, due)


def test_an_irradiance_is_told_by_what_is_expected_of_the_material() -> None:
    """1 W/cm2 on 0.1 cm2 typed as 1 W makes 0.04 of 0.4; with the spot known the slip is named."""
    setting = SETTING
    expected = Expected(efficiency=Known(0.4, 0.05), spot_area_m2=0.1e-4)
    weak = curve(noise_k=0.02, efficiency=0.04)
    found = audit(weak, setting, expected)
    told = [f for f in found if f.code == "efficiency-unexpected"]
    assert told and "w/cm2" in told[0].fix.lower()
    assert "efficiency-unexpected" not in codes(curve(noise_k=0.05), setting, expected)


def test_nothing_known_is_no_finding() -> None:
    """Without inputs only the time constant is judged."""
    assert set() == codes(curve(noise_k=0.05), Setting(Inputs())) - HARMLESS


def test_findings_come_the_gravest_first() -> None:
    """Wrong, doubtful, note."""
    found = [f.severity for f in audit(nan_rows(glued(curve(noise_k=0.05, baseline_s=0.0))))]
    order = [Severity.WRONG, Severity.DOUBTFUL, Severity.NOTE]
    assert found == sorted(found, key=order.index)


def drawn(seed: int) -> tuple[Record, Setting]:
    """A healthy record of a cell with a wall, a lagging bead, light on it, drift: the check's own
    equations, sampled and rounded as loggers do."""
    rng = np.random.default_rng(seed)
    every_s, base_s = float(rng.choice([1.0, 2.0, 5.0])), float(rng.choice([30.0, 60.0, 120.0]))
    heat_s, cool_s = float(rng.choice([300.0, 600.0])), float(rng.choice([300.0, 900.0]))
    volume = float(rng.choice([0.5, 1.0, 2.0]))
    surface, power_w = volume ** (2.0 / 3.0), float(rng.uniform(0.5, 1.5))
    cell = CellParameters(
        heat_capacity_j_per_k=4.18 * volume,
        heat_per_watt=float(rng.uniform(0.2, 0.8)),
        heat_loss_w_per_k=0.024 * surface * float(np.exp(0.25 * rng.normal())),
        wall_j_per_k=1.1 * surface * float(np.exp(0.4 * rng.normal())),
        coupling_w_per_k=0.15 * surface * float(np.exp(0.47 * rng.normal())),
        lag_s=float(rng.uniform(0.3, 5.0)),
        light_k_per_w=0.3 * float(rng.normal()),
        curve_per_k=0.004,
        holder_share=0.06,
        drift_k_per_s=0.0005 * float(rng.normal()),
    )
    times = np.arange(0.0, base_s + heat_s + cool_s, every_s)
    on_s, off_s = base_s + 0.4, base_s + heat_s + 0.4
    light = (times > on_s) & (times <= off_s)
    solved = solve_cell(cell, times, PowerSteps.on_off(power_w, (on_s, off_s)), 23.0)
    noise = float(rng.choice([0.02, 0.05, 0.1])) * rng.normal(size=len(times))
    step = float(rng.choice([0.001, 0.1, 0.25]))
    inputs = replace(INPUTS, volume_m3=Known(volume * 1e-6, volume * 1e-8))
    readings = np.round((solved.bead_degc + noise) / step) * step
    return Record(times, readings, light), Setting(inputs, Known(power_w, 0.03 * power_w))


def test_healthy_cells_are_left_alone() -> None:
    """Of 60 drawn cells none is called wrong, and at most 2 doubtful."""
    found = [audit(*drawn(seed)) for seed in range(1, 61)]
    weights = [finding.severity for findings in found for finding in findings]
    assert 0 == weights.count(Severity.WRONG)
    assert 2 >= weights.count(Severity.DOUBTFUL)


@pytest.mark.parametrize(("power_w", "due"), [(1000.0, True), (2e-5, True), (1.0, False)])
def test_a_power_of_no_laboratory_laser_is_asked_about(power_w: float, due: bool) -> None:
    """Milliwatts under the name of watts, where nothing else is known of the cell."""
    setting = Setting(Inputs(power_relative_sd=0.03), Known(power_w, 0.03 * power_w))
    codes = [each.code for each in audit(curve(noise_k=0.05), setting)]
    assert due == ("power-unit" in codes)


def test_an_edge_in_a_gap_is_told_with_both_of_its_ends() -> None:
    """Nobody knows when in it the light went off, and the column does not say so either."""
    whole = curve()
    assert whole.light is not None
    off_s = float(whole.time_s[whole.light][-1])
    told = finding(whole.rows(np.abs(whole.time_s - off_s) > 30.0), "edge-in-a-gap")
    assert told.severity is Severity.DOUBTFUL
    assert "goes off somewhere between" in told.seen
    assert not {"edge-in-a-gap", "edge-contradicts"} & codes(whole)


def test_a_list_where_an_array_is_due_says_so() -> None:
    """What a notebook gives first."""
    with pytest.raises(TypeError, match=r"time_s is a list: give an array"):
        Record([0.0, 1.0], np.zeros(2))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"laser_on is a list: .*dtype=bool"):
        Record(np.zeros(2), np.zeros(2), [True, False])  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(4))
def test_a_bend_between_rows_far_apart_is_an_edge_and_no_step(seed: int) -> None:
    """Told on at 60 s and lit from 200 s on, a row every 10 s: the column is contradicted, and
    nobody moved the probe."""
    record = curve(every_s=10.0, noise_k=0.05, baseline_s=200.0, heating_s=460.0, seed=seed)
    told = (record.time_s > 60.0) & (record.time_s <= 660.0)
    found = codes(replace(record, laser_on=told))
    assert "edge-contradicts" in found
    assert "curve-steps" not in found
