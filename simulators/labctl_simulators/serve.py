"""The simulated bench over TCP, in real time: one port an instrument.

The personalities are those of the in-process bench; only the way of the bytes differs. The world's
time begins with the first byte that is meant for an instrument, so that fault onsets count from
the beginning of the first run; it then goes on, whoever connects, until the server ends. As on a
real bench nothing switches the laser off when a host goes away.

Two questions are the simulator's own, on any connection: `~labctl-sim?` (who and what is
simulated here, `labctl-sim/1 {json}`) and `~labctl-truth?` (one line of JSON, for `truth.json`).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from labctl.clock import NS, Clock, iso, run_real
from labctl.instruments import InputError, PortDisconnectedError, SimSpec
from labctl_simulators import hands
from labctl_simulators.bench import Device
from labctl_simulators.session import Session
from labctl_simulators.wire import LabJackT7, SimLink

HELLO = b"~labctl-sim?"
TRUTH = b"~labctl-truth?"
_OURS = b"~labctl-"
_FAR_NS = 1 << 62
_TICK_NS = NS // 20

Address = dict[str, Any]
Ready = Callable[[Sequence[Address]], None]
"""Receives one plain object an instrument: instrument, key, driver, port, socket, visa, and
`address`, the one of the two that this driver's library takes."""


