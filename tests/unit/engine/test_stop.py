"""A stop at any moment: beam off first, record closed, exit code 5, nothing left over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from labctl.clock import NS, ns
from labctl.engine import RunResult, carry_out
from labctl.errors import Exit, StoppedError
from labctl.events import (
    Beam,
    Emission,
    EmissionIntent,
    InstrumentFound,
    RunEnded,
    StateChanged,
)
from tests.scenario.runs import nobody, read, request

TINY = ("baseline=5s", "heat=6s", "cool=5s")


def stopped_at(
    runs_dir: Path, *times_s: float, bench: str = "simulated", check: bool = False
) -> RunResult:
    """A run that is asked to stop at these times of its own clock."""

    def on_signals(
        loop: asyncio.AbstractEventLoop, stop: Callable[[str], object]
    ) -> Callable[[], None]:
        timers = [loop.call_at(at_s, stop, "SIGINT") for at_s in times_s]
        return lambda: [timer.cancel() for timer in timers] and None

    return carry_out(
        request(runs_dir, parameters=TINY, bench=bench, check=check),
        publish=(),
        ask=nobody,
        on_begin=lambda begun: None,
        on_signals=on_signals,
    )


def check_stopped(result: RunResult, at_s: float) -> None:
    """Closed, dark by the world's own log, and OFF told before the end."""
    story = read(result)
    story.check_order()
    ended = story.ended
    assert ("stopped", "none") == (ended.outcome, ended.verdict)
    assert "SIGINT" in ended.why
    if ended.beam is Beam.OFF:
        assert Exit.STOPPED == ended.exit_code
    else:
        # Lit, and stopped before the meter saw it: then it cannot say that it is gone.
        assert Exit.BEAM_NOT_CONFIRMED_OFF == ended.exit_code
        assert "commanded, not confirmed" == ended.beam_how
        assert not story.of(InstrumentFound)[0].confirms
    for _, off_s in story.light:
        assert off_s is not None
        # A CNI supply takes half a second over the command before, and hears nothing meanwhile.
        assert off_s <= at_s + (0.3 if story.of(InstrumentFound)[0].confirms else 0.6)
    offs = [
        n for n, e in enumerate(story.events) if isinstance(e, Emission) and e.beam is not Beam.ON
    ]
    ending = [n for n, e in enumerate(story.events) if isinstance(e, StateChanged)][-2]
    assert offs[-1] < ending < len(story.events) - 1
    assert isinstance(story.events[-1], RunEnded)


@pytest.mark.parametrize("bench", ["simulated", "simulated-cni"])
def test_a_stop_at_any_moment_ends_dark_and_closed(tmp_path: Path, bench: str) -> None:
    """Before, during and after arming, lighting, the emission and its end."""
    begins_s = 0.5 if bench == "simulated" else 3.0
    step_s = 0.61 if bench == "simulated" else 0.87
    for number in range(18):
        at_s = begins_s + number * step_s
        # A model follows some of them: to the engine it makes no difference.
        stopped = stopped_at(tmp_path, at_s, bench=bench, check=number % 6 == 0)
        check_stopped(stopped, at_s)


@pytest.mark.parametrize("after_s", [0.0, 0.002, 0.01, 0.03, 0.06, 0.1, 0.15, 0.25])
def test_a_second_stop_changes_nothing(tmp_path: Path, after_s: float) -> None:
    """Two signals, whatever lies between them, end as one does; so while lighting."""
    for at_s in (5.1, 5.2, 5.3, 7.0):
        check_stopped(stopped_at(tmp_path, at_s, at_s + after_s, at_s + after_s + 0.01), at_s)


def test_a_stop_at_each_step_of_arming_and_lighting(tmp_path: Path) -> None:
    """Every 30 ms from the first step's end until the light is on."""
    for number in range(20):
        at_s = 4.9 + number * 0.03
        check_stopped(stopped_at(tmp_path, at_s), at_s)


@pytest.mark.parametrize("at_s", [0.0, 0.001, 0.01, 0.05])
def test_a_stop_while_connecting_leaves_no_record_and_no_port(tmp_path: Path, at_s: float) -> None:
    """Nothing was lit and nothing recorded: one error, of exit code 5."""
    with pytest.raises(StoppedError, match="SIGINT"):
        stopped_at(tmp_path, at_s)

    assert [] == list(tmp_path.rglob("journal.jsonl"))


def test_a_stop_after_the_end_is_no_stop(tmp_path: Path) -> None:
    """While the record is closed nothing can be stopped any more."""
    story = read(stopped_at(tmp_path, 100.0, check=True))

    assert "completed" == story.ended.outcome


def test_the_intent_stands_before_the_light_of_every_emission(tmp_path: Path) -> None:
    """What the world's log calls light comes after an intent with its lease and its time."""
    story = read(stopped_at(tmp_path, 100.0))
    (intent,) = story.of(EmissionIntent)
    ((on_s, off_s),) = story.light

    assert intent.t_ns <= on_s * NS
    assert off_s is not None
    assert off_s - on_s <= intent.at_most_ns / NS + 0.03
    assert ns(2.0) == intent.lease_ns
