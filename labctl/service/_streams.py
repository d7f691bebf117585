"""What goes on telling: the page's one WebSocket, and NDJSON for scripts."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Query, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from labctl import clock
from labctl.errors import LabctlError
from labctl.service import _bodies as bodies
from labctl.service._access import Principal, Scope
from labctl.service._gate import API, Rates
from labctl.service._hub import BEAT_S, Watcher, as_json
from labctl.service._points import COLUMNS
from labctl.service._routes import Kept, me_told, stop_told
from labctl.service._scoped import ScopedRouter, Who, scoped
from labctl.service._service import Service

LONGEST = 4096
"""Characters of one message from a client."""
MOST = 200
"""Who may watch at once."""
_SEND_S = 5.0
"""One message may take so long to leave; a client that does not read is dropped."""

router = ScopedRouter(prefix=API, tags=["live"])


@router.websocket("/live")
@scoped(Scope.VIEWER)
async def live(websocket: WebSocket) -> None:
    """Everything, as it happens; and the few things that a page may say."""
    service: Service = websocket.app.state.service
    who: Principal = websocket.scope["labctl_principal"]
    await websocket.accept()
    if service.hub.watchers >= MOST:
        await websocket.close(1013, "too many watch")
        return
    with service.hub.watching(me_told(who)) as watcher:
        sending = asyncio.create_task(_send(websocket, watcher))
        hearing = asyncio.create_task(_hear(websocket, watcher, service, who))
        try:
            await asyncio.wait({sending, hearing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, hearing):
                task.cancel()
            await asyncio.wait({sending, hearing})


async def _send(websocket: WebSocket, watcher: Watcher) -> None:
    """Until the last message, or until one does not leave in time."""
    try:
        while (message := await watcher.messages.get()) is not None:
            async with asyncio.timeout(_SEND_S):
                await websocket.send_text(message)
        code, why = (1013, "too slow") if watcher.too_slow else (1001, "the service ends")
    except TimeoutError:
        code, why = 1013, "too slow"
    except (WebSocketDisconnect, RuntimeError):
        return
    with contextlib.suppress(RuntimeError, TimeoutError):
        async with asyncio.timeout(0.5):
            await websocket.close(code, why)


async def _hear(websocket: WebSocket, watcher: Watcher, service: Service, who: Principal) -> None:
    rates = Rates()
    while True:
        try:
            message = await websocket.receive()
        except (WebSocketDisconnect, RuntimeError):
            return
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if text is None or len(text) > LONGEST:
            with contextlib.suppress(RuntimeError):
                await websocket.close(1009, "too large, or no text")
            return
        watcher.put(as_json(await _done(service, who, text, rates)))


async def _done(service: Service, who: Principal, text: str, rates: Rates) -> dict[str, Any]:
    """What came of one message."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return {"type": "done", "id": None, "ok": False, "what": "this is no JSON object"}
    number = said.get("id")
    told = {"type": "done", "id": number if isinstance(number, int | str) else None}
    try:
        what = await _do(service, who, said, rates)
    except LabctlError as refused:
        return {**told, "ok": False, "what": service.names(str(refused))}
    except PermissionError as refused:
        return {**told, "ok": False, "what": str(refused)}
    return {**told, "ok": True, "what": what}


async def _do(service: Service, who: Principal, said: dict[str, Any], rates: Rates) -> str:
    act = said.get("do")
    if act in ("stop", "stop-laser"):
        words = bodies.whole(said.get("why"))
        done = await stop_told(service, who, words, laser=act == "stop-laser")
        return str(done["done"])
    if not rates.takes(who.address):
        raise PermissionError("too fast")
    if not who.may(Scope.OPERATOR):
        raise PermissionError(f"{who.role.value} may not: this needs operator")
    if who.until_ns is not None and clock.real_ns() > who.until_ns:
        raise PermissionError("the right to arm is over: come again as operator")
    words = bodies.whole(said.get("text"))
    if act in ("hold", "go-on") or (act in ("note", "answer") and words):
        prompt = str(said.get("prompt")) if act == "answer" else ""
        given = words if act in ("note", "answer") else ""
        number = said.get("hold")
        hold = number if isinstance(number, int) else None
        return await run_in_threadpool(
            service.act, who.who, str(act), given, prompt=prompt, hold=hold
        )
    raise PermissionError("nothing of this kind can be done here, or its text is missing")


@router.get("/events", response_class=Response)
@scoped(Scope.VIEWER)
async def events(
    service: Kept,
    who: Who,
    since: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    points: Annotated[int, Query(ge=0, le=1)] = 0,
) -> Response:
    """One object a line, until the service or the client ends."""
    lines = _lines(service, since, points=bool(points))
    return StreamingResponse(lines, media_type="application/x-ndjson")


async def _lines(service: Service, since: int | None, *, points: bool) -> AsyncIterator[str]:
    if service.hub.watchers >= MOST:
        yield _line({"bye": "too many watch"})
        return
    with service.hub.watching(None) as watcher:
        newest = 0
        for event in service.hub.kept(since) if since is not None else ():
            newest = event["seq"]
            yield _line(event)
        while True:
            try:
                async with asyncio.timeout(2.0 * BEAT_S):
                    message = await watcher.messages.get()
            except TimeoutError:
                yield _line({"beat": True})
                continue
            if message is None:
                return
            said = json.loads(message)
            if said["type"] == "bye":
                yield _line({"bye": said["why"]})
                return
            told = [event for event in said.get("events", ()) if event["seq"] > newest]
            if points:
                rows = said.get("points", ())
                # A run that has just begun comes as a whole.
                for row in rows["rows"] if isinstance(rows, dict) else rows:
                    yield _line({"point": dict(zip(COLUMNS, row, strict=True))})
            for event in told:
                newest = event["seq"]
                yield _line(event)
            if said["type"] == "beat":
                yield _line({"beat": True})


def _line(told: dict[str, Any]) -> str:
    return as_json(told) + "\n"
