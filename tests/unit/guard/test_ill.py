"""What is ill round the guard's process: an engine that floods it, whoever floods the socket of
`labctl stop`, a fault in what was asked there, an off that hangs, a library that never comes back,
the end in any turn of the beginning. It goes dark, and it goes."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labctl import platform, talk
from labctl.clock import NS
from labctl.errors import LabctlError
from labctl.instruments import close_all, off_all
from labctl.talk import STOP, Arm, Emit, Read, Trip, _served
from tests.unit.guard.test_process import World, _at_control, on_wire
from tests.unit.guard.test_rules import SPEC

__all__ = ["on_wire"]


def test_an_end_that_never_stops_talking_is_heard_in_turns() -> None:
    """What is said faster than it is read holds up neither rules nor lease."""
    ours, theirs = platform.message_pair()
    line, channel = talk.to_line(talk.Dropped(7)), talk.Channel(ours)
    for _ in range(100):
        theirs.send(line)
    first = channel.receive()
    rest = channel.receive()
    channel.close()
    theirs.close()

    assert 64 == len(first)
    assert 36 == len(rest)


@pytest.mark.parametrize(
    "numbers", [(5, 5), tuple(range(100))], ids=["one number twice", "very many"]
)
def test_an_engine_that_asks_what_none_asks_is_ill(
    on_wire: Callable[..., World], numbers: tuple[int, ...]
) -> None:
    """Requests without end would fill the memory, and one of two with the same number could not be
    ended: off, and gone."""

    async def scenario(world: World) -> None:
        await world.light()
        for number in numbers:
            world.say(talk.Asked(number, Read()))
        async with asyncio.timeout(5):
            await world.running

    why = [line["why"] for line in on_wire(scenario).log if line["what"] == "leaving"]
    assert ["engine: too many requests, or one number twice"] == why


def test_a_flood_of_silent_connections_keeps_nobody_from_stop(
    on_wire: Callable[..., World],
) -> None:
    """Few are kept at a time: a loop that waits by `select` breaks at a file handle beyond 1023,
    and with it the guard."""

    async def scenario(world: World) -> None:
        await world.light()
        silent = []
        for _ in range(600):
            one = socket.socket(socket.AF_UNIX)
            one.connect(str(world.folder / "g.sock"))
            silent.append(one)
            await asyncio.sleep(0)
        await world.clock.sleep(NS // 50)
        assert len(world.process._served._begun) <= 256
        answer = talk.from_line(await _at_control(world, talk.to_line(talk.Off("a person"))))
        assert isinstance(answer, talk.Stopped)
        for one in silent:
            one.close()

    on_wire(scenario)


@pytest.mark.parametrize("fault", [ZeroDivisionError, ValueError, TimeoutError])
def test_a_fault_in_what_was_asked_at_the_socket_is_the_end(
    on_wire: Callable[..., World], monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    """A person asked for off and the guard broke on it: dark and gone, and called a fault."""

    async def scenario(world: World) -> None:
        await world.light()
        assert world.guards is not None

        latch = world.guards.latch

        def breaks(cause: Trip) -> Trip:
            if cause.rule == STOP:
                raise fault("broken")
            return latch(cause)

        monkeypatch.setattr(world.guards, "latch", breaks)
        assert b"" == await _at_control(world, talk.to_line(talk.Off("a person")))
        async with asyncio.timeout(5):
            assert 8 == await world.running
        assert not world.source.lit

    said = on_wire(scenario, code=8).log
    assert [fault.__name__ in line["error"] for line in said if line["what"] == "fault"] == [True]


@pytest.mark.parametrize("turns", range(14))
def test_an_end_in_any_turn_of_the_beginning_leaves_nothing(
    on_wire: Callable[..., World], monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """No port, and no socket that looks as if somebody heard."""

    async def scenario(world: World) -> None:
        async def slow(*rest: object) -> tuple[LabctlError, ...]:
            for _ in range(8):
                await asyncio.sleep(0)
            return ()

        monkeypatch.setattr(_served, "connect_all", slow)
        for _ in range(turns):
            await asyncio.sleep(0)
        world.process._served.end("the test")
        world.process._served.end("again")
        async with asyncio.timeout(5):
            await world.running

    on_wire(scenario)


def test_who_is_ended_while_it_begins_to_listen_leaves_no_socket(tmp_path: Path) -> None:
    """It would look as if somebody heard."""
    path = tmp_path / "g.sock"

    async def answer(asked: object) -> None:
        raise AssertionError

    async def main() -> None:
        beginning = asyncio.ensure_future(talk.listen(str(path), answer, asyncio.ensure_future))
        await asyncio.sleep(0)
        assert path.exists()
        beginning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await beginning

    asyncio.run(main())
    assert not path.exists()


def test_who_asks_for_off_while_it_connects_is_heard(on_wire: Callable[..., World]) -> None:
    """Instruments may take seconds to answer: nothing is lit after a stop in that time."""

    async def scenario(world: World) -> None:
        await world.clock.sleep(NS // 50)
        answer = talk.from_line(await _at_control(world, talk.to_line(talk.Off("a person"))))
        assert talk.Stopped("bench", {}) == answer
        (cause,) = (await world.hear(talk.Refused)).causes
        assert "a person" in str(cause)
        async with asyncio.timeout(5):
            await world.running

    assert ["off", "closed"] == on_wire(scenario, slow_s=30.0).source.log


def test_an_off_that_hangs_keeps_no_port(
    on_wire: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver that never comes back, and no engine that would kill: the process ends by force,
    with the code that says that nobody knows."""
    monkeypatch.setattr("labctl.talk._served._LEAVE_S", 0.2)
    ended: list[int] = []

    async def scenario(world: World) -> None:
        await world.light()
        go_on, loop, off = asyncio.Event(), asyncio.get_running_loop(), world.source.off

        def forced(code: int) -> None:
            ended.append(code)
            loop.call_soon_threadsafe(go_on.set)

        async def hangs() -> None:
            await go_on.wait()
            await off()

        monkeypatch.setattr(os, "_exit", forced)
        world.source.off = hangs  # type: ignore[method-assign]

    said = on_wire(scenario).log
    assert [8] == ended
    assert ("gone", False) == (said[-1]["what"], said[-1]["confirmed"])


