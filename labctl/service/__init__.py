"""One bench as a service: HTTP API, live events, queue, roles. A view and an order book, and no
safety device.

The bench runs on the process's main thread as in `labctl run`; the web lives on a thread of its
own, behind bounded queues, and nothing of it enters the journal.
"""

from labctl.service._access import Access, Principal, Role, Scope, Tokens
from labctl.service._app import build_app, document, gated
from labctl.service._deadline import WITHIN_S
from labctl.service._replayed import NO_BENCH, ReplayService, serve_replay
from labctl.service._scoped import ScopedRouter, check_routes, scoped
from labctl.service._serve import ServeOptions, serve
from labctl.service._service import Service

__all__ = [
    "NO_BENCH",
    "WITHIN_S",
    "Access",
    "Principal",
    "ReplayService",
    "Role",
    "Scope",
    "ScopedRouter",
    "ServeOptions",
    "Service",
    "Tokens",
    "build_app",
    "check_routes",
    "document",
    "gated",
    "scoped",
    "serve",
    "serve_replay",
]
