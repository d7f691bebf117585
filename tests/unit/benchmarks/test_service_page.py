"""The figures of the page, without a browser; what it puts into one is tried in tests/browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.service import page


def test_a_machine_without_a_browser_is_told_as_a_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never as a figure that holds."""

    @contextmanager
    def none() -> Iterator[None]:
        yield None

    monkeypatch.setattr(page, "chromium", none)

    figures = list(page.measure("short"))

    assert [(0, False)] == [(figure.value, figure.holds) for figure in figures]
    assert "no Chromium" in figures[0].beside


def test_the_age_of_a_sample_counts_from_its_time_in_the_run() -> None:
    """What the page saw is in milliseconds of wall time, by the run's own seconds."""
    zero_ms = 1_000_000.0

    assert [0.01, 0.02] == pytest.approx(
        page._ages({"0.5": zero_ms + 510, "60.1": zero_ms + 60_120}, zero_ms)
    )


def test_the_guard_s_first_word_on_a_stop_is_what_counts(tmp_path: Path) -> None:
    """Not when the beam was read back, which comes later."""
    log = tmp_path / "runs" / "day" / "run" / "guard.jsonl"
    log.parent.mkdir(parents=True)
    said = [("01.000000", "emit"), ("02.250000", "stop"), ("02.900000", "off"), ("03.0", "stop")]
    log.write_text("".join(
        json.dumps({"utc": f"1970-01-01T00:00:{at}Z", "what": what}) + "\n" for at, what in said
    ), encoding="utf-8")  # fmt: skip

    assert 2.25 == page._heard_s(tmp_path, "day/run")
