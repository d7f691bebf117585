"""One time constant through a whole record: right for a cell of one node, and said where not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from labctl.photothermal import Record, UnusableError, edges, fit_one_node, noise_sd_k, usable
from tests.unit.photothermal.cell import Cell
from tests.unit.photothermal.curves import TAU_S, curve


def two_nodes(noise_k: float = 0.02) -> Record:
    """A cell with a wall, by the tests' own integration."""
    cell, x, rows = Cell(coupling_w_per_k=0.06), (0.0, 0.0, 0.0), []
    rng = np.random.default_rng(3)
    for i in range(1500):
        power = 1.0 if 60 < i <= 660 else 0.0
        rows.append((float(i), 24.0 + x[2] + rng.normal(0.0, noise_k), power > 0.0))
        after = 1.0 if 60 <= i < 660 else 0.0
        for _ in range(10):
            x = cell.step(x, after, 0.1)
    t, y, on = zip(*rows, strict=True)
    return Record(np.array(t), np.array(y), np.array(on))


def test_one_node_is_found_and_passed() -> None:
    """On a cell of one node the fit gives its constants within 4 deviations and no reason."""
    for seed in range(5):
        fit = fit_one_node(curve(noise_k=0.05, seed=seed))
        tau, sd = fit.time_constant_s
        assert abs(tau - TAU_S) < 4.0 * sd
        assert () == fit.reasons
        assert fit.rms_k == pytest.approx(0.05, rel=0.1)


def test_two_nodes_fail_it() -> None:
    """A wall makes the residuals remember each other, and the fit says so."""
    fit = fit_one_node(two_nodes())
    assert not fit.passed
    assert any("memory" in reason for reason in fit.reasons)
    assert fit.lag1 is not None and fit.lag1 > 0.2


def test_edges_between_sparse_rows_are_found_in_the_curve() -> None:
    """At 10 s a row the switch-off is placed to 2 s by where the branches meet."""
    record = curve(every_s=10.0, heating_s=603.0, baseline_s=0.0)
    off = edges(record)[-1]
    assert (600.0, 610.0) == (off.earliest_s, off.latest_s)
    assert off.time_s == pytest.approx(603.0, abs=2.0)


def test_noise_is_told_from_the_curve() -> None:
    """The readings' noise is found within 15 % beside edges and steps."""
    assert noise_sd_k(curve(noise_k=0.05)) == pytest.approx(0.05, rel=0.15)


def test_rows_that_cannot_be_used_are_left_out() -> None:
    """NaN, repeated and earlier times go; the rest stays in order."""
    t = np.array([0.0, 1.0, np.nan, 1.0, 0.5, 2.0, 3.0])
    y = np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan, 7.0])
    left, places = usable(Record(t, y))
    assert [0, 1, 6] == places.tolist()
    assert [1.0, 2.0, 7.0] == left.temperature_degc.tolist()


def test_nothing_left_is_an_error_with_a_name() -> None:
    """A record of NaN alone is refused."""
    with pytest.raises(UnusableError, match="no row has both"):
        usable(Record(np.array([np.nan]), np.array([1.0])))


def test_constant_readings_are_an_error_with_a_name() -> None:
    """A curve that does not change has no time constant."""
    still = curve()
    still = replace(still, temperature_degc=np.full(len(still), 24.0))
    with pytest.raises(UnusableError, match="does not change"):
        fit_one_node(still)
