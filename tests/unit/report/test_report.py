"""A run's report says what its record says, whatever became of the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from labctl.clock import NS
from labctl.errors import RecordError
from labctl.events import Beam, Emission, Event, RunBegun, Verdict
from labctl.report import items, read_story, report_html, write_report
from labctl.report._numbers import rounded
from labctl.report._plot import Plot, ticks
from labctl.report._stated import friendly, stated
from tests.unit.report.reading import SAMPLE, Page, dose, healthy, record, released
from tests.unit.view import storyteller


def page(folder: Path, what: Iterable[Event], **more: object) -> Page:
    """The report of a run of these events."""
    return Page(report_html(record(folder, what, **more)))  # type: ignore[arg-type]


def test_every_number_of_the_results_is_that_of_the_verdict(tmp_path: Path) -> None:
    """In the verdict's own digits, beside what people read."""
    verdict = storyteller.verdict(0)
    expected = [
        repr(entry[key])
        for entry in verdict.results.values()
        for key in ("value", "low", "high", "sd_statistical", "sd_inputs")
    ]

    assert expected == page(tmp_path, healthy()).data["results"]


def test_the_budget_is_that_of_the_verdict_the_largest_first(tmp_path: Path) -> None:
    """Each input with its share."""
    assert ["0.02", "0.01"] == page(tmp_path, healthy()).data["budget"]


def test_the_dose_and_the_skin_ratio_are_those_of_the_record(tmp_path: Path) -> None:
    """And the ratio stands in the section on limits again."""
    found = page(tmp_path, healthy())
    told = dose(0).results

    expected = [
        repr(entry[key])
        for entry in told.values()
        for key in ("value", "low", "high")
        if key in entry
    ]
    assert expected == found.data["dose"]
    assert [repr(told["skin_exposure"]["value"])] == found.data["limits"]


@pytest.mark.parametrize(
    ("what", "headline", "never"),
    [
        (healthy, "Pass", "no verdict"),
        (lambda: healthy()[:100], "Cut off: no verdict", "Pass"),
        (storyteller.tripped_run, "No verdict: tripped", "Pass"),
        (storyteller.unconfirmed_run, "Emission not confirmed off", "Pass"),
        (storyteller.log_run, "No verdict: stopped", "Pass"),
        (list, "no verdict", "Pass"),
    ],
)
def test_the_verdict_comes_first_in_its_own_words(
    tmp_path: Path, what: object, headline: str, never: str
) -> None:
    """Of a run that did not complete none is told, whatever it had found by then."""
    said = page(tmp_path, what()).said.partition("Results")[0]  # type: ignore[operator]

    assert headline in said
    assert never not in said


@pytest.mark.parametrize("word", ["fail", "cannot tell", "none"])
def test_other_verdicts_are_told_as_they_are(tmp_path: Path, word: str) -> None:
    """Fail, cannot tell, and nothing to check."""
    told = [replace(e, verdict=word) if isinstance(e, Verdict) else e for e in healthy()]
    headline = {"none": "Completed; nothing was to be checked"}.get(word, word.capitalize())

    assert headline in page(tmp_path, told).said.partition("begun")[0]


def test_a_changed_record_has_no_verdict(tmp_path: Path) -> None:
    """It is told where it was changed, before anything else."""
    folder = record(tmp_path, healthy())
    journal = folder / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"seed":7', b'"seed":8', 1))
    said = Page(report_html(folder)).said.partition("begun")[0]

    assert "Record changed at journal.jsonl:2: no verdict stands" in said
    assert "Pass" not in said


def test_a_copy_that_is_not_what_the_journal_names_is_told(tmp_path: Path) -> None:
    """And one that is, is not."""
    other = SAMPLE | {"title": "Something else"}

    assert (
        "sample.yaml is not the one that the journal names"
        in page(tmp_path, healthy(), sample=other).said
    )
    assert "not the one that the journal names" not in page(tmp_path, healthy()).said


def test_injected_faults_alarms_and_notes_are_told(tmp_path: Path) -> None:
    """Nothing that happened drops out."""
    told: list[Event] = []
    for event in healthy():
        if isinstance(event, RunBegun):
            event = replace(event, faults=("power-step=-10%@120s",))
        if isinstance(event, Verdict):
            told.append(storyteller.alarm())
        told.append(event)
    said = page(tmp_path, told, facts={"armed_by": "A. Lab", "waived": ["expired meter"]}).said

    for words in ("power-step=-10%@120s", "-10.2 % of the absorbed power",
                  "overlap at the sample or efficiency or heat loss", "the lid was on",
                  "armed by: A. Lab", "waived: expired meter"):  # fmt: skip
        assert words in said


def test_readings_that_gave_no_number_are_counted(tmp_path: Path) -> None:
    """By channel and reason."""
    said = page(tmp_path, storyteller.tripped_run()).said

    assert "probe.temperature: 1 readings gave no number (open)" in said
    assert "guarded reading" in said


def test_a_checklist_item_is_filled_a_placeholder_or_missing(tmp_path: Path) -> None:
    """Never filled by what nobody measured."""
    states = {item.name: item.state for item in items(read_story(record(tmp_path, healthy())))}

    assert "in the record" == states["volume"]
    assert "in the record" == states["spot area and how it was measured"]
    assert "placeholder" == states["absorbance at the wavelength used"]
    assert "missing" == states["lot"]
    assert "missing" == states["blank run"]
    assert "missing" == states["stirring"]


