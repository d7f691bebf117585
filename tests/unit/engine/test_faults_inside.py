"""What fails inside labctl itself, or on its disk: the beam is off and the record is closed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labctl.bench import Bench
from labctl.engine import RunResult, carry_out
from labctl.errors import Exit, PortTimeoutError, RecordError
from labctl.events import (
    Beam,
    Emission,
    Event,
    PriorsFixed,
    RunEnded,
    Sample,
    StepBegun,
    Tripped,
    Verdict,
)
from labctl.guard import Guard, Guards
from labctl.monitor import Monitor
from labctl.record import Journal, Outcome, RunFolder, verify_run
from labctl.talk import OffReport, Trip
from tests.scenario.runs import Story, nobody, read, request

TINY = ("baseline=5s", "heat=6s", "cool=5s")


def carried_out(
    runs_dir: Path, *, publish: Callable[[Event], None] = lambda event: None, **how: Any
) -> RunResult:
    return carry_out(
        request(runs_dir, parameters=TINY, **how),
        publish=[publish],
        ask=nobody,
        on_begin=lambda begun: None,
        on_signals=lambda loop, stop: lambda: None,
    )


def check_dark(story: Story) -> None:
    """The world's own log: whatever was lit went out before the run's end."""
    for _, off_s in story.light:
        assert off_s is not None
        assert off_s * 1e9 <= story.ended.t_ns


KINDS = [Sample, Emission, StepBegun, Verdict, RunEnded, PriorsFixed]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_publisher_that_fails_keeps_nobody_from_a_closed_record(
    tmp_path: Path, kind: type[Event]
) -> None:
    """Whatever it was told when it failed, and from then on always: off, closed, exit code 70."""
    broken = False

    def publish(event: Event) -> None:
        nonlocal broken
        # Samples only once the light is on.
        broken = broken or (isinstance(event, kind) and (kind is not Sample or event.t_ns > 7e9))
        if broken:
            raise TypeError("a view that fails")

    story = read(carried_out(tmp_path, publish=publish))
    story.check_order()

    check_dark(story)
    if kind is RunEnded:
        assert "completed" == story.ended.outcome
    else:
        assert ("fault", Exit.FAULT) == (story.ended.outcome, story.ended.exit_code)
        assert "a view that fails" in story.ended.why


@pytest.mark.parametrize("method", ["feed", "verdict", "steady"])
def test_a_check_that_breaks_is_a_fault_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """The check's own exception ends the run dark and is its reason."""
    real = Monitor.feed

    def breaks(self: Monitor, *args: Any) -> Any:
        if method == "feed" and not (isinstance(args[0], Sample) and args[0].t_ns > 7e9):
            return real(self, *args)
        raise ZeroDivisionError("no such filter")

    monkeypatch.setattr(Monitor, method, breaks)
    protocol = (
        "schema: labctl.protocol/1\nname: warm\ntitle: warm\n"
        "parameters: {baseline: {default: 5 s}, heat: {default: 6 s}, cool: {default: 5 s}}\n"
        "needs: {laser: laser, probe: thermometer}\nrecord: {every: 500 ms}\n"
        "steps:\n  - baseline: {for: $baseline}\n"
        "  - irradiate: {power: 1 W, until: {steady: {channel: probe, within: 0.1 K, for: 1 s}},"
        " at_most: $heat, if_late: continue}\n  - cool: {for: $cool}\n"
    )
    story = read(carried_out(tmp_path, protocol=protocol))
    story.check_order()

    check_dark(story)
    assert ("fault", Exit.FAULT) == (story.ended.outcome, story.ended.exit_code)
    assert "no such filter" in story.ended.why


