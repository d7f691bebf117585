"""Requests made from the API's own document and around it; for tests and the benchmark."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from labctl.service import Service, document
from tests.unit.service.kept import API, TOKENS, armed, client, make_service

ENDLESS = f"{API}/events"
MAY = {
    "public": ("nobody", "viewer", "operator", "arm"), "viewer": ("viewer", "operator", "arm"),
    "operator": ("operator", "arm"), "arm": ("arm",),
}  # fmt: skip
REFUSED = (400, 401, 403, 404, 405, 413, 415, 421)
"""What the gate or the path's own shape refuses never came to the role."""
Heard = Callable[[str, str, int], None]
"""Told role, scope and status of each answer."""


def operations() -> Iterator[Any]:
    """Every operation but the stream that never ends."""
    for found in schemathesis.openapi.from_dict(document()).get_all_operations():
        operation = found.ok()
        if operation.path != ENDLESS:
            yield operation


def bend(operation: Any, folder: Path, examples: int, heard: Heard) -> None:
    """Ask in so many ways, as nobody and in every role."""
    service = make_service(folder)
    service.access.locked_out = lambda address: False  # type: ignore[method-assign]
    scope = operation.definition.raw["x-scope"]
    tokens = {"nobody": None, "viewer": TOKENS.viewer, "operator": TOKENS.operator,
              "arm": armed(service)}  # fmt: skip

    @given(case=operation.as_strategy(), role=st.sampled_from(list(tokens)))
    @settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def bent(case: Any, role: str) -> None:
        heard(role, scope, _ask(service, tokens[role], case))

    bent()


def fuzz(folder: Path, examples: int) -> tuple[int, int, int]:
    """All operations; how many requests, how many 5xx, how many that a role should not have had."""
    asked = faults = leaks = 0

    def heard(role: str, scope: str, status: int) -> None:
        nonlocal asked, faults, leaks
        asked += 1
        faults += status >= 500
        leaks += role not in MAY[scope] and status not in REFUSED

    for number, operation in enumerate(operations()):
        bend(operation, folder / str(number), examples, heard)
    return asked, faults, leaks


def _ask(service: Service, token: str | None, case: Any) -> int:
    """The case as a request."""
    given = case.as_transport_kwargs(base_url="http://bench.test")
    headers = {
        name: value
        for name, value in dict(given.get("headers") or {}).items()
        if name.lower() not in ("authorization", "user-agent")
    }
    content = given.get("data")
    if given.get("json") is not None:
        content = json.dumps(given["json"]).encode()
        headers["Content-Type"] = "application/json"
    try:
        said = client(service, token).request(
            given["method"], given["url"], params=given.get("params"), headers=headers,
            content=content,
        )  # fmt: skip
    except (UnicodeEncodeError, ValueError):
        # What no client can put on a wire.
        return 400
    return int(said.status_code)
