"""A slice of the figures on telemetry, and that what measures them does find what it looks for."""

from __future__ import annotations

from unittest import mock

from benchmarks.service._flapping import flapping
from benchmarks.service._heard import Heard, invalid, judged, missing_events
from labctl.clock import NS


def beat(at_s: float, sent_s: float, emission: str = "off") -> list[Heard]:
    """State and heartbeat of a moment, as a reader has them."""
    head = {"session": "A", "mode": "SIMULATED"}
    state = {**head, "state": "running", "laser": {"emission": emission, "readback": "ok"}}
    hb = {**head, "emission": emission, "readback": "ok", "readback_age_s": 0.1, "hb_s": 1.0,
          "up_ns": round(sent_s * NS)}  # fmt: skip
    return [Heard(round(at_s * NS), False, f"labctl/v1/b/{name}", said)
            for name, said in (("$state", state), ("hb", hb))]  # fmt: skip


def test_off_is_never_said_long_after_the_light_came_on() -> None:
    """Five simulated minutes of a broker that comes and goes; the same seed is the same trial."""
    told = flapping(3, 300.0)
    assert told.worst_s < 3.0
    assert told.lit > 10 and sum(told.outages.values()) > 5
    assert told.off_dark > 0.1 * told.looks_dark and told.on_lit > 0.1 * told.looks_lit
    assert told.reconnects > 20
    assert told == flapping(3, 300.0)


def test_a_reader_that_believes_what_is_late_is_found_out() -> None:
    """The same with a rule that takes a heartbeat for as old as it has been here."""
    with mock.patch("labctl.telemetry._beam._Delays.late_s", lambda *given: 0.0):
        assert flapping(5, 300.0).worst_s > 3.0


def test_off_beside_the_light_is_measured_to_the_hundredth() -> None:
    """Told off at 1 and 2 s, dark until 3 s, and never told that it was lit then: OFF until the
    heartbeat of 2 s is too old."""
    messages = [*beat(1.0, 11.0), *beat(2.0, 12.0)]
    found = judged(messages, [3 * NS, 6 * NS], [4 * NS, 7 * NS])
    assert (1.0, 2) == (round(found.worst_s, 1), found.times)
    found = judged(messages, [round(2.5 * NS), 6 * NS], [round(5.5 * NS), 7 * NS])
    assert abs(found.worst_s - 2.4) < 0.02
    assert 3.0 == round(found.retained_s, 1)
    told = [*messages, *beat(3.1, 13.1, "on")]
    assert 0.1 == round(judged(told, [3 * NS], [6 * NS]).worst_s, 1)


def test_what_is_not_valid_and_what_is_missing_is_counted() -> None:
    """A payload without its schema, and a number that is not there."""
    assert 2 == invalid(beat(1.0, 11.0))
    events = [
        Heard(0, False, "labctl/v1/b/event", {"session": "A", "eseq": eseq}) for eseq in (0, 1, 3)
    ]
    assert (3, 1) == missing_events(events)
