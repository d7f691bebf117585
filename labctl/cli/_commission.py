"""What `labctl bench check` does with what the walk has found: a little light, and the record."""

from __future__ import annotations

import asyncio
import getpass
import statistics
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labctl.cli._folded import folded
from labctl.errors import Exit, InputError, StoppedError

if TYPE_CHECKING:
    from labctl.bench import BenchFile, Step, Walked
    from labctl.cli._carry_out import RunInTerminal
    from labctl.clock import Clock
    from labctl.events import Event

_HANG = 24
"""The columns before what a step has to say."""
_SETTLES_NS = 2_000_000_000
"""A thermal head has settled so long after the light came."""
_SLACK_S = 0.5
"""What a run may take beside the bound to see that the light is off: it samples four times a
second, and the report comes over the guard's wire."""


def who_is_there(file: BenchFile) -> str:
    """Who goes through this bench; InputError for one that is nowhere but in this process."""
    from labctl import bench as benches

    if benches.reach(file, file.roles).any_in_process:
        raise InputError(
            f"bench {file.name} is simulated in this process, and there is nothing to go through",
            where=file.source_file,
            fix="Serve it: `labctl sim serve --write-bench FILE`, and name that file.",
        )
    benches.check_instruments(file)
    benches.refuse_unwritable(file)
    return getpass.getuser()


def show(line: str) -> None:
    """One line of the walk, at once."""
    for part in folded(line, _HANG, sys.stdout):
        click.echo(part)


def said_before(file: BenchFile) -> Iterator[str]:
    """What this bench does without today, and which of its calibrations have ended."""
    from labctl import bench as benches

    day = benches.today()
    yield from benches.waived(file, day)
    yield from benches.expired(file.calibrated, file.offsets, day)


def until_walked(walking: Callable[[Clock], Coroutine[Any, Any, Walked]]) -> Walked:
    """Carry the walk out in real time. A signal ends it with every gate blocked and the sources
    off: StoppedError."""
    from labctl import signals
    from labctl.clock import run_real

    async def main(clock: Clock) -> Walked:
        walk = asyncio.ensure_future(walking(clock))
        stopped: list[str] = []

        def stop(name: str) -> None:
            stopped.append(name)
            walk.cancel()

        restore = signals.on_signals(asyncio.get_running_loop(), stop)
        try:
            return await walk
        except asyncio.CancelledError:
            if stopped:
                raise StoppedError(f"asked to stop by {stopped[0]}; nothing was recorded") from None
            raise
        finally:
            restore()

    return run_real(main)


def light_run(file: BenchFile, power: str, runs_dir: Path | None) -> RunInTerminal | None:
    """The lit part, ready to begin: a run of the protocol `commissioning`. None on a bench without
    a laser. Raises what refuses it."""
    from labctl.events import LASER

    if LASER not in file.roles:
        return None
    from labctl.cli._options import RunOptions
    from labctl.cli._prepare import COMMISSIONING, prepare

    options = RunOptions(
        bench=file.source_file, sample=None, speed=None, seed=1, faults=(), runs_dir=runs_dir,
        broker=None, as_json=False, plain=True, no_figure=True, yes=False,
    )  # fmt: skip
    run = prepare(COMMISSIONING, (f"power={power}",), options, commissions=True)
    run.check()
    return run


def light_step(file: BenchFile, walked: Walked, run: RunInTerminal | None) -> Iterator[Step]:
    """The lit part, where it was asked for; nothing on a bench without a laser."""
    from labctl.bench import Step, StepState
    from labctl.events import LASER

    if LASER not in file.roles:
        return
    failed = [step.name for step in walked.steps if step.state is StepState.FAILED]
    if run is None or failed:
        words = "--light was not given" if run is None else f"failed before: {', '.join(failed)}"
        yield Step("light", StepState.NOT_TRIED, words)
        return
    from labctl.record import JournalReader

    run.run()
    if run.result is None:
        raise RuntimeError("the run has no result")
    folder = run.result.folder
    events = list(JournalReader(folder.path / "journal.jsonl"))
    yield from judge_light(file, events, str(folder.path))


