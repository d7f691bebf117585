"""The bounded queues between the engine's thread and the telemetry's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labctl.events import Mode, Sample
from labctl.telemetry._payloads import Author
from labctl.telemetry._queues import DATA_DEPTH, Lane, Queues
from tests.unit.telemetry import runs

AUTHOR = Author(Mode.SIMULATED, "", "", "", 0)


@given(st.lists(st.booleans(), max_size=200), st.integers(1, 5))
def test_nothing_is_lost_uncounted(puts: list[bool], depth: int) -> None:
    """Numbers rise without end, and taken, dropped and left together are all that was put."""
    lane: Lane[Sample] = Lane(depth)
    taken: list[int] = []
    put = 0
    for is_put in puts:
        if is_put:
            lane.put(runs.sample(put), AUTHOR)
            put += 1
        elif (numbered := lane.take()) is not None:
            taken.append(numbered.seq)
    left = len(lane)
    while (numbered := lane.take()) is not None:
        taken.append(numbered.seq)
    assert sorted(set(taken)) == taken
    assert put == len(taken) + lane.dropped
    assert left <= depth


def test_the_newest_readings_are_kept() -> None:
    """With nobody to take them, readings give way to newer ones and events do not."""
    queues = Queues()
    queues.put(runs.LIT)
    for number in range(DATA_DEPTH + 10):
        queues.put(runs.sample(number))
    first = queues.samples.take()
    assert first is not None
    assert (10, 10) == (first.seq, queues.dropped)
    assert 1 == len(queues.events)


def test_state_outlives_a_spilled_queue() -> None:
    """However many events are forgotten, the last word on the beam is not."""
    queues = Queues()
    queues.put(runs.DARK)
    queues.put(runs.LIT)
    for event in list(runs.run())[:3] * 5000:
        queues.put(event)
    assert "on" == queues.state.beam
