"""What the views say of the beam between the events that tell of it."""

from __future__ import annotations

import io

import pytest

from labctl.cli._view import Summary, choose
from labctl.cli._view._beam import beam_now
from labctl.cli._view._model import Model
from labctl.cli._view._seen import Seen
from labctl.clock import NS
from labctl.events import HEATER, Beam, Emission, Event, Reading, Sample
from tests.unit.view import storyteller as story
from tests.unit.view.test_screen import drawn

OFF = Emission(10 * NS, Beam.OFF, "read back")
ON = Emission(10 * NS, Beam.ON, "read back", 1.0)
RISING = Emission(10 * NS, Beam.ON, "commanded, not confirmed", 1.0)
LOST = Emission(10 * NS, Beam.UNKNOWN, "commanded, not confirmed")


def reads(emission: float | None, interlock: float | None = None, at_s: float = 20) -> Sample:
    """A sample in which the source reads so; None is a channel that is not there."""
    t_ns = round(at_s * NS)
    said = {"probe.temperature": 22.0, "laser.emission": emission, "laser.interlock": interlock}
    return Sample(
        t_ns, t_ns, tuple(Reading(name, v, "", t_ns) for name, v in said.items() if v is not None)
    )


def after(*events: Event) -> Seen:
    """All that has been seen then, and 0.4 s later."""
    seen = Seen()
    for event in events:
        seen.apply(event)
    seen.t_ns += round(0.4 * NS)
    return seen


def test_the_heater_s_newest_reading_counts_beside_the_laser_s() -> None:
    """Each source has its own word and its own read-back."""
    told = Emission(10 * NS, Beam.ON, "read back", 0.5, source=HEATER)
    t_ns = 20 * NS
    readings = (
        Reading("laser.emission", 0.0, "", t_ns),
        Reading("heater.emission", 1.0, "", t_ns),
        Reading("heater.power", 0.5, "W", t_ns),
    )
    seen = after(OFF, told, Sample(t_ns, t_ns, readings))

    assert (Beam.OFF, "OFF, read back 0.4 s ago") == beam_now(seen)
    assert (Beam.ON, "ON 0.50 W, read back 0.4 s ago") == beam_now(seen, source=HEATER)


@pytest.mark.parametrize(
    ("events", "beam", "words"),
    [
        ([], None, "not lit in this run"),
        ([reads(0.0)], Beam.OFF, "OFF, read back 0.4 s ago"),
        ([OFF, reads(0.0)], Beam.OFF, "OFF, read back 0.4 s ago"),
        ([OFF, reads(0.0), reads(None, at_s=25)], Beam.OFF, "OFF, read back 5.4 s ago"),
        ([OFF, reads(1.0)], Beam.ON, "ON, read back 0.4 s ago, but OFF was told"),
        ([ON, reads(1.0)], Beam.ON, "ON 1.00 W, read back 0.4 s ago"),
        ([ON, reads(0.0)], Beam.UNKNOWN, "UNKNOWN: OFF, read back 0.4 s ago, but ON was told"),
        ([RISING, reads(1.0)], Beam.ON, "ON 1.00 W, read back 0.4 s ago"),
        ([RISING, reads(0.0)], Beam.ON, "ON 1.00 W, commanded, not confirmed, 10 s ago"),
        ([LOST, reads(0.0)], Beam.UNKNOWN, "UNKNOWN, commanded, not confirmed, 10 s ago"),
        ([reads(0.0), ON], Beam.ON, "ON 1.00 W, read back 10 s ago"),
    ],
)
def test_the_newest_reading_counts(events: list[Event], beam: Beam | None, words: str) -> None:
    """A reading makes what was told younger or worse, and never says OFF first."""
    assert (beam, words) == beam_now(after(*events))


def test_silence_makes_it_older() -> None:
    """What was read back before contact was lost is so much older."""
    assert "OFF, read back 3.4 s ago" == beam_now(after(reads(0.0)), 3 * NS)[1]


@pytest.mark.parametrize(
    ("interlock", "words"), [(1.0, "interlock closed"), (0.0, "INTERLOCK OPEN"), (None, "")]
)
def test_the_screen_says_the_interlock(interlock: float | None, words: str) -> None:
    """In words beside the beam, as the newest sample has it; the channels are no numbers."""
    model = Model(speed=1.0)
    for event in (*story.begins(), reads(0.0, 1.0 - (interlock or 0.0)), reads(0.0, interlock)):
        model.apply(event, 0)
    rows = drawn(model, 80, 24)

    assert words in rows[1]
    assert bool(words) == ("interlock" in rows[1].lower())
    assert not any("laser." in row for row in rows)


def test_lines_say_an_interlock_that_opens() -> None:
    """Opening and closing again get a line each; closed from the first, and a tick that could not
    read it, get none."""
    out = io.StringIO()
    view = choose(plain=True, stream=out, talk=io.StringIO())
    view.start()
    for at_s, interlock in enumerate([1.0, None, 1.0, 0.0, 0.0, None, 0.0, 1.0]):
        view.show(reads(0.0, interlock, at_s))
    view.finish(Summary(0))

    lines = [line for line in out.getvalue().splitlines() if "interlock" in line]
    assert [
        "0:00:03  laser    interlock open",
        "0:00:07  laser    interlock closed",
    ] == lines