def judge_light(file: BenchFile, events: Sequence[Event], record: str) -> Iterator[Step]:
    """`light`: the power measured against the one asked for. `light off`: how long after its
    declared end it was seen off."""
    from labctl.bench import Step, StepState, off_latency
    from labctl.events import LASER, Beam, Emission, EmissionIntent, Reading, RunEnded, Sample

    ended = next((e for e in events if isinstance(e, RunEnded)), None)
    intent = next((e for e in events if isinstance(e, EmissionIntent)), None)
    edges = [e for e in events if isinstance(e, Emission) and e.source == LASER]
    on = next((e for e in edges if e.beam is Beam.ON), None)
    off = next((e for e in edges if on and e.beam is Beam.OFF and e.t_ns > on.t_ns), None)
    if ended is None or ended.outcome != "completed" or intent is None or on is None:
        why = "there was none" if ended is None else f"the run {ended.outcome}: {ended.why}"
        yield Step("light", StepState.FAILED, why, {"record": record})
        return
    end_ns = on.t_ns + intent.at_most_ns
    seen = [
        reading.value
        for event in events
        if isinstance(event, Sample)
        for reading in event.readings
        if isinstance(reading, Reading)
        and reading.channel == "meter.power"
        and on.t_ns + _SETTLES_NS < reading.t_ns < end_ns
    ]
    figures = {"asked_w": intent.power_w, "record": record}
    if not seen:
        words = "the bench has no power meter: nothing saw it"
        yield Step("light", StepState.NOT_THERE, words, figures)
    else:
        measured = statistics.median(seen)
        relative = measured / intent.power_w - 1.0
        allowed = file.guard_spec().power_mismatch
        figures |= {"measured_w": measured, "relative": relative, "at_most_relative": allowed}
        words = (
            f"{intent.power_w * 1e3:.3g} mW asked for, {measured * 1e3:.3g} mW measured at the "
            f"sample ({relative:+.1%}, {allowed:.0%} allowed)"
        )
        state = StepState.PASSED if abs(relative) <= allowed else StepState.FAILED
        yield Step("light", state, words, figures)
    bound = off_latency(file)
    if off is None or bound is None:
        yield Step("light off", StepState.FAILED, f"not seen off: {ended.beam_how}")
        return
    took_s = (off.t_ns - end_ns) / 1e9
    at_most_s = bound.asked_s + _SLACK_S
    words = (
        f"{off.how} at most {took_s:.2f} s after its declared end; the bound of off itself is "
        f"{bound.asked_s:.2f} s"
    )
    state = StepState.PASSED if took_s <= at_most_s else StepState.FAILED
    told = {"took_s": took_s, "bound_s": bound.asked_s, "at_most_s": at_most_s}
    yield Step("light off", state, words, told)


def end(file: BenchFile, walked: Walked, steps: Sequence[Step], who: str) -> int:
    """Show the lit steps, keep the record, and say what it is worth."""
    from labctl import bench as benches
    from labctl.bench import StepState

    for step in steps[len(walked.steps) :]:
        show(f"{step.state.value:<10} {step.name:<12} {step.words}")
    path = benches.keep_record(file, walked.mode, steps, who)
    click.echo(f"record     {path}")
    in_force = benches.record_path(file)
    if path != in_force:
        click.echo(f"kept       {in_force}, which has passed, counts as before")
    if benches.passed(steps):
        click.echo(f"PASSED     bench {file.name} is commissioned as its file is now")
        return Exit.PASS
    failed = [step.name for step in steps if step.state is StepState.FAILED]
    left = [step.name for step in steps if step.state is StepState.NOT_TRIED]
    if failed:
        click.echo(f"FAILED     {', '.join(failed)}")
        return Exit.CHECK_FAILED
    click.echo(f"NOT DONE   left out: {', '.join(left)}")
    return Exit.CANNOT_TELL


def worst(code: int, run: RunInTerminal | None) -> int:
    """The exit code of the check; how the lit part ended, where that was not as planned, says more:
    stopped, lost, tripped, and above all light that was not seen off."""
    ended = run.result.ended.exit_code if run is not None and run.result is not None else Exit.PASS
    return code if ended in (Exit.PASS, Exit.CHECK_FAILED, Exit.CANNOT_TELL) else int(ended)
