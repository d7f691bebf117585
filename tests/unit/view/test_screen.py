"""One frame of the live terminal, at the sizes that people have."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import takewhile

import pytest
from rich.console import Console

from labctl.cli._view._mailbox import Header
from labctl.cli._view._model import Model
from labctl.cli._view._screen import frame
from labctl.clock import NS
from labctl.events import Beam, Emission, Event, PromptAsked
from tests.unit.view import storyteller as story

SIZES = [(80, 24), (100, 30), (200, 50)]
TELEMETRY = "mosquitto_sub -h 127.0.0.1 -p 1883 -v -t 'labctl/v1/simulated-bench/#'"


def until(t_s: float, events: Iterable[Event] | None = None) -> Iterator[Event]:
    """The run up to a moment."""
    return takewhile(lambda e: e.t_ns <= t_s * NS, events or story.run(1))


def model(events: Iterable[Event], *, speed: float | None = 60.0) -> Model:
    """What a terminal knows after these events."""
    made = Model(speed=speed)
    made.begin(Header(story.HEADER, story.AT_MOST_NS))
    made.telemetry = TELEMETRY
    for event in events:
        made.apply(event, 0)
    return made


def drawn(made: Model, width: int, height: int) -> list[str]:
    """The rows of a frame as a terminal without colours has them."""
    console = Console(record=True, width=width, height=height, file=io.StringIO())
    console.print(frame(made, width, height - 1))
    return console.export_text().splitlines()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_frame_fits_its_window(width: int, height: int) -> None:
    """No row is wider than the window and the last row of the window stays free."""
    rows = drawn(model(until(500)), width, height)

    assert len(rows) == height - 1
    assert max(map(len, rows)) <= width


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_frame_says_what_must_be_known(width: int, height: int) -> None:
    """Mode first; beam in words; reading, prediction, power, efficiency; step; way to stop."""
    rows = drawn(model(until(500)), width, height)
    text = "\n".join(rows)

    assert rows[0].startswith(" SIMULATED  bench simulated-bench (shipped)")
    assert " ON 1.00 W, read back 7 min 20 s ago " in rows[1]
    assert "41.14 °C" in text
    assert "41.178 ± 0.050" in text
    assert "1.000 W commanded" in text
    assert "0.410 ± 0.017" in text
    assert "0.377 to 0.443" in text
    assert "180.0 ± 6.8 s" in text
    assert 'step 2 of 3  irradiate "Heat" at 1.00 W' in text
    assert "17 min 40 s left at most" in text
    assert TELEMETRY in text
    assert rows[-1] == " Ctrl-C: laser off and stop"


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_frame_draws_the_curve_and_the_laser(width: int, height: int) -> None:
    """There are braille dots in several rows, and the bar that marks the light."""
    rows = drawn(model(until(500)), width, height)
    dotted = [row for row in rows if any(0x2800 < ord(letter) <= 0x28FF for letter in row[7:])]

    assert len(dotted) >= 6
    assert any(row.startswith(" laser│") and "█████" in row for row in rows)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_alarm_is_not_cut(width: int, height: int) -> None:
    """Its name, class, size and causes are all on the screen."""
    rows = drawn(model([*until(300), story.alarm(300)]), width, height)
    text = " ".join(" ".join(rows).split())

    assert "ALARM step (fault class 1): -10.2 % of the absorbed power since 0:04:51" in text
    assert "one of: overlap at the sample, efficiency, heat loss" in text


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_unconfirmed_beam_fills_the_width(width: int, height: int) -> None:
    """Three rows across the whole window, right below the mode."""
    rows = drawn(model(takewhile(lambda e: e.kind != "run-ended", story.unconfirmed_run())), width,
                 height)  # fmt: skip

    assert rows[1] == "!" * width == rows[3]
    assert "BEAM NOT CONFIRMED OFF" in rows[2]
    assert "UNKNOWN, tried: output, key, interlock, 0.0 s ago" in rows[4]
    assert len(rows) == height - 1


def test_real_is_said_in_words() -> None:
    """A real bench is REAL in the first row, whatever the colours are."""
    made = model(until(100, story.run(1, story.Mode.REAL)))
    made.mode_line = ""

    assert drawn(made, 80, 24)[0].startswith(" REAL ")


def test_off_has_its_age() -> None:
    """OFF is never said without how it is known and how long ago."""
    made = model([*story.begins(), Emission(2 * NS, Beam.OFF, "read back")])
    made.seen.t_ns = 2 * NS + 400_000_000

    assert " OFF, read back 0.4 s ago " in drawn(made, 80, 24)[1]


def test_lost_contact_is_said_after_three_samples() -> None:
    """When samples stop coming the screen says so, with the time."""
    made = model(until(100), speed=1.0)
    made.listen(4 * NS)

    assert "LOST CONTACT, no reading for 4 s" in drawn(made, 100, 30)[1]


def test_slow_sampling_is_not_lost_contact() -> None:
    """A log that reads once in ten seconds is well for thirty."""
    made = Model(speed=1.0)
    for second in (0, 10, 20):
        for event in story.tick(second, lit=False):
            made.apply(event, 0)
    made.listen(25 * NS)

    assert made.silent_ns == 0


def test_prompt_is_shown_and_how_to_answer() -> None:
    """A question to the person is on the screen until it is answered."""
    rows = drawn(model([*until(30), PromptAsked(30 * NS, "Put in the water blank.")]), 80, 24)
    text = "\n".join(rows)

    assert "PROMPT   Put in the water blank." in text
    assert rows[-1].startswith(" Enter: answer the prompt   Ctrl-C")


def test_log_without_laser_claims_nothing_about_one() -> None:
    """One thermometer: its number and its curve, no power, no efficiency, nothing lit."""
    rows = drawn(model(until(200, story.log_run())), 80, 24)
    text = "\n".join(rows)

    assert "not lit in this run" in rows[1]
    assert "probe          21.98 °C" in text
    assert "efficiency" not in text
    assert "power" not in text


def test_open_thermocouple_is_words_not_a_number() -> None:
    """An invalid reading says why it is none."""
    made = model([*until(100), *story.tick(101, lit=True, invalid=True)])

    assert "no reading (open, thermocouple is open)" in "\n".join(drawn(made, 80, 24))


@pytest.mark.parametrize(("width", "height"), [(80, 12), (40, 20), (30, 8), (20, 4)])
def test_window_too_small_keeps_mode_and_stop(width: int, height: int) -> None:
    """The first row and the way to stop are the last to go."""
    rows = drawn(model(until(500)), width, height)

    assert rows[0].startswith(" SIMULATED")
    assert rows[-1].startswith(" Ctrl-C: laser off")
    assert len(rows) <= height


def test_time_left_is_unknown_where_nobody_said() -> None:
    """Without the plan's own times only the last step's rest can be told."""
    made = model(until(100))
    made.at_most_ns = ()

    assert made.left_at_most_ns() is None


@pytest.mark.parametrize(
    ("how", "beam", "words"),
    [
        ("read back", Beam.ON, "Ctrl-C: laser off and stop"),
        ("manual: power meter", Beam.ON, "Ctrl-C: stop; the laser is yours to switch off"),
        ("manual: power meter", Beam.OFF, "Ctrl-C: stop"),
    ],
)
def test_a_stop_promises_only_what_it_can(how: str, beam: Beam, words: str) -> None:
    """It does not switch off a laser that a person switches."""
    events = [*story.begins(), Emission(NS, beam, how)]

    assert f" {words}" == drawn(model(events), 80, 24)[-1].rstrip()
