"""People are warned before the laser's light: 5 s on REAL instruments, tried on simulated ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from labctl.bench import Arming, loads
from labctl.clock import NS
from labctl.engine import Begun
from labctl.engine._light import warning_s
from labctl.errors import InputError
from labctl.events import EmissionIntent, Mode, Note, Sample, StateChanged
from tests.scenario.runs import bench_file, guarded

WARNED = dataclasses.replace(bench_file("simulated"), arming=Arming(simulated_warning_s=5.0))


def test_light_comes_five_seconds_after_the_warning(tmp_path: Path) -> None:
    """Told on the record and to every view, with the bench sampled on meanwhile; the light has its
    whole length all the same."""
    story = guarded(tmp_path, bench=WARNED)
    words = "do not look: laser light in 5 s"
    (said,) = (note for note in story.of(Note) if note.text == f"WARNING: {words}")
    (phase,) = (changed for changed in story.of(StateChanged) if changed.new == "WARNING")
    assert ("ARMED", words) == (phase.old, phase.why)
    (intent,) = story.of(EmissionIntent)
    ((on_s, off_s),) = story.light
    assert 5 * NS <= intent.t_ns - said.t_ns < 6 * NS
    assert on_s >= said.t_ns / NS + 5.0
    assert off_s is not None and off_s - on_s == pytest.approx(90.0, abs=1.0)
    assert 4 <= sum(said.t_ns < s.t_ns < intent.t_ns for s in story.of(Sample))
    assert "completed" == story.ended.outcome


def test_a_stop_during_the_warning_leaves_it_dark(tmp_path: Path) -> None:
    """Nothing is lit, and nothing was intended."""
    begun: list[Begun] = []

    def stop(event: object) -> None:
        if isinstance(event, Note) and event.text.startswith("WARNING"):
            begun[0].engine.stop("a person")

    story = guarded(tmp_path, bench=WARNED, on_begin=begun.append, publish=[stop])
    assert [] == story.light
    assert [] == story.of(EmissionIntent)
    assert 5 == story.ended.exit_code


def test_how_long_is_declared_and_never_less_than_five_seconds_on_a_real_bench() -> None:
    """Also over TCP a bench warns, unless its file says otherwise."""
    usual, longer = Arming(), Arming(warning_s=10.0, simulated_warning_s=0.0)
    real, simulated = Mode.REAL, Mode.SIMULATED
    assert 5.0 == warning_s(usual, real, in_process=False)
    assert 10.0 == warning_s(longer, real, in_process=False)
    assert 5.0 == warning_s(usual, simulated, in_process=False)
    assert 0.0 == warning_s(longer, simulated, in_process=False)
    assert 0.0 == warning_s(usual, simulated, in_process=True)
    with pytest.raises(InputError) as refused:
        plain = dataclasses.replace(bench_file("simulated"), arming=Arming())
        loads(plain.dump() + "arming: {warning: 4 s}\n")
    assert ["P024"] == [problem.code for problem in refused.value.problems]


def test_a_simulated_bench_lights_without_a_warning(tmp_path: Path) -> None:
    """Nobody can be hurt by it."""
    assert not any("WARNING" in note.text for note in guarded(tmp_path).of(Note))
