"""Time: virtual, held back and real, in whole nanoseconds."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.clock import (
    NS,
    VIRTUAL_EPOCH_UTC_NS,
    Clock,
    gather_blocking,
    iso,
    ns,
    real_ns,
    run_real,
    run_virtual,
    seconds,
)

Virtual = Callable[..., Any]


def test_virtual_time_jumps(virtual: Virtual) -> None:
    """An hour of virtual time passes in far less than a second of real time."""

    async def main(clock: Clock) -> int:
        await clock.sleep(3600 * NS)
        return clock.now_ns()

    before = real_ns()
    assert 3600 * NS == virtual(main)
    assert real_ns() - before < NS


@given(period_ns=st.integers(1, 10 * NS), start_ns=st.integers(0, 10**15))
def test_sleep_until_is_exact_on_any_grid(period_ns: int, start_ns: int) -> None:
    """After sleeping until a time, the virtual clock shows that time to the nanosecond."""

    async def main(clock: Clock) -> list[int]:
        shown = []
        for tick in range(1, 6):
            await clock.sleep_until(start_ns + tick * period_ns)
            shown.append(clock.now_ns())
        return shown

    assert [start_ns + tick * period_ns for tick in range(1, 6)] == run_virtual(main)


def test_a_time_that_has_passed_returns_at_once(virtual: Virtual) -> None:
    """Sleeping until a time in the past does not move the clock, back or forth."""

    async def main(clock: Clock) -> int:
        await clock.sleep_until(5 * NS)
        await clock.sleep_until(2 * NS)
        return clock.now_ns()

    assert 5 * NS == virtual(main)


def test_sleepers_wake_in_the_order_of_their_times(virtual: Virtual) -> None:
    """Tasks that sleep wake in the order of their deadlines, whatever order they began in."""

    async def main(clock: Clock) -> list[tuple[int, int]]:
        woken = []

        async def sleeper(at_s: int) -> None:
            await clock.sleep_until(at_s * NS)
            woken.append((at_s, clock.now_ns()))

        async with asyncio.TaskGroup() as group:
            for at_s in (3, 1, 2):
                group.create_task(sleeper(at_s))
        return woken

    assert [(1, NS), (2, 2 * NS), (3, 3 * NS)] == virtual(main)


def test_the_epoch_of_a_virtual_run_is_fixed(virtual: Virtual) -> None:
    """A virtual run begins on 2000-01-01, so that its journal depends on no wall clock."""

    async def main(clock: Clock) -> tuple[int, bool]:
        return clock.utc_ns(), clock.virtual

    utc_ns, is_virtual = virtual(main)
    assert (VIRTUAL_EPOCH_UTC_NS, True) == (utc_ns, is_virtual)
    assert iso(utc_ns) == "2000-01-01T00:00:00.000000Z"


def test_scaled_time_is_held_back() -> None:
    """At speed 100, four virtual seconds take at least 40 ms of real time."""

    async def main(clock: Clock) -> int:
        await clock.sleep_until(2 * NS)
        await clock.sleep_until(4 * NS)
        return clock.now_ns()

    before = real_ns()
    assert 4 * NS == run_virtual(main, speed=100.0)
    assert real_ns() - before >= 40_000_000


def test_the_order_of_things_is_the_same_at_any_speed() -> None:
    """Two chains of ticks interleave alike when the clock jumps and when it is held back."""

    async def main(clock: Clock) -> list[tuple[str, int]]:
        seen = []

        async def chain(name: str, period_ns: int) -> None:
            for tick in range(1, 8):
                await clock.sleep_until(tick * period_ns)
                seen.append((name, clock.now_ns()))

        async with asyncio.TaskGroup() as group:
            group.create_task(chain("a", 3_000_000))
            group.create_task(chain("b", 2_000_000))
        return seen

    assert run_virtual(main) == run_virtual(main, speed=10.0)


def test_settle_holds_the_clock(virtual: Virtual) -> None:
    """While a thread works in real time, virtual time stands still for everybody."""
    go_on = threading.Event()

    async def main(clock: Clock) -> tuple[str, int, int]:
        ticks = 0

        async def ticker() -> None:
            nonlocal ticks
            while True:
                await clock.sleep(NS)
                ticks += 1

        task = asyncio.create_task(ticker())
        await asyncio.sleep(0)
        with ThreadPoolExecutor(1) as pool:
            # The thread answers only once the loop had every chance to race ahead.
            asyncio.get_running_loop().call_soon(go_on.set)
            answer = await clock.settle(pool.submit(lambda: "done" if go_on.wait(5) else "late"))
        held = clock.now_ns(), ticks
        task.cancel()
        await asyncio.wait([task])
        return answer, *held

    assert ("done", 0, 0) == virtual(main)


def test_settle_hands_on_what_the_thread_raised(virtual: Virtual) -> None:
    """An error in a thread comes out where it is waited for, and the clock goes on after."""

    def work() -> None:
        raise OSError("disk full")

    async def main(clock: Clock) -> int:
        with ThreadPoolExecutor(1) as pool, pytest.raises(OSError, match="disk full"):
            await clock.settle(pool.submit(work))
        await clock.sleep(NS)
        return clock.now_ns()

    assert NS == virtual(main)


def test_call_at_fires_at_its_time_and_can_be_cancelled(virtual: Virtual) -> None:
    """A callback comes at its time; a cancelled one never."""

    async def main(clock: Clock) -> list[tuple[str, int]]:
        seen: list[tuple[str, int]] = []
        clock.call_at(2 * NS, lambda: seen.append(("kept", clock.now_ns())))
        clock.call_at(1 * NS, lambda: seen.append(("cancelled", clock.now_ns()))).cancel()
        await clock.sleep(3 * NS)
        return seen

    assert [("kept", 2 * NS)] == virtual(main)


@pytest.mark.parametrize("speed", [None, 1000.0])
def test_signals_are_heard(virtual: Virtual, speed: float | None) -> None:
    """A signal reaches a virtual run that never waits in real time, and one that is held back."""

    async def main(clock: Clock) -> str:
        heard = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, heard.set)
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
            for _ in range(10_000):
                await clock.sleep(NS // 1000)
                if heard.is_set():
                    return "heard"
            return "deaf"
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)

    assert "heard" == virtual(main, speed=speed)


def test_a_busy_loop_hears_signals(virtual: Virtual) -> None:
    """Code that only yields, and lets no time pass, does not shut signals out."""

    async def main(clock: Clock) -> bool:
        heard = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, heard.set)
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
            for _ in range(1000):
                await asyncio.sleep(0)
                if heard.is_set():
                    break
            return heard.is_set()
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)

    assert virtual(main)


def test_jobs_run_together_see_their_own_times(virtual: Virtual) -> None:
    """Jobs side by side take as long as the longest, each seeing the clock as if alone."""

    async def main(clock: Clock) -> tuple[list[int], int]:
        async def job(first_ns: int, second_ns: int) -> int:
            await clock.sleep(first_ns)
            await clock.sleep(second_ns)
            return clock.now_ns()

        ends = await clock.together(job(5, 5), job(1, 2), job(7, 20))
        return ends, clock.now_ns()

    assert ([10, 3, 27], 27) == virtual(main)


def test_jobs_run_together_all_end_before_an_error_comes_out(virtual: Virtual) -> None:
    """One job's error does not cut the others off; it is raised when all have ended."""

    async def main(clock: Clock) -> list[str]:
        ended = []

        async def fails() -> None:
            await clock.sleep(1)
            raise ValueError("no")

        async def works() -> None:
            await clock.sleep(10)
            ended.append("worked")

        with pytest.raises(ValueError, match="no"):
            await clock.together(fails(), works())
        return ended

    assert ["worked"] == virtual(main)


