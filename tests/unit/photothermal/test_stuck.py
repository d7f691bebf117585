"""A probe that stands still."""

import random

from labctl.photothermal import Stuck


def _times(values: list[float], noise_k: float = 0.05) -> list[float]:
    """Times at which a standstill is told, one reading a second."""
    stuck = Stuck()
    told = (stuck.add(float(t), value, noise_k) for t, value in enumerate(values))
    return [t for t in told if t is not None]


def _noise(count: int, grain: float, sd: float = 0.05) -> list[float]:
    rng = random.Random(1)
    return [round(rng.gauss(25.0, sd) / grain) * grain for _ in range(count)]


def test_frozen_probe_is_told_once() -> None:
    """Readings that stop moving are told once, with the time of the first of them."""
    assert [99.0] == _times(_noise(100, 0.001) + [_noise(100, 0.001)[-1]] * 50)


def test_moving_probe_is_not_told() -> None:
    """An hour of noise in steps of nearly half its deviation is not a standstill."""
    assert [] == _times(_noise(3600, 0.024))


def test_coarse_probe_is_not_judged() -> None:
    """A quarter-kelvin probe at a plateau stands still by itself; nothing is said."""
    assert [] == _times(_noise(300, 0.25) + [25.0] * 300)


def test_probe_asked_oftener_than_it_reads_is_not_stuck() -> None:
    """Every value twenty times over is how that probe reads; a standstill of ninety is not."""
    slow = [value for value in _noise(30, 0.001) for _ in range(20)]

    assert [] == _times(slow)
    assert [580.0] == _times(slow + [slow[-1]] * 90)


def test_probe_that_moves_again_can_be_told_again() -> None:
    """Two standstills are two."""
    noise = _noise(100, 0.001)
    values = noise + [noise[-1]] * 30 + noise + [noise[-1]] * 30

    assert 2 == len(_times(values))
