"""A slice of the figures of staged release: particles of the quick generator through both gates."""

from __future__ import annotations

from benchmarks.protocols._staged_quick import CEILING, FLOOR, TARGET, staged
from benchmarks.protocols.staged import gates

LIT, HELD = (6, 7, 13), 2


def test_where_the_laser_is_lit_the_order_was_truly_held() -> None:
    """Three particles that reach the laser gate: at each gate the truth was on the right side."""
    for seed in LIT:
        found = staged(seed)
        assert found.lit, found.outcome
        assert found.inhibitor_at_order >= TARGET
        assert found.drug_at_order <= CEILING
        assert found.drug_at_laser >= FLOOR


def test_a_particle_that_does_not_keep_the_order_is_held() -> None:
    """Its drug was truly above the ceiling, and the reason says what was not sure."""
    found = staged(HELD)
    assert not found.lit
    assert "the drug is not surely held" in found.outcome
    assert found.drug_at_order > CEILING


def test_the_figures_count_only_the_lit_and_name_why_others_were_held() -> None:
    """One lit and one held: shares of one, and one reason."""
    figures = list(gates([staged(LIT[0]), staged(HELD)], "quick", "short"))
    assert 1.0 == figures[0].value
    assert "held: 1 order gate" in figures[0].beside
    assert [100.0] * 3 == [figure.value for figure in figures[1:]]
