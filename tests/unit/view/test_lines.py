"""The plain and the JSON view of a run."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import TextIO

import pytest

from labctl.cli._view import Presenter, Summary, choose
from labctl.cli._view._plain import reading_interval_ns
from labctl.clock import NS
from labctl.events import Beam, Emission, Event, Note, from_dict
from tests.unit.view import storyteller as story


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def tell(view: Presenter, events: Iterable[Event], summary: Summary) -> None:
    """Show a whole run."""
    view.start()
    view.header(story.HEADER, at_most_ns=story.AT_MOST_NS)
    view.telemetry("mosquitto_sub -t x")
    for event in events:
        view.show(event)
    view.finish(summary)
    view.close()


def shown(
    events: Iterable[Event],
    summary: Summary | None = None,
    *,
    as_json: bool = False,
    talk: TextIO | None = None,
) -> tuple[list[str], str]:
    """Lines on stdout and the text on stderr."""
    out = io.StringIO()
    talk = talk or io.StringIO()
    view = choose(json=as_json, speed=None, stream=out, talk=talk)
    tell(view, events, summary or story.summary())
    return out.getvalue().splitlines(), talk.getvalue()  # type: ignore[attr-defined]


def test_json_loses_nothing() -> None:
    """Every event comes back from its line, in order, and only the closing line is added."""
    lines, _ = shown(story.run(), as_json=True)

    assert list(story.run()) == [from_dict(json.loads(line)) for line in lines[:-1]]


def test_json_carries_schema_and_mode_in_every_line() -> None:
    """A line is understood by itself, whichever it is."""
    lines, _ = shown(story.run(5), as_json=True)
    said = {(data["schema"], data["mode"]) for data in map(json.loads, lines)}

    assert said == {("labctl.event/1", "SIMULATED")}


def test_json_ends_with_the_closing_event() -> None:
    """The last line says outcome, verdict, results, exit code and where the record is."""
    lines, _ = shown(story.run(5), as_json=True)
    last = json.loads(lines[-1])

    assert last["k"] == "closed"
    assert (last["outcome"], last["verdict"], last["exit_code"]) == ("completed", "pass", 0)
    assert last["results"]["efficiency"]["value"] == 0.4102
    assert last["record"] == "runs/2026-01-31/001-heating-curve-pda"
    assert last["figure"] == "runs/2026-01-31/001-heating-curve-pda/figure.svg"


def test_json_says_when_a_run_was_never_begun() -> None:
    """A run that came to nothing still ends with a closing event and the reason."""
    lines, _ = shown((), Summary(3, messages=("diode: no answer",)), as_json=True)
    last = json.loads(lines[-1])

    assert (last["outcome"], last["why"]) == ("not-begun", "diode: no answer")
    assert last["record"] is None


def test_json_keeps_talk_off_its_stream() -> None:
    """What is said to people goes to stderr; stdout has nothing but JSON."""
    lines, talk = shown(story.run(5), as_json=True)

    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert "mosquitto_sub -t x" in talk


def test_plain_says_the_mode_first() -> None:
    """The first line of a run is SIMULATED or REAL and the bench."""
    lines, _ = shown(story.run())

    assert lines[0] == "SIMULATED  bench simulated-bench (shipped)"


def test_plain_run_of_25_minutes_is_about_40_lines() -> None:
    """One can read a whole run in a log file without scrolling far."""
    lines, _ = shown(story.run(0.1))
    stamped = [line for line in lines if line.startswith("0:")]

    assert len(stamped) <= 40
    assert sum("reading" in line for line in stamped) >= 10


def test_plain_reading_shows_what_was_measured_and_what_was_predicted() -> None:
    """A line of readings has the probe with its prediction, power and the efficiency so far."""
    lines, _ = shown(story.run())

    assert (
        "0:10:00  reading  probe 41.95 °C  predicted 41.954 ± 0.050  ambient 22.09 °C  "
        "meter 0.983 W  asked 1.000 W  efficiency 0.410 ± 0.016 (95 % 0.379 to 0.441)"
    ) in lines


def test_plain_tells_steps_and_beam() -> None:
    """Each step and each change of the beam is a line in words."""
    lines, _ = shown(story.run())

    assert '0:01:00  step     2 of 3  irradiate "Heat" at 1.00 W, at most 10 min' in lines
    assert "0:01:00  laser    ON 1.00 W, read back" in lines
    assert "0:11:00  laser    OFF, read back (step ended)" in lines


def test_plain_ends_with_the_verdict_in_words() -> None:
    """The last words: verdict, efficiency with its interval and shares, record."""
    lines, _ = shown(story.run())

    assert "SIMULATED  PASS: the readings agree with the model" in lines
    assert ("  efficiency        0.410 ± 0.021 (95 % 0.369 to 0.451; statistical ± 0.008,") in lines
    assert "  record            runs/2026-01-31/001-heating-curve-pda" in lines


def test_plain_never_moves_the_cursor_or_colours() -> None:
    """There is no escape sequence and no carriage return in a pipe."""
    lines, talk = shown(story.tripped_run(), story.summary(4))
    text = "\n".join(lines) + talk

    assert not {"\x1b", "\r", "\a"} & set(text)


def test_plain_trip_says_what_why_and_what_next() -> None:
    """A run that a safety rule ended says the rule, the state of the beam and what to do."""
    lines, _ = shown(story.tripped_run(), story.summary(4))
    text = " ".join(" ".join(lines).split())

    assert "TRIPPED: a safety rule ended the run" in text
    assert "guarded reading: the probe gives no reading: open" in text
    assert "beam OFF, read back" in text
    assert "next Find what tripped it" in text


def test_plain_tells_a_channel_that_stops_to_read_once() -> None:
    """An invalid reading is a line when it begins, not one at every tick."""
    events = [*story.begins()]
    for second in range(5):
        events += story.tick(second, lit=False, invalid=True)
    events += story.tick(5, lit=False)
    lines, _ = shown(events)
    told = [line for line in lines if "probe.temperature" in line]

    assert [
        "0:00:00  reading  probe.temperature: no reading (open, thermocouple is open)",
        "0:00:05  reading  probe.temperature: back",
    ] == told


def test_unconfirmed_beam_reaches_the_person_when_data_go_to_a_pipe() -> None:
    """JSON in a pipe, a person at stderr: the bell rings and the words are there."""
    terminal = Terminal()
    lines, talk = shown(story.unconfirmed_run(), story.summary(8), as_json=True, talk=terminal)

    assert "\a" in talk
    assert "BEAM NOT CONFIRMED OFF" in talk
    assert "BEAM" not in "".join(lines)


def test_unconfirmed_beam_is_the_headline_of_plain_lines() -> None:
    """Nothing comes before it in the last words, and the beam is called unknown."""
    lines, _ = shown(story.unconfirmed_run(), story.summary(8))
    at = lines.index("")

    assert lines[at + 2].strip("!") == "SIMULATED  BEAM NOT CONFIRMED OFF"
    assert {"!"} == set(lines[at + 1]) == set(lines[at + 3]) == set(lines[-1])
    assert "  beam              UNKNOWN, tried: output, key, interlock" in lines


def test_letters_that_a_stream_lacks_are_spelled_out() -> None:
    """An ASCII log gets `+-` and `degC`, not an exception."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    view = choose(stream=out, talk=io.StringIO(), speed=None)
    tell(view, story.run(5), story.summary())

    assert b"0.410 +- 0.021" in raw.getvalue()


