"""What stands in the payloads, and that the exported schemas say the same."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.clock import NS
from labctl.events import Invalid, Mode, Note, Reading, Sample
from labctl.telemetry import _payloads as payloads
from labctl.telemetry import schemas
from labctl.telemetry._belief import believed
from labctl.telemetry._fold import BenchState, fold
from labctl.telemetry._names import new_session
from labctl.telemetry._payloads import Author
from tests.unit.telemetry import runs

AUTHOR = Author(Mode.REPLAY, new_session(), "bench", "01RUN", 0)
QUEUE = {"sent": 0, "dropped": 0, "spilled": 0, "reconnects": 0, "depth": 0}


def valid(payload: bytes) -> dict[str, Any]:
    """The payload, which is valid against the schema it names."""
    decoded: dict[str, Any] = json.loads(payload)
    jsonschema.validate(decoded, schemas()["$defs"][decoded["schema"]])
    return decoded


def test_the_committed_schemas_are_these() -> None:
    """docs/reference/telemetry-1.json is what the package exports, and is a JSON Schema."""
    committed = Path(__file__).parents[3] / "docs" / "reference" / "telemetry-1.json"
    assert schemas() == json.loads(committed.read_text(encoding="utf-8"))
    for schema in schemas()["$defs"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


@given(st.floats() | st.none())
def test_a_number_is_never_made_up(value: float | None) -> None:
    """Finite numbers go out as they are, everything else as null, bad, with a reason."""
    reading = Invalid("a.b", "open", "", 1) if value is None else Reading("a.b", value, "W", 1)
    sent = valid(payloads.data(AUTHOR, 0, Sample(2, 1, (reading,))))["ch"]["a.b"]
    if value is not None and math.isfinite(value):
        assert (value, "good") == (sent["v"], sent["q"])
    else:
        assert (None, "bad") == (sent["v"], sent["q"])
        assert sent["why"]


def test_the_will_claims_nothing() -> None:
    """The will says lost and unknown, with nothing read back."""
    will = valid(payloads.will(AUTHOR))
    assert ("lost", "unknown", "none") == (
        will["state"], will["laser"]["emission"], will["laser"]["readback"],
    )  # fmt: skip


def test_every_state_of_a_run_is_valid() -> None:
    """State and heartbeat are valid after each event of a run, stalled or not, and say the same."""
    state = BenchState()
    for event in runs.run():
        state = fold(state, event, 5)
        for quiet in ("", "the run tells nothing"):
            now = believed(state, 6, quiet=quiet)
            sent = valid(payloads.state(AUTHOR, now, stalled=bool(quiet), queue=QUEUE))
            beat = valid(
                payloads.heartbeat(
                    AUTHOR, now, seq=1, t_ns=2, real_ns=9, stalled=bool(quiet), queue=QUEUE
                )
            )
            assert sent["laser"]["emission"] == beat["emission"]
            assert not quiet or ("unknown", "none") == (beat["emission"], beat["readback"])


@given(st.integers(0, 10 * NS))
def test_off_is_believed_for_three_seconds(age_ns: int) -> None:
    """Read back longer ago, it is published as unknown; nothing else becomes better by time."""
    dark = fold(BenchState(), runs.DARK, 0)
    lit = fold(dark, runs.LIT, 0)
    assert believed(dark, age_ns, quiet="").known_off == (age_ns < 3 * NS)
    assert lit == believed(lit, age_ns, quiet="")


@pytest.mark.parametrize("event", list(runs.run()), ids=lambda event: event.kind)
def test_every_event_has_a_valid_payload(event: Any) -> None:
    """Each kind of event goes out as the journal has it."""
    assert event.kind == valid(payloads.event(AUTHOR, 3, event))["event"]["k"]


def test_a_long_event_is_named_and_left_out() -> None:
    """What exceeds the longest payload is announced with its size."""
    sent = payloads.event(AUTHOR, 3, Note(0, "ada", "x" * payloads.LONGEST))
    assert None is valid(sent)["event"]
    assert len(sent) < 1000 < payloads.LONGEST < valid(sent)["too_long"]


def test_a_stopped_channel_is_stale() -> None:
    """The last value of a bench that said goodbye is not good any more."""
    reading = Reading("probe.temperature", 41.0, "degC", 1)
    assert "stale" == valid(payloads.last(AUTHOR, reading, stale=True))["q"]
    assert "good" == valid(payloads.last(AUTHOR, reading))["q"]
