"""The queue between the engine's thread and the view's."""

from __future__ import annotations

import threading

from labctl.cli._view._mailbox import Full, Mailbox
from labctl.events import Event, Note, Sample


def sample(t_ns: int) -> Sample:
    """A tick without readings."""
    return Sample(t_ns, t_ns, ())


def test_shedding_drops_the_oldest_sample_only() -> None:
    """A full terminal mailbox loses its oldest samples, counts them, and nothing else."""
    box = Mailbox(limit=3, full=Full.SHED)
    events: list[Event] = [Note(0, "me", "a"), sample(1), sample(2), Note(3, "me", "b"), sample(4)]
    for event in events:
        box.put(event)

    assert [events[0], events[3], events[4]] == box.take(0)
    assert box.shed == 2


def test_shedding_keeps_everything_when_there_are_no_samples() -> None:
    """What is not a sample is never dropped, however full the mailbox is."""
    box = Mailbox(limit=2, full=Full.SHED)
    notes = [Note(t, "me", "x") for t in range(10)]
    for note in notes:
        box.put(note)

    assert notes == box.take(0)


def test_waiting_holds_the_giver_until_there_is_room() -> None:
    """A full mailbox that loses nothing makes its giver wait for the taker."""
    box = Mailbox(limit=1, full=Full.WAIT)
    box.put(sample(1))
    giver = threading.Thread(target=box.put, args=(sample(2),))
    giver.start()

    first = box.take(5)
    giver.join(5)

    assert [sample(1)] == first
    assert [sample(2)] == box.take(0)


def test_closing_frees_a_waiting_giver() -> None:
    """A giver never waits for a view that is gone; what it brings is dropped."""
    box = Mailbox(limit=1, full=Full.WAIT)
    box.put(sample(1))
    giver = threading.Thread(target=box.put, args=(sample(2),))
    giver.start()

    box.close()
    giver.join(5)

    assert not giver.is_alive()
    assert [sample(1)] == box.take(0)
