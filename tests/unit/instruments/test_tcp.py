"""The two real libraries over TCP: pyserial's socket:// and PyVISA's SOCKET, above one worker."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from labctl.clock import NS, Clock, run_real
from labctl.instruments import (
    Exactly,
    Line,
    Packet,
    PortDisconnectedError,
    PortTimeoutError,
    SerialSettings,
    Silent,
)
from labctl.instruments._serial import SerialTransport
from labctl.instruments._threaded import ThreadPort
from labctl.instruments._visa import VisaTransport
from tests.unit.instruments.tcp import Answer, TcpInstrument, free_port, instrument

LINE = Line(b"\n")
WAYS = ("pyserial", "pyvisa")
both = pytest.mark.parametrize("way", WAYS)


def make_port(way: str, tcp_port: int, clock: Clock) -> ThreadPort:
    """A port over one of the libraries."""
    where = f"thing at port {tcp_port}"
    if way == "pyserial":
        url = f"socket://127.0.0.1:{tcp_port}"
        return ThreadPort(SerialTransport(url, SerialSettings(), where), clock, url, where)
    name = f"TCPIP0::127.0.0.1::{tcp_port}::SOCKET"
    return ThreadPort(VisaTransport(name, SerialSettings(), where), clock, name, where)


def talk(
    way: str, answer: Answer, body: Callable[[ThreadPort, TcpInstrument, Clock], Awaitable[None]]
) -> None:
    """Run `body` with an open port to an instrument that answers so."""
    with instrument(answer) as served:

        async def main(clock: Clock) -> None:
            port = make_port(way, served.port, clock)
            await port.open()
            try:
                await body(port, served, clock)
            finally:
                await port.close()

        run_real(main)


@both
def test_a_query_is_answered(way: str) -> None:
    """One line out, one line back, stamped with the run's clock."""

    async def body(port: ThreadPort, served: TcpInstrument, clock: Clock) -> None:
        reply = await port.exchange(b"*IDN?\n", LINE, timeout_s=2)

        assert b"got *IDN?\n" == reply
        assert 0 < port.arrived_ns <= clock.now_ns()
        assert port.in_step

    talk(way, lambda line: b"got " + line + b"\n", body)


@both
def test_any_frame_comes_whole(way: str) -> None:
    """Line, counted and marked replies come out whole though none ends as the library expects."""

    async def body(port: ThreadPort, served: TcpInstrument, clock: Clock) -> None:
        counted = await port.exchange(b"?\n", Exactly(4), timeout_s=2)
        await port.drain(0.03)
        marked = await port.exchange(b"?\n", Packet(b"\x41", b"\x0d"), timeout_s=2)
        await port.drain(0.03)
        line = await port.exchange(b"?\n", Line(b"\r"), timeout_s=2)

        assert b"x\nA\x07" == counted
        assert b"A\x07\x01\x0d" == marked
        assert b"x\nA\x07\x01\x0d" == line

    talk(way, lambda line: b"x\nA\x07\x01\x0d", body)


@both
def test_a_command_and_a_query_close_together_do_not_wait_for_each_other(way: str) -> None:
    """TCP_NODELAY is set: twenty write-write-read rounds take no 40 ms each."""

    async def body(port: ThreadPort, served: TcpInstrument, clock: Clock) -> None:
        begun_ns = clock.now_ns()
        for _ in range(20):
            await port.exchange(b"SET 1\n", Silent(), timeout_s=1)
            await port.exchange(b"?\n", LINE, timeout_s=1)

        assert clock.now_ns() - begun_ns < 0.4 * NS

    talk(way, lambda line: b"" if line == b"SET 1" else b"1\n", body)


@both
def test_no_reply_is_a_timeout_in_time(way: str) -> None:
    """The deadline holds, what had come is shown, and the port is out of step."""

    async def body(port: ThreadPort, served: TcpInstrument, clock: Clock) -> None:
        begun_ns = clock.now_ns()
        with pytest.raises(PortTimeoutError, match=r"thing at port .*half"):
            await port.exchange(b"?\n", LINE, timeout_s=0.15)
        took_ns = clock.now_ns() - begun_ns

        assert 0.15 * NS <= took_ns < 0.5 * NS
        assert not port.in_step

    talk(way, lambda line: b"half", body)


@both
def test_a_late_reply_is_drained(way: str) -> None:
    """What comes after the deadline is dropped by drain and answers no later query."""

    async def body(port: ThreadPort, served: TcpInstrument, clock: Clock) -> None:
        with pytest.raises(PortTimeoutError):
            await port.exchange(b"slow\n", LINE, timeout_s=0.05)
        served.say(b"late\n")
        dropped = await port.drain(0.05)
        reply = await port.exchange(b"next\n", LINE, timeout_s=1)

        assert b"late\n" == dropped
        assert b"next\n" == reply

    talk(way, lambda line: b"" if line == b"slow" else line + b"\n", body)