class BrokenPipe(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str, /) -> int:
        raise BrokenPipeError("nobody reads")


@pytest.mark.parametrize("as_json", [True, False])
def test_closed_pipe_never_holds_the_run(as_json: bool) -> None:
    """When the reader is gone every call still returns, and the fault says why."""
    view = choose(json=as_json, speed=None, stream=BrokenPipe(), talk=io.StringIO())
    tell(view, story.run(0.05), story.summary())

    assert isinstance(view.fault, BrokenPipeError)


@pytest.mark.parametrize("as_json", [True, False])
def test_nothing_is_written_after_close(as_json: bool) -> None:
    """A view that was closed ignores what comes later."""
    out = io.StringIO()
    view = choose(json=as_json, speed=None, stream=out, talk=io.StringIO())
    tell(view, story.run(5), story.summary())
    before = out.getvalue()
    view.show(Note(0, "late", "too late"))
    view.say("too late")
    view.close()

    assert before == out.getvalue()


@pytest.mark.parametrize(
    ("at_most_s", "every_s"), [((), 60), ((60, 90), 10), ((60, 600, 900), 120)]
)
def test_readings_are_about_20_a_run(at_most_s: tuple[int, ...], every_s: int) -> None:
    """The time between lines of readings follows from how long the run may take."""
    assert every_s * NS == reading_interval_ns([s * NS for s in at_most_s])


def test_readings_come_at_least_every_five_minutes() -> None:
    """A log of a day still shows that it is alive."""
    assert 300 * NS == reading_interval_ns([24 * 3600 * NS])


def test_a_power_that_a_hold_changes_all_the_time_has_a_line_now_and_then() -> None:
    """The first change, then one at a time as readings have; on and off are each told."""
    begins = [it for it in story.run() if it.t_ns <= 60 * NS]
    lit = [
        Emission(round((60 + n / 2) * NS), Beam.ON, "read back", 1.5 - n / 1000, "Hold")
        for n in range(600)
    ]
    off = Emission(400 * NS, Beam.OFF, "read back", None, "reached")
    lines, _ = shown([*begins, *lit, off, story.ended(401 * NS)])
    told = [line for line in lines if "laser    ON" in line and "(Hold)" in line]

    assert 3 <= len(told) <= 12
    assert any("laser    OFF, read back (reached)" in line for line in lines)
