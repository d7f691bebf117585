"""What a plan would do to a sample at most, for `labctl plan`: thermal dose of its holds, what is
added and measured, and how often the sample is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labctl.protocol import Plan


def series_lines(plan: Plan) -> Iterator[str]:
    """`samples ...`: one run each; nothing for a protocol that is one run."""
    if plan.samples:
        names = ", ".join(run.id for run in plan.samples)
        changes = len(plan.samples) - 1
        word = "change" if changes == 1 else "changes"
        yield f"samples     {len(plan.samples)} runs, {changes} {word} of sample: {names}"
    if plan.seed is not None:
        yield f"seed        {plan.seed}, from which orders are drawn"


def dose_lines(plan: Plan) -> Iterator[str]:
    """`dose ...` for each hold; `medium ...` for what is added and measured."""
    from labctl.photothermal import CEM43
    from labctl.quantities import Kind, format
    from labctl.ready import holds_of, most_cem43_min, target_cem43_min

    for step in holds_of(plan):
        most_min, ends = most_cem43_min(step), target_cem43_min(step)
        until = "" if ends is None else f"; the step ends at {format(ends * 60.0, Kind.TIME)}"
        yield (
            f"dose        {step.name}: {most_min:.4g} min at 43 degC at most, were it at "
            f"{step.high_degc:g} degC for all of its time{until} ({CEM43.words})"
        )
    doses, assays = _counts(plan)
    if doses or assays:
        words = [
            f"{n} {what}{'s' if n > 1 else ''}"
            for n, what in ((doses, "addition"), (assays, "assay"))
            if n
        ]
        yield f"medium      {' and '.join(words)} in steps of their own"


def gate_lines(plan: Plan) -> Iterator[str]:
    """`gate ...`: what must hold besides when a wait is over, and what ends the run within it."""
    from labctl.protocol import Wait, words

    for step in plan.steps:
        if not isinstance(step, Wait):
            continue
        said = []
        if step.require is not None:
            said.append(f"held, unless {words(step.require)}")
        if step.abort_if is not None:
            said.append(f"ended as soon as {words(step.abort_if)}")
        if said:
            yield f"gate        {step.name}: {'; '.join(said)}"


def _counts(plan: Plan) -> tuple[int, int]:
    """Additions, and measurements in assay steps."""
    from labctl.protocol import AddAgent, Assay, Release

    doses = sum(isinstance(step, AddAgent | Release) for step in plan.steps)
    assays = sum(s.times * len(s.species) for s in plan.steps if isinstance(s, Assay))
    return doses, assays
