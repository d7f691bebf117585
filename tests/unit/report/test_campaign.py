"""A campaign's page lists every run that was begun; nothing drops out."""

from __future__ import annotations

from pathlib import Path

from labctl.campaign import exclude, gather, unblind
from labctl.report import campaign_html
from tests.unit.campaign.given import LIT, TEXT, Bench
from tests.unit.report.reading import Page


def told(bench: Bench) -> Page:
    """The page."""
    state = bench.state
    return Page(campaign_html(bench.study, state, gather(bench.study, state, bench.runs)))


def test_every_run_begun_is_listed_with_what_became_of_it(tmp_path: Path) -> None:
    """Crashed, excluded, ended, and those that were not begun."""
    bench = Bench(tmp_path)
    bench.die(*LIT)
    bench.go_on(at_most=2)
    with bench.log as log:
        exclude(log, "u02", by="A. Lab", reason="the lid <was> left open")
    said = told(bench).said

    assert "3 runs begun, 1 count, 5 not begun" in said
    assert "crashed: cut off" in said
    assert "excluded by A. Lab: the lid <was> left open" in said
    assert 5 == said.count(" not begun ") - 1


def test_a_blind_campaign_names_no_arm_and_no_record(tmp_path: Path) -> None:
    """Until it is unblinded; then who did that stands in the page."""
    bench = Bench(tmp_path, TEXT.replace("seed: 5", "seed: 5\nblind: true"))
    bench.go_on()
    blind = told(bench)
    with bench.log as log:
        unblind(log, by="A. Lab", reason="all runs made")
    seen = told(bench)

    assert "blind: labels stand for the arms" in blind.said
    assert "polydopamine" not in blind.text
    assert " particles " not in blind.said.replace("Light warms particles more than water.", "")
    assert "unblinded" in seen.said and "by A. Lab" in seen.said
    assert " particles " in seen.said.replace("Light warms particles more than water.", "")
