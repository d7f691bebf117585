"""Long lines on a terminal."""

from __future__ import annotations

import io

import pytest

from labctl.cli._folded import folded

LINE = "passed     identities   Arroyo 6310 serial 1000432 firmware v3.12; HEWLETT-PACKARD 34970A"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=[60, 80])
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    wide: int = request.param
    # Not the function: pytest asks it as well.
    monkeypatch.setenv("COLUMNS", str(wide))
    return wide


def test_a_long_line_is_folded_between_words_and_hangs(columns: int) -> None:
    """Nothing is lost, nothing is wider than the terminal, columns stay columns."""
    lines = list(folded(LINE, 24, Terminal()))
    assert len(lines) > 1
    assert max(map(len, lines)) <= columns
    assert lines[0].startswith("passed     identities   Arroyo")
    assert all(line.startswith(" " * 24) for line in lines[1:])
    assert " ".join(" ".join(lines).split()) == " ".join(LINE.split())


@pytest.mark.usefixtures("columns")
def test_a_path_is_never_broken_and_a_short_line_stays_as_it_is() -> None:
    """What is broken in two cannot be copied."""
    path = "/srv/" + 100 * "a"
    lines = list(folded(f"record     it lies in the folder {path}", 24, Terminal()))
    assert path == lines[-1].strip()
    assert ["  short  line"] == list(folded("  short  line", 24, Terminal()))
    assert [path] == list(folded(path, 24, Terminal()))


def test_a_pipe_gets_one_line() -> None:
    assert [LINE] == list(folded(LINE, 24, io.StringIO()))
