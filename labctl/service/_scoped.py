"""Routes that say who may use them. One that does not cannot be registered."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.routing import APIRoute, APIWebSocketRoute
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from labctl.service._access import Principal, Scope

F = TypeVar("F", bound=Callable[..., Any])
_MARK = "labctl_scope"


def scoped(scope: Scope) -> Callable[[F], F]:
    """Says of an endpoint who may use it."""

    def mark(endpoint: F) -> F:
        setattr(endpoint, _MARK, scope)
        return endpoint

    return mark


def scope_of(endpoint: object) -> Scope:
    """What an endpoint was marked with. RuntimeError for one without."""
    scope = getattr(endpoint, _MARK, None)
    if not isinstance(scope, Scope):
        name = getattr(endpoint, "__name__", repr(endpoint))
        raise RuntimeError(f"{name} is no route: it does not say who may use it")
    return scope


# Coroutines all: what is none waits for one of the threads that every route shares, and a stop
# it.
def _needs(scope: Scope) -> Callable[[HTTPConnection], Awaitable[None]]:
    async def check(connection: HTTPConnection) -> None:
        principal: Principal | None = connection.scope.get("labctl_principal")
        if scope is Scope.PUBLIC:
            return
        if principal is None:
            raise HTTPException(401, "no token, or a wrong one")
        if not principal.may(scope):
            raise HTTPException(403, f"{principal.role.value} may not: this needs {scope.value}")

    return check


async def _principal(connection: HTTPConnection) -> Principal:
    principal: Principal | None = connection.scope.get("labctl_principal")
    if principal is None:
        raise HTTPException(401, "no token, or a wrong one")
    return principal


Who = Annotated[Principal, Depends(_principal)]
"""Whoever asks, in an endpoint's signature."""


class Json(JSONResponse):
    """Half a character, which no bytes stand for, is written out, and a number that is none, which
    JSON does not have, is null: either would be a fault, for one damaged record of many."""

    def render(self, content: Any) -> bytes:
        """As bytes."""
        try:
            text = _json(content)
        except ValueError:
            text = _json(_finite(content))
        return text.encode("utf-8", "backslashreplace")


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


class ScopedRouter(APIRouter):
    """A router whose every route has a scope, which is checked before its endpoint is called."""

    def __init__(self, **more: Any) -> None:
        super().__init__(default_response_class=Json, **more)

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        scope = scope_of(endpoint)
        given = list(more.pop("dependencies", None) or [])
        more["openapi_extra"] = {**(more.get("openapi_extra") or {}), "x-scope": scope.value}
        super().add_api_route(path, endpoint, dependencies=[Depends(_needs(scope)), *given], **more)

    def add_api_websocket_route(
        self, path: str, endpoint: Callable[..., Any], name: str | None = None, **more: Any
    ) -> None:
        scope = scope_of(endpoint)
        given = list(more.pop("dependencies", None) or [])
        super().add_api_websocket_route(
            path, endpoint, name, dependencies=[Depends(_needs(scope)), *given], **more
        )


def check_routes(app: FastAPI) -> None:
    """RuntimeError for any route, HTTP or WebSocket, that does not say who may use it, and for
    whatever is mounted as a whole."""
    for route in app.routes:
        if not isinstance(route, APIRoute | APIWebSocketRoute):
            raise RuntimeError(f"{route!r} is mounted without a scope")
        scope_of(route.endpoint)
