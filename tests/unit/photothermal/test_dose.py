"""Doses worked out by hand, and what must hold of every dose."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.photothermal import (
    CEM43,
    CEM43_BREAK_42_5,
    CEM43_UNCUT,
    CONVENTIONS,
    OF_LIQUID,
    PAIRS,
    Cem43,
    DoseMeter,
    EnergyMeter,
    ProbeTrust,
    ThermalDose,
    fluence_j_per_m2,
    thermal_dose,
)

EXACT = ProbeTrust(0.0, 0.0, 0.0)
USUAL = ProbeTrust(0.5, 1.0, 0.4)

temperatures = st.lists(st.floats(15.0, 75.0), min_size=2, max_size=30)
spacings = st.lists(st.floats(0.05, 20.0), min_size=29, max_size=29)


def held(degc: float, minutes: float, convention: Cem43 = CEM43) -> float:
    """CEM43 of one temperature held."""
    t_s = np.linspace(0.0, 60.0 * minutes, 61)
    dose = thermal_dose(
        t_s, np.full(61, degc), EXACT, convention=convention, longest_gap_s=math.inf
    )
    return dose.cem43_min.value


def meter_of(t_s: list[float], degc: list[float], probe: ProbeTrust = USUAL) -> ThermalDose:
    meter = DoseMeter(probe)
    for t, x in zip(t_s, degc, strict=True):
        meter.add(t, x)
    return meter.told()


@pytest.mark.parametrize(
    ("degc", "minutes", "cem43_min"),
    [
        (50.0, 1.0, 128.0),
        (43.0, 60.0, 60.0),
        (42.0, 4.0, 1.0),
        (39.0, 256.0, 1.0),
        (38.99, 256.0, 0.0),
        (47.0, 15.0, 240.0),
    ],
)
def test_a_temperature_held_gives_the_dose_worked_out_by_hand(
    degc: float, minutes: float, cem43_min: float
) -> None:
    """2^(T - 43) minutes a minute above 43 degC, 4^(T - 43) down to 39 degC, nothing below."""
    assert held(degc, minutes) == pytest.approx(cem43_min, rel=1e-12)


def test_the_conventions_differ_where_they_say() -> None:
    """Below 39 degC only the cut tells them apart; at 42.5 degC only the break does."""
    assert (0.0, 1.0 / 1024.0) == (held(38.0, 1.0), pytest.approx(held(38.0, 1.0, CEM43_UNCUT)))
    assert held(42.5, 1.0) == pytest.approx(0.5)
    assert held(42.5, 1.0, CEM43_BREAK_42_5) == pytest.approx(math.sqrt(0.5))
    assert held(42.0, 1.0, CEM43_BREAK_42_5) == pytest.approx(0.25)


def test_a_ramp_through_the_breakpoints_is_integrated_exactly() -> None:
    """37 to 45 degC in 8 min: the integrals of 4^(T-43) from 39 to 43 and of 2^(T-43) from 43."""
    dose = thermal_dose([0.0, 480.0], [37.0, 45.0], EXACT, longest_gap_s=1e3)
    by_hand = (1.0 - 4.0**-4) / math.log(4.0) + (4.0 - 1.0) / math.log(2.0)
    assert dose.cem43_min.value == pytest.approx(by_hand, rel=1e-12)


def test_omega_of_a_temperature_held_is_rate_times_time() -> None:
    """A exp(-Ea / R T) t at 55 degC for 10 s, with the numbers of the named pair."""
    pair = PAIRS["skin"]
    dose = thermal_dose([0.0, 10.0], [55.0, 55.0], EXACT, pairs=[pair])
    omega = 10.0 * math.exp(math.log(3.1e98) - 6.28e5 / (8.314462618 * 328.15))
    assert dose.damage[0].omega.value == pytest.approx(omega, rel=1e-9)
    assert dose.damage[0].survival.value == pytest.approx(math.exp(-omega))


def test_an_arrhenius_pair_and_cem43_agree_about_a_degree_at_50_degc() -> None:
    """exp(-Ea / (Rg T (T + 1))) of the CHO and skin pairs is near the R of 0.5."""
    for name in ("skin", "cho"):
        pair = PAIRS[name]
        assert pair.rate(50.0) / pair.rate(51.0) == pytest.approx(0.486, abs=0.01)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_a_pair_says_where_it_comes_from_and_whether_it_was_checked(pair: object) -> None:
    """Source and both numbers stand in the words; what was not checked says so."""
    words = pair.words  # type: ignore[attr-defined]
    assert pair.source in words and "Ea" in words  # type: ignore[attr-defined]
    assert pair.checked is ("not checked" not in words)  # type: ignore[attr-defined]


def test_each_convention_names_its_breakpoints() -> None:
    """No two conventions are printed alike, and each says where it breaks."""
    words = [law.words for law in CONVENTIONS.values()]
    assert len(set(words)) == len(words)
    assert "0 below 39 degC" in CEM43.words and "42.5" in CEM43_BREAK_42_5.words


@given(temperatures, spacings, st.sampled_from(list(CONVENTIONS.values())))
def test_one_by_one_and_all_at_once_agree(
    degc: list[float], steps_s: list[float], convention: Cem43
) -> None:
    """A meter and the batch form give the same dose, bounds and gaps."""
    t_s = np.cumsum([0.0, *steps_s[: len(degc) - 1]]).tolist()
    meter = DoseMeter(USUAL, convention=convention)
    for t, x in zip(t_s, degc, strict=True):
        meter.add(t, x)
    one, all_ = meter.told(), thermal_dose(t_s, degc, USUAL, convention=convention)
    for a, b in (
        (one.cem43_min, all_.cem43_min),
        (one.damage[0].omega, all_.damage[0].omega),
    ):
        assert (a.low, a.value, a.high) == pytest.approx((b.low, b.value, b.high), 1e-9, 1e-12)
    assert (one.gaps, one.peak_degc, one.left_out) == (all_.gaps, all_.peak_degc, all_.left_out)
    assert meter.cem43_min == pytest.approx(one.cem43_min.value)


@given(temperatures, spacings, st.data())
def test_cutting_a_record_in_two_leaves_its_dose(
    degc: list[float], steps_s: list[float], data: st.DataObject
) -> None:
    """The doses of two parts add up to the dose of the whole, wherever it is cut."""
    t_s = np.cumsum([0.0, *steps_s[: len(degc) - 1]])
    at_s = data.draw(st.floats(0.0, float(t_s[-1])))
    cut_degc = float(np.interp(at_s, t_s, degc))
    x = np.array(degc)

    def dose(t: np.ndarray, y: np.ndarray) -> float:
        return thermal_dose(t, y, EXACT, longest_gap_s=1e9).cem43_min.value

    first = dose(np.append(t_s[t_s < at_s], at_s), np.append(x[t_s < at_s], cut_degc))
    last = dose(np.insert(t_s[t_s > at_s], 0, at_s), np.insert(x[t_s > at_s], 0, cut_degc))
    assert first + last == pytest.approx(dose(t_s, x), rel=1e-7, abs=1e-12)


@given(temperatures, st.floats(-1e6, 1e6))
def test_when_a_record_began_makes_no_difference(degc: list[float], by_s: float) -> None:
    """The same dose on any clock."""
    t_s = np.arange(len(degc), dtype=float)
    one, other = thermal_dose(t_s, degc, USUAL), thermal_dose(t_s + by_s, degc, USUAL)
    assert other.cem43_min.value == pytest.approx(one.cem43_min.value, rel=1e-6, abs=1e-12)


@given(temperatures, st.floats(0.0, 5.0))
def test_hotter_is_never_less(degc: list[float], by_k: float) -> None:
    """The dose of a record is no smaller when all of it is hotter."""
    t_s = np.arange(len(degc), dtype=float)
    cool = thermal_dose(t_s, degc, EXACT)
    warm = thermal_dose(t_s, np.array(degc) + by_k, EXACT)
    assert warm.cem43_min.value >= cool.cem43_min.value * (1.0 - 1e-9)
    assert warm.damage[0].omega.value >= cool.damage[0].omega.value * (1.0 - 1e-9)


@given(temperatures)
def test_the_bounds_hold_the_value(degc: list[float]) -> None:
    """low <= value <= high, and none is negative."""
    dose = thermal_dose(np.arange(len(degc), dtype=float), degc, USUAL)
    for found in (dose.cem43_min, dose.damage[0].omega, dose.damage[0].survival):
        assert 0.0 <= found.low <= found.value <= found.high


def test_the_tolerance_of_the_probe_is_in_the_bounds() -> None:
    """Half a kelvin either way is a factor of the square root of two above 43 degC."""
    dose = thermal_dose(np.arange(61.0), np.full(61, 50.0), ProbeTrust(0.5, 0.0, 0.0))
    assert dose.cem43_min.low == pytest.approx(128.0 / math.sqrt(2.0))
    assert dose.cem43_min.high == pytest.approx(128.0 * math.sqrt(2.0))


def test_the_lag_of_the_bead_is_taken_off_and_its_doubt_is_in_the_bounds() -> None:
    """A bead of 2 s behind a liquid that warms from 44 to 50 degC: the dose is the liquid's, which
    is outside what the bead alone would give."""
    t_s = np.linspace(0.0, 120.0, 1201)
    liquid = 44.0 + 0.05 * t_s
    bead = liquid - 0.05 * 2.0
    truth = thermal_dose(t_s, liquid, EXACT).cem43_min.value
    naive = thermal_dose(t_s, bead, EXACT).cem43_min.value
    dose = thermal_dose(t_s, bead, ProbeTrust(0.0, 2.0, 0.5)).cem43_min
    assert abs(dose.value - truth) < 0.05 * abs(naive - truth)
    assert naive < dose.low < truth < dose.high


def test_a_gap_is_told_and_nothing_is_counted_in_it() -> None:
    """60 s without a reading at 50 degC: half the dose, one gap, and an upper end that holds it."""
    t_s = [float(t) for t in (*range(31), *range(90, 121))]
    dose = meter_of(t_s, [50.0] * len(t_s), EXACT)
    assert (1, 59.0 + 1.0) == (dose.gaps, dose.gap_s + 0.0)
    assert dose.duration_s == 60.0
    assert dose.cem43_min.value == pytest.approx(128.0)
    assert dose.cem43_min.high == pytest.approx(256.0)


def test_readings_that_are_none_are_left_out_and_counted() -> None:
    """NaN, an open thermocouple, a repeated and a reordered time change nothing but the count."""
    t_s = [0.0, 1.0, 1.0, 2.0, 0.5, 3.0, 4.0]
    degc = [50.0, 50.0, 70.0, math.nan, 60.0, 1370.0, 50.0]
    dose = meter_of(t_s, degc, EXACT)
    again = thermal_dose(t_s, degc, EXACT)
    assert 4 == dose.left_out == again.left_out
    assert dose.cem43_min.value == pytest.approx(128.0 * 4.0 / 60.0)
    assert again.cem43_min.value == pytest.approx(dose.cem43_min.value)


@pytest.mark.parametrize("readings", [0, 1])
def test_too_little_to_add_up_is_no_dose(readings: int) -> None:
    """No reading, or one, gives a dose of nothing, and does not crash."""
    dose = thermal_dose([0.0] * readings, [50.0] * readings, USUAL)
    assert (0.0, 0.0) == (dose.cem43_min.value, dose.duration_s)
    assert (None if readings == 0 else 50.0) == dose.peak_degc


def test_a_million_readings_are_one_array_operation() -> None:
    """10^6 readings give the dose of their temperature."""
    n = 1_000_000
    dose = thermal_dose(np.arange(n) * 0.1, np.full(n, 44.0), EXACT)
    assert dose.cem43_min.value == pytest.approx(2.0 * (n - 1) * 0.1 / 60.0)


def test_times_and_temperatures_of_two_lengths_are_refused() -> None:
    """They are no record."""
    with pytest.raises(ValueError, match="not of one length"):
        thermal_dose([0.0, 1.0], [40.0], USUAL)


def test_every_dose_is_of_the_liquid() -> None:
    """The label goes with the dose."""
    assert OF_LIQUID == thermal_dose([0.0], [40.0], USUAL).label
    assert "not of tissue" in OF_LIQUID


def test_energy_is_the_power_over_the_time_lit() -> None:
    """1 W for 10 s between dark readings, and only while lit."""
    meter = EnergyMeter()
    for t in range(21):
        lit = 5 < t <= 15
        meter.add(float(t), 1.0 if 5 <= t <= 15 else 0.0, lit)
    assert (10.0, 10.0) == (meter.energy_j, meter.lit_s)
    energy = meter.energy(0.03)
    assert (energy.low, energy.high) == pytest.approx((10.0 - 0.588, 10.0 + 0.588))


def test_fluence_is_energy_over_the_spot() -> None:
    """600 J on 0.5 cm2 are 1200 J/cm2; both deviations are in its bounds."""
    fluence = fluence_j_per_m2(600.0, 0.03, 0.5e-4, 0.025e-4)
    assert fluence.value == pytest.approx(1200.0e4)
    reach = 1.96 * math.hypot(0.03, 0.05)
    assert fluence.high / fluence.value == pytest.approx(1.0 + reach)