def test_jobs_that_wait_for_each_others_locks_across_groups_end(virtual: Virtual) -> None:
    """Two groups take two locks in opposite order, each job but one: nobody holds up the job that
    would release what another waits for."""
    order: list[str] = []

    async def main(clock: Clock) -> int:
        first, second = asyncio.Lock(), asyncio.Lock()

        async def use(name: str, lock: asyncio.Lock, wait_ms: int) -> None:
            await clock.sleep(wait_ms * NS // 1000)
            async with lock:
                await clock.sleep(50 * NS // 1000)
                order.append(name)

        await asyncio.gather(
            clock.together(use("a1", first, 10), use("a2", second, 20)),
            clock.together(use("b2", second, 10), use("b1", first, 20)),
        )
        return clock.now_ns()

    assert virtual(main) == 110 * NS // 1000
    assert sorted(order[:2]) == ["a1", "b2"]
    assert sorted(order[2:]) == ["a2", "b1"]


def test_the_same_with_groups_inside_a_group(virtual: Virtual) -> None:
    """A group that is itself stepped hands on what its jobs wait for."""

    async def main(clock: Clock) -> tuple[int, list[int]]:
        lock = asyncio.Lock()

        async def use(wait_ms: int) -> int:
            await clock.sleep(wait_ms * NS // 1000)
            async with lock:
                await clock.sleep(50 * NS // 1000)
            await clock.sleep(NS // 1000)
            return clock.now_ns() * 1000 // NS

        async def inner() -> list[int]:
            return await clock.together(use(10), use(20))

        both = await clock.together(inner(), inner())
        await clock.sleep(NS)
        return clock.now_ns() * 1000 // NS, sorted(both[0] + both[1])

    assert virtual(main) == (1211, [61, 111, 161, 211])


def test_what_a_job_waits_for_fails_in_that_job(virtual: Virtual) -> None:
    """A future's error is raised where it is awaited, and may be caught there."""

    async def main(clock: Clock) -> list[str]:
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def waits() -> str:
            try:
                await lost
            except OSError as error:
                return f"caught {error}"
            return "nothing"

        async def fails() -> str:
            await clock.sleep(NS)
            lost.set_exception(OSError("gone"))
            return "told"

        return await clock.together(waits(), fails())

    assert virtual(main) == ["caught gone", "told"]


def test_jobs_run_together_on_the_real_clock() -> None:
    """The same words work on the machine's clock."""

    async def main(clock: Clock) -> list[int]:
        async def job(number: int) -> int:
            await clock.sleep(1000)
            return number

        return await clock.together(job(1), job(2))

    assert [1, 2] == run_real(main)


def test_real_time_goes_on_by_itself() -> None:
    """The machine's clock is not virtual, starts near 0, and a sleep lasts at least its time."""

    async def main(clock: Clock) -> tuple[bool, int, int]:
        before = clock.now_ns()
        await clock.sleep(2_000_000)
        return clock.virtual, before, clock.now_ns() - before

    is_virtual, before, slept = run_real(main)
    assert (False, True) == (is_virtual, 0 <= before < NS)
    assert slept >= 2_000_000


def test_blocking_drive_runs_what_never_suspends() -> None:
    """Without a loop, an awaitable that never suspends gives its value, another is refused."""

    async def answers() -> str:
        return "42"

    async def suspends() -> None:
        await asyncio.sleep(0)

    assert "42" == gather_blocking(answers())
    work = suspends()
    with pytest.raises(RuntimeError, match="suspended on a blocking port"):
        gather_blocking(work)
    work.close()


@given(st.integers(0, 4 * 10**15))
def test_seconds_and_nanoseconds_are_inverse(t_ns: int) -> None:
    """Whole nanoseconds survive the way through float seconds for runs of over a month."""
    assert t_ns == ns(seconds(t_ns))


def test_a_jump_never_passes_what_the_loop_has_due(virtual: Virtual) -> None:
    """However often one task jumps by itself, timers and other tasks get their exact times."""

    async def main(clock: Clock) -> None:
        fired: list[int] = []
        clock.call_at(ns(0.35), lambda: fired.append(clock.now_ns()))

        async def other() -> None:
            for _ in range(3):
                await clock.sleep(ns(0.25))
                fired.append(clock.now_ns())

        task = asyncio.ensure_future(other())
        for step in range(1, 11):
            await clock.sleep_until(ns(0.1) * step)
            assert ns(0.1) * step == clock.now_ns()
        await task

        assert [ns(0.25), ns(0.35), ns(0.5), ns(0.75)] == fired

    virtual(main)


def test_a_task_that_is_made_ready_runs_before_the_clock_moves(virtual: Virtual) -> None:
    """What is to be done now is done now, not after the next jump."""

    async def main(clock: Clock) -> None:
        seen: list[int] = []

        async def now() -> None:
            seen.append(clock.now_ns())

        for step in range(1, 40):
            await clock.sleep_until(ns(1.0) * step)
            task = asyncio.ensure_future(now())
            await clock.sleep_until(ns(1.0) * step + ns(0.5))
            assert ns(1.0) * step == seen[-1]
            await task

    virtual(main)


def test_cancelling_jobs_that_run_together_ends_them_all(virtual: Virtual) -> None:
    """A cancelled tick leaves no job half-way: each sees its end."""

    async def main(clock: Clock) -> None:
        ended: list[str] = []

        async def job(name: str) -> None:
            try:
                await clock.sleep(ns(10.0))
            finally:
                ended.append(name)

        task = asyncio.ensure_future(clock.together(job("a"), job("b")))
        clock.call_at(ns(1.0), task.cancel)
        with pytest.raises(asyncio.CancelledError):
            await task

        assert {"a", "b"} == set(ended)
        assert ns(1.0) == clock.now_ns()

    virtual(main)
