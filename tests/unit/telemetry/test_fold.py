"""What the retained state says after each event."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.events import (
    Beam,
    Emission,
    EmissionIntent,
    Event,
    RunEnded,
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
    """Off counts as known only when it was read back or the power meter saw it go."""
    state = after(Emission(1, beam, how))
    assert (readback, known_off) == (state.readback, state.known_off)


def test_the_age_of_off_is_that_of_its_confirmation() -> None:
    """The closing event repeats what is known and does not make it younger."""
    assert 1 == after(runs.DARK, runs.ENDED).told_ns


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
