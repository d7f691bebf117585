"""How much of a stock brings a medium to what it shall have, and what it has afterwards."""

from __future__ import annotations

import pytest

from labctl.bench import Stock, after_adding, volume_to_reach
from labctl.errors import RefusedError

ML = 1e-6
GLUTATHIONE = Stock("glutathione", "0", 100.0)
ACID = Stock("acid", "1", titration=((7.4, 0.0), (6.5, 0.012), (5.5, 0.031)))


def test_the_volume_counts_itself_in() -> None:
    """10 mM of a stock of 100 mM in 1 mL: a ninth of a millilitre, not a tenth."""
    volume = volume_to_reach(GLUTATHIONE, ML, concentration_mol_per_m3=10.0)

    assert ML / 9 == pytest.approx(volume, rel=1e-12)
    assert (pytest.approx(10.0), None) == after_adding(GLUTATHIONE, ML, volume)


def test_what_is_there_already_is_counted() -> None:
    """From 2 mM to 10 mM less is added, and nothing to what has it."""
    more = volume_to_reach(GLUTATHIONE, ML, concentration_mol_per_m3=10.0, present_mol_per_m3=2.0)
    none = volume_to_reach(GLUTATHIONE, ML, concentration_mol_per_m3=2.0, present_mol_per_m3=2.0)
    told = after_adding(GLUTATHIONE, ML, more, present_mol_per_m3=2.0)

    assert ML * 8 / 90 == pytest.approx(more, rel=1e-12)
    assert 0.0 == none
    assert pytest.approx(10.0) == told[0]


@pytest.mark.parametrize(("ph", "per_volume"), [(7.4, 0.0), (6.5, 0.012), (6.0, 0.0215)])
def test_a_ph_is_between_two_points_of_the_titration(ph: float, per_volume: float) -> None:
    """Linear between neighbours; the volume per volume of the untouched medium."""
    assert 2 * ML * per_volume == pytest.approx(volume_to_reach(ACID, 2 * ML, ph=ph))


def test_two_steps_of_acid_are_as_one() -> None:
    """To 6.5 and on to 5.5 takes what 5.5 at once takes."""
    first = volume_to_reach(ACID, ML, ph=6.5)
    second = volume_to_reach(ACID, ML + first, ph=5.5, present_ph=6.5)
    _, there = after_adding(ACID, ML + first, second, present_ph=6.5)

    assert volume_to_reach(ACID, ML, ph=5.5) == pytest.approx(first + second)
    assert 5.5 == pytest.approx(there)


def test_past_the_titration_no_ph_is_known() -> None:
    """Nothing is extrapolated."""
    assert (None, None) == after_adding(ACID, ML, 0.05 * ML)


@pytest.mark.parametrize(
    ("stock", "aim", "said"),
    [
        (GLUTATHIONE, {"concentration_mol_per_m3": 100.0}, "cannot bring a medium to 100 mM"),
        (GLUTATHIONE, {"ph": 5.5}, "no titration"),
        (ACID, {"concentration_mol_per_m3": 1.0}, "states no concentration"),
        (ACID, {"ph": 5.0}, "outside what the stock of acid was titrated over"),
        (ACID, {"ph": 7.4, "present_ph": 6.5}, "back to 7.4"),
        (ACID, {}, "either"),
        (ACID, {"ph": 6.5, "concentration_mol_per_m3": 1.0}, "either"),
        (
            GLUTATHIONE,
            {"concentration_mol_per_m3": 1.0, "present_mol_per_m3": 2.0},
            "brought down",
        ),
    ],
)
def test_what_a_stock_cannot_reach_is_refused(
    stock: Stock, aim: dict[str, float], said: str
) -> None:
    """Too weak, the wrong way, or not stated."""
    with pytest.raises(RefusedError, match=said):
        volume_to_reach(stock, ML, **aim)  # type: ignore[arg-type]


def test_no_medium_is_refused() -> None:
    """An empty vessel has no concentration."""
    with pytest.raises(RefusedError, match="volume of the medium"):
        volume_to_reach(GLUTATHIONE, 0.0, concentration_mol_per_m3=1.0)


def test_a_medium_that_was_just_brought_there_needs_nothing_more() -> None:
    """Rounding on the way there and back is no reason to refuse."""
    volume, present = ML, 0.0
    for aim in (0.1, 0.3, 0.7, 1.1, 3.3):
        for _ in range(3):
            added = volume_to_reach(
                GLUTATHIONE, volume, concentration_mol_per_m3=aim, present_mol_per_m3=present
            )
            found, _ = after_adding(GLUTATHIONE, volume, added, present_mol_per_m3=present)
            volume, present = volume + added, found or 0.0
        assert added == pytest.approx(0.0, abs=1e-9 * ML)
    for ph in (7.0, 6.5, 5.5):
        first = volume_to_reach(ACID, ML, ph=ph)
        _, reached = after_adding(ACID, ML, first)
        assert volume_to_reach(ACID, ML, ph=ph, present_ph=reached) == pytest.approx(0.0, abs=1e-15)
