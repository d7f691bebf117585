"""A trip on disk, as the guard writes it: kept, or said in the trip that it was not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from labctl import platform, talk
from labctl.talk import STOP, Latch, Trip
from tests.unit.guard.test_process import World, on_wire

__all__ = ["on_wire"]

TRIP = Trip("temperature", "probe.temperature is 90.00 degC")
PORT = "sim+socket://127.0.0.1:9"


def latch(folder: Path) -> Latch:
    return Latch(str(folder / "trip.json"), "bench-2", (PORT,))


def test_a_trip_is_written_whole_and_told_as_it_was(tmp_path: Path) -> None:
    """Which bench, by which ports, which rule, in words; no draft is left."""
    assert TRIP == latch(tmp_path).keep(TRIP)
    kept = json.loads((tmp_path / "trip.json").read_text("utf-8"))
    assert ("bench-2", [PORT], TRIP.rule, TRIP.message) == (
        kept["bench"], kept["addresses"], kept["rule"], kept["message"],
    )  # fmt: skip
    assert [tmp_path / "trip.json"] == list(tmp_path.iterdir())


def test_a_stop_by_a_person_latches_nothing(tmp_path: Path) -> None:
    """It is no fault."""
    assert Trip(STOP, "a person") == latch(tmp_path).keep(Trip(STOP, "a person"))
    assert [] == list(tmp_path.iterdir())


def test_a_disk_that_takes_nothing_is_said_in_the_trip(tmp_path: Path) -> None:
    """The trip is told all the same."""
    told = latch(tmp_path / "nowhere").keep(TRIP)
    assert f"{TRIP.message}; NOT kept on disk: No such file or directory" == told.message


def test_a_disk_that_hangs_does_not_hold_the_guard_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for no longer than a tick or two, and that is said."""
    answers, answered = threading.Event(), threading.Event()

    def hang(_: int) -> None:
        answers.wait(5)
        answered.set()

    monkeypatch.setattr(platform, "sync_data", hang)
    told = latch(tmp_path).keep(TRIP)
    assert told.message.endswith("NOT kept on disk: the disk does not answer")
    answers.set()
    assert answered.wait(5)


def test_the_guards_process_keeps_a_trip_before_it_tells_it(
    on_wire: Callable[..., World], tmp_path: Path
) -> None:
    """Whoever hears of it finds it on disk."""

    async def scenario(world: World) -> None:
        served = world.process._served
        served._setup = replace(served._setup, latch=latch(tmp_path))
        await world.light()
        world.value = 500.0
        world.beat()
        news = await world.hear(talk.News, lambda news: news.trip is not None)
        kept = json.loads((tmp_path / "trip.json").read_text("utf-8"))
        assert news.trip is not None and kept["rule"] == news.trip.rule
        world.channel.close()

    on_wire(scenario)


def test_without_memory_for_a_thread_the_trip_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that it was not kept."""

    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    assert "NOT kept on disk: RuntimeError" in latch(tmp_path).keep(TRIP).message
