"""A bench from Python: one record, the same guard, dark between its steps and at its end."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path
from typing import Any

import pytest

from labctl.errors import Exit, InputError
from labctl.events import (
    Beam,
    Emission,
    EmissionIntent,
    PromptAsked,
    StateChanged,
    StepBegun,
    StepEnded,
)
from labctl.export import METADATA
from labctl.notebook import LiveBench, RunOverError, bench
from labctl.record import JournalState
from labctl.replay import replay_run
from tests.scenario.runs import BENCHES, Story, read

ROOT = Path(__file__).parents[3]


def on(runs: Path, **how: Any) -> LiveBench:
    return bench(
        BENCHES / "simulated.yaml", sample="pda-aminoacid", runs=runs, every="500 ms", **how
    )


def story_of(live: LiveBench) -> Story:
    assert live.result is not None
    story = read(live.result)
    story.check_order()
    return story


def test_steps_come_one_at_a_time_into_one_record(tmp_path: Path) -> None:
    """Each says why it ended; the record is closed and replays as any other."""

    async def session() -> tuple[LiveBench, list[str]]:
        async with on(tmp_path) as live:
            whys = [
                await live.baseline(for_="5 s"),
                await live.irradiate(power="1 W", for_="10 s"),
                await live.cool(
                    until={"below": {"channel": "probe", "value": "60 degC"}}, at_most="30 s"
                ),
                await live.hold_temperature(
                    between=["23 degC", "25 degC"], power_limit="1 W", for_="20 s"
                ),
            ]
        return live, whys

    live, whys = asyncio.run(session())
    story = story_of(live)

    assert ["elapsed", "elapsed", "reached", "elapsed"] == whys
    assert "completed" == story.ended.outcome
    assert JournalState.CLOSED == story.state
    assert ["baseline", "irradiate", "cool", "hold_temperature"] == [
        event.verb for event in story.of(StepBegun)
    ]
    assert whys == [event.why for event in story.of(StepEnded)]
    assert 2 == len(story.light) == len(story.of(EmissionIntent))
    assert "WAITING" in [event.new for event in story.of(StateChanged)]
    assert live.verdict == story.result.verdict
    assert replay_run(story.result.folder.path).same
    assert (story.result.folder.path / METADATA).exists()


def test_a_step_that_cannot_be_is_refused_and_the_run_goes_on(tmp_path: Path) -> None:
    """A unit missing, a power above the limit, an unknown key: each in words, nothing lit."""

    async def session() -> LiveBench:
        async with on(tmp_path) as live:
            for keys in ({"power": "1"}, {"power": "9 W"}, {"powr": "1 W"}):
                with pytest.raises(InputError):
                    await live.irradiate(for_="5 s", **keys)
            await live.baseline(for_="2 s")
        return live

    story = story_of(asyncio.run(session()))

    assert "completed" == story.ended.outcome
    assert ["baseline"] == [event.verb for event in story.of(StepBegun)]
    assert [] == story.light


def test_a_trip_ends_the_run_at_the_step_that_was_under_way(tmp_path: Path) -> None:
    """No step follows it."""

    async def session() -> LiveBench:
        live = on(tmp_path, faults=["interlock-open@8s"])
        with pytest.raises(RunOverError, match="interlock") as over:
            async with live:
                await live.baseline(for_="2 s")
                await live.irradiate(power="1 W", for_="20 s")
                await live.irradiate(power="1 W", for_="20 s")
        assert live.result is over.value.result
        return live

    story = story_of(asyncio.run(session()))

    assert Exit.SAFETY == story.ended.exit_code
    assert 1 == len(story.light)
    assert Beam.OFF == story.of(Emission)[-1].beam


def test_an_exception_in_the_block_stops_the_run(tmp_path: Path) -> None:
    """Dark, closed, and the exception goes on."""

    async def session() -> LiveBench:
        live = on(tmp_path)
        with pytest.raises(ZeroDivisionError):
            async with live:
                await live.baseline(for_="2 s")
                raise ZeroDivisionError
        return live

    story = story_of(asyncio.run(session()))

    assert ("stopped", Exit.STOPPED) == (story.ended.outcome, story.ended.exit_code)
    assert "ZeroDivisionError" in story.ended.why


def test_nobody_is_asked_from_a_notebook(tmp_path: Path) -> None:
    """A prompt ends the run as one that nobody answers."""

    async def session() -> LiveBench:
        live = on(tmp_path)
        with pytest.raises(RunOverError, match="nobody can be asked"):
            async with live:
                await live.step("prompt", text="Stir the sample.")
        return live

    story = story_of(asyncio.run(session()))

    assert 1 == len(story.of(PromptAsked))
    assert Exit.STOPPED == story.ended.exit_code


def test_the_same_steps_and_seed_give_the_same_journal(tmp_path: Path) -> None:
    """However long the caller takes between them."""

    async def session(turns: int) -> bytes:
        async with on(tmp_path) as live:
            await live.baseline(for_="3 s")
            for _ in range(turns):
                await asyncio.sleep(0)
            await live.irradiate(power="1 W", for_="3 s")
        assert live.folder is not None
        return (live.folder / "journal.jsonl").read_bytes()

    assert asyncio.run(session(0)) == asyncio.run(session(5000))


def test_what_cannot_be_is_said_in_the_error_s_own_words(tmp_path: Path) -> None:
    """A notebook shows those alone: every problem stands in them, and how to mend it."""

    async def session() -> str:
        async with on(tmp_path) as live:
            with pytest.raises(InputError) as caught:
                await live.irradiate(power="1,5 W", fore="10 min")
        return str(caught.value)

    words = asyncio.run(session())

    assert "irradiate: " in words
    assert "'1,5 W' uses a decimal comma. Write a point: '1.5 W'." in words
    assert "unknown key 'fore'" in words


def test_the_documented_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands in the how-to."""
    page = (ROOT / "docs/how-to/run-from-a-notebook.md").read_text("utf-8")
    code = page.partition("```python\n")[2].partition("```")[0].replace("10 min", "60 s")
    monkeypatch.setenv("LABCTL_RUNS", str(tmp_path))
    cell = compile(code, "notebook", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names: dict[str, Any] = {}

    asyncio.run(eval(cell, names))

    assert "reached" == names["why"]
    assert names["b"].folder.is_relative_to(tmp_path)
