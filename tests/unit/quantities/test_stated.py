"""A number with its standard deviation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl import quantities
from labctl.quantities import QuantityError, Stated


@pytest.mark.parametrize(
    ("text", "kind", "value", "sd"),
    [
        ("1.00 mL ± 0.01 mL", "volume", 1e-6, 1e-8),
        ("1.00 mL ± 10 uL", "volume", 1e-6, 1e-8),
        ("1.00 mL +- 1 %", "volume", 1e-6, 1e-8),
        ("4.18 J/(g K) +/- 1 %", "specific heat", 4180.0, 41.8),
        ("1.00 ± 0.5 %", "absorbance", 1.0, 0.005),
        ("1.00 ± 0.005", "absorbance", 1.0, 0.005),
        ("96.5 % ± 0.5 %", "fraction", 0.965, 0.005),
        ("100 degC ± 0.1 K", "temperature", 100.0, 0.1),
        ("150 uM ± 10 %", "amount concentration", 0.15, 0.015),
        ("36 1/h ± 9 1/h", "rate constant", 0.01, 0.0025),
        ("60 kJ/mol ± 5 kJ/mol", "molar energy", 60e3, 5e3),
        ("5.5 ± 0.1", "number", 5.5, 0.1),
    ],
)
def test_value_and_deviation_are_read(text: str, kind: str, value: float, sd: float) -> None:
    """The deviation is in the value's unit or in per cent of it; of a fraction, in points."""
    assert Stated(value, sd) == quantities.parse_stated(text, kind)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.00 mL", "P025"),
        ("1.00 mL ± 1 s", "P023"),
        ("1.00 mL ± 1", "P022"),
        ("1.00 mL ± -1 %", "P024"),
        ("1.00 mL ± 1 % ± 1 %", "P021"),
        ("1,00 mL ± 1 %", "P020"),
    ],
)
def test_a_number_without_a_good_deviation_is_refused(text: str, code: str) -> None:
    """How well a number is known must be said, in a unit that fits."""
    with pytest.raises(QuantityError) as caught:
        quantities.parse_stated(text, "volume")

    assert code == caught.value.code


def test_the_deviation_of_a_temperature_is_a_difference() -> None:
    """Per cent of a temperature in degC mean nothing, and a deviation is no temperature."""
    for text in ("100 degC ± 1 %", "100 degC ± 1 degC"):
        with pytest.raises(QuantityError):
            quantities.parse_stated(text, "temperature")


def test_relative_deviation_is_of_the_magnitude() -> None:
    """The relative deviation is sd over |value|, and 0 for a value of 0."""
    assert (0.1, 0.0) == (Stated(-10.0, 1.0).relative, Stated(0.0, 1.0).relative)


def test_people_read_value_and_deviation() -> None:
    """Both are written in the unit that suits each."""
    assert "1 mL ± 10 uL" == quantities.format_stated(Stated(1e-6, 1e-8), "volume")


@given(st.text(max_size=60))
def test_garbage_is_refused_as_a_quantity_error(text: str) -> None:
    """Any text is a stated number or a QuantityError."""
    try:
        stated = quantities.parse_stated(text, "volume")
    except QuantityError as error:
        assert error.fix
    else:
        assert stated.sd >= 0
