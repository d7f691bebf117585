"""What a run says is worth trying next."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from labctl import protocol as protocols
from labctl.cli import _prepare
from labctl.errors import Exit

ENDED: Any = SimpleNamespace(ended=SimpleNamespace(exit_code=Exit.PASS))
OPTIONS: Any = SimpleNamespace(sample=None, bench=None, fault=(), faults=())


@pytest.mark.parametrize("name", ["heating-curve", "until-known"])
def test_a_blank_is_proposed_with_a_protocol_that_takes_one(name: str) -> None:
    """A heating that ends on the efficiency is refused for a solvent, so it is not proposed."""
    plan = protocols.load(protocols.find(name))
    said = _prepare._next(name, plan, None, OPTIONS, ENDED)
    blank = [line for line in said if line.endswith("--sample water")]
    assert ["labctl run heating-curve --sample water"] == [
        line[line.index("labctl") :] for line in blank
    ]
