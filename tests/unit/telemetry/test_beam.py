"""The rule for what may be said of the beam."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.clock import NS, ns
from labctl.telemetry import BeamState, Seen

STATE = {
    "session": "A", "state": "running", "laser": {"emission": "off", "readback": "ok"},
}  # fmt: skip
BEAT = {
    "session": "A", "hb_s": 1.0, "emission": "off", "readback": "ok", "readback_age_s": 0.3,
}  # fmt: skip


def view(state: dict[str, Any], beat: dict[str, Any], age_s: float = 0.1) -> str:
    """What is said when the heartbeat is so old."""
    beam = BeamState()
    beam.feed("labctl/v1/b/$state", state, 0)
    beam.feed("labctl/v1/b/hb", beat, NS)
    return str(beam.view(NS + ns(age_s)))


def test_off_is_said_with_its_age() -> None:
    """Everything in order: read back OFF, and when."""
    assert "read back OFF 0.4 s ago" == view(STATE, BEAT)


@pytest.mark.parametrize("where", ["state", "beat"])
def test_on_wins(where: str) -> None:
    """When either of the two says on, it is on."""
    on = {"emission": "on", "readback": "ok"}
    state = STATE | {"laser": on} if where == "state" else STATE
    beat = BEAT | on if where == "beat" else BEAT
    assert "ON" == view(state, beat)


@pytest.mark.parametrize(
    ("state", "beat", "age_s", "why"),
    [
        ({}, BEAT, 0.1, "no state"),
        (STATE, {}, 0.1, "no heartbeat"),
        (STATE | {"state": "lost"}, BEAT, 0.1, "lost"),
        (STATE | {"state": "offline"}, BEAT, 0.1, "offline"),
        (STATE | {"session": "B"}, BEAT, 0.1, "different sessions"),
        (STATE, BEAT, 3.0, "no heartbeat for 3.0 s"),
        (STATE, BEAT | {"emission": "unknown"}, 0.1, "does not know"),
        (STATE, BEAT | {"readback": "mismatch"}, 0.1, "not read back"),
        (STATE, BEAT | {"readback_age_s": None}, 0.1, "when off was read back"),
        (STATE, BEAT | {"hb_s": None}, 0.1, "no heartbeat for"),
        (STATE | {"laser": None}, BEAT, 0.1, "no laser"),
    ],
)
def test_everything_else_is_unknown(
    state: dict[str, Any], beat: dict[str, Any], age_s: float, why: str
) -> None:
    """Whatever is missing, old or in conflict ends in UNKNOWN with the reason."""
    said = view(state, beat, age_s)
    assert said.startswith("UNKNOWN: treat as ON (")
    assert why in said


ANYTHING = st.none() | st.booleans() | st.floats() | st.sampled_from(["off", "on", "ok", "A", ""])


@given(
    st.dictionaries(st.sampled_from([*STATE, "laser"]), ANYTHING),
    st.dictionaries(st.sampled_from(list(BEAT)), ANYTHING),
)
def test_no_payload_breaks_the_rule(state: dict[str, Any], beat: dict[str, Any]) -> None:
    """Whatever arrives, nothing is raised, and off is never said without read-back."""
    beam = BeamState()
    beam.feed("$state", state, 0)
    beam.feed("hb", beat, 0)
    assert Seen.OFF is not beam.view(NS).seen
