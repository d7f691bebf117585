"""A beam beside the limits of a person: the numbers of the tables, and what is never said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.photothermal import (
    FOR_PEOPLE,
    exposure,
    eye_limit_w_per_m2,
    skin_limit_w_per_m2,
)


@pytest.mark.parametrize(
    ("nm", "w_per_cm2"), [(532, 0.2), (785, 0.296), (808, 0.329), (980, 0.726), (1064, 1.0)]
)
def test_the_skin_limit_beyond_ten_seconds_is_that_of_the_table(
    nm: float, w_per_cm2: float
) -> None:
    """0.2 C_A W/cm2."""
    assert skin_limit_w_per_m2(nm * 1e-9, 600.0) == pytest.approx(w_per_cm2 * 1e4, rel=2e-3)


def test_the_skin_limit_of_one_second_is_that_of_the_table() -> None:
    """1.1 C_A t^0.25 J/cm2, 1.81 J/cm2 at 808 nm."""
    assert skin_limit_w_per_m2(808e-9, 1.0) == pytest.approx(1.81e4, rel=1e-3)


def test_the_eye_limit_is_some_two_hundred_times_lower() -> None:
    """1.6 mW/cm2 at 808 nm beyond 10 s; the table of up to 10 s meets it there within 2 %."""
    assert eye_limit_w_per_m2(808e-9, 600.0) == pytest.approx(16.4, rel=5e-3)
    assert eye_limit_w_per_m2(808e-9, 9.999) == pytest.approx(16.4, rel=0.02)
    assert eye_limit_w_per_m2(1064e-9, 600.0) == pytest.approx(50.0)


@pytest.mark.parametrize("nm", [355, 1470, 10_600])
def test_no_limit_is_made_up_where_the_tables_have_another_form(nm: float) -> None:
    """Outside 400 to 1400 nm there is none, and the words say so."""
    beam = exposure(nm * 1e-9, 1.0, 1e-4, 60.0)
    assert (None, None) == (beam.skin, beam.eye)
    assert "no exposure limit" in beam.words


def test_a_watt_on_half_a_square_centimetre_is_six_times_the_skin_limit() -> None:
    """2 W/cm2 at 808 nm, 6.1 times the skin's limit and 1200 times the eye's."""
    beam = exposure(808e-9, 1.0, 0.5e-4, 600.0)
    assert (2e4, 6.08, 1216.0) == (
        pytest.approx(beam.irradiance_w_per_m2),
        pytest.approx(beam.skin, rel=1e-2),
        pytest.approx(beam.eye, rel=1e-2),
    )


def test_a_small_spot_is_averaged_over_the_aperture() -> None:
    """Under 3.5 mm the spot's size makes no difference to the skin's mean."""
    small, smaller = (exposure(808e-9, 1.0, area, 60.0) for area in (5e-6, 1e-7))
    assert small.skin == smaller.skin == pytest.approx(smaller.skin_gaussian, rel=1e-6)


def test_a_wide_gaussian_beam_has_twice_its_mean_in_the_middle() -> None:
    """In the limit of an aperture much smaller than the spot."""
    beam = exposure(808e-9, 1.0, 0.1, 60.0)
    assert beam.skin is not None and beam.skin_gaussian is not None
    assert beam.skin_gaussian / beam.skin == pytest.approx(2.0, rel=1e-3)


def test_a_spot_of_no_area_is_refused() -> None:
    """There is no irradiance then."""
    with pytest.raises(ValueError, match="is none"):
        exposure(808e-9, 1.0, 0.0, 60.0)


@given(
    st.floats(200e-9, 11e-6),
    st.floats(0.0, 100.0),
    st.floats(1e-8, 1e-1),
    st.floats(1e-9, 1e6),
)
def test_nothing_is_ever_called_safe(
    wavelength_m: float, power_w: float, spot_m2: float, duration_s: float
) -> None:
    """Whatever the beam, no word says that it does no harm, and whose limits they are is told."""
    words = exposure(wavelength_m, power_w, spot_m2, duration_s).words
    for never in ("safe", "harmless", "permitted", "allowed", "ok", "below"):
        assert never not in words.lower()
    assert words.endswith(FOR_PEOPLE)


@given(st.floats(0.0, 10.0), st.floats(1e-6, 1e-2), st.floats(11.0, 3e4))
def test_the_eye_is_shown_beside_the_skin(power_w: float, spot_m2: float, s: float) -> None:
    """Where there is a ratio to the skin's limit in the near infrared, the eye's stands by it."""
    beam = exposure(808e-9, power_w, spot_m2, s)
    assert "skin" in beam.words and "eye" in beam.words
    assert beam.eye is not None
