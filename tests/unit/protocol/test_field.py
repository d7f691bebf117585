"""The step `apply_field`: read, refused, written back, bound to a bench's coil."""

from __future__ import annotations

import pytest

from labctl.errors import InputError, RefusedError
from labctl.events import COIL
from labctl.protocol import ApplyField, bind, loads
from tests.scenario.runs import bench_file

TEXT = """\
schema: labctl.protocol/1
name: field
needs: {coil: coil, probe: thermometer}
record: {every: 1 s}
steps:
  - apply_field: {field: 10 kA/m, for: 2 min}
  - cool: {for: 1 min}
  - apply_field: {field: 5 kA/m, until: {above: {channel: probe, value: 30 degC}}, at_most: 5 min}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as refused:
        loads(text)
    return [f"{p.line}:{p.code} {p.message}" for p in refused.value.problems]


def test_a_field_is_read_and_written_back() -> None:
    """SI inside; the dump loads to the same plan, bound or not."""
    plan = loads(TEXT)
    first, _, second = plan.steps
    bound = bind(plan, bench_file("simulated-coil"))

    assert isinstance(first, ApplyField) and isinstance(second, ApplyField)
    assert (10e3, 120 * 10**9, None, "coil") == (
        first.field_a_per_m, first.at_most_ns, first.until, first.source,
    )  # fmt: skip
    assert (plan.digest, plan.steps) == (loads(plan.dump()).digest, loads(plan.dump()).steps)
    assert (plan.digest, COIL, True, False) == (
        bound.digest, bound.source, bound.arms, bound.uses_light,
    )  # fmt: skip


def test_a_bench_turns_the_field_into_power_of_its_supply() -> None:
    """By the square; before that nobody knows it."""
    plan = loads(TEXT)
    with pytest.raises(RefusedError, match="no bench gives its coil"):
        _ = plan.coil_j
    bound = bind(plan, bench_file("simulated-coil"))

    assert [8.0, 2.0] == pytest.approx([step.power_w for step in bound.lit(COIL)])
    assert 8.0 == pytest.approx(bound.nominal_coil_w)
    assert 8.0 * 120 + 2.0 * 300 == pytest.approx(bound.coil_j)


def test_a_field_without_a_coil_or_a_probe_is_refused() -> None:
    """Each at its line."""
    told = problems(TEXT.replace("coil: coil, ", ""))
    assert [f"{n}:P046 a field needs a coil, and `needs` lists none" for n in (6, 8)] == told
    told = problems(TEXT.replace(", probe: thermometer", ""))
    assert any("a coil needs a probe in the sample" in one for one in told)


def test_a_coil_is_nothing_else() -> None:
    """The role's name says what it must be; a field has a unit of its own."""
    assert ["3:P017 the role 'coil' cannot be 'heater'"] == problems(
        TEXT.replace("coil: coil", "coil: heater")
    )
    (told,) = problems(TEXT.replace("10 kA/m", "10 W"))
    assert "magnetic field strength" in told


def test_a_bench_without_a_coil_is_refused() -> None:
    """And says what it has."""
    with pytest.raises(InputError) as refused:
        bind(loads(TEXT), bench_file("simulated"))
    assert any("has no coil" in problem.message for problem in refused.value.problems)


def test_a_protocol_may_tighten_the_power_of_the_coil_s_supply() -> None:
    """Its own limit is named."""
    text = TEXT.replace("record:", "limits: {power: 5 W}\nrecord:")
    with pytest.raises(InputError) as refused:
        bind(loads(text), bench_file("simulated-coil"))
    (problem,) = refused.value.problems
    assert ("P050", 7, True) == (problem.code, problem.line, "of this protocol" in problem.message)
