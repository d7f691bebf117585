"""The figure: one picture of any run, the same bytes from the same journal, and what it says."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.errors import RecordError
from labctl.events import Alarm, Assessment, Beam, Emission, Event, Tripped
from labctl.figure import _words as words
from labctl.figure import draw, draw_files
from labctl.figure._curves import Curves, read_curves
from labctl.figure._thin import POINTS, thin_evenly, thin_line
from labctl.record import Journal
from tests.unit.view import storyteller


def record(folder: Path, what: Iterable[Event]) -> Path:
    """A folder with a journal of these events."""
    folder.mkdir(exist_ok=True)
    journal = Journal(folder / "journal.jsonl", real_time=False)
    for event in what:
        journal.append(event)
    journal.close()
    return folder


def texts(svg: Path) -> list[str]:
    """Everything written in a picture."""
    return [
        "".join(element.itertext())
        for element in ElementTree.parse(svg).iter("{http://www.w3.org/2000/svg}text")
    ]


def curves_of(folder: Path, what: Iterable[Event]) -> Curves:
    """The curves of a run of these events."""
    return read_curves(record(folder, what) / "journal.jsonl")


def healthy() -> list[Event]:
    """A run from its beginning to its end."""
    return list(storyteller.run(5.0))


def blank() -> list[Event]:
    """A healthy run whose check can say nothing of an efficiency."""
    told = []
    for event in healthy():
        if isinstance(event, Assessment):
            event = replace(event, efficiency=None, efficiency_sd_total=None)
        told.append(event)
    return told


RUNS = {
    "healthy": (healthy, ["SIMULATED · heating-curve · pda-aminoacid",
                          "pass: efficiency 0.410, 95 % 0.369 to 0.451", "laser on", "asked for"]),
    "blank": (blank, ["laser on", "model ± 2 sd"]),
    "cut off": (lambda: healthy()[:100], ["CUT OFF at", "s: no closing event, no verdict"]),
    "tripped": (lambda: list(storyteller.tripped_run()),
                ["TRIP guarded reading",
                 "no verdict: tripped, the probe gives no reading: open"]),
    "not confirmed off": (lambda: list(storyteller.unconfirmed_run()),
                          ["BEAM NOT CONFIRMED OFF (tried: output, key, interlock)",
                           "emission unknown"]),
    "log": (lambda: list(storyteller.log_run()), ["SIMULATED · log", "measured"]),
    "nothing": (list, ["CUT OFF at 0 s: no closing event, no verdict"]),
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_any_run_has_a_picture(tmp_path: Path, name: str) -> None:
    """Whatever became of a run, its picture is well-formed and says so in words."""
    events, said = RUNS[name]
    written = texts(draw(record(tmp_path, events())))

    for words_ in said:
        assert any(words_ in text for text in written), written


def test_the_same_journal_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two records of the same events have the same picture, whenever and wherever drawn."""
    one = draw(record(tmp_path / "one", healthy()))
    other = draw(record(tmp_path / "other", healthy()))

    assert one.read_bytes() == other.read_bytes()
    assert b"<dc:date>" not in one.read_bytes()


@pytest.mark.parametrize("width_cm", [9.0, 18.0])
def test_the_print_is_readable_in_a_column(tmp_path: Path, width_cm: float) -> None:
    """No print is smaller than 7 points when the picture is 9 cm wide."""
    text = draw(record(tmp_path, healthy()), width_cm=width_cm).read_text()
    sizes = {float(size) for size in re.findall(r"font-size: ([\d.]+)px", text)}
    sizes |= {float(size) for size in re.findall(r"font: (?:\w+ )?([\d.]+)px", text)}
    width_pt = float(re.findall(r'width="([\d.]+)pt"', text)[0])

    assert pytest.approx(width_cm / 2.54 * 72, abs=0.1) == width_pt
    assert sizes
    assert min(sizes) * 9.0 / width_cm >= 7.0


