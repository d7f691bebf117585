"""The one door to time: real, scaled and virtual, in integer nanoseconds.

Nothing else in labctl may ask for the time or sleep (a lint forbids it). Three ways to run:

- *real*: the machine's boot-time clock, so that a suspended laptop finds its leases expired;
- *virtual* (`speed=None`): the clock jumps to the next deadline whenever nothing is left to do;
- *scaled* (`speed=N`): the virtual clock, held back so that N of its seconds pass in one real
  second. The order of everything is that of the virtual clock, so the bytes recorded are the same
  at any speed.

Whatever works in real time beside a virtual clock (a thread that syncs a file, a person at a
prompt) is waited for through `Clock.settle`, which holds the clock: otherwise it would race past
the answer.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import selectors
import time
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, TypeVar

T = TypeVar("T")

_NEVER_NS = 1 << 62
_LISTEN_EVERY = 64
"""A busy virtual loop looks for signals and threads once in so many turns."""

NS = 1_000_000_000
"""Nanoseconds in a second."""

VIRTUAL_EPOCH_UTC_NS = 946_684_800 * NS
"""2000-01-01T00:00:00Z: what a virtual run calls its beginning, so that its journal depends on
nothing outside it."""


def ns(seconds: float) -> int:
    """Seconds to integer nanoseconds."""
    return round(seconds * NS)


def seconds(t_ns: int) -> float:
    """Integer nanoseconds to seconds."""
    return t_ns / NS


def wall_utc_ns() -> int:
    """Wall time, nanoseconds since 1970-01-01 UTC. For records kept beside the journal only."""
    return time.time_ns()


def real_ns() -> int:
    """Real elapsed time for threads that live outside a run's clock (telemetry, terminal)."""
    return _boottime_ns()


def real_sleep(duration_s: float) -> None:
    """Sleep in real time; for threads and processes that live outside a run's clock."""
    time.sleep(duration_s)


async def real_pause(duration_s: float) -> None:
    """Sleep in real time on a loop that lives outside a run's clock (telemetry, servers)."""
    await asyncio.sleep(duration_s)


