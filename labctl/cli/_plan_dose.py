"""What a plan would do to a sample at most, for `labctl plan`: thermal dose of its holds, what is
added and measured, and how often the sample is changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labctl.protocol import HoldTemperature, Plan


def series_lines(plan: Plan) -> Iterator[str]:
    """`samples ...`: one run each; nothing for a protocol that is one run."""
    if plan.samples:
        names = ", ".join(run.id for run in plan.samples)
        changes = len(plan.samples) - 1
        word = "change" if changes == 1 else "changes"
        yield f"samples     {len(plan.samples)} runs, {changes} {word} of sample: {names}"
    if plan.seed is not None:
        yield f"seed        {plan.seed}, from which orders are drawn"


def series_json(plan: Plan) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "id": run.id,
            "of": run.of,
            "concentration_kg_per_m3": run.concentration_kg_per_m3,
            "at_most_s": run.plan.at_most_ns / 1e9,
            "protocol_digest": run.plan.digest,
        }
        for run in plan.samples
    ]


def dose_lines(plan: Plan) -> Iterator[str]:
    """`dose ...` for each hold; `medium ...` for what is added and measured."""
    from labctl.photothermal import CEM43
    from labctl.quantities import Kind, format

    for step in _holds(plan):
        most_min, ends = _most_min(step), _target_min(step)
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


def dose_json(plan: Plan) -> list[dict[str, Any]]:
    """The same for programs: of each hold, minutes at 43 degC."""
    return [
        {
            "index": step.index,
            "most_cem43_min": _most_min(step),
            "target_cem43_min": _target_min(step),
        }
        for step in _holds(plan)
    ]


def _holds(plan: Plan) -> list[HoldTemperature]:
    from labctl.protocol import HoldTemperature

    return [step for step in plan.steps if isinstance(step, HoldTemperature)]


def _most_min(step: HoldTemperature) -> float:
    from labctl.photothermal import CEM43

    return CEM43.rate(step.high_degc) * step.at_most_ns / 1e9


def _target_min(step: HoldTemperature) -> float | None:
    """The dose on which the step itself ends."""
    from labctl.protocol import DoseReached

    until = step.until
    return until.cem43_s / 60.0 if isinstance(until, DoseReached) else None


def _counts(plan: Plan) -> tuple[int, int]:
    """Additions, and measurements in assay steps."""
    from labctl.protocol import AddAgent, Assay, Release

    doses = sum(isinstance(step, AddAgent | Release) for step in plan.steps)
    assays = sum(s.times * len(s.species) for s in plan.steps if isinstance(s, Assay))
    return doses, assays
