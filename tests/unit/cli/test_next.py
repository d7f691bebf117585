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


def test_no_fault_is_proposed_where_none_can_be_injected_and_the_bench_is_the_same() -> None:
    """A served or a REAL bench refuses `--fault`; what is proposed is for the bench that ran."""
    plan = protocols.load(protocols.find("heating-curve"))
    on = SimpleNamespace(sample="water", bench="my bench.yaml", faults=())
    said = _prepare._next("heating-curve", plan, None, on, ENDED, faked=False)  # type: ignore[arg-type]
    assert len(said) == 1
    assert said[0].endswith("plan heating-curve --bench 'my bench.yaml'")
    assert any("--fault" in line for line in _prepare._next("x", plan, None, on, ENDED))  # type: ignore[arg-type]
