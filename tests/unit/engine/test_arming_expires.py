"""Words that are shown at the bench stand for a while: not typed in time, nothing is armed."""

from __future__ import annotations

import concurrent.futures
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from labctl import bench as benches
from labctl.clock import Clock, real_pause, run_real
from labctl.engine import AtBench
from labctl.engine._arming import Arming
from labctl.errors import StoppedError


def permitted(typed: str | None) -> tuple[list[Any], list[Any]]:
    """What was told and done, when this is typed as soon as it is asked for; None: nothing is."""
    file = benches.load(benches.find_bench("simulated", environment=None).path)
    file = replace(file, arming=replace(file.arming, act_holds_s=0.05))
    told: list[Any] = []
    acts: list[Any] = []

    def ask(text: str) -> concurrent.futures.Future[str]:
        future: concurrent.futures.Future[str] = concurrent.futures.Future()
        if typed is not None:
            future.set_result(typed)
        return future

    async def wanted(ahead_ns: int) -> str:
        return "bench 123abc"

    async def act(it: Any) -> None:
        acts.append(it)

    async def main(clock: Clock) -> None:
        spec = SimpleNamespace(digest=lambda: "d" * 64)
        guards: Any = SimpleNamespace(
            wanted=wanted, act=act, of=lambda name: SimpleNamespace(spec=spec)
        )
        sampler: Any = SimpleNamespace(once=lambda: real_pause(0.005))
        teller: Any = SimpleNamespace(tell=told.append)
        person = AtBench("somebody", "/dev/tty2", ask)
        arming = Arming(clock, guards, sampler, teller, file, ("laser",), person)
        await arming.permit(0, lambda: None)

    run_real(main)
    return told, acts


def test_nobody_types_in_time_and_the_run_ends_dark() -> None:
    """Stopped, with how long was waited; the guard was told nothing."""
    with pytest.raises(StoppedError, match=r"nobody armed it at the bench within 0\.05 s"):
        permitted(None)


def test_what_is_typed_in_time_goes_to_the_guard() -> None:
    """As it was typed, with who and where; the guard judges it."""
    told, acts = permitted("bench 123abc")
    assert [("somebody", "/dev/tty2", "bench 123abc")] == [
        (act.who, act.terminal, act.typed) for act in acts
    ]
    assert any("To arm, type: bench 123abc" in getattr(event, "text", "") for event in told)
