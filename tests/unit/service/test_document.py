"""The API's document: it is the committed one, and whatever it allows is answered in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from labctl.service import Service, document
from tests.unit.service.kept import API, TOKENS, armed, client, make_service

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "reference" / "openapi.json"
EXAMPLES = 5
"""For each operation and role; `python -m benchmarks service` takes more."""
ENDLESS = f"{API}/events"


def test_the_committed_document_is_that_of_the_code() -> None:
    """`labctl schema http-api` makes it anew."""
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == document()


def test_every_operation_says_who_may_use_it() -> None:
    """In the document too."""
    for path in document()["paths"].values():
        for operation in path.values():
            assert operation["x-scope"] in ("public", "viewer", "operator", "arm")


def cases() -> Iterator[Any]:
    """Every operation but the stream that never ends."""
    api = schemathesis.openapi.from_dict(document())
    for found in api.get_all_operations():
        operation = found.ok()
        if operation.path != ENDLESS:
            yield operation


@pytest.mark.parametrize("operation", list(cases()), ids=lambda it: f"{it.method} {it.path}")
def test_no_request_is_a_fault(operation: Any, tmp_path: Path) -> None:
    """Generated from the document, and bent: for nobody, viewer, operator and arm there is no 5xx,
    and what is above a role is refused."""
    service = make_service(tmp_path)
    service.access.locked_out = lambda address: False  # type: ignore[method-assign]
    scope = operation.definition.raw["x-scope"]
    may = {"viewer": ("viewer", "operator", "arm"), "operator": ("operator", "arm"),
           "arm": ("arm",)}  # fmt: skip
    tokens = {"nobody": None, "viewer": TOKENS.viewer, "operator": TOKENS.operator}

    @given(case=operation.as_strategy(), role=st.sampled_from([*tokens, "arm"]))
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def bent(case: Any, role: str) -> None:
        token = armed(service) if role == "arm" else tokens[role]
        status = ask(service, token, case)
        assert status < 500, (role, case.body, status)
        if scope != "public" and role not in may[scope]:
            # What the gate or the path's own shape refuses never came to the role.
            assert status in (400, 401, 403, 404, 405, 413, 415), (role, status)

    bent()


def ask(service: Service, token: str | None, case: Any) -> int:
    """The case as a request."""
    given = case.as_transport_kwargs(base_url="http://bench.test")
    headers = {
        name: value
        for name, value in dict(given.get("headers") or {}).items()
        if name.lower() not in ("authorization", "user-agent")
    }
    body = given.get("json")
    content = given.get("data")
    if body is not None:
        content = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    somebody = client(service, token)
    try:
        said = somebody.request(
            given["method"], given["url"], params=given.get("params"),
            headers=headers, content=content,
        )  # fmt: skip
    except (UnicodeEncodeError, ValueError):
        # What no client can put on a wire.
        return 400
    return int(said.status_code)