def test_a_trip_while_a_completed_run_is_closed_is_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a guard that is lost on the last way to off: it stays latched, and a run that leaves
    a bench latched has not passed."""
    real = Guards.beam_off

    async def trips(self: Guards, why: str) -> dict[str, OffReport]:
        if why == "all steps done":
            self.latch(Trip("guard", "the guard's process is lost"))
        return await real(self, why)

    monkeypatch.setattr(Guards, "beam_off", trips)
    story = read(carried_out(tmp_path))
    story.check_order()

    check_dark(story)
    assert ("tripped", Exit.SAFETY) == (story.ended.outcome, story.ended.exit_code)
    assert "is lost" in story.ended.why


def full_disk(monkeypatch: pytest.MonkeyPatch, when: Callable[[Event], bool]) -> None:
    """From the first event for which `when` holds, the journal takes nothing."""
    real = Journal.append

    def append(self: Journal, event: Event) -> int:
        if self.fault is None and when(event):
            self._latch(RecordError("the disk is full", where="journal"))
        return real(self, event)

    monkeypatch.setattr(Journal, "append", append)


@pytest.mark.parametrize(
    "when",
    [
        lambda event: isinstance(event, Sample) and event.t_ns > 7e9,
        lambda event: isinstance(event, Emission) and event.beam is Beam.ON,
        lambda event: isinstance(event, Verdict),
        lambda event: isinstance(event, RunEnded),
    ],
    ids=["while-emitting", "at-light-on", "at-the-verdict", "at-the-last-event"],
)
def test_a_disk_that_fails_is_exit_code_6_and_dark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: Callable[[Event], bool]
) -> None:
    """Whenever the journal's disk fails, the run ends dark, and run.json says why."""
    full_disk(monkeypatch, when)
    result = carried_out(tmp_path)
    truth = json.loads((result.folder.path / "truth.json").read_text())
    said = json.loads((result.folder.path / "run.json").read_text())

    assert ("data-fault", Exit.DATA) == (result.ended.outcome, result.ended.exit_code)
    assert Beam.OFF == result.ended.beam
    assert None not in [entry["off_ns"] for entry in truth["emission"]]
    assert "the disk is full" in str(result.fault)
    assert "the disk is full" in said["fault"]
    assert (result.ended.outcome, int(result.ended.exit_code)) == (
        said["outcome"],
        said["exit_code"],
    )


def test_no_light_when_the_intent_cannot_be_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fails before the intent is on it: nothing is ever lit."""
    full_disk(monkeypatch, lambda event: event.kind == "emission-intent")
    result = carried_out(tmp_path)
    truth = json.loads((result.folder.path / "truth.json").read_text())

    assert [] == truth["emission"]
    assert Exit.DATA == result.ended.exit_code


def test_a_truth_that_cannot_be_written_keeps_run_json_from_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full at the very end: run.json says so, and nothing in it goes on."""

    def full(self: RunFolder, truth: object) -> None:
        raise RecordError("the disk is full", where="truth.json")

    monkeypatch.setattr(RunFolder, "write_truth", full)
    result = carried_out(tmp_path)
    said = json.loads((result.folder.path / "run.json").read_text())

    assert ("data-fault", Exit.DATA) == (result.ended.outcome, result.ended.exit_code)
    assert ("closed", "data-fault", Exit.DATA) == (
        said["state"], said["outcome"], said["exit_code"],
    )  # fmt: skip
    assert "truth.json: the disk is full" == said["fault"]
    assert Outcome.INTACT is verify_run(result.folder.path).outcome


def test_a_trip_on_a_full_disk_ends_the_run_as_a_trip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trip cannot be told to the record, and ends the run all the same."""
    full_disk(monkeypatch, lambda event: isinstance(event, Tripped))
    result = carried_out(tmp_path, faults=["open-thermocouple@8s"])

    assert ("tripped", Exit.SAFETY) == (result.ended.outcome, result.ended.exit_code)
    assert "open" in result.ended.why
    assert Beam.OFF == result.ended.beam


def test_a_port_that_cannot_be_released_takes_nothing_from_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error while the ports are closed is told beside the result, and the record is closed."""
    real = Bench.close

    async def close(self: Bench) -> None:
        await real(self)
        raise PortTimeoutError("the library did not come back", where="scanner")

    monkeypatch.setattr(Bench, "close", close)
    result = carried_out(tmp_path)
    said = json.loads((result.folder.path / "run.json").read_text())

    assert ("completed", "closed") == (result.ended.outcome, said["state"])
    assert "did not come back" in str(result.fault)


def test_a_truth_that_cannot_be_had_takes_nothing_from_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A simulator that is gone when it is asked for the truth does not undo the run."""

    async def truth(self: Bench, session: object) -> None:
        raise PortTimeoutError("no answer")

    monkeypatch.setattr(Bench, "truth", truth)
    result = carried_out(tmp_path)

    assert "completed" == result.ended.outcome
    assert "no answer" in str(result.fault)


def test_a_guard_that_breaks_on_the_way_to_off_is_exit_code_8(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When labctl itself fails there, nobody knows, and that is what is said; the guard is closed
    all the same, which blocks every gate."""
    closed: list[bool] = []
    really = Guard.close

    async def beam_off(self: Guard, why: str) -> None:
        raise KeyError("where is off?")

    async def close(self: Guard) -> None:
        closed.append(True)
        await really(self)

    monkeypatch.setattr(Guard, "beam_off", beam_off)
    monkeypatch.setattr(Guard, "close", close)
    story = read(carried_out(tmp_path))

    assert closed
    assert Exit.BEAM_NOT_CONFIRMED_OFF == story.ended.exit_code
    assert Beam.UNKNOWN == story.ended.beam
    assert isinstance(story.events[-1], RunEnded)
