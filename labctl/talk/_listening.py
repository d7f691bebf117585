"""A socket at which anybody of this user may say one message and be answered by one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from labctl.talk._wire import WireError, from_line, to_line

_PATIENCE_S = 1.0
_SETUP_S = 10.0
_MOST = 1 << 20
_AT_ONCE = 256
"""So many connections are kept. Each has a file handle, and a loop that waits by `select` breaks at
a handle beyond 1023. Fewer would be dropped before they are read: a hundred may come in a turn."""


async def listen(
    path: str,
    answer: Callable[[Any], Awaitable[object | None]],
    begin: Callable[[Coroutine[Any, Any, object]], object],
) -> Callable[[], None]:
    """Listen at a socket for this user alone; what is returned ends it, and the socket is gone.

    `answer` is given what was said; None answers nothing. `begin` starts a task and keeps it, and
    learns from it what went wrong in `answer`. Whoever says what is no message, or nothing, is left
    alone; where there are too many, so is the one that has been there longest.
    """
    kept: dict[asyncio.StreamWriter, None] = {}

    def heard(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(kept) >= _AT_ONCE:
            oldest = next(iter(kept))
            del kept[oldest]
            oldest.transport.abort()
        kept[writer] = None
        begin(one(reader, writer))

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _one(answer, reader, writer)
        finally:
            kept.pop(writer, None)
            writer.close()

    def close() -> None:
        server.close()
        _forget(path)

    _forget(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listening.bind(path)
    finally:
        os.umask(before)
    server = await asyncio.start_unix_server(heard, sock=listening, start_serving=False)
    try:
        await server.start_serving()
    except BaseException:
        # Ended just now: nothing may be left that looks as if somebody heard.
        close()
        raise
    return close


def _forget(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


async def _one(
    answer: Callable[[Any], Awaitable[object | None]],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    try:
        asked = from_line(await asyncio.wait_for(reader.readline(), _PATIENCE_S))
    except (WireError, OSError, TimeoutError, ValueError):
        return
    answered = await answer(asked)
    if answered is not None:
        writer.write(to_line(answered))
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.drain(), _PATIENCE_S)


def first_message(end: socket.socket) -> Any:
    """What the other end says first, waited for in this thread; WireError or OSError for nothing
    that is a message."""
    end.settimeout(_SETUP_S)
    line = end.recv(_MOST)
    while line and not line.endswith(b"\n"):
        line += end.recv(_MOST)
    return from_line(line)
