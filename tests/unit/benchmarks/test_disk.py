"""A slice of the failing disks, and that a journal which did not care would be found out."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from benchmarks.records import disk
from labctl.record import Journal

CUT_SHORT, EIO, TABLE = (disk.KINDS[number] for number in (2, 4, 6))


@pytest.fixture(scope="module")
def sizes() -> Mapping[str, int]:
    """Of the files of a run whose disk does not fail."""
    return disk.whole_sizes()


@pytest.mark.parametrize("kind", [CUT_SHORT, EIO, TABLE], ids=lambda kind: kind.name)
def test_a_disk_that_fails_once_ends_the_run_dark_honest_and_whole(
    kind: disk.Kind, sizes: Mapping[str, int]
) -> None:
    """One run that fails on the way, and one at the closing event."""
    tally = disk.failed(kind, 2, 5, sizes)

    assert (2, []) == (tally.runs, tally.wrong)


def test_a_journal_that_keeps_a_torn_line_would_be_found_out(
    monkeypatch: pytest.MonkeyPatch, sizes: Mapping[str, int]
) -> None:
    """One that takes a short write for a whole one claims more than is on the disk."""
    monkeypatch.setattr(Journal, "_cut_back", lambda self, data, count: None)
    wrong = " ".join(disk.failed(CUT_SHORT, 2, 5, sizes).wrong)

    assert "verify says" in wrong
    assert "are called durable" in wrong
