"""The cyclic collector: off in the light, on again however a run ends, and asked between runs."""

from __future__ import annotations

import gc
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labctl.engine import Engine, _collector, carry_out
from labctl.events import Beam, Emission, Event
from labctl.guard import Guards
from labctl.photothermal import FilterBank
from tests.scenario.runs import nobody, request

TINY = ("baseline=5s", "heat=6s", "cool=5s")


@pytest.fixture(autouse=True)
def _what_others_left() -> None:
    """A file that another test of this process left in a circle is not this one's to tell of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def run(runs_dir: Path, publish: Callable[[Event], None] = lambda event: None) -> str:
    """A short run's outcome; nothing of the run itself is held on to."""
    return carry_out(
        request(runs_dir, parameters=TINY),
        publish=[publish],
        ask=nobody,
        on_begin=lambda begun: None,
        on_signals=lambda loop, stop: lambda: None,
    ).ended.outcome


def standing(kind: type) -> int:
    """How many of these there are in this process."""
    return sum(type(thing) is kind for thing in gc.get_objects())


def looking() -> tuple[bool, int]:
    """Whether the collector looks by itself, and what it leaves out."""
    return gc.isenabled(), gc.get_freeze_count()


def test_a_runs_check_is_gone_without_a_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its arrays, megabytes a run, hang in no circle: with the run's end nothing holds them."""
    real, made = FilterBank.__init__, []

    def init(self: FilterBank, *args: Any, **keys: Any) -> None:
        real(self, *args, **keys)
        made.append(weakref.ref(self))

    monkeypatch.setattr(FilterBank, "__init__", init)
    gc.disable()
    try:
        assert "completed" == run(tmp_path)
        assert made
        assert [None] * len(made) == [bank() for bank in made]
    finally:
        gc.enable()


@pytest.mark.parametrize(("more", "left"), [(0.0, 0), (1e9, 3)])
def test_what_runs_leave_in_circles_is_freed_when_a_quarter_more_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: float, left: int
) -> None:
    """Run after run in one process does not grow; and while little has come nobody is halted."""
    gc.collect()
    before = standing(Engine)
    monkeypatch.setattr(_collector, "_MORE", more)
    monkeypatch.setattr(_collector, "_due", False)
    threshold = gc.get_threshold()
    gc.set_threshold(0)
    try:
        for _ in range(3):
            run(tmp_path)
        assert before + left == standing(Engine)
    finally:
        gc.set_threshold(*threshold)


def test_nothing_is_collected_while_another_run_has_light(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends beside one that is lit leaves what it left for later."""
    asked: list[str] = []
    monkeypatch.setattr(_collector, "_due", True)
    monkeypatch.setattr(gc, "collect", lambda: asked.append("collect"))
    _collector.halt()
    try:
        _collector.sweep()
        assert [] == asked
    finally:
        _collector.release()
    _collector.sweep()

    assert ["collect"] == asked


def test_the_collector_is_off_in_the_light(tmp_path: Path) -> None:
    """And what stood before is left out; in the dark before and after it looks at all."""
    seen = []

    def publish(event: Event) -> None:
        if isinstance(event, Emission):
            enabled, left_out = looking()
            seen.append((event.beam, enabled, left_out > 0))

    assert "completed" == run(tmp_path, publish)

    assert (Beam.ON, False, True) in seen
    assert all(beam is not Beam.ON or not enabled for beam, enabled, _ in seen)
    assert (True, 0) == looking()


def breaks_in_the_light(monkeypatch: pytest.MonkeyPatch) -> Callable[[Event], None]:
    """Somebody who looks on fails while there is light."""
    lit = False

    def publish(event: Event) -> None:
        nonlocal lit
        lit = lit or (isinstance(event, Emission) and event.beam is Beam.ON)
        if lit:
            raise TypeError("a view that fails")

    return publish


def breaks_on_the_way_to_off(monkeypatch: pytest.MonkeyPatch) -> Callable[[Event], None]:
    """A fault of labctl's own where the beam is switched off."""
    real = Guards.beam_off

    async def beam_off(self: Guards, why: str) -> Any:
        await real(self, why)
        raise TypeError("broken off")

    monkeypatch.setattr(Guards, "beam_off", beam_off)
    return lambda event: None


def breaks_past_every_handler(monkeypatch: pytest.MonkeyPatch) -> Callable[[Event], None]:
    """Not even the closing of the run is carried out."""

    async def close(self: Engine, ending: object) -> Any:
        await self._light.off("by the test")
        _collector.halt()
        raise TypeError("broken end")

    monkeypatch.setattr(Engine, "_close", close)
    return lambda event: None


@pytest.mark.parametrize(
    "how", [breaks_in_the_light, breaks_on_the_way_to_off, breaks_past_every_handler]
)
def test_after_a_run_that_broke_the_collector_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: Callable[..., Callable[[Event], None]]
) -> None:
    """It is on, and leaves nothing out, whatever the run was ended by."""
    publish = how(monkeypatch)
    if how is breaks_past_every_handler:
        with pytest.raises(TypeError, match="broken end"):
            run(tmp_path, publish)
    else:
        assert "completed" != run(tmp_path, publish)

    assert (True, 0) == looking()
