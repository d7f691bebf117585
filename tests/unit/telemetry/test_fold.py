"""What the retained state says after each event."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.events import (
    Alarm,
    Beam,
    Emission,
    EmissionIntent,
    Event,
    Invalid,
    Reading,
    RunEnded,
    Sample,
    StateChanged,
)
from labctl.telemetry._fold import BenchState, fold
from tests.unit.telemetry import runs


def after(*events: Event) -> BenchState:
    """The state after these events, the nth heard at n."""
    state = BenchState()
    for at, event in enumerate(events, start=1):
        state = fold(state, event, at)
    return state


def test_nothing_is_known_at_first() -> None:
    """Before anything was told the emission is unknown."""
    assert Beam.UNKNOWN is BenchState().beam
    assert not BenchState().known_off


def test_an_intended_emission_is_unknown() -> None:
    """From the intent until the emission is told, off is not claimed."""
    state = after(runs.DARK, EmissionIntent(50, 1.0, 10, 5))
    assert (Beam.UNKNOWN, "none") == (state.beam, state.readback)


@pytest.mark.parametrize(
    ("beam", "how", "readback", "known_off"),
    [
        (Beam.OFF, "read back", "ok", True),
        (Beam.OFF, "power meter", "ok", True),
        (Beam.OFF, "shutter reads closed", "ok", True),
        (Beam.OFF, "never lit", "none", False),
        (Beam.OFF, "manual: power meter", "none", False),
        (Beam.UNKNOWN, "commanded, not confirmed", "none", False),
        (Beam.ON, "OFF was commanded, it reads ON; port opened again", "mismatch", False),
        (Beam.UNKNOWN, "reads OFF but the meter still sees 0.3 W", "mismatch", False),
    ],
)
def test_only_the_guards_own_ways_confirm_off(
    beam: Beam, how: str, readback: str, known_off: bool
) -> None:
    """Off counts as known only when it was read back the power meter saw it go, or the shutter
    reads closed."""
    state = after(Emission(1, beam, how))
    assert (readback, known_off) == (state.readback, state.known_off)


def test_the_age_of_off_is_that_of_its_confirmation() -> None:
    """The closing event repeats what is known and does not make it younger."""
    assert 1 == after(runs.DARK, runs.ENDED).told_ns


def reads(emission: float | None, interlock: float | None = None) -> Sample:
    """A tick at which the source reads so; None is a channel that is not there."""
    said = {"laser.emission": emission, "laser.interlock": interlock}
    return Sample(
        60, 60, tuple(Reading(name, v, "", 60) for name, v in said.items() if v is not None)
    )


INTENT = EmissionIntent(50, 1.0, 10, 5)
RISING = Emission(51, Beam.ON, "commanded, not confirmed", 1.0)
ON = Emission(52, Beam.ON, "read back", 1.0)
LOST = Emission(53, Beam.UNKNOWN, "commanded, not confirmed")
IGNORES = Emission(53, Beam.UNKNOWN, "OFF was commanded, it reads ON")
NEVER = Emission(54, Beam.OFF, "never lit")
TOLD: list[Event] = [runs.DARK, INTENT, RISING, ON, LOST, IGNORES, NEVER]


@pytest.mark.parametrize(
    ("told", "reading", "beam", "readback"),
    [
        ([], 0.0, Beam.OFF, "ok"),
        ([], 1.0, Beam.ON, "ok"),
        ([runs.DARK], 0.0, Beam.OFF, "ok"),
        ([runs.DARK], 1.0, Beam.ON, "mismatch"),
        ([NEVER], 0.0, Beam.OFF, "ok"),
        ([NEVER], 1.0, Beam.ON, "mismatch"),
        ([INTENT], 0.0, Beam.UNKNOWN, "none"),
        ([INTENT], 1.0, Beam.ON, "ok"),
        ([RISING], 0.0, Beam.ON, "none"),
        ([RISING], 1.0, Beam.ON, "ok"),
        ([ON], 0.0, Beam.UNKNOWN, "mismatch"),
        ([ON], 1.0, Beam.ON, "ok"),
        ([LOST], 0.0, Beam.UNKNOWN, "none"),
        ([IGNORES], 0.0, Beam.UNKNOWN, "mismatch"),
        ([IGNORES], 1.0, Beam.ON, "mismatch"),
    ],
)
def test_a_reading_confirms_or_contradicts(
    told: list[Event], reading: float, beam: Beam, readback: str
) -> None:
    """What the source reads back agrees with what was told, or makes it worse."""
    state = after(*told, reads(reading))
    assert (beam, readback) == (state.beam, state.readback)


def test_off_is_as_old_as_the_newest_reading_of_it() -> None:
    """Each reading of OFF makes it younger; a tick that could not read the source does not."""
    assert 3 == after(runs.DARK, reads(0.0), reads(0.0)).told_ns
    assert 2 == after(runs.DARK, reads(0.0), runs.sample(1), reads(None)).told_ns


def test_a_contradiction_is_told_until_the_guard_speaks() -> None:
    """One reading of OFF after an ON that nobody told is not enough; the guard's word is."""
    doubtful = after(runs.DARK, reads(1.0), reads(0.0))
    assert (Beam.ON, "mismatch", 2) == (doubtful.beam, doubtful.readback, doubtful.told_ns)
    assert after(runs.DARK, reads(1.0), reads(0.0), runs.DARK).known_off


