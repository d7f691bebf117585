"""The in-process port: what comes when, and what a cancelled exchange leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from labctl.clock import Clock
from labctl.instruments import (
    DeviceRefusedError,
    Exactly,
    Line,
    Packet,
    PortDisconnectedError,
    PortProtocolError,
    PortTimeoutError,
    Silent,
)
from tests.contract.wire import MS, Card, Wire

LINE = Line(b"\n")
Virtual = Callable[..., Any]


class Pieces(Card):
    """Answers in several pieces, each with its delay in ms; or not at all."""

    def __init__(self, *pieces: tuple[int, bytes]) -> None:
        super().__init__(lambda data: None)
        self._pieces = pieces

    def write(self, data: bytes, now_ns: int) -> None:
        for delay_ms, piece in self._pieces:
            self._due.append((now_ns + delay_ms * MS, piece))


def echo() -> Card:
    return Card(lambda data: data if data.endswith(b"\n") else None)


def test_the_clock_stands_where_the_reply_came_in(virtual: Virtual) -> None:
    """An exchange takes as long as its reply, and stamps it."""

    async def main(clock: Clock) -> tuple[bytes, int, int]:
        port = Wire(echo).port(clock, "x")
        await port.open()
        return await port.exchange(b"?\n", LINE, timeout_s=1), clock.now_ns(), port.arrived_ns

    assert (b"?\n", 5 * MS, 5 * MS) == virtual(main)


@pytest.mark.parametrize(
    ("frame", "pieces", "reply"),
    [
        (LINE, ((1, b"12"), (3, b"3\n45")), b"123\n"),
        (Line(b"\r\n"), ((1, b"7"), (2, b"\r"), (3, b"\n")), b"7\r\n"),
        (Exactly(2), ((1, b"1"), (2, b"23")), b"12"),
        (Packet(b"<", b">"), ((1, b"x<1"), (9, b"2>y")), b"<12>"),
    ],
)
def test_pieces_are_put_together(
    virtual: Virtual, frame: Line | Exactly | Packet, pieces: Any, reply: bytes
) -> None:
    """A reply in pieces is whole when its last piece has come."""

    async def main(clock: Clock) -> tuple[bytes, int]:
        port = Wire(lambda: Pieces(*pieces)).port(clock, "x")
        await port.open()
        return await port.exchange(b"?", frame, timeout_s=1), clock.now_ns()

    assert (reply, pieces[-1][0] * MS) == virtual(main)


def test_bytes_nobody_asked_for_are_not_the_answer(virtual: Virtual) -> None:
    """What lies in the buffer when a query is written is dropped first."""

    async def main(clock: Clock) -> bytes:
        wire = Wire(lambda: Pieces((1, b"first\nlate"), (2, b"r\n")))
        port = wire.port(clock, "x")
        await port.open()
        await port.exchange(b"1\n", LINE, timeout_s=1)
        await clock.sleep(10 * MS)
        return await port.exchange(b"2\n", LINE, timeout_s=1)

    assert b"first\n" == virtual(main)


def test_a_second_frame_of_one_reply_is_kept(virtual: Virtual) -> None:
    """An exchange that writes nothing reads on where the last one stopped."""

    async def main(clock: Clock) -> bytes:
        port = Wire(lambda: Pieces((1, b"value\nOK\n"))).port(clock, "x")
        await port.open()
        await port.exchange(b"?", LINE, timeout_s=1)
        return await port.exchange(b"", LINE, timeout_s=1)

    assert b"OK\n" == virtual(main)


def test_no_reply_is_a_timeout_at_the_deadline_exactly(virtual: Virtual) -> None:
    """The clock stands at the deadline, the port is out of step, and the error says where."""

    async def main(clock: Clock) -> tuple[int, bool]:
        port = Wire(lambda: Pieces((1, b"half"))).port(clock, "x")
        await port.open()
        with pytest.raises(PortTimeoutError, match=r"x at sim://x.*half"):
            await port.exchange(b"?", LINE, timeout_s=0.25)
        return clock.now_ns(), port.in_step

    assert (250 * MS, False) == virtual(main)


def test_too_much_puts_the_port_out_of_step(virtual: Virtual) -> None:
    """A reply that cannot be one raises PortProtocolError and ends being in step."""

    async def main(clock: Clock) -> bool:
        port = Wire(lambda: Pieces((1, b"x" * 100))).port(clock, "x")
        await port.open()
        with pytest.raises(PortProtocolError):
            await port.exchange(b"?", Line(b"\n", at_most=50), timeout_s=1)
        return port.in_step

    assert virtual(main) is False


def test_drain_waits_for_quiet(virtual: Virtual) -> None:
    """Draining goes on until nothing has come for as long as asked."""

    async def main(clock: Clock) -> tuple[bytes, int]:
        port = Wire(lambda: Pieces((1, b"a"), (40, b"b"), (200, b"c"))).port(clock, "x")
        await port.open()
        await port.exchange(b"?", Silent(), timeout_s=1)
        return await port.drain(0.05), clock.now_ns()

    assert (b"ab", 90 * MS) == virtual(main)


def test_a_cancelled_exchange_still_holds_the_wire(virtual: Virtual) -> None:
    """The next exchange begins when the cancelled one would have ended."""

    async def main(clock: Clock) -> int:
        wire = Wire(echo)
        port = wire.port(clock, "x")
        await port.open()
        task = asyncio.ensure_future(port.exchange(b"1\n", LINE, timeout_s=1))
        await clock.sleep(2 * MS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await port.exchange(b"2\n", LINE, timeout_s=1)
        return wire.sent[1][0]

    assert 5 * MS == virtual(main)


def test_a_pause_holds_though_it_was_cancelled(virtual: Virtual) -> None:
    """An instrument gets the time its manual asks for, whoever loses patience."""

    async def main(clock: Clock) -> int:
        wire = Wire(echo)
        port = wire.port(clock, "x")
        await port.open()
        task = asyncio.ensure_future(port.pause(0.5))
        await clock.sleep(MS)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await port.exchange(b"2\n", LINE, timeout_s=1)
        return wire.sent[0][0]

    assert 500 * MS == virtual(main)


def test_an_urgent_write_overtakes_a_command_that_waits(virtual: Virtual) -> None:
    """The urgent write goes out at once, and the command behind the pause never does."""

    async def main(clock: Clock) -> list[tuple[int, bytes]]:
        wire = Wire(echo)
        port = wire.port(clock, "x")
        await port.open()
        pause = asyncio.ensure_future(port.pause(0.5))
        await clock.sleep(MS)
        command = asyncio.ensure_future(port.exchange(b"on\n", LINE, timeout_s=1))
        await clock.sleep(MS)
        await port.urgent(b"off\n")
        await pause
        with pytest.raises(DeviceRefusedError, match="switched off meanwhile"):
            await command
        return wire.sent

    assert [(2 * MS, b"off\n")] == virtual(main)


def test_a_port_that_is_not_open_says_so(virtual: Virtual) -> None:
    """Before open and after close every use is PortDisconnectedError."""

    async def main(clock: Clock) -> None:
        port = Wire(echo).port(clock, "x")
        for _ in range(2):
            with pytest.raises(PortDisconnectedError):
                await port.exchange(b"?", LINE, timeout_s=1)
            with pytest.raises(PortDisconnectedError):
                await port.urgent(b"off")
            with pytest.raises(PortDisconnectedError):
                await port.drain(0.1)
            await port.open()
            await port.close()

    virtual(main)
