"""What must hold of the audit and of the classical methods whatever the record.

Neither zero of time, nor units, nor rows left out change the answer; nothing in the arrays makes
them fail unnamed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.photothermal import (
    Classical,
    Estimate,
    Known,
    Record,
    UnusableError,
    audit,
    classical_methods,
    fit_one_node,
    usable,
    with_light,
)
from tests.unit.photothermal.curves import INPUTS, SETTING, curve

WHAT = ("efficiency", "time_constant", "heat_loss", "rate")


def close(first: Classical, second: Classical, relative: float) -> bool:
    """True where both give the same answers, but for that relative difference."""
    for what in WHAT:
        a, b = getattr(first, what), getattr(second, what)
        if (a is None) != (b is None):
            return False
        if isinstance(a, Estimate) and not np.isclose(a.value, b.value, rtol=relative, atol=1e-12):
            return False
    return True


@settings(max_examples=15, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(-20.0, 40.0))
def test_no_answer_hangs_on_the_zero_of_time_or_temperature(
    shift_s: float, warmer_k: float
) -> None:
    """Another start of the clock, another room: the same efficiency, time constant and rate."""
    record = curve(noise_k=0.05, every_s=4.0)
    moved = replace(
        record,
        time_s=record.time_s + shift_s,
        temperature_degc=record.temperature_degc + warmer_k,
    )
    pairs = zip(classical_methods(record, SETTING), classical_methods(moved, SETTING), strict=True)
    assert all(close(first, second, 1e-4) for first, second in pairs)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.1, 10.0), st.floats(0.2, 5.0))
def test_scales_cancel(volume: float, power: float) -> None:
    """Twice the liquid heated by twice the power is the same efficiency, and heat loss grows with
    the heat capacity: time constant and rate do not know of either."""
    record = curve(noise_k=0.05, every_s=4.0)
    known = INPUTS.volume_m3
    assert known is not None and SETTING.power_w is not None
    larger = replace(
        SETTING,
        inputs=replace(INPUTS, volume_m3=Known(known.value * volume, known.sd * volume)),
        power_w=Known(SETTING.power_w.value * power, SETTING.power_w.sd * power),
    )
    for a, b in zip(
        classical_methods(record, SETTING), classical_methods(record, larger), strict=True
    ):
        assert a.time_constant == b.time_constant and a.rate == b.rate
        if a.efficiency is not None and b.efficiency is not None:
            assert b.efficiency.value == pytest.approx(a.efficiency.value * volume / power)
        if a.heat_loss is not None and b.heat_loss is not None:
            assert b.heat_loss.value == pytest.approx(a.heat_loss.value * volume)


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 5))
def test_fewer_rows_are_the_same_curve(every: int) -> None:
    """Every second to fifth row: the same answer to a few per cent (a straight line through 30 s
    and an edge between rows are what differs)."""
    record = curve(noise_k=0.02)
    few = record.rows(slice(None, None, every))
    for a, b in zip(
        classical_methods(record, SETTING), classical_methods(few, SETTING), strict=True
    ):
        assert close(a, b, 0.06), a.name


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 389), min_size=1, max_size=30, unique=True), st.randoms())
def test_rows_that_cannot_be_used_change_nothing(rows: list[int], order: object) -> None:
    """NaN rows and repeated rows put in between are left out: the same arrays remain."""
    record = curve(noise_k=0.05, every_s=4.0)
    places = np.sort(np.concatenate([np.arange(len(record)), rows]))
    spoiled = record.rows(places)
    left, kept = usable(spoiled)
    assert left.time_s.tolist() == record.time_s.tolist()
    assert places[kept].tolist() == list(range(len(record)))


_ANY = st.one_of(
    st.floats(-1e4, 1e4),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([np.nan, 0.0, 1.0, 25.0]),
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(_ANY, _ANY, st.booleans()), max_size=40),
    st.sampled_from(["told", "not told"]),
    st.booleans(),
)
def test_anything_is_audited(
    rows: list[tuple[float, float, bool]], light: str, ordered: bool
) -> None:
    """Any numbers in any order: the audit answers, and the methods answer or raise the error with
    a name."""
    if ordered:
        rows = sorted(rows, key=lambda row: (np.isnan(row[0]), row[0]))
    columns = zip(*rows, strict=True) if rows else ((), (), ())
    time_s, temperature, lit = (np.array(column, dtype=float) for column in columns)
    record = Record(time_s, temperature, lit > 0.0 if light == "told" else None)
    with np.errstate(all="ignore"):
        audit(record, SETTING)
        for compute in COMPUTE:
            try:
                part, _ = usable(record)
                compute(part)
            except UnusableError as error:
                assert str(error)


COMPUTE: tuple[Callable[[Record], object], ...] = (
    lambda part: classical_methods(part, SETTING),
    fit_one_node,
    with_light,
)


@pytest.mark.parametrize("rows", [1, 2, 3, 5])
def test_a_few_readings_are_answered_with_what_is_missing(rows: int) -> None:
    """One to five readings: every method says why it has no answer."""
    part = curve(baseline_s=0.0).rows(slice(1, 1 + rows))
    for method in classical_methods(part, SETTING):
        assert method.why or method.rate is not None
    assert "few-rows" in {finding.code for finding in audit(part)} or rows < 3
