"""A calibrated cell that is lit until the efficiency is known well enough: the benchmark's, one of
its cells (inference alone, as said there)."""

import pytest

from benchmarks.check._calibrated import CalibratedCell, Phases
from benchmarks.check.early_stop import TARGET


@pytest.fixture(scope="module")
def cell() -> CalibratedCell:
    """The benchmark's first cell, calibrated and filled again."""
    return CalibratedCell(1)


@pytest.fixture(scope="module")
def lit(cell: CalibratedCell) -> Phases:
    """It, lit until the rule lets the heating end."""
    return cell.run(TARGET)


def test_heating_ends_early(lit: Phases) -> None:
    """Heating and cooling take at most 1/2.5 of 10 and 15 min, and a minute of light at least."""
    assert lit.total_s <= 600.0
    assert lit.heated_s >= 60.0


def test_what_is_said_of_it_is_true(cell: CalibratedCell, lit: Phases) -> None:
    """The efficiency is within three of its deviations without the inputs, and those are within the
    target: nothing is claimed that the readings do not hold."""
    assert abs(lit.value.value - cell.readable) <= 3.0 * lit.relative_sd * lit.value.value
    assert lit.relative_sd <= TARGET


def test_rates_taken_as_independent_would_overstate(cell: CalibratedCell, lit: Phases) -> None:
    """With what ties the calibration's heating rate to its wall left out, the same readings leave
    more than a quarter more open."""
    apart = cell.run(None, heat_s=lit.heated_s, cool_s=lit.cooled_s, apart=True)

    assert apart.relative_sd > 1.25 * lit.relative_sd