def test_no_words_leave_the_picture(tmp_path: Path) -> None:
    """The longest words there are stay inside: wrapped, then cut with a mark."""
    curves = curves_of(tmp_path, storyteller.begins())
    curves.ended = storyteller.ended(10**9, "tripped", 4, why="a very long reason " * 20)
    lines = words.verdict(curves).splitlines()

    assert words.LINES == len(lines)
    assert all(len(line) <= words.WIDTH for line in lines)
    assert lines[-1].endswith("...")


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ({"efficiency": {"value": 0.35712, "low": 0.3302, "high": 0.38405}},
         "pass: efficiency 0.357, 95 % 0.330 to 0.384"),
        ({"efficiency": {"value": 0.35712, "low": None, "high": None}}, "pass: efficiency 0.357"),
        ({"efficiency": {"value": 0.35712, "low": 0.2, "high": 0.2}}, "pass: efficiency 0.357"),
        ({"heat_loss_coefficient": {"value": 0.01234, "low": 0.0119, "high": 0.0128}},
         "pass: heat-loss coefficient 12.34 mW/K, 95 % 11.90 to 12.80"),
        ({"specific_absorption_rate": {"value": 109532.0, "low": 101600.0, "high": 117500.0}},
         "pass: absorption rate 109.5 W/g of iron, 95 % 101.6 to 117.5"),
        ({"time_constant": {"value": 200.0}}, "pass"),
    ],
)  # fmt: skip
def test_a_result_has_no_digit_too_many(results: dict[str, Any], said: str) -> None:
    """The interval says how many digits are shown; a blank shows its heat loss, a field what its
    iron takes up."""
    verdict = replace(storyteller.verdict(0), results=results, assumptions=())
    curves = Curves(verdict=verdict, ended=storyteller.ended(0))

    assert said == words.verdict(curves)


def test_a_number_that_rests_on_a_placeholder_says_so() -> None:
    """A picture is passed on without its record."""
    said = "the absorbance of the sample is a placeholder, not a measurement"
    verdict = replace(storyteller.verdict(0), assumptions=(said,))
    measured = replace(verdict, assumptions=("white noise",))
    ended = storyteller.ended(0)

    assert words.verdict(Curves(verdict=verdict, ended=ended)).endswith("on placeholders")
    assert "placeholder" not in words.verdict(Curves(verdict=measured, ended=ended))


def test_a_number_without_a_verdict_is_not_shown() -> None:
    """A run that did not complete shows why, and no efficiency."""
    ended = storyteller.ended(0, "stopped", 5, why="Ctrl-C")
    curves = Curves(verdict=storyteller.verdict(0, "none"), ended=ended)

    assert "no verdict: stopped, Ctrl-C" == words.verdict(curves)


def test_a_picture_is_small(tmp_path: Path) -> None:
    """A long run is thinned: ten times the readings do not make a longer file."""
    short = draw(record(tmp_path / "short", storyteller.run(1.0))).stat().st_size
    long = draw(record(tmp_path / "long", storyteller.run(0.2))).stat().st_size

    assert long < 1.3 * short
    assert long < 250_000


