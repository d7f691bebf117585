"""What a plan would look like, by the simulator: `labctl plan --predict`.

The plan is carried out on its simulated bench, in virtual time, through the same engine and guard
as a run, into a folder that is thrown away. What the simulator knows of a material are its own
constants, most of them placeholders: a prediction is for finding a step that is too short or a
band that is not reached, and measures nothing.
"""

from __future__ import annotations

import concurrent.futures
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labctl.errors import RefusedError

if TYPE_CHECKING:
    from labctl.bench import BenchFile
    from labctl.events import Event, RunEnded
    from labctl.protocol import Plan
    from labctl.sample import Specimen

_CHANNEL = "probe.temperature"
_MOST_POINTS = 200
"""Of a predicted curve, for programs."""


@dataclass(frozen=True, slots=True)
class StepSeen:
    """One step of the simulated run."""

    index: int
    """From 1."""
    name: str
    began_s: float
    ended_s: float
    last_degc: float | None
    highest_degc: float | None
    why: str
    released: Mapping[str, float]
    """Species -> fraction of its load, by what had been measured at its end."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One simulated run."""

    sample: str
    seed: int
    curve: tuple[tuple[float, float], ...]
    """Seconds and degC of the probe."""
    steps: tuple[StepSeen, ...]
    ended: RunEnded


def predict(
    plan: Plan, bench: BenchFile, specimen: Specimen | None, seed: int, figure: Path | None = None
) -> Prediction:
    """Carry the plan out in virtual time. RefusedError on a bench that is not simulated in-process,
    and for a series, of which each run has a world of its own."""
    from labctl.engine import RunRequest, carry_out, way_to

    if plan.samples:
        raise RefusedError(
            f"{plan.name} is a series of {len(plan.samples)} runs, and a prediction is of one",
            fix="Predict the protocol without `for_each_sample`, with --sample.",
        )
    if not way_to(plan, bench).in_process:
        raise RefusedError(
            f"bench {bench.name} is not simulated in-process, and a prediction touches no hardware",
            fix="Name a simulated bench with --bench.",
        )
    events: list[Event] = []
    with tempfile.TemporaryDirectory(prefix="labctl-predict-") as folder:
        request = RunRequest(
            plan=plan,
            bench_file=bench,
            specimen=specimen,
            runs_dir=Path(folder),
            seed=seed,
            speed=None,
            about={"command": ["labctl plan --predict"]},
        )
        result = carry_out(
            request,
            publish=(events.append,),
            ask=_in_advance,
            on_begin=lambda begun: None,
            on_signals=lambda loop, stop: lambda: None,
        )
        if figure is not None:
            from labctl.figure import draw

            drawn = draw(result.folder.path)
            figure.write_bytes(drawn.read_bytes())
    name = specimen.name if specimen is not None else "no sample"
    return _seen(events, result.ended, name, seed)


def _in_advance(_: str) -> concurrent.futures.Future[str]:
    from labctl.engine import ANSWERED_IN_ADVANCE

    answer: concurrent.futures.Future[str] = concurrent.futures.Future()
    answer.set_result(ANSWERED_IN_ADVANCE)
    return answer


def _seen(events: list[Event], ended: RunEnded, sample: str, seed: int) -> Prediction:
    from labctl.events import Reading, ReleaseAssessed, Sample, StepBegun, StepEnded

    released: dict[str, float] = {}
    curve: list[tuple[float, float]] = []
    steps: list[StepSeen] = []
    begun: StepBegun | None = None
    first = 0
    for event in (*events, StepEnded(ended.t_ns, 0, ended.why)):
        if isinstance(event, Sample):
            found = [r for r in event.readings if r.channel == _CHANNEL]
            if found and isinstance(found[0], Reading):
                curve.append((event.t_ns / 1e9, found[0].value))
        elif isinstance(event, ReleaseAssessed):
            known = {name: it.get("fraction") for name, it in event.results.items()}
            released = {name: it for name, it in known.items() if it is not None}
        elif isinstance(event, StepBegun):
            begun, first = event, len(curve)
        elif isinstance(event, StepEnded) and begun is not None:
            degc = [value for _, value in curve[first:]]
            steps.append(
                StepSeen(
                    begun.index,
                    begun.name or begun.verb,
                    begun.t_ns / 1e9,
                    event.t_ns / 1e9,
                    degc[-1] if degc else None,
                    max(degc, default=None),
                    event.why,
                    released,
                )
            )
            # A run that ends within a step tells no end of it.
            begun = None
    return Prediction(sample, seed, tuple(curve), tuple(steps), ended)


def predicted_lines(found: Prediction) -> Iterator[str]:
    """A line a step, and how it ended."""
    yield (
        f"predicted   by the simulator with {found.sample}, seed {found.seed}; its constants are "
        "placeholders, nothing is measured"
    )
    for step in found.steps:
        degc = "no reading of the probe"
        if step.last_degc is not None and step.highest_degc is not None:
            degc = f"probe {step.last_degc:.1f} degC at its end, {step.highest_degc:.1f} at most"
        out = "".join(f", {name} {100.0 * part:.0f} %" for name, part in step.released.items())
        out = f"; released{out[1:]}" if out else ""
        lasted_s = step.ended_s - step.began_s
        yield f"            {step.index} {step.name}: {lasted_s:.0f} s, {degc}{out}"
    ended = found.ended
    yield f"            {ended.outcome} after {ended.t_ns / 1e9:.0f} s: {ended.why}"


def predicted_json(found: Prediction) -> dict[str, Any]:
    """The same for programs, with the curve."""
    every = max(1, -(-len(found.curve) // _MOST_POINTS))
    thinned = found.curve[::every]
    return {
        "by": "simulator; its constants are placeholders, nothing is measured",
        "sample": found.sample,
        "seed": found.seed,
        "outcome": found.ended.outcome,
        "why": found.ended.why,
        "duration_s": found.ended.t_ns / 1e9,
        "t_s": [round(t_s, 3) for t_s, _ in thinned],
        "probe_degc": [round(degc, 3) for _, degc in thinned],
        "steps": [
            {
                "index": step.index,
                "began_s": step.began_s,
                "ended_s": step.ended_s,
                "last_degc": step.last_degc,
                "highest_degc": step.highest_degc,
                "why": step.why,
                "released": dict(step.released),
            }
            for step in found.steps
        ],
    }
