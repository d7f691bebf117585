"""The engine's states and the only ways between them."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a run is. The beam's own state is the guard's, and an `Emission` event tells it."""

    READY = "READY"
    """Instruments found, nothing armed."""
    DARK = "DARK"
    """A step runs without light."""
    ARMED = "ARMED"
    """The guard has looked at everything and would light."""
    WARNING = "WARNING"
    """People are told that the laser's light comes."""
    EMITTING = "EMITTING"
    WAITING = "WAITING"
    """For a person; always dark."""
    ENDING = "ENDING"
    """Beam off, then the record is closed. Never skipped, never interrupted."""
    ENDED = "ENDED"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.READY: frozenset({State.DARK, State.WAITING, State.ARMED, State.ENDING}),
    State.DARK: frozenset({State.DARK, State.WAITING, State.ARMED, State.ENDING}),
    State.WAITING: frozenset({State.DARK, State.ARMED, State.WAITING, State.ENDING}),
    State.ARMED: frozenset({State.WARNING, State.EMITTING, State.DARK, State.ENDING}),
    State.WARNING: frozenset({State.EMITTING, State.DARK, State.ENDING}),
    State.EMITTING: frozenset({State.DARK, State.ENDING}),
    State.ENDING: frozenset({State.ENDED}),
    State.ENDED: frozenset(),
}


def check(old: State, new: State) -> None:
    """Raise when the table has no way from `old` to `new`: that is a fault in labctl."""
    if new not in TRANSITIONS[old]:
        raise RuntimeError(f"no way from {old} to {new}")
