"""Shares of the light that particles and solvent absorb."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.photothermal import REAR_RETURN, absorbed_shares, solvent_absorbance

ABSORBANCE = st.floats(0.0, 5.0)


def test_water_absorbs_two_percent_per_centimetre() -> None:
    """The decadic absorbance of a centimetre of water at 808 nm is 0.0097."""
    assert 0.0097 == pytest.approx(solvent_absorbance(0.01), abs=5e-5)


def test_particles_alone_absorb_by_beer_and_lambert() -> None:
    """Without solvent and without a rear wall the particles absorb 1 - 10^-A."""
    particles, solvent = absorbed_shares(1.0, 0.0, rear_return=0.0)

    assert (0.9, 0.0) == (pytest.approx(particles), solvent)


def test_particles_shade_the_solvent() -> None:
    """With particles the solvent absorbs less than alone: the full blank must not be taken off."""
    alone = absorbed_shares(0.0, 0.0097)[1]
    shaded = absorbed_shares(1.0, 0.0097)[1]

    assert shaded == pytest.approx(0.0097 / 1.0097 * (1 - 10**-1.0097), rel=0.02)
    assert shaded < 0.5 * alone


@given(ABSORBANCE, ABSORBANCE)
def test_shares_never_exceed_the_light(particles: float, solvent: float) -> None:
    """Both shares are positive and together no more than all of the light."""
    shares = absorbed_shares(particles, solvent)

    assert min(shares) >= 0.0
    assert sum(shares) <= 1.0 + 1e-12


@given(st.floats(0.01, 3.0))
def test_rear_reflection_adds_what_passes_twice(absorbance: float) -> None:
    """The returned light adds R 10^-A to what is absorbed, relatively."""
    through = 10.0**-absorbance
    with_wall = absorbed_shares(absorbance, 0.0)[0]
    without = absorbed_shares(absorbance, 0.0, rear_return=0.0)[0]

    assert math.isclose(with_wall / without - 1.0, REAR_RETURN * through, rel_tol=1e-6)
