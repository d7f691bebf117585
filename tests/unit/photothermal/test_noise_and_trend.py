"""The probe's noise from its readings, and the slope of its readings."""

import random

import pytest

from labctl.photothermal import NoiseEstimate, Trend


def _told(noise: NoiseEstimate, sd_k: float, slope: float = 0.0, n: int = 2000) -> float:
    rng = random.Random(3)
    for i in range(n):
        noise.add(20.0 + slope * i + rng.gauss(0.0, sd_k))
    return noise.variance**0.5


def test_noise_is_found() -> None:
    """2000 readings give their noise to a few percent, whatever was thought before."""
    assert 0.02 == pytest.approx(_told(NoiseEstimate(0.05), 0.02), rel=0.06)


def test_slope_is_not_noise() -> None:
    """A steady rise leaves the noise as it is."""
    assert 0.02 == pytest.approx(_told(NoiseEstimate(0.05), 0.02, slope=0.2), rel=0.06)


def test_step_is_not_noise() -> None:
    """One jump of 3 K does not make the probe look noisy."""
    noise = NoiseEstimate(0.05)
    before = _told(noise, 0.02)
    rng = random.Random(4)
    for _ in range(100):
        noise.add(23.0 + rng.gauss(0.0, 0.02))

    assert before == pytest.approx(noise.variance**0.5, rel=0.05)


def test_restart_forgets_the_neighbours() -> None:
    """After a restart two readings are needed before a third tells anything."""
    noise = NoiseEstimate(0.05)
    noise.add(1.0)
    noise.add(1.0)
    noise.restart()
    dof = noise.dof
    noise.add(2.0)
    noise.add(2.0)

    assert dof == noise.dof


def test_frozen_reading_leaves_some_noise() -> None:
    """A reading that never changes does not drive the noise to nothing."""
    noise = NoiseEstimate(0.05)
    for _ in range(5000):
        noise.add(20.0)

    assert noise.variance > 0.0


def _trend(slope: float, noise_k: float, seconds: int = 120) -> Trend:
    rng = random.Random(5)
    trend = Trend()
    for i in range(2 * seconds):
        trend.add(i / 2, 20.0 + slope * i / 2 + rng.gauss(0.0, noise_k))
    return trend


def test_slope_is_found() -> None:
    """The line through the window has the readings' slope, within its own deviation."""
    found = _trend(0.01, 0.02).slope(119.5, 60.0)

    assert found is not None
    assert 0.01 == pytest.approx(found[0], abs=4 * found[1])


def test_standing_still_is_steady() -> None:
    """Noise about a constant is steady within a band it fits in."""
    assert _trend(0.0, 0.02).steady(0.1, 60.0, 119.5)


def test_slow_rise_is_not_steady() -> None:
    """A rise by more than the band over the window is not steady."""
    assert not _trend(0.003, 0.02).steady(0.1, 60.0, 119.5)


def test_half_a_window_is_not_steady() -> None:
    """Before the window is full nothing is steady, however flat."""
    assert not _trend(0.0, 0.0, seconds=30).steady(0.1, 60.0, 29.5)


def test_readings_that_stopped_coming_are_not_steady() -> None:
    """With too few readings in the window nothing is steady."""
    assert not _trend(0.0, 0.0).steady(0.1, 60.0, 200.0)


def test_old_readings_make_room() -> None:
    """After hours the window still holds the latest readings, and no more is kept than half an
    hour's twice over."""
    trend = Trend()
    for i in range(20_000):
        trend.add(float(i), 20.0 if i < 18_000 else 21.0)

    assert trend.steady(0.01, 1500.0, 19_999.0)
    assert not trend.steady(0.01, 2500.0, 19_999.0)
