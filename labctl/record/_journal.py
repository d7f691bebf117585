"""The journal of a run: events in, lines on disk, and a word on what is synced.

`append` encodes an event and hands its line to the one writer thread, which writes what has
gathered in `GROUP_NS` or `GROUP_BYTES` with one write, syncs it once, and only then moves
`durable_seq` on. When lines are written never changes what they are: the bytes depend on the
events alone.

The first fault is latched: from then on `append` raises it, every future of `durable` that is
not done gets it, and the file keeps the whole lines that are certainly on disk. A short write is
cut back to the last whole line; after a failed sync the file is not touched again, because a
second sync may claim what the first lost.
"""

from __future__ import annotations

import concurrent.futures
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from labctl import clock
from labctl.clock import NS, Clock
from labctl.errors import RecordError
from labctl.events import Dose, Event, RunBegun, RunEnded, Sample, Verdict
from labctl.platform import FileLock, sync_folder
from labctl.record._disk import Disk, cannot_write
from labctl.record._encode import Even, encode, encode_sample
from labctl.record._frames import CHAIN_EVERY, Chain, chain_line, first_line, open_line, seal

GROUP_NS = NS // 10
GROUP_BYTES = 65_536
PATIENCE_NS = 2 * NS
"""Events that wait longer than this for the disk are a fault, in real time."""
GRACE_NS = NS // 2
"""In which the writer may still catch up, once that has been seen."""
CLOSE_WAIT_S = 10.0
"""For a disk that hangs, before `close` gives up on it."""

Waiter = tuple[int, "concurrent.futures.Future[None]"]


class Beside(Protocol):
    """A text that follows from the events, written beside the journal and never ahead of it."""

    def row(self, event: Event, even: Even | None) -> str:
        """What of the text this event completes, '' mostly; in the thread that appends, while the
        event's numbers are at hand. `even`: what encoding a sample gave."""

    def put(self, text: str) -> None:
        """What came of events that are on the disk now; in the writer's thread."""


