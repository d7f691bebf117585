"""The routes that act on the bench, each with who may use it (docs/reference/http-api.md)."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
from typing import Annotated, Any

import anyio.to_thread
from fastapi import Depends, Header, HTTPException, Path, Request, Response
from starlette.requests import ClientDisconnect

from labctl import clock
from labctl.errors import RecordError, RefusedError
from labctl.service import _bodies as bodies
from labctl.service._access import ARM_S, TICKET_S, Scope
from labctl.service._checked import checked_told
from labctl.service._gate import API
from labctl.service._queue import Item
from labctl.service._scoped import ScopedRouter, Who, scoped
from labctl.service._service import Service

Told = dict[str, Any]


async def the_service(request: Request) -> Service:
    """The one that this app belongs to."""
    service: Service = request.app.state.service
    return service


Kept = Annotated[Service, Depends(the_service)]
Key = Annotated[str, Header(alias="Idempotency-Key", pattern=bodies.KEY)]
ItemId = Annotated[str, Path(pattern=r"^q[0-9]{1,9}$")]
ProtocolName = Annotated[str, Path(pattern=bodies.NAME)]

_WHY_S, _WHY_BYTES = 0.25, 8192
"""A stop waits no longer for its reason, and reads no more of it."""

router = ScopedRouter(prefix=API, tags=["bench"])


@router.get("/me")
@scoped(Scope.VIEWER)
async def me(who: Who) -> Told:
    """Who the token belongs to."""
    return me_told(who)


def me_told(who: Who) -> Told:
    """The same for the live view."""
    scopes = [scope.value for scope in Scope if who.may(scope)]
    left_s = None if who.until_ns is None else max(0.0, (who.until_ns - clock.real_ns()) / clock.NS)
    return {"role": who.role.value, "scopes": scopes, "expires_s": left_s}


@router.post("/arm")
@scoped(Scope.OPERATOR)
def arm(service: Kept, who: Who, body: bodies.Code) -> Told:
    """The short-lived right to light a SIMULATED bench and to reset it."""
    if service.latch.real:
        service.audit.say(who.who, "arm", "refused: REAL")
        raise HTTPException(403, "a REAL bench is armed at the bench, never over HTTP")
    if service.access.locked_out(who.address):
        raise HTTPException(429, "too many wrong codes from this address")
    token = service.access.grant(body.code, who)
    service.audit.say(who.who, "arm", "granted" if token else "refused: wrong code")
    if token is None:
        raise HTTPException(403, "this is not the code that the service's terminal shows")
    return {"token": token, "expires_s": ARM_S}


@router.post("/ticket")
@scoped(Scope.VIEWER)
async def ticket(service: Kept, who: Who) -> Told:
    """Opens one WebSocket or event stream, once."""
    drawn = service.access.ticket(who)
    if drawn is None:
        raise HTTPException(429, "too many tickets are out")
    return {"ticket": drawn, "expires_s": TICKET_S}


@router.get("/bench")
@scoped(Scope.VIEWER)
async def bench(service: Kept) -> Told:
    """The bench as it is now."""
    return service.hub.status()


@router.get("/protocols")
@scoped(Scope.VIEWER)
def list_protocols(service: Kept) -> list[Told]:
    """What can be ordered, with its parameters."""
    return service.shelf.protocols()


@router.get("/samples")
@scoped(Scope.VIEWER)
def list_samples(service: Kept) -> list[Told]:
    """Samples that an order can name."""
    return service.shelf.samples()


@router.get("/protocols/{name}")
@scoped(Scope.VIEWER)
def protocol_text(service: Kept, name: ProtocolName) -> Told:
    """The text of one, as it stands in its file."""
    return {"name": name, "text": service.shelf.text(name)}


@router.post("/validate")
@scoped(Scope.OPERATOR)
def validate(service: Kept, who: Who, body: bodies.Check) -> Told:
    """Every problem of a protocol, by its name or of its text, and what it would do; nothing is
    opened or kept."""
    return checked_told(service, body.model_dump(), who.who)


@router.post("/plan")
@scoped(Scope.OPERATOR)
def plan(service: Kept, who: Who, body: bodies.Order) -> Told:
    """What an order would do."""
    order = service.order(body.model_dump(), who.who)
    return service.plan(order)


@router.post("/start", status_code=201)
@scoped(Scope.OPERATOR)
def start(service: Kept, who: Who, body: bodies.Order, key: Key, response: Response) -> Told:
    """Begin now; refused while something runs or waits."""
    return _ordered(service, who, body, key, response, act="start", now=True)


@router.get("/queue")
@scoped(Scope.VIEWER)
async def queue(service: Kept) -> Told:
    """What waits, runs, and is over."""
    return service.orders.told()


@router.post("/queue", status_code=201)
@scoped(Scope.OPERATOR)
def enqueue(service: Kept, who: Who, body: bodies.Order, key: Key, response: Response) -> Told:
    """Put an order at the end."""
    return _ordered(service, who, body, key, response, act="queue", now=False)


@router.post("/queue/go-on")
@scoped(Scope.OPERATOR)
def queue_goes_on(service: Kept, who: Who, body: bodies.GoOn | None = None) -> Told:
    """Somebody has looked: a queue that was held goes on. Refused where it is not held, or was
    held anew since."""
    service.refuse_latched()
    held = service.orders.held
    service.audit.say(who.who, "queue go-on", "asked", held=held)
    service.orders.go_on(None if body is None else body.hold)
    return service.orders.told()


@router.post("/queue/{item}/move")
@scoped(Scope.OPERATOR)
def move(service: Kept, who: Who, item: ItemId, body: bodies.Move) -> Told:
    """Another place among those that wait."""
    found = service.orders.move(item, body.to)
    service.audit.say(who.who, "move", "done", item=item, to=body.to)
    return service.orders.item_told(found)


@router.delete("/queue/{item}")
@scoped(Scope.OPERATOR)
def cancel(service: Kept, who: Who, item: ItemId) -> Told:
    """Take one out that waits."""
    found = service.orders.cancel(item)
    service.audit.say(who.who, "cancel", "done", item=item)
    return service.orders.item_told(found)


async def _why(request: Request) -> str:
    """Why somebody stops. Never a reason to refuse, and not waited for."""
    said = bytearray()
    with contextlib.suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(_WHY_S):
            async for part in request.stream():
                said += part
                if len(said) > _WHY_BYTES:
                    break
    try:
        told = json.loads(said)
    except (ValueError, RecursionError):
        return ""
    return bodies.whole(told.get("why")) if isinstance(told, dict) else ""


Reason = Annotated[str, Depends(_why)]
_OF_A_STOP = {"requestBody": {"content": {"application/json": {"schema": bodies.WHY}}}}


@router.post("/stop", openapi_extra=_OF_A_STOP)
@scoped(Scope.VIEWER)
async def stop(service: Kept, who: Who, why: Reason) -> Told:
    """Laser off, run closed. Every role; never asks, never counted, whatever its body is."""
    return await stop_told(service, who, why, laser=False)


@router.post("/stop-laser", openapi_extra=_OF_A_STOP)
@scoped(Scope.VIEWER)
async def stop_laser(service: Kept, who: Who, why: Reason) -> Told:
    """Laser off now, latched. This is no safety device: use the interlock or the key."""
    return await stop_told(service, who, why, laser=True)


async def stop_told(service: Service, who: Who, why: str, *, laser: bool) -> Told:
    """Off is asked for on this very call; what is written down about it comes after."""
    done = service.stop(who.who, why, laser=laser)
    # On a thread of its own: those that all routes share may all be busy.
    written = functools.partial(service.stopped, who.who, why, done, laser=laser)
    try:
        await anyio.to_thread.run_sync(written, limiter=anyio.CapacityLimiter(1))
    except RecordError as error:
        # It was asked for all the same, and whoever pressed it is not told of a failure first.
        done = service.names(f"{done}; but {error.what}, {error.seen}")
    return {"done": done}


@router.post("/reset")
@scoped(Scope.ARM)
def reset(service: Kept, who: Who, body: bodies.Because) -> Told:
    """Take STOP LASER off a SIMULATED bench."""
    if service.latch.real:
        service.audit.say(who.who, "reset", "refused: REAL")
        raise HTTPException(403, "a REAL bench is reset at the bench, never over HTTP")
    service.latch.reset(body.why, body.latched)
    service.audit.say(who.who, "reset", "done", why=body.why)
    service.hub.nudge()
    return {"done": "reset; the queue goes on when it is told to"}


@router.post("/hold")
@scoped(Scope.OPERATOR)
def hold(service: Kept, who: Who) -> Told:
    """Wait before the next step that begins in the dark. There is no pause of light."""
    return {"done": service.act(who.who, "hold")}


@router.post("/go-on")
@scoped(Scope.OPERATOR)
def go_on(service: Kept, who: Who, body: bodies.GoOn | None = None) -> Told:
    """Take the hold off; refused where none stands, or another."""
    return {"done": service.act(who.who, "go-on", hold=None if body is None else body.hold)}


@router.post("/notes", status_code=201)
@scoped(Scope.OPERATOR)
def note(service: Kept, who: Who, body: bodies.Note) -> Told:
    """A remark in the record of the run in hand."""
    return {"done": service.act(who.who, "note", body.text)}


@router.post("/answer")
@scoped(Scope.OPERATOR)
def answer(service: Kept, who: Who, body: bodies.Answer) -> Told:
    """Answer what a person is asked."""
    return {"done": service.act(who.who, "answer", body.text, prompt=body.prompt)}


def _ordered(
    service: Service, who: Who, body: bodies.Order, key: str, response: Response, *, act: str,
    now: bool,
) -> Told:  # fmt: skip
    """The item, 201; of a key that was used for the same, that one with `again`, 200."""
    asked = [act, body.model_dump()]
    before = service.orders.known(key, asked)
    if before is not None:
        return _again(service, service.orders.again(before), response)
    # Read before anything that takes time: a stop that comes meanwhile beats this order.
    stops = service.orders.stops
    service.refuse_latched()
    order = service.order(body.model_dump(), who.who)
    item, new = _checked(service, who, body, order, key, asked, now=now, stops=stops)
    if not new:
        return _again(service, item, response)
    about = {"item": item.id, "order": body.model_dump_json()}
    service.audit.say(who.who, act, "taken", **about)
    return {**service.orders.item_told(item), "again": False}


def _again(service: Service, item: Item, response: Response) -> Told:
    response.status_code = 200
    return {**service.orders.item_told(item), "again": True}


def _checked(
    service: Service, who: Who, body: bodies.Order, order: Any, key: str, asked: Any, *, now: bool,
    stops: int,
) -> tuple[Item, bool]:  # fmt: skip
    """All that a run is refused for is refused here, before it waits for anything. Whether it is
    a new one: somebody may have sent the same meanwhile."""
    plan, _, _ = service.checked(order)
    if plan.arms and not service.latch.real and not who.may(Scope.ARM):
        service.audit.say(who.who, "start", "refused: not armed", order=body.model_dump_json())
        raise HTTPException(403, "this lights: it needs the right to arm, which lasts five minutes")
    try:
        item = service.orders.add(
            order,
            by=who.who,
            at_most_s=plan.at_most_ns / clock.NS,
            lights=plan.arms,
            speed=body.speed,
            key=key,
            asked=asked,
            only_if_idle=now,
            stops=stops,
        )
    except RefusedError as refused:
        raise HTTPException(409, str(refused)) from refused
    return item, item.order is order
