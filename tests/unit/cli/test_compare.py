"""`labctl compare`: what it prints, its figure, its JSON, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labctl.cli import main
from labctl.cli._view import Line, overlay
from labctl.record import RunFolder
from tests.unit.record.some_events import run


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    """Two closed records."""
    made = []
    for ticks in (30, 60):
        folder = RunFolder.create(tmp_path / "runs", "heating-curve", "water")
        journal = folder.open_journal(real_time=False)
        for event in run(ticks):
            journal.append(event)
        folder.finish()
        made.append(str(folder.path))
    return made


def called(*words: str) -> int:
    """The exit code of `labctl compare ...`."""
    with pytest.raises(SystemExit) as exit:
        main(["compare", *words])
    assert isinstance(exit.value.code, int)
    return exit.value.code


def test_two_runs_are_shown_with_their_letters_and_their_difference(
    runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without colours where it goes into a pipe."""
    assert 0 == called(*runs)
    said = capsys.readouterr().out
    assert "efficiency             B - A  " in said
    assert "cannot be told apart" in said and "\x1b[" not in said
    assert "⠉" in said


def test_the_json_has_all_of_it(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without a number that JSON does not have."""

    def none(word: str) -> None:
        raise AssertionError(word)

    assert 0 == called("--json", *runs)
    told = json.loads(capsys.readouterr().out, parse_constant=none)
    assert ("labctl.compare/1", ["A", "B"]) == (told["schema"], [r["letter"] for r in told["runs"]])
    (each,) = told["differences"]
    assert ("efficiency", "cannot be told apart") == (each["quantity"], each["told"])
    assert len(told["curves"][0]["t_s"]) == len(told["curves"][0]["value_k"]) > 1


def test_the_figure_is_drawn_and_is_the_same_twice(runs: list[str], tmp_path: Path) -> None:
    """In the format that its ending names; temperatures are another picture than rises."""
    path = tmp_path / "x.svg"
    assert 0 == called(*runs, "--output", str(path))
    first = path.read_bytes()
    assert 0 == called(*runs, "--output", str(path))
    assert first.startswith(b"<?xml") and first == path.read_bytes()
    assert 0 == called(*runs, "--output", str(tmp_path / "x.PDF"), "--temperature")
    assert (tmp_path / "x.PDF").read_bytes().startswith(b"%PDF")


def test_what_cannot_be_compared_is_bad_input(runs: list[str], tmp_path: Path) -> None:
    """One run, one run twice, nine runs, no run, another format of figure."""
    assert 2 == called(runs[0])
    assert 2 == called(runs[0], runs[0])
    assert 2 == called(*(9 * runs)[:9])
    assert 2 == called(runs[0], "nowhere")
    assert 2 == called(*runs, "--output", str(tmp_path / "x.gif"))


def test_every_curve_of_an_overlay_has_its_letter() -> None:
    """Also where one lies on the other, and where one has a gap; no row is wider than asked."""
    times = [float(t) for t in range(-60, 600)]
    rising = [max(t, 0.0) / 60 for t in times]
    gap = [float("nan") if 100 < t < 300 else t / 60 for t in times]
    rows = overlay(
        [Line("A", times, rising), Line("B", times, rising), Line("C", times, gap)], 70, 12
    )
    text = ["".join(piece for piece, _ in row) for row in rows]
    assert 13 == len(rows)
    assert {"A", "B", "C"} <= set("".join(text))
    assert all(len(line) <= 70 for line in text)
    assert " 0 " in text[-1] and "min" in text[-1]


@pytest.mark.parametrize("values", [[], [float("nan")], [20.0]])
def test_an_overlay_of_next_to_nothing_is_drawn(values: list[float]) -> None:
    """No reading, none that is a number, one."""
    rows = overlay([Line("A", [0.0] * len(values), values)], 60, 6)
    assert 7 == len(rows)