class Journal:
    """Writes `path`, which must not exist. One thread appends; `close` must be called."""

    def __init__(
        self,
        path: Path,
        *,
        real_time: bool,
        also: Beside | None = None,
        on_fault: Callable[[RecordError], object] | None = None,
        disk: Disk | None = None,
    ) -> None:
        """Create the file and begin to write.

        `real_time` makes a backlog of more than two seconds a fault; in virtual time the engine
        holds its clock instead. `also` is written after each group that was synced, and what it
        raises is a fault of the journal too; `on_fault` is given the first fault, in whichever
        thread met it. RecordError when the file cannot be made.
        """
        self.path = path
        self._real_time = real_time
        self._also = also
        self._on_fault = on_fault
        self._disk = disk or Disk()
        self._chain = Chain()
        self._handle, self._lock = _create(path)
        self._size = 0
        self._mutex = threading.Lock()
        self._work = threading.Condition(self._mutex)
        # Under `_mutex`: what the caller's thread and the writer share.
        self._lines = [first_line()]
        self._chain.add(self._lines[0])
        self._texts: list[str] = []
        self._stumbled: Exception | None = None
        self._bytes = len(self._lines[0])
        self._oldest_ns = clock.real_ns()
        self._in_flight_ns = 0
        self._overdue = (0, 0)
        self._waiters: list[Waiter] = []
        self._urgent = False
        self._closing = False
        self._seq = 0
        self._durable_seq = 0
        self._fault: RecordError | None = None
        self.begun: RunBegun | None = None
        self.verdict: Verdict | None = None
        self.dose: Dose | None = None
        self.ended: RunEnded | None = None
        """The last of each that was appended."""
        self._writer = threading.Thread(target=self._write_on, name="labctl-journal", daemon=True)
        self._writer.start()

    # -- the caller's side -----------------------------------------------------------------------

    @property
    def seq(self) -> int:
        """Number of the last event taken; 0 before the first."""
        return self._seq

    @property
    def durable_seq(self) -> int:
        """Number of the last event that is certainly on disk."""
        return self._durable_seq

    @property
    def backlog(self) -> int:
        """Events taken and not yet synced."""
        return self._seq - self._durable_seq

    @property
    def fault(self) -> RecordError | None:
        """Why nothing is written any more; None while all is well."""
        return self._fault

    @property
    def head_hash(self) -> str:
        """Of the last chain line. To be kept outside the journal, so that changes are found."""
        return self._chain.head

    def append(self, event: Event) -> int:
        """Take an event; returns its sequence number, counting from 1.

        Never waits for the disk. Raises the RecordError that writing failed with, or one of its
        own for a disk that does not keep up; ValueError for a NaN or an infinity.
        """
        if self._fault is not None:
            raise self._fault
        if self._closing or self.ended is not None:
            raise RecordError(
                "the journal is closed; nothing follows its end", where=str(self.path)
            )
        seq = self._seq + 1
        if type(event) is Sample:
            body, even = encode_sample(event)
        else:
            body, even = encode(event), None
        line = seal(f'{{"n":{seq},{body}')
        self._chain.add(line)
        if even is None:
            self._remember(event)
        if seq % CHAIN_EVERY == 0 or self.ended is not None:
            line += self._chain_line(seq)
        text = ""
        if self._also is not None:
            try:
                text = self._also.row(event, even)
            except Exception as error:
                # The event itself is written before this is a fault.
                self._stumbled = self._stumbled or error
        with self._mutex:
            self._seq = seq
            if not self._lines:
                self._oldest_ns = clock.real_ns()
                self._work.notify()
            self._lines.append(line)
            if text:
                self._texts.append(text)
            before = self._bytes
            self._bytes = before + len(line)
            if before < GROUP_BYTES <= self._bytes:
                self._work.notify()
        if self._real_time:
            self._check_patience()
        return seq

    def _remember(self, event: Event) -> None:
        match event:
            case RunEnded():
                self.ended = event
            case Verdict():
                self.verdict = event
            case Dose():
                self.dose = event
            case RunBegun():
                self.begun = event

    def durable(self, seq: int) -> concurrent.futures.Future[None]:
        """Done when everything up to event `seq` is on disk; fails with the journal's fault."""
        future: concurrent.futures.Future[None] = concurrent.futures.Future()
        # Nobody who loses interest may cancel it under the writer's hands.
        future.set_running_or_notify_cancel()
        with self._work:
            if seq <= self._durable_seq:
                future.set_result(None)
            elif self._fault is not None:
                future.set_exception(self._fault)
            else:
                self._waiters.append((seq, future))
                self._urgent = True
                self._work.notify()
        return future

    async def settle(self, clock: Clock) -> None:
        """Return when all that was appended is on disk; holds a virtual clock meanwhile."""
        await clock.settle(self.durable(self._seq))

    def close(self) -> None:
        """Write what is left and end the thread; may be called again. Look at `fault` afterwards.

        RecordError when the disk hangs; what it has taken by then is known from `durable_seq`.
        """
        if not self._closing:
            with self._work:
                bare = self._seq % CHAIN_EVERY or not self._seq
                if self.ended is None and self._fault is None and bare:
                    self._lines.append(self._chain_line(self._seq))
                self._closing = True
                self._work.notify()
        self._writer.join(CLOSE_WAIT_S)
        if self._writer.is_alive():
            raise RecordError(
                f"the disk has not answered for {CLOSE_WAIT_S:g} s",
                where=str(self.path),
                fix="Check the disk; events up to "
                f"{self._durable_seq} of {self._seq} are certainly on it.",
            )
        # Whoever was to hear of faults, an engine, is not held by who asks how the run ended.
        self._on_fault = None

    def _chain_line(self, seq: int) -> bytes:
        return chain_line(seq, self._chain.close())

    def _check_patience(self) -> None:
        oldest_ns = self._in_flight_ns or (self._oldest_ns if self._lines else 0)
        now_ns = clock.real_ns()
        if not oldest_ns or now_ns - oldest_ns <= PATIENCE_NS:
            return
        if self._overdue[0] != oldest_ns:
            # A machine that was suspended wakes up with old lines: the writer gets its turn first.
            self._overdue = oldest_ns, now_ns
        elif now_ns - self._overdue[1] > GRACE_NS:
            fault = RecordError(
                f"the disk does not keep up: events wait for more than {PATIENCE_NS // NS} s",
                where=str(self.path),
                seen=f"{self.backlog} events not synced",
                fix="Use a faster or local disk with --runs.",
            )
            self._latch(fault)
            raise fault

    # -- the writer's side -------------------------------------------------------------------------

    def _write_on(self) -> None:
        try:
            while self._gather():
                self._write_group()
        except RecordError as error:
            self._latch(error)
        except OSError as error:
            self._latch(cannot_write(self.path, error))
        except Exception as error:
            # Whatever it is, nobody may go on waiting for this thread.
            fault = RecordError(
                "the journal's writer failed", where=str(self.path), seen=repr(error)
            )
            fault.__cause__ = error
            self._latch(fault)
        finally:
            os.close(self._handle)
            self._lock.release()

    def _gather(self) -> bool:
        """Wait for a group to be worth a write; False at the end."""
        with self._work:
            while not self._lines and not self._closing:
                self._work.wait()
            until_ns = self._oldest_ns + GROUP_NS
            while not (self._closing or self._urgent or self._bytes >= GROUP_BYTES):
                left_ns = until_ns - clock.real_ns()
                if left_ns <= 0:
                    break
                self._work.wait(left_ns / NS)
            return bool(self._lines) and self._fault is None

    def _write_group(self) -> None:
        with self._work:
            lines, texts, up_to = self._lines, self._texts, self._seq
            self._lines, self._texts, self._bytes = [], [], 0
            self._in_flight_ns, self._urgent = self._oldest_ns, False
        data = b"".join(lines)
        count = self._disk.write(self._handle, data)
        if count < len(data):
            self._cut_back(data, count)
        self._size += count
        self._disk.sync(self._handle)
        self._done(up_to)
        if self._stumbled is not None:
            raise self._stumbled
        if self._also is not None and texts:
            self._also.put("".join(texts))

    def _cut_back(self, data: bytes, count: int) -> None:
        """Keep the whole lines of a short write, acknowledge them, and stop."""
        whole = data.rfind(b"\n", 0, count) + 1
        self._disk.truncate(self._handle, self._size + whole)
        self._disk.sync(self._handle)
        if whole:
            self._done(open_line(data[:whole].splitlines()[-1])["n"])
        raise RecordError(
            "the disk is full: a write was cut short",
            where=str(self.path),
            seen=f"{count} of {len(data)} bytes taken",
            fix="Free space or choose another disk with --runs; what was acknowledged is kept.",
        )

    def _done(self, seq: int) -> None:
        with self._work:
            self._durable_seq = max(seq, self._durable_seq)
            self._in_flight_ns = 0
            ready = [future for wanted, future in self._waiters if wanted <= seq]
            self._waiters = [waiter for waiter in self._waiters if waiter[0] > seq]
            self._urgent = self._urgent or bool(self._waiters)
        for future in ready:
            future.set_result(None)

    def _latch(self, fault: RecordError) -> None:
        with self._work:
            if self._fault is not None:
                return
            self._fault = fault
            waiters, self._waiters = self._waiters, []
            self._work.notify()
        for _, future in waiters:
            future.set_exception(fault)
        if self._on_fault is not None:
            self._on_fault(fault)


def _create(path: Path) -> tuple[int, FileLock]:
    """The file, locked for as long as it is written: that is how others know it is alive."""
    try:
        handle = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644
        )
        lock = FileLock(path)
        lock.exclusive()
        sync_folder(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    return handle, lock
