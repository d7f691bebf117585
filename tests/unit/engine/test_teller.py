"""Where an event goes, and what a disk that hangs may hold up."""

from __future__ import annotations

import concurrent.futures

import pytest

from labctl.clock import Clock, run_real
from labctl.engine import Teller, _teller
from labctl.errors import RecordError
from labctl.events import Event, Note


class HangingJournal:
    """Takes events; its disk never answers."""

    def append(self, event: Event) -> int:
        return 1

    def durable(self, seq: int) -> concurrent.futures.Future[None]:
        return concurrent.futures.Future()

    @property
    def backlog(self) -> int:
        return 0


def test_a_disk_that_hangs_is_a_fault_and_not_a_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In real time nobody waits for a disk without end: before light, and while closing."""
    monkeypatch.setattr(_teller, "_PATIENCE_S", 0.02)

    async def main(clock: Clock) -> None:
        teller = Teller(clock, HangingJournal(), None, ())
        teller.tell(Note(0, "test", "something"))
        with pytest.raises(RecordError, match="has not answered"):
            await teller.durable()
        teller.closing = True
        await teller.durable()
        assert isinstance(teller.fault, RecordError)

    run_real(main)
