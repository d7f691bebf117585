"""The guard's own log on a disk that fails or hangs: no light without it."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from labctl import synced, talk
from labctl.clock import NS
from labctl.errors import RecordError
from labctl.events import LASER
from labctl.talk import Arm, Emit, Phase
from tests.unit.guard import test_process
from tests.unit.guard.test_process import World
from tests.unit.guard.test_rules import SPEC

on_wire = test_process.on_wire


def _full(handle: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


async def _dark_by_its_log(world: World, why: str) -> None:
    """One more line while it is lit, which the disk does not take; nothing lights after."""
    await world.ask(Emit(1.0, NS))
    news = await world.hear(talk.News, lambda news: news.trip is not None)
    assert news.trip is not None
    assert ("log", True) == (news.trip.rule, why in news.trip.message)
    assert (Phase.TRIPPED, False) == (news.sources[0].phase, world.source.lit)
    error = (await world.ask(Arm("test", SPEC.digest()))).error
    assert isinstance(error, RecordError)
    assert "the guard's log cannot be written" in str(error)


def test_a_disk_that_fails_under_the_log_ends_the_light(
    on_wire: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trip that says what the disk said, at the next tick; arming is refused from then on."""

    async def scenario(world: World) -> None:
        await world.light()
        monkeypatch.setattr(synced, "platform", SimpleNamespace(sync_data=_full))
        await _dark_by_its_log(world, "No space left on device")

    on_wire(scenario)


def test_a_disk_that_takes_half_a_line_ends_the_light(
    on_wire: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short write is a failed one."""

    async def scenario(world: World) -> None:
        await world.light()
        monkeypatch.setattr(synced.os, "write", lambda handle, line: len(line) // 2)
        await _dark_by_its_log(world, "cut short")

    on_wire(scenario)


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Call it, and the disk answers no more; it does again when the test is over."""
    answer = threading.Event()

    def hang() -> None:
        monkeypatch.setattr(synced, "_PATIENCE_S", 0.1)
        monkeypatch.setattr(
            synced, "platform", SimpleNamespace(sync_data=lambda _: answer.wait(30))
        )

    yield hang
    answer.set()


def test_a_disk_that_hangs_under_the_log_ends_the_light(
    on_wire: Callable[..., World], hung: Callable[[], None]
) -> None:
    """Off does not wait for it, and neither does the end of the process."""

    async def scenario(world: World) -> None:
        await world.light()
        hung()
        await _dark_by_its_log(world, "has not answered")

    on_wire(scenario)


def test_nothing_is_lit_once_the_log_has_failed(
    on_wire: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails between arming and light: refused, and no trip, for nothing was lit."""

    async def scenario(world: World) -> None:
        await world.hear(talk.Ready)
        world.say(talk.LogTo(str(world.folder / "guard.jsonl")))
        world.beat()
        await world.ask(talk.Read())
        monkeypatch.setattr(synced, "platform", SimpleNamespace(sync_data=_full))
        assert (await world.ask(Arm("test", SPEC.digest()))).error is None
        await world.clock.sleep(NS // 10)
        world.beat()
        assert isinstance((await world.ask(Emit(1.0, NS))).error, RecordError)
        news = await world.hear(talk.News)
        assert (None, Phase.ARMED) == (news.trip, news.sources[0].phase)
        assert "on" not in world.source.log

    on_wire(scenario)


def test_a_log_that_cannot_be_made_refuses_arming(on_wire: Callable[..., World]) -> None:
    """A folder that is not there: what the system said, and what to do."""

    async def scenario(world: World) -> None:
        await world.hear(talk.Ready)
        world.say(talk.LogTo(str(Path(world.folder) / "nowhere" / "guard.jsonl")))
        world.beat()
        await world.ask(talk.Read())
        await world.clock.sleep(NS // 20)
        error = (await world.ask(Arm("test", SPEC.digest()))).error
        assert isinstance(error, RecordError)
        assert "--runs" in error.fix
        assert world.guards is not None
        assert Phase.DISARMED is world.guards.of(LASER).known.phase

    on_wire(scenario)
