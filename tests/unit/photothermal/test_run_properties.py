"""Any record through `run_record`: finite moments with a deviation, or an error with a name."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labctl.photothermal import LostError, PowerSteps, RecordError, run_record
from tests.unit.photothermal.test_bank import PRIOR

LIGHT = PowerSteps.on_off(1.0, (10.0, 40.0))
READINGS = st.one_of(
    st.floats(-80.0, 400.0), st.sampled_from([np.nan, np.inf, -np.inf, 22.0, 1e300, -1e12])
)
GAPS = st.one_of(st.floats(0.05, 20.0), st.sampled_from([0.0, -1.0, np.nan, 1e-6, 130.0, 4000.0]))


def answered(times: np.ndarray, readings: np.ndarray) -> bool:
    """False where it is refused by name; an answer is finite, whatever was read."""
    try:
        run = run_record(PRIOR, times, readings, LIGHT, 22.0)
    except (RecordError, LostError) as error:
        assert str(error) or isinstance(error, LostError)
        return False
    assert np.isfinite(run.moments.mean).all()
    assert np.isfinite(run.moments.covariance).all()
    assert (np.diag(run.moments.covariance) >= 0.0).all()
    assert run.noise_sd_k > 0.0
    return True


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(GAPS, READINGS), max_size=30))
def test_any_record_has_an_answer_or_a_named_error(rows: list[tuple[float, float]]) -> None:
    """NaN, infinities, repeated and reordered times, gaps, one reading, none."""
    times = np.cumsum([gap for gap, _ in rows]) if rows else np.empty(0)
    answered(times, np.array([reading for _, reading in rows], dtype=float))


@settings(max_examples=20, deadline=None)
@given(
    st.floats(-50.0, 150.0),
    st.floats(0.05, 10.0),
    st.integers(2, 60),
    st.one_of(st.none(), st.integers(0, 59)),
)
@example(-49.0, 9.0, 11, 0)
def test_constant_readings_are_answered(
    value: float, every_s: float, n: int, wild: int | None
) -> None:
    """Whatever the constant and the period, and with one reading far from all others."""
    readings = np.full(n, value)
    if wild is not None:
        readings[wild % n] += 500.0
    answered(np.arange(n) * every_s, readings)


def test_a_gap_of_years_takes_no_years() -> None:
    """A clock that jumps from 1970 to now inside a record: answered, and in no time."""
    times = np.r_[np.arange(0.0, 60.0), 1.7e9 + np.arange(60.0)]
    assert answered(times, np.full(120, 22.0))
