"""People are warned before the laser's light: 5 s on REAL instruments, tried on simulated ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.clock import NS
from labctl.engine import Begun, _light
from labctl.events import EmissionIntent, Mode, Note, Sample
from tests.scenario.runs import run


@pytest.fixture
def warned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_light.WARNING_S, Mode.SIMULATED, _light.WARNING_S[Mode.REAL])


def test_light_comes_five_seconds_after_the_warning(tmp_path: Path, warned: None) -> None:
    """Told on the record and to every view, with the bench sampled on meanwhile; the light has its
    whole length all the same."""
    story = run(tmp_path)
    (said,) = (note for note in story.of(Note) if note.text == "WARNING: laser light in 5 s")
    (intent,) = story.of(EmissionIntent)
    ((on_s, off_s),) = story.light
    assert 5 * NS <= intent.t_ns - said.t_ns < 6 * NS
    assert on_s >= said.t_ns / NS + 5.0
    assert off_s is not None and off_s - on_s == pytest.approx(90.0, abs=1.0)
    assert 4 <= sum(said.t_ns < s.t_ns < intent.t_ns for s in story.of(Sample))
    assert "completed" == story.ended.outcome


def test_a_stop_during_the_warning_leaves_it_dark(tmp_path: Path, warned: None) -> None:
    """Nothing is lit, and nothing was intended."""
    begun: list[Begun] = []

    def stop(event: object) -> None:
        if isinstance(event, Note) and event.text.startswith("WARNING"):
            begun[0].engine.stop("a person")

    story = run(tmp_path, on_begin=begun.append, publish=[stop])
    assert [] == story.light
    assert [] == story.of(EmissionIntent)
    assert 5 == story.ended.exit_code


def test_a_simulated_bench_lights_without_a_warning(tmp_path: Path) -> None:
    """Nobody can be hurt by it."""
    assert not any("WARNING" in note.text for note in run(tmp_path).of(Note))
