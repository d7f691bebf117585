"""Text to number: what is taken, what is refused, and in which words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl import quantities
from labctl.quantities import Kind, QuantityError


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("1.0 W", "power", 1.0),
        ("1.0W", "power", 1.0),
        ("250 mW", "power", 0.25),
        ("250 µW", "power", 2.5e-4),
        ("1 W/cm^2", "irradiance", 1e4),
        ("1 W/cm2", "irradiance", 1e4),
        ("1 W/cm²", "irradiance", 1e4),
        ("500 ms", "time", 0.5),
        ("15 min", "time", 900.0),
        ("24 h", "time", 86400.0),
        ("43 degC", "temperature", 43.0),
        ("43 °C", "temperature", 43.0),
        ("-5 degC", "temperature", -5.0),
        ("0.1 K", "temperature difference", 0.1),
        ("60 K/min", "rate", 1.0),
        ("808 nm", "length", 808e-9),
        ("10 mm", "length", 0.01),
        ("0.5 cm^2", "area", 5e-5),
        ("1.00 mL", "volume", 1e-6),
        ("300 μL", "volume", 3e-7),
        ("1.5 g", "mass", 0.0015),
        ("0.997 g/cm^3", "density", 997.0),
        ("25 ug/mL", "concentration", 0.025),
        ("2 g/L", "concentration", 2.0),
        ("3 %", "fraction", 0.03),
        ("1.02", "absorbance", 1.02),
        ("28 L/(g cm)", "absorption", 2800.0),
        ("350 mA", "current", 0.35),
        ("0.90 W/A", "slope", 0.9),
        ("0.95 W/W", "transfer", 0.95),
        ("1.1 J/K", "heat capacity", 1.1),
        ("4.18 J/(g K)", "specific heat", 4180.0),
        ("4.18 J/(g·K)", "specific heat", 4180.0),
        ("24 mW/K", "heat-loss coefficient", 0.024),
        ("1.2 kJ", "energy", 1200.0),
        ("1e-3 W", "power", 0.001),
    ],
)
def test_a_quantity_is_read_in_si_units(text: str, kind: str, expected: float) -> None:
    """Each kind is read from the units that people of the field write, exactly."""
    assert expected == quantities.parse(text, kind)


@pytest.mark.parametrize(
    ("text", "kind", "code", "words", "fix"),
    [
        ("1,5 W", "power", "P020", "decimal comma", "'1.5 W'"),
        ("1,500 W", "power", "P020", "comma", "'1500 W'"),
        ("1.0", "power", "P022", "a unit is missing", "'1.0 W'"),
        ("5 nm", "power", "P023", "(it is length)", "W, mW"),
        ("0.1 degC", "temperature difference", "P023", "is a temperature", "'0.1 K'"),
        ("300 K", "temperature", "P023", "temperature difference", "degC"),
        ("5 w", "power", "P023", "no unit 'w'", "'5 W'"),
        ("5 minutes", "time", "P023", "no unit", "'5 min'"),
        ("1 h 30 min", "time", "P021", "more than one", "90 min"),
        ("one watt", "power", "P021", "is not a power", "1.0 W"),
        ("", "power", "P021", "is not a power", "1.0 W"),
        ("3 W", "absorbance", "P023", "(it is power)", "number alone"),
        ("1e99 W", "power", "P024", "too large", "Check"),
        ("1 " + "W" * 200, "power", "P021", "too long", "1.0 W"),
        ("nan W", "power", "P021", "is not a power", "1.0 W"),
        ("1_000 W", "power", "P021", "more than one", "1.0 W"),
    ],
)
def test_what_is_no_quantity_is_refused_with_a_fix(
    text: str, kind: str, code: str, words: str, fix: str
) -> None:
    """A refusal carries a stable code, says what is wrong and how to write it."""
    with pytest.raises(QuantityError) as caught:
        quantities.parse(text, kind)

    assert code == caught.value.code
    assert words in caught.value.what
    assert fix in caught.value.fix


def test_the_unit_tells_the_kind() -> None:
    """Where several kinds are allowed the unit decides, and is kept in our spelling."""
    quantity = quantities.parse_any("0.9 W/A", Kind.SLOPE, Kind.TRANSFER)

    assert (Kind.SLOPE, "W/A") == (quantity.kind, quantity.unit)


def test_no_unit_belongs_to_two_kinds() -> None:
    """A unit has one kind, so that a wrong one can be named for what it is; a number alone is of
    several kinds."""
    units = [unit for kind in Kind for unit in quantities.units_of(kind) if unit]

    assert sorted(set(units)) == sorted(units)


@given(st.text(max_size=100), st.sampled_from(list(Kind)))
def test_garbage_never_gives_anything_but_a_finite_number_or_a_quantity_error(
    text: str, kind: Kind
) -> None:
    """Any text is a finite number or a QuantityError with a code and a fix."""
    try:
        value = quantities.parse(text, kind)
    except QuantityError as error:
        assert (True, True) == (error.code.startswith("P0"), bool(error.fix))
    else:
        assert math.isfinite(value)


@given(
    st.floats(min_value=-1e20, max_value=1e20).filter(lambda x: x == 0 or abs(x) > 1e-20),
    st.sampled_from(list(Kind)),
)
def test_exact_text_loads_to_the_same_number(value: float, kind: Kind) -> None:
    """`parse` undoes `exact` bit for bit, for every kind."""
    assert value == quantities.parse(quantities.exact(value, kind), kind)


@given(st.floats(min_value=1e-9, max_value=1e9), st.sampled_from(list(Kind)))
def test_text_for_people_is_the_number_to_six_digits(value: float, kind: Kind) -> None:
    """`format` loses no more than the seventh digit."""
    read = quantities.parse(quantities.format(value, kind), kind)

    assert math.isclose(value, read, rel_tol=1e-5)


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (600.0, "time", "10 min"),
        (90.0, "time", "1.5 min"),
        (100.0, "time", "100 s"),
        (0.5, "time", "500 ms"),
        (86400.0, "time", "24 h"),
        (100.123, "time", "100.123 s"),
        (0.0, "time", "0 s"),
        (0.024, "heat-loss coefficient", "24 mW/K"),
        (1e4, "irradiance", "1 W/cm^2"),
        (808e-9, "length", "808 nm"),
        (75.0, "temperature", "75 degC"),
        (1.02, "absorbance", "1.02"),
    ],
)
def test_people_read_the_unit_they_would_write(value: float, kind: str, expected: str) -> None:
    """`format` takes the unit in which the number is short."""
    assert expected == quantities.format(value, kind)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("10 mM", "amount concentration", 10.0),
        ("5 µM", "amount concentration", 5e-3),
        ("5.5", "pH", 5.5),
        ("pH 7.4", "pH", 7.4),
        ("50 J/cm2", "fluence", 5e5),
        ("110 kHz", "frequency", 110e3),
        ("300 rpm", "speed of rotation", 300.0),
        ("15 kA/m", "magnetic field strength", 15e3),
    ],
)
def test_the_units_of_release_dose_and_field_are_read(text: str, kind: str, value: float) -> None:
    """mM, pH, fluence, Hz, rpm and A/m; a pH is a number alone, or after the word."""
    assert value == pytest.approx(quantities.parse(text, kind), rel=1e-12)


def test_a_fraction_of_one_is_told_as_percent_and_never_taken_for_one() -> None:
    """0.95 meant as 95 % must not become 0.95 %."""
    with pytest.raises(QuantityError) as caught:
        quantities.parse("0.95", "fraction")

    assert "'95 %'" in str(caught.value.fix)
