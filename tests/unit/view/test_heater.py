"""What the views say of a calibration resistor: beside the laser, or alone."""

from __future__ import annotations

from pathlib import Path

from labctl.cli._view import _curve as curve
from labctl.cli._view._ending import Ending, Tone, ending
from labctl.cli._view._history import History
from labctl.cli._view._seen import Seen
from labctl.cli._view._words import happening
from labctl.clock import NS
from labctl.events import HEATER, Beam, Emission, Event, Reading, RunEnded, Sample, Tripped
from tests.unit.figure.test_figure import curves_of
from tests.unit.view import storyteller as story
from tests.unit.view.test_screen import drawn, model

ON = Emission(10 * NS, Beam.ON, "read back", 0.5, "Heat", HEATER)
OFF = Emission(40 * NS, Beam.OFF, "read back", None, "elapsed", HEATER)


def sample(t_s: float, watts: float) -> Sample:
    """A tick of a run that reads a heater's supply and no laser."""
    t_ns = round(t_s * NS)
    said = {
        "probe.temperature": (25.0, "degC"),
        "heater.emission": (1.0 if watts else 0.0, ""),
        "heater.power": (watts, "W"),
        "heater.voltage": (7.07, "V"),
    }
    return Sample(t_ns, t_ns, tuple(Reading(k, v, u, t_ns) for k, (v, u) in said.items()))


def alone() -> list[Event]:
    """A run with the resistor and no laser, in the middle of its heating."""
    before = [event for event in story.begins() if not isinstance(event, Emission)]
    return [*before, sample(5, 0.0), ON, sample(20, 0.5)]


def last_words(*events: Event, **more: object) -> Ending:
    seen = Seen()
    for event in events:
        seen.apply(event)
    code = int(str(more.get("exit_code", 0)))
    closing = RunEnded(
        90 * NS, "completed", "", code, "none", Beam.UNKNOWN, "no laser", 180, 0.0, 15.0,
        *more.get("heater", (Beam.OFF, "read back")),  # type: ignore[misc]
    )  # fmt: skip
    seen.apply(closing)
    return ending(story.summary(code, run_ended=closing), seen)


def test_a_line_names_the_source() -> None:
    """`heater  ON 0.50 W, read back (Heat)`."""
    assert ("heater", "ON 0.50 W, read back (Heat)") == happening(ON)


def test_a_run_without_a_laser_shows_the_heater_and_its_power() -> None:
    """One row says that it is on and how that is known; volts and bits are left out."""
    text = "\n".join(drawn(model(alone()), 100, 30))

    assert " heater  ON 0.50 W, read back" in text
    assert " laser " not in text.split("\n")[1]
    assert "heater.power 0.50 W" in text
    assert "heater.voltage" not in text
    assert "heater off and stop" in text


def test_a_run_with_both_shows_both() -> None:
    """Laser and heater each in a word of its own."""
    text = "\n".join(drawn(model([*story.begins(), ON]), 120, 30))

    assert " laser  OFF, read back" in text
    assert " heater  ON 0.50 W, read back" in text
    assert "all off and stop" in text


def test_the_bar_marks_heat_and_light_apart() -> None:
    """Light is solid, heat is shaded, off is a line."""
    made = History()
    for event in (
        Emission(0, Beam.OFF, "read back"),
        Emission(1 * NS, Beam.ON, "read back", 0.5, source=HEATER),
        Emission(3 * NS, Beam.OFF, "read back", source=HEATER),
        Emission(4 * NS, Beam.ON, "read back", 1.0),
        Emission(6 * NS, Beam.OFF, "read back"),
    ):
        made.add(event)
    row = "".join(text for text, _ in curve.laser_bar(made, curve.GUTTER + 8, 8 * NS, 8 * NS))

    assert row == "  heat│─▒▒─██──"


def test_the_last_words_tell_of_the_heater() -> None:
    """Its state and its energy, and no word of a beam that the run did not have."""
    facts = dict(last_words(*alone(), OFF).facts)

    assert "OFF, read back" == facts["heater"]
    assert "beam" not in facts
    assert facts["run"].endswith("15.0 J from the heater")


def test_a_heater_that_is_not_off_is_as_loud_as_a_beam() -> None:
    """The headline names it, and what to do is about its plug."""
    trip = Tripped(80 * NS, "heater-not-confirmed-off", "THE HEATER IS NOT CONFIRMED OFF")
    last = last_words(*alone(), trip, exit_code=8, heater=(Beam.ON, "it reads ON"))

    assert (Tone.LOUD, "SIMULATED  HEATER NOT CONFIRMED OFF") == (last.tone, last.headline)
    assert "plug" in dict(last.facts)["do now"]


def test_the_figure_has_the_heat_apart_from_the_light(tmp_path: Path) -> None:
    """Each stretch knows its source, also when they follow one another."""
    light = [Emission(50 * NS, Beam.ON, "read back", 1.0), Emission(60 * NS, Beam.OFF, "read back")]
    curves = curves_of(tmp_path, [*alone(), OFF, *light, story.ended(90 * NS)])

    assert [("heater", 10.0, 40.0), ("laser", 50.0, 60.0)] == [
        (stretch.source, stretch.begin_s, stretch.end_s) for stretch in curves.light
    ]
    assert 1.0 == max(curves.asked_power.value)