def test_no_memory_for_a_thread_is_no_reason_to_stay(
    on_wire: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the thread that would end it by force, it leaves as ever."""

    async def scenario(world: World) -> None:
        await world.light()

        def none() -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(world.process._served._last, "start", none)

    on_wire(scenario)


def test_a_request_in_flight_at_the_end_ends_dark(on_wire: Callable[..., World]) -> None:
    """The engine goes while its light is under way: on is not written after off."""

    async def scenario(world: World) -> None:
        await world.hear(talk.Ready)
        world.say(talk.LogTo(str(world.folder / "guard.jsonl")))
        world.beat()
        await world.ask(Read())
        await world.ask(Arm("test", SPEC.digest()))
        reached = asyncio.Event()

        async def slow(level: float) -> None:
            reached.set()
            await world.clock.sleep(NS)

        assert world.guards is not None
        world.guards.of("laser")._off.emitter.set_level = slow  # type: ignore[union-attr, method-assign]
        world.beat()
        world.say(talk.Asked(9, Emit(1.0, NS)))
        await reached.wait()

    assert "on" not in on_wire(scenario).source.log


def test_a_process_waits_for_no_thread_that_will_not_end() -> None:
    """A library that hangs has one; the process would keep its port for ever."""
    ours, theirs = platform.message_pair()
    code = (
        "import runpy, sys, threading\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        f"sys.argv = ['guard', '{theirs.fileno()}']\n"
        "runpy.run_module('labctl.guard.process', run_name='__main__')\n"
    )
    ours.close()
    done = subprocess.run(
        [sys.executable, "-c", code], pass_fds=(theirs.fileno(),), timeout=20, check=False
    )
    theirs.close()

    assert 2 == done.returncode


def test_a_process_that_breaks_ends_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing is left to be done but to go, what broke is told; the code is no good one."""
    monkeypatch.setattr(sys, "argv", ["guard", "7"])
    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as ended:
        talk.as_program(lambda handle: 1 // (handle - 7))

    assert 1 == ended.value.code
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_behind_one_that_hangs_no_other_waits() -> None:
    """Off and release are written to all of them at once."""
    done: list[str] = []

    class One:
        def __init__(self, name: str, go_on: asyncio.Event) -> None:
            self.name, self.go_on = name, go_on

        async def off(self) -> None:
            await self.go_on.wait()
            done.append(f"{self.name} off")

        async def close(self) -> None:
            await self.go_on.wait()
            done.append(f"{self.name} closed")

    async def main() -> None:
        stuck, free = asyncio.Event(), asyncio.Event()
        free.set()
        both: list[Any] = [One("shutter", stuck), One("laser", free)]
        ending = [asyncio.ensure_future(job(both)) for job in (off_all, close_all)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert ["laser off", "laser closed"] == done
        stuck.set()
        await asyncio.gather(*ending)

    asyncio.run(main())
    assert ["shutter off", "shutter closed"] == done[2:]
