"""A bench gone through: its little light judged from the record, and a walk that is broken off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from labctl.bench import Step, StepState
from labctl.cli._commission import judge_light, worst
from labctl.errors import Exit
from labctl.events import Event, RunEnded
from tests.scenario.runs import bench_file, run
from tests.scenario.test_tcp import PATIENCE_S, Served, environment, served

__all__ = ["served"]
LIT = ("power=50mW", "heat=8s")


def judged(bench: str, events: tuple[Event, ...]) -> dict[str, Step]:
    return {step.name: step for step in judge_light(bench_file(bench), events, "runs/x")}


@pytest.mark.parametrize("bench", ["simulated", "simulated-gates", "simulated-cni"])
def test_a_little_light_is_measured_and_seen_off_in_time(tmp_path: Path, bench: str) -> None:
    """The meter agrees with what was asked for, and off with the bench's bound."""
    story = run(tmp_path, protocol="commissioning", bench=bench_file(bench), parameters=LIT)
    steps = judged(bench, story.events)
    assert {StepState.PASSED} == {step.state for step in steps.values()}, steps
    assert ["light", "light off"] == list(steps)
    light, off = steps["light"].figures, steps["light off"].figures
    assert abs(light["relative"]) < light["at_most_relative"]
    ((_, off_s),) = story.light
    assert off_s is not None
    assert 0.0 <= off["took_s"] <= off["at_most_s"]


def test_a_laser_that_gives_more_than_it_was_asked_for_fails(tmp_path: Path) -> None:
    """More than the bench's calibrations explain, and less than what trips at once."""
    story = run(
        tmp_path, protocol="commissioning", bench=bench_file("simulated"), parameters=LIT,
        faults=["power-step=+12%@laser+1s"],
    )  # fmt: skip
    assert 0.05 < judged("simulated", story.events)["light"].figures["relative"] < 0.2
    file = bench_file("simulated")
    strict = replace(file, vigilance=replace(file.vigilance, power_mismatch=0.05))
    (light, off) = judge_light(strict, story.events, "runs/x")
    assert (StepState.FAILED, StepState.PASSED) == (light.state, off.state)


def test_a_run_that_did_not_complete_is_no_light(tmp_path: Path) -> None:
    """What was measured of it does not count."""
    story = run(
        tmp_path, protocol="commissioning", bench=bench_file("simulated"), parameters=LIT,
        faults=["interlock-open@8s"],
    )  # fmt: skip
    assert "tripped" == next(e for e in story.events if isinstance(e, RunEnded)).outcome
    (step,) = judged("simulated", story.events).values()
    assert StepState.FAILED is step.state


def test_a_walk_that_is_broken_off_leaves_no_record_and_the_bench_free(
    served: Served, tmp_path: Path
) -> None:
    """SIGTERM while it looks at the sensors: exit code 5, nothing written, and a second
    walk finds the ports free."""
    command = [sys.executable, "-m", "labctl", "bench", "check", "--bench", str(served.bench_file)]
    walk = subprocess.Popen(
        command, cwd=tmp_path, env={**environment(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert walk.stdout is not None
    assert any("identities" in line for line in walk.stdout)
    os.kill(walk.pid, signal.SIGTERM)
    said, _ = walk.communicate(timeout=PATIENCE_S)
    assert 5 == walk.returncode
    assert "asked to stop by SIGTERM" in said
    assert not (tmp_path / "commissioning.json").exists()
    assert [] == served.edges()
    listed = subprocess.run(
        [sys.executable, "-m", "labctl", "devices", "--only-at", "--at", address(served)],
        cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "held" not in listed.stdout
    assert "3 of 3 known" in listed.stdout


def address(served: Served) -> str:
    """Of the laser."""
    text = served.bench_file.read_text()
    return "sim+socket://" + text.partition("sim+socket://")[2].split()[0].strip('",}')


@pytest.mark.parametrize(
    ("ended", "expected"),
    [(Exit.PASS, 1), (Exit.STOPPED, 5), (Exit.SAFETY, 4), (Exit.BEAM_NOT_CONFIRMED_OFF, 8)],
)
def test_how_the_light_ended_is_the_exit_code_where_it_says_more(
    ended: Exit, expected: int
) -> None:
    """Light that was not seen off overrides what failed; nothing lit leaves the code as it is."""
    run: Any = SimpleNamespace(result=SimpleNamespace(ended=SimpleNamespace(exit_code=ended)))
    assert expected == worst(Exit.CHECK_FAILED, run)
    assert Exit.CHECK_FAILED == worst(Exit.CHECK_FAILED, None)
    never: Any = SimpleNamespace(result=None)
    assert Exit.CHECK_FAILED == worst(Exit.CHECK_FAILED, never)
