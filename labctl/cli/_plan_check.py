"""What the check of a plan would be made of: the criteria, declared before any run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labctl.bench import BenchFile
    from labctl.events import Criterion
    from labctl.protocol import Plan
    from labctl.sample import Specimen


def check_lines(plan: Plan, bench: BenchFile, specimen: Specimen | None) -> Iterator[str]:
    """One line a criterion; nothing for a plan that is not checked."""
    label = "verdict by"
    for criterion in _declared(plan, bench, specimen):
        yield f"{label:<11} {criterion.name}: {criterion.threshold}; {criterion.why}"
        label = ""


def check_json(plan: Plan, bench: BenchFile, specimen: Specimen | None) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        {"name": c.name, "threshold": c.threshold, "worst": c.why.removeprefix("can make it ")}
        for c in _declared(plan, bench, specimen)
    ]


def _declared(plan: Plan, bench: BenchFile, specimen: Specimen | None) -> tuple[Criterion, ...]:
    from labctl.monitor import declared, declared_series, priors_for

    if plan.source is None:
        return ()
    priors, _ = priors_for(
        bench,
        specimen,
        blank=None,
        calibrates=plan.source == "heater",
        magnetises=plan.source == "coil",
        has_ambient="ambient" in bench.roles,
        has_meter=plan.source in ("heater", "coil") or "meter" in bench.roles,
        nominal_power_w=plan.most_w(plan.source),
    )
    return (*declared(priors), *declared_series(plan.pulses_w))
