"""The worker thread of a port, over a library that tests hold and let go."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

import pytest

from labctl.clock import Clock, run_real
from labctl.instruments import (
    DeviceRefusedError,
    Line,
    PortDisconnectedError,
    PortTimeoutError,
    Silent,
)
from labctl.instruments import _threaded as threaded
from labctl.instruments._threaded import ThreadPort

LINE = Line(b"\n")


class Library:
    """A blocking library: a read waits until the test lets something come."""

    stream = True

    def __init__(self, *, alongside: bool) -> None:
        self.writes_alongside = alongside
        self.written: list[bytes] = []
        self.coming: deque[bytes] = deque()
        self.came = threading.Condition()
        self.reading = threading.Event()
        self.opened = 0
        self.fail: Exception | None = None

    def open(self) -> None:
        self.opened += 1

    def close(self) -> None:
        self.opened -= 1

    def write(self, data: bytes) -> None:
        if self.fail is not None:
            raise self.fail
        self.written.append(data)

    def read(self, at_most: int, timeout_s: float) -> bytes:
        if timeout_s <= 0:
            return b""
        self.reading.set()
        with self.came:
            self.came.wait_for(lambda: bool(self.coming), timeout=min(timeout_s, 0.02))
            return self.coming.popleft() if self.coming else b""

    def clear(self) -> None:
        self.coming.clear()

    def let_come(self, data: bytes) -> None:
        with self.came:
            self.coming.append(data)
            self.came.notify_all()

    async def is_reading(self) -> None:
        assert await asyncio.get_running_loop().run_in_executor(None, self.reading.wait, 2.0)


async def opened(library: Library, clock: Clock) -> ThreadPort:
    port = ThreadPort(library, clock, "x", "thing at x")
    await port.open()
    return port


both = pytest.mark.parametrize("alongside", [True, False])


@both
def test_urgent_is_written_while_a_reply_is_awaited(alongside: bool) -> None:
    """Alongside or between two slices: the urgent write does not wait for the reply."""

    async def main(clock: Clock) -> None:
        library = Library(alongside=alongside)
        port = await opened(library, clock)
        reply = asyncio.ensure_future(port.exchange(b"?", LINE, timeout_s=5))
        await library.is_reading()
        await port.urgent(b"off")

        assert [b"?", b"off"] == library.written
        assert not reply.done()
        library.let_come(b"1\n")
        assert b"1\n" == await reply
        await port.close()

    run_real(main)


@both
def test_a_command_in_the_queue_is_not_written_after_urgent(alongside: bool) -> None:
    """An on that waits behind a query when off comes is refused; a query that waits is served."""

    async def main(clock: Clock) -> None:
        library = Library(alongside=alongside)
        port = await opened(library, clock)
        first = asyncio.ensure_future(port.exchange(b"?", LINE, timeout_s=5))
        await library.is_reading()
        command = asyncio.ensure_future(port.exchange(b"on", Silent(), timeout_s=5))
        query = asyncio.ensure_future(port.exchange(b"q", LINE, timeout_s=5, retry=True))
        await clock.sleep(0)
        await port.urgent(b"off")
        library.let_come(b"1\n")
        await first
        with pytest.raises(DeviceRefusedError, match="switched off meanwhile"):
            await command
        library.let_come(b"2\n")

        assert b"2\n" == await query
        assert [b"?", b"off", b"q"] == library.written
        await port.close()

    run_real(main)


@both
def test_an_urgent_write_that_fails_is_told(alongside: bool) -> None:
    """The one who switches off learns that the port is gone."""

    async def main(clock: Clock) -> None:
        library = Library(alongside=alongside)
        port = await opened(library, clock)
        library.fail = PortDisconnectedError("gone")
        with pytest.raises(PortDisconnectedError, match="gone"):
            await port.urgent(b"off")
        await port.close()

    run_real(main)


def test_an_urgent_write_goes_out_though_nobody_waits_for_it_any_more() -> None:
    """Cancelled before the worker came to it, off is written all the same."""

    async def main(clock: Clock) -> None:
        library = Library(alongside=False)
        port = await opened(library, clock)
        reply = asyncio.ensure_future(port.exchange(b"?", LINE, timeout_s=5))
        await library.is_reading()
        off = asyncio.ensure_future(port.urgent(b"off"))
        await clock.sleep(0)
        off.cancel()
        library.let_come(b"1\n")
        await reply
        await port.close()

        assert [b"?", b"off"] == library.written

    run_real(main)


def test_a_library_that_hangs_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that does not come back ends in PortTimeoutError, not in a bench that stands still."""
    monkeypatch.setattr(threaded, "_GRACE_S", 0.05)

    async def main(clock: Clock) -> None:
        library = Library(alongside=True)
        release = threading.Event()

        def hang(at_most: int, timeout_s: float) -> bytes:
            if timeout_s > 0:
                release.wait(5.0)
            return b""

        library.read = hang  # type: ignore[method-assign]
        port = await opened(library, clock)
        with pytest.raises(PortTimeoutError, match="did not come back"):
            await port.exchange(b"?", LINE, timeout_s=0.01)
        release.set()

        assert not port.in_step
        await port.close()

    run_real(main)


def test_opening_that_fails_leaves_no_thread() -> None:
    """The worker of a port that could not be opened is gone."""

    async def main(clock: Clock) -> None:
        library = Library(alongside=True)

        def refuse() -> None:
            raise PortDisconnectedError("nobody there")

        library.open = refuse  # type: ignore[method-assign]
        port = ThreadPort(library, clock, "x", "thing at x")
        with pytest.raises(PortDisconnectedError, match="nobody there"):
            await port.open()

    before = threading.active_count()
    run_real(main)
    assert before == threading.active_count()


def test_a_message_bus_is_drained_by_clearing_alone() -> None:
    """Nothing comes unasked on USBTMC or GPIB: reading there would only time out."""

    async def main(clock: Clock) -> None:
        library = Library(alongside=False)
        library.stream = False
        library.let_come(b"late")
        port = await opened(library, clock)
        await port.drain(0.05)

        assert not library.reading.is_set()
        assert not library.coming
        await port.close()

    run_real(main)


def test_a_pause_delays_the_next_exchange() -> None:
    """The next write begins no earlier than the pause ends."""

    async def main(clock: Clock) -> None:
        library = Library(alongside=True)
        port = await opened(library, clock)
        pause = asyncio.ensure_future(port.pause(0.05))
        await clock.sleep(0)
        pause.cancel()
        begun_ns = clock.now_ns()
        await port.exchange(b"on", Silent(), timeout_s=1)

        assert clock.now_ns() - begun_ns > 30_000_000
        await port.close()

    run_real(main)
