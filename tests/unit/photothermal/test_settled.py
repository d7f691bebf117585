"""The bank at the verdict: what many narrow filters make of a record."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.check._cells import AMBIENT_DEGC, draw_cell, record
from benchmarks.check.coverage import PRIOR
from labctl.photothermal import BankPrior, FilterBank, LostError, run_record, settled
from labctl.photothermal._settled import narrow_cells
from labctl.photothermal._told import Cells

CALIBRATED = replace(
    PRIOR,
    heat_loss_relative_sd=0.01,
    wall_relative_sd=0.02,
    coupling_relative_sd=0.02,
    lag_relative_sd=0.02,
    light_k_per_w=0.01,
    curve_sd_per_k=1e-4,
    holder_share_sd=1e-3,
    dark_loss_sd=1e-3,
)


def _bank(prior: BankPrior, seed: int = 1) -> FilterBank:
    rng = np.random.default_rng(seed)
    drawn = record(
        prior, draw_cell(prior, rng), rng, heat_s=120.0, cool_s=60.0, power_w=1.5,
        noise_sd_k=0.05, flutter_k2_per_s=1e-6,
    )  # fmt: skip
    return run_record(
        prior, drawn.times_s, drawn.readings_degc, drawn.power, AMBIENT_DEGC, noise_sd_k=0.05,
        live=True,
    ).bank  # fmt: skip


def _sd(bank: FilterBank) -> np.ndarray:
    return np.sqrt(np.diag(bank.moments().covariance))


def test_where_nothing_is_bent_narrow_filters_change_nothing() -> None:
    """In a cell that is known to hundredths the answer is that of the pass before, to a twentieth
    of its deviation, and so are the deviations."""
    bank = _bank(CALIBRATED)
    before, after = bank.once_more(), settled(bank)

    assert after.filters != before.filters
    off = (after.moments().mean - before.moments().mean) / _sd(before)
    assert np.zeros(7) == pytest.approx(off, abs=0.05)
    assert _sd(before) == pytest.approx(_sd(after), rel=0.05)


def _whole(cells: Cells) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of all pieces together."""
    weight = np.exp(cells.log_weight)
    weight /= weight.sum()
    mean = weight @ cells.mean
    off = cells.mean - mean
    spread = (off * weight[:, None]).T @ off
    return mean, spread + np.einsum("i,ijk->jk", weight, cells.covariance)


def test_narrow_filters_are_together_the_prior() -> None:
    """Wherever they are laid: from a bank that knows nothing yet, and from one that was told a
    little, their weighed means are the prior's to a tenth of its deviation, and their deviations to
    a tenth."""
    sds = np.sqrt([*np.diag(PRIOR.covariance()), PRIOR.holder_share_sd**2, PRIOR.dark_loss_sd**2])
    means = [
        *np.log([PRIOR.heat_loss_w_per_k / PRIOR.heat_capacity_j_per_k, PRIOR.coupling_w_per_k]),
        *np.log([PRIOR.wall_j_per_k, 1.0 / PRIOR.lag_s]),
        *(PRIOR.curve_per_k, PRIOR.holder_share, 0.0),
    ]
    bank = FilterBank(PRIOR, 22.0, 22.0)
    for _ in range(2):
        mean, covariance = _whole(narrow_cells(PRIOR, bank.each()))

        assert np.zeros(7) == pytest.approx((mean - means) / sds, abs=0.1)
        assert np.ones(7) == pytest.approx(np.sqrt(np.diag(covariance)) / sds, rel=0.1)
        for second in range(60):
            bank.predict(1.0, 1.5, 22.0)
            bank.update(22.0 + 0.1 * second, 2.0**2)


def test_a_cell_of_one_node_is_settled_too() -> None:
    """Wall, coupling and what else is given are not gone along: there is nothing open in them."""
    prior = PRIOR.one_node()
    after = settled(_bank(prior))
    cells = narrow_cells(prior, after.each())

    assert np.isfinite(after.moments().mean).all()
    assert np.ptp(cells.mean[:, 1:3], axis=0) == pytest.approx([0.0, 0.0], abs=1e-9)


def test_it_is_always_the_same_answer() -> None:
    """The filters are laid evenly, not by chance."""
    bank = _bank(PRIOR, 2)

    np.testing.assert_array_equal(settled(bank).moments().mean, settled(bank).moments().mean)


def test_without_a_record_the_bank_has_the_word() -> None:
    """A copy does not carry the record along: there is nothing to tell once more."""
    bank = _bank(CALIBRATED).copy()

    assert settled(bank) is bank


def test_where_narrow_filters_are_lost_the_pass_before_has_the_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A verdict does not fail for it."""
    bank = _bank(CALIBRATED)
    expected = bank.once_more().moments().mean

    def lost(_: FilterBank, cells: Cells) -> FilterBank:
        raise LostError(len(cells.mean))

    monkeypatch.setattr(FilterBank, "among", lost)

    np.testing.assert_array_equal(expected, settled(bank).moments().mean)


def test_where_few_outweigh_all_others_the_pass_before_has_the_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A mean over one or two filters is none."""
    bank = _bank(CALIBRATED)
    among = FilterBank.among

    def lopsided(self: FilterBank, cells: Cells) -> FilterBank:
        bank = among(self, cells)
        bank.weight = np.zeros(bank.filters)
        bank.weight[0] = 1.0
        return bank

    monkeypatch.setattr(FilterBank, "among", lopsided)

    assert bank.once_more().filters == settled(bank).filters


def test_where_the_pass_before_is_lost_the_bank_has_the_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor for that."""
    bank = _bank(CALIBRATED)

    def lost(_: FilterBank) -> FilterBank:
        raise LostError

    monkeypatch.setattr(FilterBank, "once_more", lost)

    assert settled(bank) is bank
