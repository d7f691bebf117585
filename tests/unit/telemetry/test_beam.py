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
    "up_ns": 7 * NS,
}  # fmt: skip


def view(state: dict[str, Any], beat: dict[str, Any], age_s: float = 0.1) -> str:
    """What is said when the heartbeat, the second one, is so old."""
    beam = BeamState()
    beam.feed("labctl/v1/b/$state", state, 0)
    beam.feed("labctl/v1/b/hb", BEAT | {"up_ns": 6 * NS}, 0)
    beam.feed("labctl/v1/b/hb", beat, NS)
    return str(beam.view(NS + ns(age_s)))


class Beats:
    """Heartbeats as they come: `at` by the reader's clock, `sent` by the sender's, seconds."""

    def __init__(self) -> None:
        self.beam = BeamState()
        self.beam.feed("$state", STATE, 0)

    def come(self, at: float, sent: float, **more: Any) -> str:
        """One comes; what is said at once."""
        self.beam.feed(
            "hb", BEAT | {"up_ns": ns(sent + 1000), "readback_age_s": 0.1} | more, ns(at)
        )
        return str(self.beam.view(ns(at)))


def test_one_heartbeat_alone_may_be_late() -> None:
    """Whether the first came at once nobody can know; the second, a second later, says so."""
    beats = Beats()
    assert "shows with the next one" in beats.come(0.0, 0.0)
    assert "read back OFF 0.1 s ago" == beats.come(1.0, 1.0)


def test_what_was_held_up_is_as_old_as_it_is() -> None:
    """A broker stopped for seven seconds sends what it had: none of it says OFF, the last one not
    before another has come as it should."""
    beats = Beats()
    beats.come(0.0, 0.0)
    beats.come(1.0, 1.0)
    said = [beats.come(9.0, sent) for sent in (2.0, 3.0, 4.0, 5.0)]
    assert ["UNKNOWN"] * 4 == [words.partition(":")[0] for words in said]
    assert "off was read back 7.1 s ago" in said[0]
    assert "read back OFF 1.1 s ago" == beats.come(9.0, 8.0)
    assert "read back OFF 0.1 s ago" == beats.come(10.0, 10.0)


def test_who_subscribes_in_the_middle_of_a_burst_is_not_deceived() -> None:
    """Held up from the first: each proves those before it late, until two agree."""
    beats = Beats()
    said = [beats.come(9.0 + sent / 1000, sent) for sent in (0.0, 1.0, 2.0, 3.0, 8.9)]
    assert ["UNKNOWN"] * 5 == [words.partition(":")[0] for words in said]
    assert "read back OFF" in beats.come(9.9, 9.9)


def test_two_that_were_sent_together_and_held_up_together_do_not_agree() -> None:
    """After a new connection a heartbeat goes out at once: two of the same moment prove nothing."""
    beats = Beats()
    said = [beats.come(9.0, sent) for sent in (0.0, 0.1, 0.2, 0.3, 0.6)]
    assert ["UNKNOWN"] * 5 == [words.partition(":")[0] for words in said]
    assert "UNKNOWN" in beats.come(10.0, 9.9)
    assert "read back OFF" in beats.come(11.0, 10.9)


@pytest.mark.parametrize("drift", [-300e-6, 300e-6])
def test_clocks_that_drift_apart_are_followed(drift: float) -> None:
    """Eight hours of heartbeats by a clock that goes wrong by nine seconds in them."""
    beats = Beats()
    beats.come(0.0, 0.0)
    for second in range(1, 8 * 3600):
        assert "read back OFF 0." in beats.come(float(second), second * (1 + drift))


def test_another_session_is_learned_anew() -> None:
    """The clock of another computer, or of this one started again, has another zero."""
    beats = Beats()
    beats.come(0.0, 0.0)
    beats.come(1.0, 1.0)
    beats.beam.feed("$state", STATE | {"session": "B"}, ns(2.0))
    assert "shows with the next one" in beats.come(2.0, -900.0, session="B")
    assert "read back OFF" in beats.come(3.0, -899.0, session="B")


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
        (STATE, BEAT | {"readback_age_s": 2.95}, 0.1, "off was read back 3.1 s ago"),
        (STATE, BEAT | {"up_ns": None}, 0.1, "late"),
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
