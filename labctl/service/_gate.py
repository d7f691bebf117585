"""What every request meets before a route: Host, Origin, size, type, token, rate.

Pure ASGI, in front of HTTP and WebSocket alike. What is not public needs a token even where a route
had none of its own; a WebSocket is refused before its upgrade. `X-Forwarded-*` gives no rights: a
declared proxy is only a Host and an Origin that are allowed.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from labctl import clock
from labctl.service._access import Access, Principal

API = "/api/v1"
LONGEST = 256 * 1024
"""Bytes of a body."""
_PUBLIC = ("/", f"{API}/health")
_STOPS = (f"{API}/stop", f"{API}/stop-laser")
_TICKETED = (f"{API}/live", f"{API}/events")
_RECORDS = f"{API}/runs/"
"""A browser opens a report or a file without a header."""
_BODY_S = 10.0
"""A body that stands still for so long is given up."""
_PER_S, _BURST = 50.0, 200.0
_BUCKETS = 4096

HEADERS = (
    (b"content-security-policy",
     b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
     b"connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
     b"form-action 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)  # fmt: skip


class Rates:
    """How fast somebody may ask: a bucket that fills evenly. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, int]] = {}

    def takes(self, whose: str) -> bool:
        """One more request; False when it is too fast."""
        now_ns = clock.real_ns()
        with self._lock:
            left, since_ns = self._buckets.get(whose, (_BURST, now_ns))
            left = min(_BURST, left + (now_ns - since_ns) / clock.NS * _PER_S)
            if len(self._buckets) > _BUCKETS:
                self._buckets.clear()
            self._buckets[whose] = (max(0.0, left - 1.0), now_ns)
        return left >= 1.0


class Gate:
    """Wraps the app."""

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        hosts: Iterable[str],
        origins: Iterable[str],
        page: str,
    ) -> None:
        """`hosts`, `origins`: with their ports, as a browser writes them; `page`: below it lie the
        page's own files, which are public."""
        self._app = app
        self._access = access
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origin.lower() for origin in origins)
        self._page = page
        self._rates = Rates()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the module's docstring."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        if refused is not None:
            status, what, fix = refused
            await _refuse(scope, receive, send, status, what, fix)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        body = _Body(receive)
        refused_late = False

        async def with_headers(message: Message) -> None:
            nonlocal refused_late
            if refused_late:
                return
            if body.too_large:
                # Whatever the route made of its torn body.
                refused_late = True
                await _refuse(scope, receive, send, 413, f"more than {LONGEST} bytes", "")
                return
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message.get("headers", ())}
                more = [pair for pair in HEADERS if pair[0] not in own]
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        # A stop reads no more of its body than it wants.
        hears = receive if scope["path"] in _STOPS else body.receive
        await self._app(scope, hears, with_headers)

    def _refusal(self, scope: Scope) -> tuple[int, str, str] | None:
        headers = _headers(scope)
        path = scope["path"]
        if headers.get("host", "").lower() not in self._hosts:
            return 421, "this service does not go by that name", "Use the address it printed."
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in self._origins:
            return 403, "asked for by a page that is not this service's own", ""
        method = scope.get("method", "GET")
        # Whatever is wrong with its body: a stop is a stop.
        if method not in ("GET", "HEAD") and path not in _STOPS:
            length = headers.get("content-length", "0")
            if not length.isdigit() or int(length) > LONGEST:
                return 413, f"more than {LONGEST} bytes", ""
            has_body = length != "0" or "transfer-encoding" in headers
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            if has_body and kind != "application/json":
                return 415, "bodies are JSON here", "Send Content-Type: application/json."
        client = scope.get("client")
        address = client[0] if client else "local"
        if path in _PUBLIC or path.startswith(self._page):
            return None if self._rates.takes(address) else (429, "too fast", "Wait a little.")
        principal = self._principal(scope, headers, address)
        if principal is None:
            if self._access.locked_out(address):
                return 429, "too many wrong tokens from this address", "Wait a minute."
            return 401, "no token, or a wrong one", "Send `Authorization: Bearer TOKEN`."
        scope["labctl_principal"] = principal
        if path not in _STOPS and not self._rates.takes(principal.who):
            return 429, "too fast", "Wait a little."
        return None

    def _principal(
        self, scope: Scope, headers: Mapping[str, str], address: str
    ) -> Principal | None:
        given = headers.get("authorization", "")
        if given:
            kind, _, token = given.partition(" ")
            return self._access.who(token.strip(), address) if kind.lower() == "bearer" else None
        path = scope["path"]
        if path in _TICKETED or (path.startswith(_RECORDS) and scope.get("method") == "GET"):
            query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
            tickets = query.get("ticket", ())
            if len(tickets) == 1:
                return self._access.redeem(tickets[0], address)
        return None


def error_body(what: str, *, where: str = "", seen: str = "", fix: str = "",
               problems: Iterable[Any] = ()) -> dict[str, Any]:  # fmt: skip
    """Every error has this shape."""
    return {
        "error": {
            "what": what, "where": where, "seen": seen, "fix": fix, "problems": list(problems),
        }
    }  # fmt: skip


def _headers(scope: Scope) -> dict[str, str]:
    """One value for each name; one that came twice is joined, and then fits nothing."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


class _Body:
    """A body that ends where it is too large, or comes too slowly."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._taken = 0
        self._whole = False
        self.too_large = False

    async def receive(self) -> Message:
        """As the server gives it, but no more than is taken here."""
        try:
            # Once it is whole, what is waited for is the client's leaving.
            async with asyncio.timeout(None if self._whole else _BODY_S):
                message = await self._receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        if message["type"] == "http.request":
            self._whole = not message.get("more_body", False)
            self._taken += len(message.get("body", b""))
            if self._taken > LONGEST:
                self.too_large = True
                return {"type": "http.disconnect"}
        return message


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, what: str, fix: str
) -> None:
    body = json.dumps(error_body(what, fix=fix)).encode()
    length = str(len(body)).encode()
    headers = [*HEADERS, (b"content-type", b"application/json"), (b"content-length", length)]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status == 429:
        headers.append((b"retry-after", b"5"))
    if status in (413, 415):
        headers.append((b"connection", b"close"))
    prefix = "http"
    if scope["type"] == "websocket":
        # Before the upgrade, as HTTP, where the server can; else its own 403.
        await receive()
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": what})
            return
        prefix = "websocket.http"
    await send({"type": f"{prefix}.response.start", "status": status, "headers": headers})
    await send({"type": f"{prefix}.response.body", "body": body})