def iso(utc_ns: int) -> str:
    """UTC nanoseconds as `2026-01-31T12:00:00.123456Z`."""
    moment = datetime.fromtimestamp(utc_ns // NS, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{utc_ns % NS // 1000:06d}Z"


def _boottime_ns() -> int:
    return time.clock_gettime_ns(_BOOTTIME)


# CLOCK_BOOTTIME counts suspend; platforms without it fall back to the monotonic clock.
_BOOTTIME: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock:
    """The time of one run. Obtain it from `run`; `now_ns` is 0 at the run's beginning."""

    virtual: bool = False
    """True when time jumps or is scaled: no hardware may hang on this clock."""
    speed: float | None = 1.0
    """Seconds of this clock in a real second; None means as fast as it goes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, zero_ns: int | None = None) -> None:
        self._loop = loop
        self._zero_ns = _boottime_ns() if zero_ns is None else zero_ns
        self._zero_utc_ns = wall_utc_ns()

    @property
    def zero_ns(self) -> int:
        """The run's beginning on the machine's boot-time clock, which its processes share."""
        return self._zero_ns

    def now_ns(self) -> int:
        """Nanoseconds since the run began; never goes back."""
        return _boottime_ns() - self._zero_ns

    def utc_ns(self) -> int:
        """What this clock calls UTC: fixed epoch in virtual time, the wall clock at the
        beginning plus elapsed time in real time (a stepped wall clock does not step it)."""
        return self._zero_utc_ns + self.now_ns()

    async def sleep_until(self, t_ns: int) -> None:
        """Return at `t_ns` or, when that has passed, after letting others run once."""
        delay = t_ns - self.now_ns()
        await asyncio.sleep(delay / NS if delay > 0 else 0)

    async def sleep(self, duration_ns: int) -> None:
        """Sleep for a duration from now. A sampling grid uses `sleep_until`, which cannot drift."""
        await self.sleep_until(self.now_ns() + duration_ns)

    def call_at(self, t_ns: int, callback: Callable[[], object]) -> asyncio.TimerHandle:
        """Call `callback` at `t_ns`; cancel by the handle."""
        return self._loop.call_at(self._loop.time() + (t_ns - self.now_ns()) / NS, callback)

    async def settle(self, future: concurrent.futures.Future[T]) -> T:
        """Wait for work done in real time by a thread, holding this clock meanwhile."""
        return await asyncio.wrap_future(future)

    async def together(self, *jobs: Coroutine[Any, Any, T]) -> list[T]:
        """Run jobs side by side to their ends; raises the first error once all have ended."""
        tasks = [asyncio.ensure_future(job) for job in jobs]
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            raise
        # Every error is taken, so that the loop complains of none; the first is raised.
        errors = [error for task in tasks if (error := task.exception()) is not None]
        if errors:
            raise errors[0]
        return [task.result() for task in tasks]


class VirtualClock(Clock):
    """Time that jumps from deadline to deadline, or is held back to a multiple of real time."""

    virtual = True

    def __init__(self, loop: _VirtualLoop, speed: float | None) -> None:
        super().__init__(loop)
        self._virtual_loop = loop
        self._stepping = False
        self.speed = speed

    def now_ns(self) -> int:
        return self._virtual_loop.now_ns

    def utc_ns(self) -> int:
        return VIRTUAL_EPOCH_UTC_NS + self._virtual_loop.now_ns

    async def sleep_until(self, t_ns: int) -> None:
        if self._stepping:
            await _wake(t_ns)
        elif not self._virtual_loop.may_jump(t_ns):
            await self._turn(t_ns)

    async def _turn(self, t_ns: int) -> None:
        """Wait by a turn of the loop, in which signals and threads are heard."""
        await super().sleep_until(t_ns)
        # Loop deadlines are floats; the grid is in whole nanoseconds.
        if self._virtual_loop.now_ns < t_ns:
            self._virtual_loop.now_ns = t_ns

    async def settle(self, future: concurrent.futures.Future[T]) -> T:
        if future.done():
            return future.result()
        self._virtual_loop.held += 1
        try:
            return await asyncio.wrap_future(future)
        finally:
            self._virtual_loop.held -= 1

    async def together(self, *jobs: Coroutine[Any, Any, T]) -> list[T]:
        """As on any clock, but without a task or a turn of the loop for each wait.

        The jobs are stepped here in the order of the times they wait for, and the clock is moved
        from one to the next, as long as the loop itself has nothing due before. The first that
        waits for anything else than a time (a lock, a thread) leaves them all to the loop: what it
        waits for may be held by whoever waits for another of them.
        """
        loop = self._virtual_loop
        results: dict[int, T] = {}
        errors: list[Exception] = []
        # True where this itself is stepped by another `together`, which then moves the clock.
        stepped = self._stepping
        now_ns = loop.now_ns
        waiting: list[tuple[Any, int]] = [(now_ns, number) for number in range(len(jobs))]
        try:
            while waiting:
                wake = min(waiting)
                waiting.remove(wake)
                t_ns, number = wake
                if t_ns > loop.now_ns:
                    if stepped:
                        await _wake(t_ns)
                    elif not loop.may_jump(t_ns):
                        await self._turn(t_ns)
                self._stepping = True
                try:
                    asked = jobs[number].send(None)
                except StopIteration as done:
                    results[number] = done.value
                    continue
                except Exception as error:
                    errors.append(error)
                    continue
                finally:
                    self._stepping = stepped
                waiting.append((asked, number))
                if type(asked) is not int:
                    left = sorted(((number, at) for at, number in waiting), key=itemgetter(0))
                    waiting.clear()
                    rest = (self._finish(jobs[number], at) for number, at in left)
                    try:
                        ends = await super().together(*rest)
                    except Exception as error:
                        errors.append(error)
                    else:
                        results.update(zip((number for number, _ in left), ends, strict=True))
        finally:
            for job in jobs:
                job.close()
        if errors:
            raise errors[0]
        return [results[number] for number in range(len(jobs))]

    async def _finish(self, job: Coroutine[Any, Any, T], asked: Any) -> T:
        """Run a job that has been stepped so far, and waits for `asked`, to its end on the loop."""
        thrown: BaseException | None = None
        while True:
            try:
                if type(asked) is int:
                    await self.sleep_until(asked)
                else:
                    await _PassOn(asked)
            except BaseException as error:
                thrown = error
            # What is inside it goes on asking for times, as it did before.
            self._stepping = True
            try:
                asked = job.send(None) if thrown is None else job.throw(thrown)
            except StopIteration as done:
                result: T = done.value
                return result
            finally:
                self._stepping, thrown = False, None


@types.coroutine
def _wake(t_ns: int) -> Generator[int, None, None]:
    """What a stepped job waits for: a time."""
    yield t_ns


class _PassOn:
    """Hands something a stepped job waits for on to the task that steps it."""

    __slots__ = ("wanted",)

    def __init__(self, wanted: Any) -> None:
        self.wanted = wanted

    def __await__(self) -> Generator[Any, None, None]:
        yield self.wanted


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting for the next deadline, moves the clock to it.

    The loop's own wake-up socket is still looked at, so that signals and threads are heard.
    """

    loop: _VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        loop = self.loop
        if timeout is None or loop.held:
            # Nothing is scheduled, or something works in real time: only the outside can wake us.
            return super().select(None if timeout != 0 else 0)
        if timeout <= 0:
            loop.polls += 1
            return super().select(0) if loop.polls % _LISTEN_EVERY == 0 else []
        target_ns = loop.now_ns + round(timeout * NS)
        events = super().select(loop.real_wait_s(target_ns))
        if not events:
            loop.now_ns = target_ns
        return events


class _VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time()` is the virtual clock."""

    def __init__(self, speed: float | None) -> None:
        self.now_ns = 0
        self.held = 0
        self.polls = 0
        self.jumps = 0
        self._speed = speed
        self._origin_real_ns = _boottime_ns()
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.now_ns / NS

    def may_jump(self, t_ns: int) -> bool:
        """Move the clock to `t_ns` at once where a turn of the loop would do nothing else; True
        when it did. Now and then it does not, so that signals and threads are heard."""
        if self._speed is not None or t_ns <= self.now_ns or self.held:
            return False
        self.jumps += 1
        if self.jumps % _LISTEN_EVERY == 0:
            return False
        if self._ready or self.next_deadline_ns() <= t_ns:  # type: ignore[attr-defined]
            return False
        self.now_ns = t_ns
        return True

    def next_deadline_ns(self) -> int:
        """The earliest time at which the loop itself has something to do."""
        # The heap of timers is asyncio's own; a cancelled timer in it only costs a slower turn.
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        return round(timers[0].when() * NS) if timers else _NEVER_NS

    def real_wait_s(self, target_ns: int) -> float:
        """How long to hold the clock back before it may show `target_ns`."""
        if self._speed is None:
            return 0.0
        due_ns = self._origin_real_ns + round(target_ns / self._speed)
        wait_ns = due_ns - _boottime_ns()
        if wait_ns < -NS // 2:
            # Held up (a prompt, a slow disk): go on at the asked speed from here, do not race.
            self._origin_real_ns -= wait_ns
        return max(0.0, wait_ns / NS)


Main = Callable[[Clock], Coroutine[Any, Any, T]]


def run_real(main: Main[T], *, zero_ns: int | None = None) -> T:
    """Run `main` on the machine's clock; `zero_ns` is the beginning of the run that it belongs to,
    where that is another process's (`Clock.zero_ns`).

    A select-based selector waits with microsecond resolution, where epoll rounds up to whole
    milliseconds.
    """
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    return _run(loop, Clock(loop, zero_ns), main)


def run_virtual(main: Main[T], *, speed: float | None = None) -> T:
    """Run `main` in virtual time; `speed` holds it back to that multiple of real time."""
    loop = _VirtualLoop(speed)
    return _run(loop, VirtualClock(loop, speed), main)


def _run(loop: asyncio.AbstractEventLoop, clock: Clock, main: Main[T]) -> T:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(clock))


def gather_blocking(work: Awaitable[T]) -> T:
    """Run an awaitable that never suspends, without a loop.

    Driver methods await only their port; on a blocking port that never suspends, so a driver
    needs no event loop in a guard process.
    """
    step = work.__await__()
    try:
        next(step)
    except StopIteration as done:
        result: T = done.value
        return result
    raise RuntimeError("a driver method suspended on a blocking port: it awaits something else")