@given(st.lists(st.sampled_from([*TOLD, reads(0.0), reads(1.0), reads(None)])), st.booleans())
def test_a_reading_is_never_the_first_to_say_off(events: list[Event], lit: bool) -> None:
    """After anything else that was told, OFF is known by a reading only where it was OFF."""
    before = after(*events)
    now = fold(before, reads(float(lit)), 99)
    assert not now.known_off or before.beam is Beam.OFF or before == BenchState()
    assert not lit or now.beam is Beam.ON


@pytest.mark.parametrize(
    ("samples", "word"),
    [
        ([], "unknown"),
        ([reads(0.0, 1.0)], "closed"),
        ([reads(0.0, 1.0), reads(0.0, 0.0)], "open"),
        ([reads(0.0, 1.0), reads(0.0)], "unknown"),
        ([Sample(1, 1, (Invalid("laser.interlock", "timeout", "", 1),))], "unknown"),
    ],
)
def test_the_interlock_is_what_was_read_last(samples: list[Event], word: str) -> None:
    """Closed or open only while the newest tick says so."""
    assert word == after(*samples).interlock


def test_a_reading_that_agrees_is_no_change_of_state() -> None:
    """Only freshness differs, and that is for the heartbeat: states compare equal."""
    first = after(runs.DARK, reads(0.0, 1.0))
    assert first == fold(first, reads(0.0, 1.0), 1000)
    assert first != fold(first, reads(1.0, 1.0), 1000)


def test_a_fault_stays() -> None:
    """What tripped stays a fault whatever the engine does next."""
    state = after(runs.TRIPPED, StateChanged(2, "EMITTING", "ENDING"), runs.ENDED)
    assert "fault" == state.word
    assert "probe above its limit" == state.alarms["trip-temperature"]["message"]


@given(st.permutations(list(runs.run())))
def test_any_order_can_be_folded(events: list[Event]) -> None:
    """No order of events breaks it, and off is known only if the last word on it confirmed off."""
    state = after(*events)
    told = [e for e in events if isinstance(e, Emission | EmissionIntent | RunEnded)]
    assert state.known_off == (told[-1] in (runs.DARK, runs.ENDED))


def test_an_alarm_that_says_more_stands_in_the_place_of_the_former() -> None:
    """One topic an alarm, whatever it is called when more is known."""
    first = Alarm(5, "heat-step", 1, ("power", "heat loss"), 4, "-10 %", "a meter")
    more = Alarm(9, "bead-step", 7, ("offset of the probe",), 4, "-1 K", "", refines="heat-step")
    alarms = after(first, more).alarms

    assert ["heat-step"] == list(alarms)
    assert ["offset of the probe"] == alarms["heat-step"]["causes"]