@both
def test_bytes_nobody_asked_for_are_dropped_before_a_query(way: str) -> None:
    """An unread remainder does not answer the next query."""

    async def body(port: ThreadPort, served: TcpInstrument, clock: Clock) -> None:
        first = await port.exchange(b"a\n", LINE, timeout_s=1)
        second = await port.exchange(b"b\n", LINE, timeout_s=1)

        assert (b"a\n", b"b\n") == (first, second)

    talk(way, lambda line: line + b"\nstray\n", body)


@both
def test_a_closed_connection_is_seen_at_once(way: str) -> None:
    """The instrument hangs up in the middle of a query: disconnected, long before the deadline."""

    async def body(port: ThreadPort, served: TcpInstrument, clock: Clock) -> None:
        begun_ns = clock.now_ns()
        with pytest.raises(PortDisconnectedError, match="thing at port"):
            await port.exchange(b"?\n", LINE, timeout_s=5)

        assert clock.now_ns() - begun_ns < 1 * NS

    talk(way, lambda line: None, body)


@both
def test_nobody_there_is_disconnected(way: str) -> None:
    """A closed TCP port is refused at opening, and nothing is left behind."""

    async def main(clock: Clock) -> None:
        port = make_port(way, free_port(), clock)
        with pytest.raises(PortDisconnectedError, match=r"could not open the port.*[Rr]efused"):
            await port.open()

    run_real(main)


@both
def test_closing_releases_and_the_port_opens_again(way: str) -> None:
    """Close is idempotent; the same port works after being opened again."""

    async def body(port: ThreadPort, served: TcpInstrument, clock: Clock) -> None:
        await port.close()
        await port.close()
        with pytest.raises(PortDisconnectedError):
            await port.exchange(b"?\n", LINE, timeout_s=1)
        await port.open()

        assert b"?\n" == await port.exchange(b"?\n", LINE, timeout_s=1)

    talk(way, lambda line: line + b"\n", body)


@both
def test_urgent_goes_out_during_an_exchange(way: str) -> None:
    """While a reply is waited for, the urgent write reaches the instrument and is not held up."""

    async def body(port: ThreadPort, served: TcpInstrument, clock: Clock) -> None:
        waiting = asyncio.ensure_future(port.exchange(b"slow\n", LINE, timeout_s=1))
        await asyncio.get_running_loop().run_in_executor(None, served.wait_for, b"slow")
        begun_ns = clock.now_ns()
        await port.urgent(b"OFF\n")
        took_ns = clock.now_ns() - begun_ns
        served.say(b"done\n")

        assert b"done\n" == await waiting
        assert served.wait_for(b"OFF")
        assert took_ns < 0.2 * NS
        assert not port.in_step

    talk(way, lambda line: b"", body)


@both
def test_what_is_cancelled_before_it_was_written_is_never_written(way: str) -> None:
    """A job behind another one, cancelled: its bytes stay here."""

    async def body(port: ThreadPort, served: TcpInstrument, clock: Clock) -> None:
        first = asyncio.ensure_future(port.exchange(b"slow\n", LINE, timeout_s=1))
        await asyncio.get_running_loop().run_in_executor(None, served.wait_for, b"slow")
        second = asyncio.ensure_future(port.exchange(b"ON\n", Silent(), timeout_s=1))
        await clock.sleep(0)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        served.say(b"done\n")
        await first
        await port.exchange(b"end\n", Silent(), timeout_s=1)

        assert served.wait_for(b"end")
        assert [b"slow", b"end"] == served.heard

    talk(way, lambda line: b"", body)


def test_both_ends_of_a_visa_socket_are_given_back() -> None:
    """Closing a VISA port closes its socket: the instrument sees the end."""

    async def body(port: ThreadPort, served: TcpInstrument, clock: Clock) -> None:
        link = port._transport._socket  # type: ignore[attr-defined]
        assert isinstance(link, socket.socket)
        await port.close()

        assert -1 == link.fileno()

    talk("pyvisa", lambda line: b"", body)


def test_leaving_a_server_takes_no_time_and_calling_it_again_does() -> None:
    """Closed at once, so that an end waits for nothing; opened again not before 0.3 s."""

    async def body(port: ThreadPort, served: TcpInstrument, clock: Clock) -> None:
        begun_ns = clock.now_ns()
        await port.close()
        closed_ns = clock.now_ns()
        await port.open()
        assert b"A\n" == await port.exchange(b"a\n", LINE, timeout_s=1.0)
        assert (closed_ns - begun_ns) / NS < 0.15
        assert (clock.now_ns() - begun_ns) / NS >= 0.3

    talk("pyserial", lambda line: line.upper() + b"\n", body)