def test_a_png_on_request(tmp_path: Path) -> None:
    """Beside the SVG, and only when asked for."""
    folder = record(tmp_path, healthy()[:50])
    draw(folder)
    assert not (folder / "figure.png").exists()
    draw(folder, png=True)
    assert (folder / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_journal_there_is_no_picture(tmp_path: Path) -> None:
    """A folder without a journal is an error, and so is one that cannot be written."""
    with pytest.raises(RecordError, match="no journal"):
        draw(tmp_path)
    folder = record(tmp_path / "run", healthy()[:20])
    (folder / "figure.svg").mkdir()
    with pytest.raises(RecordError, match="cannot be written"):
        draw(folder)


def test_light_that_nobody_put_out_lasts_to_the_end(tmp_path: Path) -> None:
    """A run that was cut off while lit is shaded to its last event, known or not."""
    curves = curves_of(
        tmp_path,
        [
            Emission(1 * 10**9, Beam.ON, "read back", 1.0),
            Emission(3 * 10**9, Beam.UNKNOWN, "no reply"),
            storyteller.ended(9 * 10**9),
        ],
    )

    assert [(1.0, 3.0, True), (3.0, 9.0, False)] == [
        (light.begin_s, light.end_s, light.known) for light in curves.light
    ]


def test_trips_and_alarms_are_marked(tmp_path: Path) -> None:
    """An alarm at its onset, a trip when it fired."""
    alarm = Alarm(20 * 10**9, "step", 1, ("efficiency",), 12 * 10**9, "-10 %", "")
    curves = curves_of(tmp_path, [alarm, Tripped(30 * 10**9, "rate", "too fast")])

    assert [(12.0, "step (class 1)", False), (30.0, "rate", True)] == [
        (mark.t_s, mark.text, mark.trip) for mark in curves.marks
    ]


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(POINTS + 1, 4000),
    gaps=st.lists(st.tuples(st.integers(0, 3999), st.integers(1, 900)), max_size=3),
)
def test_thinning_keeps_peaks_and_gaps(seed: int, count: int, gaps: list[tuple[int, int]]) -> None:
    """The highest and lowest points stay, at their times; a gap stays a gap; few points remain."""
    value = np.random.default_rng(seed).normal(size=count)
    for begin, length in gaps:
        value[begin : begin + length] = math.nan
    t = np.arange(len(value), dtype=float)
    thin_t, thin = thin_line(t.tolist(), value.tolist())
    whole = value

    assert len(thin) <= 1.5 * POINTS
    assert np.all(np.diff(thin_t) > 0)
    assert np.isnan(thin).any() == np.isnan(whole).any()
    if not np.isnan(whole).all():
        assert (np.nanmin(whole), np.nanmax(whole)) == (np.nanmin(thin), np.nanmax(thin))
    kept = whole[thin_t.astype(int)]
    assert np.array_equal(kept, thin, equal_nan=True)


def test_a_short_line_is_left_alone() -> None:
    """Few points are all kept, and thinning evenly keeps both ends of many."""
    t, value = thin_line([0.0, 1.0], [5.0, 6.0])

    assert ([0.0, 1.0], [5.0, 6.0]) == (t.tolist(), value.tolist())
    kept = thin_evenly(10_000)
    assert (0, 9_999, POINTS) == (kept[0], kept[-1], len(kept))


@pytest.mark.parametrize("width_mm", [84.0, 174.0])
def test_figures_for_print_have_a_columns_width_and_print_of_seven_points(
    tmp_path: Path, width_mm: float
) -> None:
    """In each format, and nothing is cut off at an edge."""
    folder = record(tmp_path / "run", healthy())
    svg, pdf, png = draw_files(folder, tmp_path / "figures", ("svg", "pdf", "png"), width_mm)
    text = svg.read_text()
    points = float(re.search(r'width="([\d.]+)pt"', text)[1])  # type: ignore[index]
    box = re.search(rb"/MediaBox \[\s*0 0 ([\d.]+)", pdf.read_bytes())
    sizes = {float(size) for size in re.findall(r"font(?:-size)?: (?:bold )?([\d.]+)px", text)}

    assert width_mm / 25.4 * 72 == pytest.approx(points, abs=0.01)
    assert box is not None
    assert width_mm / 25.4 * 72 == pytest.approx(float(box[1]), abs=0.01)
    assert b"\x89PNG" == png.read_bytes()[:4]
    assert width_mm / 25.4 * 600 == pytest.approx(
        int.from_bytes(png.read_bytes()[16:20], "big"), abs=1
    )
    assert {7.0, 8.0} == sizes


def test_the_same_record_gives_the_same_figures_for_print(tmp_path: Path) -> None:
    """To the byte: no date, no random name."""
    folder = record(tmp_path / "run", healthy())
    kinds = ("svg", "pdf", "png")
    once, again = (
        [path.read_bytes() for path in draw_files(folder, tmp_path / name, kinds)]
        for name in ("once", "again")
    )

    assert once == again
