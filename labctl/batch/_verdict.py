"""What is said of a batch: a criterion, a lot, all lots, and the chart over them."""

from __future__ import annotations

from dataclasses import dataclass

from labctl.batch._chart import Lines, Signal
from labctl.batch._judge import Answer, Bounds, together
from labctl.batch._limits import ReleaseLimits
from labctl.batch._lot import Lot
from labctl.batch._runs import BatchRun
from labctl.quantities import Kind


@dataclass(frozen=True, slots=True)
class Criterion:
    """One quantity of one lot against its limits. SI units."""

    name: str
    answer: Answer
    why: str
    """In words, where the interval alone does not say it."""
    kind: Kind | None = None
    bounds: Bounds | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    source: str = ""
    """Runs, or method, date and source of a measurement made elsewhere."""


@dataclass(frozen=True, slots=True)
class LotVerdict:
    """One lot."""

    lot: str
    criteria: tuple[Criterion, ...]
    runs: tuple[BatchRun, ...]
    """Every run of it that was begun."""
    unused: tuple[tuple[str, str], ...]
    """Path of a run that says nothing, or no more than a loss, and why."""
    file: Lot | None

    @property
    def answer(self) -> Answer:
        """Pass only where every criterion does."""
        return together(criterion.answer for criterion in self.criteria)


@dataclass(frozen=True, slots=True)
class ReferenceRun:
    """System suitability as one run of the reference sample told it."""

    run: BatchRun
    criteria: tuple[Criterion, ...]

    @property
    def answer(self) -> Answer:
        """Pass only where every criterion does and the run says something."""
        if self.run.trouble:
            return Answer.CANNOT_TELL
        return together(criterion.answer for criterion in self.criteria)


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One lot on the chart."""

    lot: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ControlChart:
    """Lots in the order in which they were measured."""

    quantity: str
    kind: Kind | None
    points: tuple[ChartPoint, ...]
    lines: Lines | None
    """None where none are declared and there are too few lots to work them out."""
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class BatchVerdict:
    """Everything that is said of a batch."""

    limits: ReleaseLimits
    mode: str | None
    """`SIMULATED` or `REAL`; None where there is no run."""
    reference: tuple[ReferenceRun, ...]
    lots: tuple[LotVerdict, ...]
    chart: ControlChart | None
    notes: tuple[str, ...]

    @property
    def answer(self) -> Answer:
        """Fail where one lot fails, else cannot tell where one cannot, else pass."""
        return together(lot.answer for lot in self.lots)
