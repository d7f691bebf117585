"""The API's document: it is the committed one, and whatever it allows is answered in order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labctl.service import document
from tests.unit.service.fuzzed import MAY, REFUSED, bend, operations

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "reference" / "openapi.json"
EXAMPLES = 5
"""For each operation; `python -m benchmarks service fuzz` takes more."""


def test_the_committed_document_is_that_of_the_code() -> None:
    """`labctl schema http-api` makes it anew."""
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == document()


def test_every_operation_says_who_may_use_it() -> None:
    """In the document too."""
    for path in document()["paths"].values():
        for operation in path.values():
            assert operation["x-scope"] in MAY


@pytest.mark.parametrize("operation", list(operations()), ids=lambda it: f"{it.method} {it.path}")
def test_no_request_is_a_fault(operation: Any, tmp_path: Path) -> None:
    """Generated from the document, and bent: for nobody, viewer, operator and arm there is no 5xx,
    and what is above a role is refused."""

    def heard(role: str, scope: str, status: int) -> None:
        assert status < 500, (role, status)
        assert role in MAY[scope] or status in REFUSED, (role, status)

    bend(operation, tmp_path, EXAMPLES, heard)
