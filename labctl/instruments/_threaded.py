"""A port whose library blocks: one worker thread, one transaction at a time, a hard deadline.

The worker reads in short slices, so that an urgent write goes out between two of them, or at once
where the library lets two threads write and read. No job of the port waits behind a closed one:
what is cancelled before it was written is never written.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from labctl.clock import NS, Clock, real_ns
from labctl.errors import InstrumentError, PortDisconnectedError, PortTimeoutError
from labctl.instruments._frames import Framer
from labctl.instruments._port import Frame, Silent
from labctl.instruments._raw import not_sent
from labctl.instruments._transport import SLICE_S, BlockingTransport

T = TypeVar("T")

_Future = concurrent.futures.Future
_GRACE_S = 1.0
"""A library that does not come back so long after its deadline hangs."""
_OPEN_S = 10.0
_LOCK_S = 0.05
_LOOK_UP_S = 0.5


class ThreadPort:
    """Fulfils `RawPort` above a `BlockingTransport`."""

    def __init__(
        self, transport: BlockingTransport, clock: Clock, address: str, where: str
    ) -> None:
        self.address = address
        self.where = where
        self.arrived_ns = 0
        self.in_step = True
        self.urgents = 0
        self._transport = transport
        self._clock = clock
        self._free_ns = 0
        self._rest = b""
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._urgent: deque[tuple[bytes, _Future[None]]] = deque()
        # Held for a write only: two writers must not mix their bytes.
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    # -- on the event loop's thread ------------------------------------------------------------

    async def open(self) -> None:
        """As `RawPort.open`; starts the worker."""
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._work, name=f"port {self.address}")
        self._thread.start()
        self._rest = b""
        self.in_step = True
        try:
            await self._do(self._transport.open, _OPEN_S)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """As `RawPort.close`; joins the worker."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        closed: _Future[None] = _Future()
        self._submit(self._transport.close, closed)
        self._jobs.put(None)
        try:
            await self._wait(closed, _OPEN_S)
        finally:
            thread.join(_GRACE_S)

    async def exchange(
        self, data: bytes, reply: Frame, *, timeout_s: float, retry: bool = False
    ) -> bytes:
        """As `RawPort.exchange`."""
        urgents = self.urgents
        if self._clock.now_ns() < self._free_ns:
            await self._clock.sleep_until(self._free_ns)
        return await self._do(
            lambda: self._transact(data, reply, timeout_s, None if retry else urgents), timeout_s
        )

    async def urgent(self, data: bytes) -> None:
        """As `Port.urgent`."""
        if self._thread is None:
            raise self._closed()
        self.in_step = False
        self.urgents += 1
        if self._transport.writes_alongside and self._writing.acquire(timeout=_LOCK_S):
            try:
                self._transport.write(data)
            finally:
                self._writing.release()
            return
        written: _Future[None] = _Future()
        self._urgent.append((data, written))
        # Wakes an idle worker; a reading one looks for it between two slices.
        self._submit(self._write_urgent, _Future())
        await self._wait(written, _OPEN_S)

    async def pause(self, duration_s: float) -> None:
        """As `Port.pause`; holds for the next exchange even when this wait is cancelled."""
        self._free_ns = max(self._free_ns, self._clock.now_ns() + round(duration_s * NS))
        await self._clock.sleep_until(self._free_ns)

    async def drain(self, quiet_s: float) -> bytes:
        """As `RawPort.drain`."""
        return await self._do(lambda: self._drain(quiet_s), _OPEN_S)

    async def _do(self, work: Callable[[], T], timeout_s: float) -> T:
        if self._thread is None:
            raise self._closed()
        future: _Future[T] = _Future()
        self._submit(work, future)
        return await self._wait(future, timeout_s + _GRACE_S)

    async def _wait(self, future: _Future[T], timeout_s: float) -> T:
        if self._clock.virtual:
            # The clock is held meanwhile, so nothing can be timed by it.
            return await self._clock.settle(future)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._clock.settle(future)
        except TimeoutError as error:
            self.in_step = False
            raise PortTimeoutError(
                "the library did not come back",
                where=self.where,
                seen=f"nothing for {timeout_s:g} s",
                fix="Unplug the instrument and plug it in again.",
            ) from error

    def _submit(self, work: Callable[[], T], future: _Future[T]) -> None:
        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = work()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._jobs.put(job)

    # -- on the worker's thread ----------------------------------------------------------------

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=_LOOK_UP_S)
            except queue.Empty:
                if not threading.main_thread().is_alive():
                    # Nobody closed the port and the process is ending: do not keep it.
                    self._transport.close()
                    return
                continue
            if job is None:
                return
            job()
            self._write_urgent()

    def _transact(self, data: bytes, reply: Frame, timeout_s: float, urgents: int | None) -> bytes:
        deadline_ns = real_ns() + round(timeout_s * NS)
        try:
            if data:
                self._drop_waiting()
                with self._writing:
                    if urgents is not None and urgents != self.urgents:
                        raise not_sent(self.where)
                    self._transport.write(data)
            if isinstance(reply, Silent):
                return b""
            whole = self._receive(reply, deadline_ns)
        except InstrumentError:
            self.in_step = False
            raise
        self.arrived_ns = self._clock.now_ns()
        return whole

    def _receive(self, reply: Frame, deadline_ns: int) -> bytes:
        framer = Framer(reply)
        whole = framer.feed(self._rest) if self._rest else None
        while whole is None:
            self._write_urgent()
            left_s = (deadline_ns - real_ns()) / NS
            if left_s <= 0:
                raise PortTimeoutError(
                    "no complete reply in time", where=self.where, seen=repr(framer.rest)
                )
            chunk = self._transport.read(framer.wanted, left_s)
            whole = framer.feed(chunk) if chunk else None
        self._rest = framer.rest
        return whole

    def _drop_waiting(self) -> None:
        """Nothing is owed to us before a write: what lies there would be taken for the answer."""
        self._rest = b""
        while self._transport.read(4096, 0.0):
            pass

    def _drain(self, quiet_s: float) -> bytes:
        dropped = self._rest
        self._rest = b""
        if not self._transport.stream:
            self._transport.clear()
            return dropped
        quiet_ns = round(quiet_s * NS)
        until_ns = real_ns() + quiet_ns
        while (left_ns := until_ns - real_ns()) > 0:
            self._write_urgent()
            chunk = self._transport.read(4096, min(SLICE_S, left_ns / NS))
            if chunk:
                dropped += chunk
                until_ns = real_ns() + quiet_ns
        return dropped

    def _write_urgent(self) -> None:
        while self._urgent:
            data, written = self._urgent.popleft()
            # Written even when nobody waits for it any more.
            waited_for = written.set_running_or_notify_cancel()
            try:
                with self._writing:
                    self._transport.write(data)
            except BaseException as error:
                if waited_for:
                    written.set_exception(error)
            else:
                if waited_for:
                    written.set_result(None)

    def _closed(self) -> PortDisconnectedError:
        return PortDisconnectedError("the port is not open", where=self.where)
