"""Tests of the innovations' size and memory."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from labctl.photothermal import chi2_tail, ljung_box, nis_band, sign_runs


@given(st.floats(0.0, 200.0), st.integers(1, 30))
def test_tail_is_scipys(x: float, half: int) -> None:
    """The closed form of the chi-square tail is right for every even number."""
    assert chi2_tail(x, 2 * half) == pytest.approx(scipy.stats.chi2.sf(x, 2 * half), abs=1e-12)


def test_tail_refuses_odd_numbers() -> None:
    """There is no closed form for odd degrees of freedom, and none is pretended."""
    with pytest.raises(ValueError, match="even"):
        chi2_tail(1.0, 3)


def test_white_noise_has_uniform_p() -> None:
    """Of 400 white records about 5 % have p below 0.05."""
    rng = np.random.default_rng(1)

    low = sum((ljung_box(rng.normal(size=500)) or 0.0) < 0.05 for _ in range(400))

    assert 8 <= low <= 36


def test_memory_is_seen() -> None:
    """A lag-1 correlation of 0.2 in 1000 readings is not white."""
    rng = np.random.default_rng(2)
    white = rng.normal(size=1000)
    coloured = white[1:] + 0.2 * white[:-1]

    p = ljung_box(coloured)

    assert p is not None
    assert p < 0.001


def test_too_few_readings_say_nothing() -> None:
    """Fewer than five readings a lag give no p, and so do constant ones."""
    assert ljung_box(np.ones(99)) is None
    assert ljung_box(np.ones(200)) is None


def test_band_is_the_chi_square_band() -> None:
    """With a known noise level the band is chi-square's 0.5 to 99.5 %."""
    low, high = nis_band(500, 1e12)

    expected = scipy.stats.chi2.ppf([0.005, 0.995], 500) / 500
    assert (low, high) == pytest.approx(tuple(expected), rel=2e-3)


def test_band_widens_with_an_estimated_noise() -> None:
    """A noise level from 50 squares widens the band."""
    known, estimated = nis_band(500, 1e12), nis_band(500, 50)

    assert estimated[0] < known[0]
    assert estimated[1] > known[1]


def test_white_noise_passes_the_sign_runs_test() -> None:
    """Of 300 records of white noise in three branches, at most two are doubted at 0.2 %."""
    rng = np.random.default_rng(1)
    doubted = 0
    for _ in range(300):
        p = sign_runs(rng.normal(size=1500), [60, 660])
        doubted += p is not None and p < 0.002

    assert doubted <= 2


def test_errors_that_stay_on_one_side_are_doubted() -> None:
    """A slow swing of a third of the noise, too small for the size of it, makes few runs."""
    t = np.arange(1500.0)
    residuals = np.random.default_rng(2).normal(size=1500) + 0.33 * np.sin(t / 100.0)
    p = sign_runs(residuals, [60, 660])

    assert p is not None
    assert p < 0.002


def test_short_branches_have_no_sign_runs() -> None:
    """Fewer than 20 means are too few to count runs."""
    assert sign_runs(np.ones(300), [100]) is None
