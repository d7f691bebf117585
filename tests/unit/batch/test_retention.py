"""What is left of the heating after several cycles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labctl.batch import Answer, loads_limits, release, retention
from labctl.clock import NS
from labctl.events import Beam, Emission, Event, Reading, Sample
from tests.unit.batch.records import record, result

ROOM = 22.0
LIMITS = (
    "schema: labctl.release-limits/1\nname: l\nsample: pda\nprotocol: heating-curve\n"
    "measured:\n  retention: {low: 95 %, protocol: on-off-cycles}\n"
)


def cycles(
    rises: list[float], *, power: float = 1.0, drift: float = 0.0, metered: bool = False
) -> Iterator[Event]:
    """Light on for a minute and off for a minute, with these rises at the end of each."""
    t_ns = 0
    for number, rise in enumerate(rises):
        watts = power * (1.0 + drift * number)
        for lit in (True, False):
            yield Emission(t_ns, Beam.ON if lit else Beam.OFF, "read back", power if lit else None)
            for _ in range(60):
                t_ns += NS
                warm = ROOM + (rise * (watts if metered else 1.0) if lit else 0.0)
                readings = [
                    Reading("probe.temperature", warm, "degC", t_ns),
                    Reading("ambient.temperature", ROOM, "degC", t_ns),
                ]
                if metered:
                    readings.append(Reading("meter.power", watts if lit else 0.0, "W", t_ns))
                yield Sample(t_ns, t_ns, tuple(readings))


def test_a_sample_that_keeps_98_per_cent_a_cycle_keeps_92_after_five() -> None:
    """Last over first, exactly where each cycle loses the same part."""
    found = retention(cycles([20.0 * 0.98**k for k in range(5)]))

    assert found is not None
    assert (0.98**4, 0.0) == pytest.approx((found.value, found.sd_statistical))


def test_a_dye_that_is_nearly_gone_is_told_with_what_is_known_of_it() -> None:
    """Rises of a dye that bleaches, over a solvent that warms a little: far from any limit."""
    found = retention(cycles([8.08, 3.51, 1.65, 1.03]))

    assert found is not None
    assert found.value + 2.0 * found.sd_statistical < 0.3


def test_scatter_from_cycle_to_cycle_is_its_deviation() -> None:
    """A stable sample with uneven cycles holds 1 within two of them."""
    found = retention(cycles([20.0, 20.2, 19.8, 20.1, 19.9]))

    assert found is not None
    assert abs(found.value - 1.0) < 2.0 * found.sd_statistical
    assert found.sd_statistical > 0.005


def test_power_that_fades_is_not_taken_for_the_sample() -> None:
    """Where a meter sees it, the rise is taken per watt."""
    found = retention(cycles([20.0] * 4, drift=-0.02, metered=True))

    assert found is not None
    assert 1.0 == pytest.approx(found.value)


@pytest.mark.parametrize("rises", [[], [20.0], [20.0, 19.0], [20.0, 0.0, 20.0]])
def test_too_few_cycles_tell_nothing(rises: list[float]) -> None:
    """Two have a line through them, whatever they are; one without a rise is none."""
    assert None is retention(cycles(rises))


def test_cycles_at_other_powers_are_no_cycles() -> None:
    """A power series is not a photostability."""
    mixed = [*cycles([20.0, 20.0]), *cycles([40.0], power=2.0)]

    assert None is retention(mixed)


def test_a_batch_reads_retention_from_the_journal(tmp_path: Path) -> None:
    """No run says it as a result; it is worked out from the readings."""
    limits = loads_limits(LIMITS)
    record(tmp_path, "A25", {"efficiency": result(0.4)}, protocol="on-off-cycles",
           between=[*cycles([20.0, 19.6, 19.2, 18.8, 18.4])])  # fmt: skip
    record(tmp_path, "A26", {"efficiency": result(0.4)}, protocol="on-off-cycles",
           between=[*cycles([20.0, 20.0, 20.0, 20.0])], hours=2.0)  # fmt: skip

    verdict = release(limits, (), tmp_path)

    assert [("A25", Answer.FAIL), ("A26", Answer.PASS)] == [
        (lot.lot, lot.answer) for lot in verdict.lots
    ]


@pytest.mark.parametrize(
    ("rises", "expected"),
    [
        ([20.0, 19.6, 19.2, 18.8, 18.4], Answer.FAIL),
        ([20.0, 20.0, 20.0, 20.0], Answer.CANNOT_TELL),
    ],
)
def test_a_failed_check_can_show_a_loss_and_never_a_retention(
    tmp_path: Path, rises: list[float], expected: Answer
) -> None:
    """A sample that bleaches makes the check fail, too: what the bare readings show stands."""
    limits = loads_limits(LIMITS)
    record(tmp_path, "A25", {"efficiency": result(0.4)}, protocol="on-off-cycles",
           between=[*cycles(rises)], verdict="fail")  # fmt: skip

    assert expected is release(limits, (), tmp_path).answer
