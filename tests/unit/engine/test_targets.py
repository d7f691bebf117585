"""Targets that a bench cannot reach are told with their place, before anything is opened."""

from pathlib import Path

import pytest

from labctl import bench as benches
from labctl import protocol as protocols
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.engine import check_targets, has_targets
from labctl.errors import InputError
from labctl.photothermal import CellKnowledge, ElectricalCalibration
from labctl.protocol import Plan

SHIPPED = Path(__file__).parents[3] / "protocols"
SDS = (0.009, 0.01, 0.15, 0.04, 0.1, 0.0008)
"""As a calibration of the simulated cell leaves them."""
TIES = {(0, 3): 0.9}
ROWS = tuple(
    tuple(SDS[i] * SDS[j] * (1.0 if i == j else TIES.get((min(i, j), max(i, j)), 0.0))
          for j in range(6))
    for i in range(6)
)  # fmt: skip
CALIBRATED = ElectricalCalibration(
    CellKnowledge(4.18, (-1.43, -5.19, -1.6, 0.095, 0.0, 0.004), ROWS), 0.002, 1e-6, "cuvette"
)


@pytest.fixture(scope="module")
def bench() -> BenchFile:
    """The shipped simulated bench."""
    return benches.load(SHIPPED / "benches" / "simulated.yaml")


def _plan(target: str, bench: BenchFile, before: str = "") -> Plan:
    return protocols.loads(
        "schema: labctl.protocol/1\nname: p\nneeds: {laser: laser, probe: thermometer}\n"
        "record: {every: 500 ms}\nsteps:\n  - baseline: {for: 60 s}\n" + before +
        f"  - irradiate: {{power: 1 W, until: {{efficiency_statistical: {target}}}, "
        "at_most: 5 min}\n",
        bench=bench,
    )  # fmt: skip


def _check(
    plan: Plan,
    bench: BenchFile,
    sample: str = "pda-aminoacid",
    calibration: ElectricalCalibration | None = None,
) -> list[tuple[str, int, str]]:
    """Code, line and words of each problem."""
    specimen = samples.load(SHIPPED / "samples" / f"{sample}.yaml")
    try:
        check_targets(plan, bench, specimen, calibration=calibration)
    except InputError as error:
        return [(p.code, p.line, f"{p.message} {p.fix}") for p in error.problems]
    return []


def test_a_target_below_what_the_cell_allows_is_refused_at_its_place(bench: BenchFile) -> None:
    """On a cell that nobody calibrated 0.5 % is out of reach; what would help is said."""
    ((code, line, words),) = _check(_plan("0.5 %", bench), bench)

    assert ("P056", 7) == (code, line)
    assert "cell-calibration" in words


def test_a_target_that_the_cell_allows_is_not_refused(bench: BenchFile) -> None:
    """5 % can be reached on the same cell."""
    assert [] == _check(_plan("5 %", bench), bench)


def test_a_calibration_brings_a_target_within_reach(bench: BenchFile) -> None:
    """1.5 % is refused without the calibration and allowed with it."""
    plan = _plan("1.5 %", bench)

    assert ["P056"] == [code for code, _, _ in _check(plan, bench)]
    assert [] == _check(plan, bench, calibration=CALIBRATED)


def test_a_sample_without_an_efficiency_has_no_target(bench: BenchFile) -> None:
    """Water never ends a heating on its efficiency."""
    ((code, _, words),) = _check(_plan("5 %", bench), bench, "water")

    assert "P056" == code
    assert "no efficiency is computed for water" in words


def test_what_an_earlier_heating_tells_is_not_held_against_a_target(bench: BenchFile) -> None:
    """Only the first heating is judged beforehand."""
    before = "  - irradiate: {power: 1 W, for: 5 min}\n  - cool: {for: 5 min}\n"
    plan = _plan("0.5 %", bench, before)

    assert has_targets(plan)
    assert [] == _check(plan, bench)
