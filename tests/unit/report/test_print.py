"""Charts for print: a column wide, the same bytes from the same run, and they say what they are."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from labctl.errors import RecordError
from labctl.events import Assayed, ReleaseAssessed, Verdict
from labctl.report import write_figures
from tests.unit.report.reading import healthy, record, released


def test_each_chart_has_its_file_and_says_that_it_was_simulated(tmp_path: Path) -> None:
    """With the head hash of the record."""
    paths = write_figures(record(tmp_path, healthy()), tmp_path / "figures", ["svg"])
    texts = {path.name: path.read_text(encoding="utf-8") for path in paths}

    assert {f"{name}-84mm.svg" for name in ("run", "temperature", "cooling", "dose", "budget")} == (
        set(texts)
    )
    assert all("SIMULATED" in text and "head " in text for text in texts.values())
    for text in texts.values():
        width = re.search(r'width="([\d.]+)pt"', text)
        assert width is not None
        assert 84 / 25.4 * 72 == pytest.approx(float(width[1]), abs=0.01)


def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    """In each format."""
    folder = record(tmp_path, released())
    once, again = (
        [path.read_bytes() for path in write_figures(folder, tmp_path / name, ["svg", "pdf"])]
        for name in ("once", "again")
    )

    assert 4 == len(once)
    assert once == again


def test_names_are_letters_and_no_formula(tmp_path: Path) -> None:
    """What begins with a dollar is not set as mathematics, nor read as markup."""
    name = "$\\frac{1}{$<b>&"
    told = []
    for event in released():
        if isinstance(event, Assayed):
            event = replace(event, species=name)
        elif isinstance(event, ReleaseAssessed):
            event = replace(event, results={name: event.results["quinidine"]})
        told.append(event)
    budget = [replace(e, budget={name: 0.1}) if isinstance(e, Verdict) else e for e in healthy()]
    paths = [
        *write_figures(record(tmp_path, told), tmp_path / "one", ["svg"]),
        *write_figures(record(tmp_path, budget), tmp_path / "two", ["svg"]),
    ]
    texts = {path.name: path.read_text(encoding="utf-8") for path in paths}

    for file in ("release-84mm.svg", "budget-84mm.svg"):
        assert "$\\frac{1}{$&lt;b&gt;&amp;" in texts[file]


def test_figures_that_cannot_be_written_are_an_error(tmp_path: Path) -> None:
    """With the folder's name."""
    (tmp_path / "figures").write_text("a file")
    with pytest.raises(RecordError, match="the figures cannot be written"):
        write_figures(record(tmp_path, healthy(60.0)), tmp_path / "figures", ["svg"])