def test_the_methods_say_what_was_used_and_that_it_was_simulated(tmp_path: Path) -> None:
    """Ready to paste, with the journal's head hash."""
    folder = record(tmp_path, healthy())
    story = read_story(folder)
    said = Page(report_html(folder)).said

    for words in ("All instruments were simulated: these are no measurements.",
                  "A volume of 1 mL (± 0.01 mL; pipette)", "Light of 808 nm came from Arroyo 6310",
                  "50 mm² (± 2.5 mm²; knife edge)", "0.410 (95 % interval 0.369 to 0.451)",
                  f"the head hash of its journal is {story.checked.head_hash}"):  # fmt: skip
        assert words in said


def test_the_page_names_no_path_of_the_computer(tmp_path: Path) -> None:
    """A report is sent to others."""
    facts = {"command": ["labctl", "run", str(tmp_path)], "blank": str(tmp_path / "2026" / "b")}

    assert str(tmp_path) not in page(tmp_path, healthy(), facts=facts).text


def test_released_shares_are_drawn_with_their_assays(tmp_path: Path) -> None:
    """Six dots and one line."""
    found = page(tmp_path, released())
    charts = [a["data-name"] for tag, a in found.tags if tag == "figure"]
    dots = [a["d"] for tag, a in found.tags if tag == "path" and "dots first" in a["class"]]

    assert "Released share of the load" in charts
    assert 6 == max(path.count("h0") for path in dots)


def test_the_dose_adds_up_to_that_of_the_run(tmp_path: Path) -> None:
    """The curve ends where a fresh count of the same readings ends."""
    from labctl.ledger import run_dose

    folder = record(tmp_path, healthy())
    counted = run_dose(folder, rebuild=True)

    assert counted is not None
    assert counted.cem43_min.value == pytest.approx(read_story(folder).cem43.value[-1], rel=1e-6)


def test_the_same_record_gives_the_same_page(tmp_path: Path) -> None:
    """To the byte."""
    folder = record(tmp_path, healthy())

    assert report_html(folder) == report_html(folder)


def test_the_record_stays_as_it_was(tmp_path: Path) -> None:
    """The page is written beside it."""
    folder = record(tmp_path, healthy())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    write_report(folder)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}

    assert {"report.html"} == set(after) - set(before)
    assert before == {name: after[name] for name in before}


def test_a_page_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(RecordError, match="the report cannot be written"):
        write_report(record(tmp_path, healthy()), tmp_path / "nowhere" / "report.html")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.000001 m^3", "1 mL"),
        ("8.733e-09 m^3", "8.733 µL"),
        ("0.00005 m^2", "50 mm²"),
        ("8.08e-07 m", "808 nm"),
        ("0.01 m", "10 mm"),
        ("400 m^2/kg", "4 L/(g cm)"),
        ("0.024 W/K", "24 mW/K"),
        ("0 m", "0 nm"),
        ("3 %", "3 %"),
        ("<b>", "<b>"),
    ],
)
def test_stated_quantities_are_told_in_units_that_people_say(text: str, words: str) -> None:
    """And what is none stays as it is."""
    assert words == friendly(text)


def test_a_deviation_is_told_in_the_unit_of_its_value() -> None:
    """Not in a smaller one of its own."""
    assert "1 mL (± 0.01 mL; pipette)" == stated(SAMPLE["volume"])


@pytest.mark.parametrize(
    ("value", "sd", "text"),
    [
        (0.495198, 0.0195, "0.495"),
        (22.0491, 0.82, "22.05"),
        (237.559, 7.3, "237.6"),
        (1180.1, 65.0, "1180"),
        (0.0, 0.0, "0"),
        (1.91e-4, 8e-5, "0.000191"),
    ],
)
def test_a_number_has_the_digits_that_its_deviation_bears(
    value: float, sd: float, text: str
) -> None:
    """Two digits of the deviation."""
    assert text == rounded(value, sd)


def test_ticks_are_round_and_inside() -> None:
    """Whatever the range."""
    assert [20, 25, 30, 35, 40] == ticks(18.2, 42.1, 5)
    assert [0.0, 0.5, 1.0, 1.5] == ticks(-0.06, 1.6, 5)


def test_a_gap_in_the_readings_is_a_gap_in_the_line() -> None:
    """No line is drawn over what was not read."""
    plot = Plot("k", "t", "d", (0.0, 4.0), (0.0, 1.0), "x", "y")
    plot.line([0, 1, 2, 3, 4], [0.1, 0.2, float("nan"), 0.4, 0.5], "measured")

    assert 2 == len(plot.layers)


def test_an_emission_whose_power_changes_is_one_light(tmp_path: Path) -> None:
    """As a hold makes it; two with darkness between them are two."""
    told: list[Event] = []
    for second in range(0, 100, 2):
        if second in (10, 20, 30, 60):
            told.append(Emission(second * NS, Beam.ON, "read back", 1.0 + second / 100))
        if second in (40, 80):
            told.append(Emission(second * NS, Beam.OFF, "read back"))
        told.extend(storyteller.tick(second, lit=False))
    story = read_story(record(tmp_path, told))

    assert [(10.0, 40.0), (60.0, 80.0)] == [(x.begin_s, x.end_s) for x in story.lights()]


def test_the_band_of_a_hold_is_drawn(tmp_path: Path) -> None:
    """As the protocol's copy states it; what is none is left out."""
    folder = record(tmp_path, healthy(60.0))
    held = "steps:\n- hold_temperature: {between: [%s degC, 30 degC]}\n"
    found = []
    for low in ("28", "x"):
        (folder / "protocol.yaml").write_text(held % low)
        found.append("to be held, 28 to 30 °C" in Page(report_html(folder)).said)

    assert [True, False] == found
