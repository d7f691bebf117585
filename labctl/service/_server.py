"""The web server: uvicorn on a thread of its own, without a hand on the process's signals."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from websockets.exceptions import InvalidState

from labctl import clock
from labctl.errors import InputError, LabctlError
from labctl.service._hub import Hub
from labctl.service._listening import Listening
from labctl.service._notify import Watchdog

_LAST_WORD_S = 0.25
_LEFT_S = 0.005
"""Between two looks at who is still there."""
_READY_S = 10.0
_HEAD_S = 10.0
"""A connection that has not asked for anything whole in so long is closed."""
_TAKES_S = 20.0
"""One that takes nothing of what it asked for in so long is closed."""
_MOST = 400
"""Connections at once. Beyond, the one that is silent for longest makes room: files that a run
needs are counted with them by the system, and there is always a place for a stop."""


class _OwnNoSignals(uvicorn.Server):
    """uvicorn would take SIGTERM, and the process would die before the laser is off. It also looks
    ten times a second whether it should end; here it is woken."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._asked = asyncio.Event()

    def end(self) -> None:
        """On its loop."""
        self.should_exit = True
        self._asked.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        # Once, for the headers that it makes on the way.
        await self.on_tick(0)
        await self._asked.wait()

    def known(self) -> set[int]:
        """File numbers of the connections that it has."""
        transports = (getattr(one, "transport", None) for one in self.server_state.connections)
        sockets = (one.get_extra_info("socket") for one in transports if one is not None)
        return {one.fileno() for one in sockets if one is not None}

    async def drop_silent(self) -> None:
        """uvicorn waits for a request's head for ever, and for whoever does not read; who is never
        heard takes the place of somebody who wants to stop."""
        silent: dict[object, int] = {}
        stuck: dict[object, int] = {}
        while True:
            await clock.real_pause(min(_HEAD_S, _TAKES_S) / 4.0)
            here = self.server_state.connections
            silent = _dropped(silent, [one for one in here if _asks_nothing(one)], _HEAD_S)
            stuck = _dropped(stuck, [one for one in here if _takes_nothing(one)], _TAKES_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # As its own, without its steps of a tenth of a second.
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        state = self.server_state
        for connection in list(state.connections):
            # One that is closing already says so; the others are closed all the same.
            with contextlib.suppress(InvalidState):
                connection.shutdown()
        while (state.connections or state.tasks) and not self.force_exit:
            await clock.real_pause(_LEFT_S)
        for task in state.tasks:
            task.cancel("the service ends")
        for connection in list(state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()


def _asks_nothing(connection: object) -> bool:
    """Connected by HTTP, with no request in hand; uvicorn itself ends those that had one."""
    cycle = getattr(connection, "cycle", connection)
    return cycle is None or getattr(cycle, "response_complete", False) is True


def _takes_nothing(connection: object) -> bool:
    """It asked by HTTP, and does not read the answer."""
    return getattr(getattr(connection, "flow", None), "write_paused", False) is True


def _dropped(since: dict[object, int], here: list[object], most_s: float) -> dict[object, int]:
    """Those that are so, since when; the ones that are so for too long are dropped."""
    now_ns = clock.real_ns()
    since = {one: since.get(one, now_ns) for one in here}
    for one, began_ns in since.items():
        if now_ns - began_ns > clock.ns(most_s):
            one.transport.abort()  # type: ignore[attr-defined]
    return since


class _Bounded(H11Protocol):
    """One of so many connections."""

    made = itertools.count()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.number = next(self.made)
        if len(self.connections) >= _MOST:
            silent = [
                one
                for one in self.connections
                if isinstance(one, _Bounded) and _asks_nothing(one)
                and not one.transport.is_closing()
            ]  # fmt: skip
            if silent:
                min(silent, key=lambda one: one.number).transport.abort()
            elif sum(not one.transport.is_closing() for one in self.connections) >= _MOST:
                super().connection_made(transport)
                transport.abort()
                return
        super().connection_made(transport)


def _quiet_log() -> None:
    """At its finer levels it would write paths with tickets, and headers with tokens."""
    log = logging.getLogger("uvicorn.error")
    log.setLevel(logging.WARNING)
    log.addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    # It says so of each WebSocket that is refused before its upgrade.
    return "without completing handshake" not in record.getMessage()


def listen(host: str, port: int) -> Listening:
    """A socket that listens there. InputError in words where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = Listening(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(256)
    except OSError as error:
        listening.close()
        raise InputError(
            f"cannot listen at {host}:{port}: {error.strerror}",
            where="--port",
            fix="Another service may be there: take another --port.",
        ) from error
    return listening


class WebServer:
    """`start`, then `close`; the main thread stays free for the bench."""

    def __init__(
        self,
        app: ASGIApp,
        listening: Listening,
        hub: Hub,
        watchdog: Watchdog,
        *,
        certificate: Path | None = None,
        key: Path | None = None,
    ) -> None:
        self._listening = listening
        self._hub = hub
        self._watchdog = watchdog
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            lifespan="off",
            loop="asyncio",
            http=_Bounded,
            ws="websockets-sansio",
            ws_max_size=16 * 1024,
            ws_per_message_deflate=False,
            ws_ping_interval=5.0,
            ws_ping_timeout=10.0,
            h11_max_incomplete_event_size=32 * 1024,
            limit_concurrency=512,
            timeout_keep_alive=10,
            ssl_certfile=certificate,
            ssl_keyfile=key,
        )
        _quiet_log()
        self._server = _OwnNoSignals(config)
        listening.known = self._server.known
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="labctl-web", daemon=True)

    def start(self) -> None:
        """Returns once it listens. LabctlError when it does not."""
        self._thread.start()
        if not self._ready.wait(_READY_S) or not self._thread.is_alive():
            raise LabctlError("the web server did not begin", fix="LABCTL_LOG=info says more.")

    def close(self, why: str) -> None:
        """Tell everybody, and end; at most about a second."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._end, why)
        self._thread.join(3.0)
        self._listening.close()

    def _end(self, why: str) -> None:
        self._hub.bye(why)
        self._server.end()
        # Whoever has not taken the last word by then is not there: nothing waits for them.
        asyncio.get_running_loop().call_later(_LAST_WORD_S, self._force)

    def _force(self) -> None:
        self._server.force_exit = True

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        telling = asyncio.create_task(self._hub.run())
        watching = asyncio.create_task(self._watchdog.run())
        dropping = asyncio.create_task(self._server.drop_silent())
        serving = asyncio.create_task(self._server.serve(sockets=[self._listening]))
        try:
            while not self._server.started and not serving.done():
                await clock.real_pause(0.005)
            self._ready.set()
            await serving
        finally:
            for task in (telling, watching, dropping):
                task.cancel()
            await asyncio.gather(telling, watching, dropping, return_exceptions=True)
