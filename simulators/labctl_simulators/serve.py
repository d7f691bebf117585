"""The simulated bench over TCP, rfc2217 or pseudo-terminals, in real time: one port an instrument.

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
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from labctl.clock import NS, Clock, run_real
from labctl.instruments import InputError, SimSpec
from labctl_simulators import hands
from labctl_simulators._lines import Rfc2217Connection, on_pty
from labctl_simulators._served import Connection, Served
from labctl_simulators.bench import Device
from labctl_simulators.session import Session
from labctl_simulators.wire import LabJackT7

_TICK_NS = NS // 20

TCP, RFC2217, PTY = "tcp", "rfc2217", "pty"
"""Ways to what hangs on a serial line; the rest is served over TCP whatever is asked for."""

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
    way: str = TCP,
) -> None:
    """Serve until SIGINT or SIGTERM; blocks.

    Instruments take ports from `port` on, or free ones when it is 0. Every edge of emission is
    appended to `log` as one line of JSON when it happens. InputError for faults, instruments or
    ports that cannot be had. `way`: `tcp`, `rfc2217` or `pty`. `boot_ns` in the log is the edge on
    CLOCK_BOOTTIME: whoever kills or stops a process can tell from it when light really ended.
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
                session,
                clock,
                host=host,
                port=port,
                log=log,
                ready=ready,
                way=way,
                typed=sys.stdin,
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
    way: str = TCP,
    typed: IO[str] | None = None,
) -> None:
    """Serve on the running loop until cancelled. `typed`: where somebody may type what hands do."""
    with _open_log(log) as file:
        served = Served(session, clock, file)
        async with contextlib.AsyncExitStack() as stack:
            table = []
            for number, device in enumerate(session.devices.values()):
                on_line = device.personality.baud is not None
                if way == PTY and on_line:
                    name = stack.enter_context(on_pty(served, device))
                    table.append({**_address(device, host, 0), "address": f"sim+{name}"})
                    continue
                wanted = port + number if port else 0
                telnet = way == RFC2217 and on_line
                server = await _listen(served, device, host, wanted, telnet=telnet)
                await stack.enter_async_context(server)
                row = _address(device, host, server.sockets[0].getsockname()[1])
                if telnet:
                    row["address"] = row["socket"].replace("socket://", "rfc2217://")
                table.append(row)
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


async def _listen(
    served: Served, device: Device, host: str, port: int, *, telnet: bool
) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    kind = Rfc2217Connection if telnet else Connection
    try:
        return await loop.create_server(
            functools.partial(kind, served, device), host, port, family=socket.AF_INET
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