def serve(
    spec: SimSpec,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    log: str | Path | None = None,
    ready: Ready | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; blocks.

    Instruments take ports from `port` on, or free ones when it is 0. Every edge of emission is
    appended to `log` as one line of JSON when it happens. InputError for faults, instruments or
    ports that cannot be had. `boot_ns` in the log is the edge on CLOCK_BOOTTIME: whoever kills or
    stops a process can tell from it when light really ended.
    """
    session = Session(spec)

    async def main(clock: Clock) -> None:
        task = asyncio.current_task()
        if task is not None:
            # Only the main thread of a POSIX process can; elsewhere the caller cancels.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        # The end is asked for by cancelling; this is where it arrives.
        with contextlib.suppress(asyncio.CancelledError):
            await serve_session(
                session, clock, host=host, port=port, log=log, ready=ready, typed=sys.stdin
            )

    run_real(main)


async def serve_session(
    session: Session,
    clock: Clock,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    log: str | Path | None = None,
    ready: Ready | None = None,
    typed: IO[str] | None = None,
) -> None:
    """Serve on the running loop until cancelled. `typed`: where somebody may type what hands do."""
    with _open_log(log) as file:
        served = _Served(session, clock, file)
        async with contextlib.AsyncExitStack() as stack:
            table = []
            for number, device in enumerate(session.devices.values()):
                wanted = port + number if port else 0
                server = await _listen(served, device, host, wanted)
                await stack.enter_async_context(server)
                table.append(_address(device, host, server.sockets[0].getsockname()[1]))
            served.addresses = {row["key"]: row["address"] for row in table}
            try:
                if ready is not None:
                    ready(table)
                stack.enter_context(hands.at(typed, served.told))
                while True:
                    await clock.sleep(_TICK_NS)
                    served.tick()
            finally:
                served.end()


def _open_log(log: str | Path | None) -> contextlib.AbstractContextManager[IO[str] | None]:
    if log is None:
        return contextlib.nullcontext()
    try:
        return open(log, "a", encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"the emission log cannot be written: {error.strerror}",
            where=str(log),
            fix="Name a file in a folder that exists and can be written.",
        ) from error


async def _listen(served: _Served, device: Device, host: str, port: int) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(
            functools.partial(_Connection, served, device), host, port, family=socket.AF_INET
        )
    except OSError as error:
        raise InputError(
            f"cannot serve {device.name}: {error.strerror}",
            where=f"{host}:{port}",
            fix="Choose another base port, or 0 for free ones.",
        ) from error


def _address(device: Device, host: str, port: int) -> Address:
    serial = f"sim+socket://{host}:{port}"
    visa = f"sim+TCPIP0::{host}::{port}::SOCKET"
    # What has a baud rate hangs on a serial port; Modbus is no message of VISA's.
    by_serial = device.personality.baud is not None or isinstance(device.personality, LabJackT7)
    return {
        "instrument": device.name,
        "key": device.key,
        "driver": device.driver,
        "port": port,
        "socket": serial,
        "visa": visa,
        "address": serial if by_serial else visa,
    }


class _Served:
    """The session in real time, and who is connected to it."""

    def __init__(self, session: Session, clock: Clock, log: IO[str] | None) -> None:
        self.session = session
        self.clock = clock
        self.connections: set[_Connection] = set()
        self.addresses: dict[str, str] = {}
        """Of everything that is served here, by key."""
        self._log = log
        self._zero_ns: int | None = None
        self._zero_utc_ns = 0
        session.world.emission.on_edge = self._note
        session.world.heating.on_edge = self._note_heater

    def begin(self) -> None:
        """The first byte for an instrument has come: the world's time begins."""
        if self._zero_ns is None:
            self._zero_ns = self.clock.now_ns()
            self._zero_utc_ns = self.clock.utc_ns()

    def world_ns(self) -> int:
        """Now, in the world's time; 0 before it has begun."""
        return 0 if self._zero_ns is None else self.clock.now_ns() - self._zero_ns

    def clock_ns(self, world_ns: int) -> int:
        """The clock's time at a time of the world."""
        return world_ns + (self._zero_ns or 0)

    def tick(self) -> None:
        """Let the world go on though nobody asks, and pull the cables that a fault pulls."""
        if self._zero_ns is None:
            return
        self.session.world.advance_to(self.world_ns())
        for connection in tuple(self.connections):
            if connection.unplugged:
                connection.drop()

    def told(self, line: str) -> None:
        """Somebody has typed something."""
        self.session.world.advance_to(self.world_ns())
        print(hands.do(self.session.world, line), flush=True)  # noqa: T201 - it is their terminal

    def hello(self, device: Device) -> bytes:
        """The answer to the handshake."""
        said = {
            "instrument": device.name,
            "driver": device.driver,
            "seed": self.session.seed,
            "faults": list(self.session.faults),
            "speed": 1.0,
            "addresses": self.addresses,
        }
        return b"labctl-sim/1 " + json.dumps(said).encode() + b"\n"

    def truth(self) -> bytes:
        """The truth up to now, with the wall times of all light."""
        self.session.world.advance_to(self.world_ns())
        truth = self.session.truth()
        truth["zero_utc_ns"] = self._zero_utc_ns
        for emission in truth["emission"]:
            for edge in ("on", "off"):
                t_ns = emission[f"{edge}_ns"]
                emission[f"{edge}_utc"] = None if t_ns is None else self._utc(t_ns)
        return json.dumps(truth).encode() + b"\n"

    def _utc(self, t_ns: int) -> str:
        return iso(self._zero_utc_ns + t_ns)

    def _note(self, fact: dict[str, Any]) -> None:
        if self._log is None:
            return
        # `boot_ns` is on the machine's boot-time clock, which every process of it reads alike.
        boot_ns = self.clock.zero_ns + self.clock_ns(fact["t_ns"])
        said = {**fact, "utc": self._utc(fact["t_ns"]), "boot_ns": boot_ns}
        self._log.write(json.dumps(said) + "\n")
        # Line by line, so that the log survives whatever happens to this process.
        self._log.flush()

    def _note_heater(self, fact: dict[str, Any]) -> None:
        self._note({"source": "heater", **fact})

    def end(self) -> None:
        """Drop all hosts and close the log."""
        for connection in tuple(self.connections):
            connection.drop()
        self.session.world.emission.on_edge = self.session.world.heating.on_edge = None
        if self._log is not None:
            now_ns = self.world_ns()
            self.session.world.advance_to(now_ns)
            lit = self.session.world.emission.lit
            said = {"edge": "end", "t_ns": now_ns, "lit": lit, "utc": self._utc(now_ns)}
            if self.session.world.heater is not None:
                said["heated"] = self.session.world.heating.lit
            self._log.write(json.dumps(said) + "\n")


class _Connection(asyncio.Protocol):
    """One host's connection to one instrument."""

    def __init__(self, served: _Served, device: Device) -> None:
        self._served = served
        self._device = device
        self._link: SimLink | None = None
        self._transport: asyncio.Transport | None = None
        self._partial = b""

    @property
    def unplugged(self) -> bool:
        """True while a fault has this instrument's cable out."""
        return self._device.personality.upsets.unplugged

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a TCP server hands out stream transports")
        self._transport = transport
        if self.unplugged:
            transport.abort()
            return
        self._served.connections.add(self)
        self._acknowledge_quickly()

    def connection_lost(self, exc: Exception | None) -> None:
        self._served.connections.discard(self)
        self._transport = None
        if self._link is not None:
            self._link.close()

    def drop(self) -> None:
        """Pull the cable."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._acknowledge_quickly()
        data = self._partial + data
        self._partial = b""
        if data.startswith(_OURS):
            line, end, data = data.partition(b"\n")
            if not end:
                self._partial = line
                return
            self._answer(line.strip())
        elif _OURS.startswith(data):
            self._partial = data
            return
        if data:
            self._pass_on(data)

    def _answer(self, line: bytes) -> None:
        if line == HELLO:
            self._send(self._served.hello(self._device))
        elif line == TRUTH:
            self._send(self._served.truth())

    def _pass_on(self, data: bytes) -> None:
        served = self._served
        served.begin()
        now_ns = served.world_ns()
        try:
            if self._link is None:
                served.session.world.advance_to(now_ns)
                self._link = served.session.link(self._device.name)
            self._link.write(data, now_ns)
            while (arrived := self._link.next_chunk(_FAR_NS)) is not None:
                due_ns, chunk = arrived
                served.clock.call_at(served.clock_ns(due_ns), functools.partial(self._send, chunk))
        except PortDisconnectedError:
            self.drop()

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _acknowledge_quickly(self) -> None:
        """Else a host that writes twice before it reads waits 40 ms for the delayed
        acknowledgement (it may not have switched Nagle's algorithm off). Linux forgets it with
        every segment."""
        option = getattr(socket, "TCP_QUICKACK", None)
        if option is None or self._transport is None:
            return
        connected = self._transport.get_extra_info("socket")
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.setsockopt(socket.IPPROTO_TCP, option, 1)
