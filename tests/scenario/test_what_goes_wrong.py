"""What goes wrong at a bench, or in the machine that runs it, each with the end it must have.

The rest of the list is beside the thing it tries: gates in test_gates.py, kills in
test_guard_process.py and test_kill.py, single faults in test_faults.py, a disk that fails at any
event in tests/unit/engine/test_faults_inside.py, one owner in tests/unit/bench/test_lock.py.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from labctl import bench as benches
from labctl import clock as clocks
from labctl.engine import carry_out
from labctl.errors import Exit
from labctl.events import Beam, Event, Sample, Tripped
from labctl.record import JournalState
from tests.scenario import test_guard_process
from tests.scenario.runs import (
    CHECKED,
    SHORT,
    Story,
    bench_file,
    emission_delay,
    guarded,
    nobody,
    read,
    request,
    run,
    without_shutter,
)
from tests.scenario.test_guard_process import ARGS, PROTOCOL, Run, environment

lit = test_guard_process.run
HOUR_NS = 3600 * clocks.NS


@pytest.mark.parametrize(
    "fault", ["shorted-thermocouple", "reversed-thermocouple", "swapped-thermocouples"]
)
def test_a_thermocouple_miswired_while_lit_is_not_in_the_liquid(tmp_path: Path, fault: str) -> None:
    """Shorted, reversed or swapped with ambient: it falls as no liquid does, off in one reading."""
    story = guarded(tmp_path, faults=[f"{fault}@50s"])
    ((_, off_s),) = story.light

    assert (Exit.SAFETY, "fall") == (story.ended.exit_code, story.of(Tripped)[0].rule)
    assert off_s is not None
    assert off_s < 50.6
    assert (Beam.OFF, "read back") == (story.ended.beam, story.ended.beam_how)


@pytest.mark.parametrize("sample", ["pda-aminoacid", "gold-nanorods"])
@pytest.mark.parametrize(
    ("fault", "rules", "within_s"),
    [
        ("shorted-thermocouple", {"follow"}, 35.0),
        ("reversed-thermocouple", {"follow", "fall"}, 10.0),
        ("swapped-thermocouples", {"follow"}, 35.0),
        ("bead-out", {"follow"}, 60.0),
    ],
)
def test_a_thermocouple_out_of_place_from_the_beginning_does_not_follow_the_light(
    tmp_path: Path, fault: str, rules: set[str], within_s: float, sample: str
) -> None:
    """What the light must do to the sample at least is not found again: off."""
    story = guarded(
        tmp_path, faults=[f"{fault}@0s"], sample=sample, check=sample == "pda-aminoacid"
    )
    ((on_s, off_s),) = story.light

    assert Exit.SAFETY == story.ended.exit_code
    assert story.of(Tripped)[0].rule in rules
    assert off_s is not None
    assert off_s - on_s < within_s
    assert (Beam.OFF, "read back") == (story.ended.beam, story.ended.beam_how)


@pytest.mark.parametrize("sample", ["water", "pbs"])
def test_a_blank_that_hardly_warms_trips_nothing(tmp_path: Path, sample: str) -> None:
    """Its least rise is that of water, below what the guard can tell from none."""
    story = run(tmp_path, sample=sample, parameters=(*SHORT, "power=2 W"))

    assert ("completed", []) == (story.ended.outcome, story.of(Tripped))


def test_a_laser_that_says_off_and_still_emits_is_on(tmp_path: Path) -> None:
    """The meter overrules what the controller says: ON, every path tried, exit code 8."""
    story = guarded(
        tmp_path,
        bench=without_shutter(bench_file("simulated")),
        faults=["laser-lies-about-off@50s"],
    )

    assert [None] == [off_s for _, off_s in story.light]
    assert (Exit.BEAM_NOT_CONFIRMED_OFF, Beam.ON) == (story.ended.exit_code, story.ended.beam)
    assert "reads OFF but the meter still sees" in story.ended.beam_how
    assert "Use the interlock or the key now." in story.of(Tripped)[-1].message


@pytest.mark.parametrize("bench", ["simulated-gates", "simulated-cni"])
def test_a_laser_that_lies_is_ended_by_its_shutter(tmp_path: Path, bench: str) -> None:
    """At the planned end the sample is dark by the blade, and the run is a trip all the same."""
    story = guarded(tmp_path, bench=bench, faults=["laser-lies-about-off@50s"])
    ((on_s, off_s),) = story.light

    assert off_s is not None
    assert off_s <= on_s + 90.3
    assert (Exit.SAFETY, "unbidden") == (story.ended.exit_code, story.of(Tripped)[0].rule)
    assert Beam.OFF is story.ended.beam


def test_a_fifth_more_power_than_commanded_is_a_trip(tmp_path: Path) -> None:
    """20 % is beyond three deviations of both calibrations and their drift, 18 %: off in two
    readings of the meter."""
    story = guarded(tmp_path, faults=["power-step=+20%@50s"])
    ((_, off_s),) = story.light

    assert (Exit.SAFETY, "power-mismatch") == (story.ended.exit_code, story.of(Tripped)[0].rule)
    assert off_s is not None
    assert off_s < 51.1


def test_less_than_the_calibrations_can_tell_is_within_the_guard_and_fails_the_check(
    tmp_path: Path,
) -> None:
    """13 % above command: no trip, class 1, and the run fails."""
    story = run(tmp_path, faults=["power-step=+13%@90s"], parameters=CHECKED)

    assert ("completed", []) == (story.ended.outcome, story.of(Tripped))
    assert Exit.CHECK_FAILED == story.ended.exit_code
    assert 1 in story.classes


def test_an_interlock_opened_in_the_emission_delay_leaves_it_dark(
    tmp_path: Path,
) -> None:
    """On is commanded at 20.3 s; light would come at 22.3 s: the interlock opens between."""
    with emission_delay("Arroyo", 2.0):
        story = guarded(tmp_path, faults=["interlock-open@21s"])

    assert [] == story.light
    assert Exit.SAFETY == story.ended.exit_code
    assert "interlock" == story.of(Tripped)[0].rule
    assert Beam.OFF is story.ended.beam


@pytest.mark.parametrize("onset_s", [109.9, 110.2])
def test_a_port_out_of_step_at_the_moment_of_off_ends_dark_in_time(
    tmp_path: Path, onset_s: float
) -> None:
    """One late reply of the laser just before its planned end: off is written past it, the end is
    not later, OFF is read back in the end, and what the meter saw before is no light that nobody
    asked for."""
    story = guarded(tmp_path, faults=[f"late-reply:diode=700ms@{onset_s}s"])
    ((on_s, off_s),) = story.light

    assert off_s is not None
    assert off_s <= on_s + 90.1
    assert [] == story.of(Tripped)
    assert story.ended.exit_code in {Exit.PASS, Exit.CANNOT_TELL}
    assert (Beam.OFF, "read back") == (story.ended.beam, story.ended.beam_how)


@pytest.mark.parametrize("step_ns", [HOUR_NS, -HOUR_NS], ids=["forward", "back"])
def test_a_wall_clock_stepped_by_an_hour_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step_ns: int
) -> None:
    """Nothing that decides is taken from the wall clock: light and readings as without."""
    real = time.time_ns
    shift = [0]
    monkeypatch.setattr("time.time_ns", lambda: real() + shift[0])

    def step(event: Event) -> None:
        if isinstance(event, Sample) and event.t_ns > 50 * clocks.NS:
            shift[0] = step_ns

    stepped = guarded(tmp_path / "stepped", publish=[step])
    shift[0] = 0
    as_ever = guarded(tmp_path / "as-ever")
    times = [sample.t_ns for sample in stepped.of(Sample)]

    assert ("completed", []) == (stepped.ended.outcome, stepped.of(Tripped))
    assert as_ever.light == stepped.light
    assert sorted(times) == times


def _unchecked(runs_dir: Path, publish: Callable[[Event], None], **how: Any) -> Story:
    """A run whose record is cut off, or whose world has a time of its own."""
    asked = request(runs_dir, **how)
    return read(
        carry_out(
            asked,
            publish=[publish],
            ask=nobody,
            on_begin=lambda begun: None,
            on_signals=lambda loop, stop: lambda: None,
        )
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS], ids=["full", "read-only"])
def test_a_disk_that_takes_no_more_ends_the_light(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """From 8 s on no byte gets to the record, which is synced each 0.1 s of real time (2 s at this
    speed): off, exit code 6, and what is there reads back."""
    real, broken = os.write, []

    def write(handle: int, data: bytes) -> int:
        if broken and str(tmp_path) in os.readlink(f"/proc/self/fd/{handle}"):
            raise OSError(number, os.strerror(number))
        return real(handle, data)

    def breaks(event: Event) -> None:
        if isinstance(event, Sample) and event.t_ns > 8 * clocks.NS:
            broken.append(True)

    monkeypatch.setattr("os.write", write)
    story = _unchecked(
        tmp_path, breaks, parameters=("baseline=5s", "heat=20s", "cool=5s"), speed=20.0
    )
    ((_, off_s),) = story.light

    assert ("data-fault", Exit.DATA) == (story.ended.outcome, story.ended.exit_code)
    assert JournalState.CUT_OFF == story.state
    assert off_s is not None
    assert off_s < 8.0 + 5.0
    assert Beam.OFF is story.ended.beam


def test_a_second_engine_on_the_bench_is_refused_and_the_first_goes_on(lit: Run) -> None:
    """One bench, one owner: exit code 2, who holds it is named, the light stays as it is."""
    second = subprocess.run(
        [sys.executable, "-m", "labctl", *ARGS, "--bench", "b.yaml"],
        cwd=lit.folder, env=environment(lit.folder), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert Exit.BAD_INPUT == second.returncode, second.stdout + second.stderr
    assert "one bench, one owner" in second.stderr
    assert f"pid {lit.engine} of " in second.stderr
    assert "on" == lit.edges()[-1]["edge"]


def test_an_interrupt_said_twice_is_one_orderly_end(lit: Run) -> None:
    """Ctrl-C, and again while off is on its way: dark, closed, exit code 5."""
    lit.send(lit.engine, signal.SIGINT)
    lit.send(lit.engine, signal.SIGINT)
    code, out = lit.ended()

    assert Exit.STOPPED == code, out
    assert "off" == lit.edges()[-1]["edge"]
    closed = json.loads(out.splitlines()[-1])
    assert ("closed", "off") == (closed["k"], closed["beam"])


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A bench that is served over TCP with a lease of one second, and nobody on it."""
    monkeypatch.setenv("LABCTL_RUNTIME_DIR", str(tmp_path / "rt"))
    server = subprocess.Popen(
        [sys.executable, "-m", "labctl", "sim", "serve", "--bench", "simulated", "--seed", "1",
         "--log", "emission.jsonl", "--write-bench", "b.yaml"],
        cwd=tmp_path, env={**environment(tmp_path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        assert any('"ready"' in line for line in server.stdout)
        bench = tmp_path / "b.yaml"
        bench.write_text(bench.read_text().replace("lease: 2 s", "lease: 1 s"))
        yield tmp_path
    finally:
        server.terminate()
        server.communicate()


def test_an_event_loop_stalled_for_two_seconds_ends_the_light_meanwhile(served: Path) -> None:
    """The engine's loop is held up in the middle of the light: the guard's lease ends it before the
    loop goes on, and the run ends by that trip."""
    stalled_ns: list[int] = []

    def stall(event: Event) -> None:
        if isinstance(event, Sample) and event.t_ns > 4 * clocks.NS and not stalled_ns:
            stalled_ns.append(clocks.real_ns())
            clocks.real_sleep(2.0)
            stalled_ns.append(clocks.real_ns())

    story = _unchecked(
        served / "runs",
        stall,
        protocol=PROTOCOL.read_text().replace("min: 5 s", "min: 500 ms"),
        parameters=("baseline=500ms", "heat=20s", "cool=1s", "every=250ms"),
        bench=benches.load(served / "b.yaml"),
        speed=1.0,
    )
    edges = [json.loads(line) for line in (served / "emission.jsonl").read_text().splitlines()]
    ((_, off_ns),) = [[edge["boot_ns"] for edge in edges if edge["edge"] in ("on", "off")]]

    assert off_ns < stalled_ns[1]
    assert (Exit.SAFETY, "lease") == (story.ended.exit_code, story.of(Tripped)[0].rule)
    assert Beam.OFF is story.ended.beam
