"""Runs on benches with a shutter and a dead-man relay: healthy, under every fault of either, and
with a laser that does not obey."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labctl.bench import InstrumentEntry
from labctl.errors import Exit
from labctl.events import Beam, Emission, Reading, Sample, Tripped
from tests.scenario.runs import SHORT, Story, bench_file, guarded

LIT_S = 20.0
"""About when the light of SHORT begins; it is planned for 90 s."""


def gated(tmp_path: Path, *faults: str, **how: Any) -> Story:
    return guarded(tmp_path, **({"bench": "simulated-gates", "faults": faults} | how))


def channel(story: Story, name: str) -> list[tuple[float, float]]:
    """(seconds, value) of one channel over the run."""
    return [
        (reading.t_ns / 1e9, reading.value)
        for sample in story.of(Sample)
        for reading in sample.readings
        if isinstance(reading, Reading) and reading.channel == name
    ]


@pytest.mark.parametrize("bench", ["simulated-gates", "simulated-cni"])
def test_a_healthy_run_opens_the_shutter_last_and_shuts_it_first(
    tmp_path: Path, bench: str
) -> None:
    """The sample has light for as long as planned, between an opened and a closed blade as sensed;
    while it is closed no power at the sample is told."""
    story = gated(tmp_path, bench=bench, check=True)
    ((on_s, off_s),) = story.light
    (commanded,) = [e for e in story.of(Emission) if e.how.startswith("commanded")]
    shut = [t_s for t_s, closed in channel(story, "shutter.closed") if closed]
    lit = [t_s for t_s, watts in channel(story, "meter.power") if watts > 0.1]

    assert ("completed", []) == (story.ended.outcome, story.of(Tripped))
    assert off_s is not None
    assert 90.0 == pytest.approx(off_s - on_s, abs=0.3)
    assert 0.0 <= on_s - commanded.t_ns / 1e9 < 0.2
    assert Beam.OFF is story.ended.beam
    assert not [t_s for t_s in shut if on_s + 0.5 < t_s < off_s]
    assert min(lit) >= on_s


def test_what_a_laser_has_before_it_takes_its_power_stays_behind_the_shutter(
    tmp_path: Path,
) -> None:
    """A CNI supply is on, at whatever power it was left with, for half a second before it takes
    the one asked for: the meter sees it before the shutter, the sample never does."""
    story = gated(tmp_path, bench="simulated-cni")
    ((on_s, _),) = story.light
    before = [watts for t_s, watts in channel(story, "meter.before_shutter") if t_s < on_s]
    behind = [watts for t_s, watts in channel(story, "meter.power") if t_s < on_s]

    assert max(before) > 0.5
    assert max(behind) < 0.01


@pytest.mark.parametrize(
    ("fault", "rules", "within_s"),
    [
        ("deadman-drops@50s", {"gate", "interlock", "dropped"}, 0.1),
        ("unplugged-port:board@50s", {"gate", "interlock", "dropped"}, 0.75),
        ("shutter-falls-shut@50s", {"gate"}, 0.1),
        ("unplugged-port:shutter@50s", {"gate"}, 3.0),
    ],
)
def test_a_fault_of_a_gate_ends_the_light_and_the_run(
    tmp_path: Path, fault: str, rules: set[str], within_s: float
) -> None:
    """Dropped, fallen shut or not to be heard: the sample is dark within its bound, exit code 4."""
    story = gated(tmp_path, fault)
    off_s = story.light[0][1]

    assert ("tripped", Exit.SAFETY) == (story.ended.outcome, story.ended.exit_code)
    assert story.of(Tripped)[0].rule in rules
    assert off_s is not None
    assert off_s <= 50.0 + within_s
    assert (Beam.OFF, "read back") == (story.ended.beam, story.ended.beam_how)


def test_a_dead_man_that_would_not_drop_is_not_the_only_way_off(tmp_path: Path) -> None:
    """Its cable out and its watchdog dead: the guard's own rule ends the light."""
    story = gated(tmp_path, "deadman-stays@0s", "unplugged-port:board@50s")
    off_s = story.light[0][1]

    assert (Exit.SAFETY, "gate") == (story.ended.exit_code, story.of(Tripped)[0].rule)
    assert off_s is not None
    assert off_s <= 53.0


ENDS_S = LIT_S + 91.0
"""The planned end of the light, when a laser is told to go off."""


@pytest.mark.parametrize(
    ("broken", "how", "within_s"),
    [
        ((), "shutter reads closed", 0.2),
        (("shutter-stuck",), "read back", 2.5),
        (("relay-welded",), "shutter reads closed", 0.2),
    ],
)
def test_a_laser_that_ignores_off_is_ended_by_what_is_left(
    tmp_path: Path, broken: tuple[str, ...], how: str, within_s: float
) -> None:
    """Shutter at once, relay after a second: either ends the light at the sample, is what confirms
    it, and the run is a trip all the same."""
    story = gated(tmp_path, "laser-ignores-off@50s", *(f"{b}@50s" for b in broken))
    ((_, off_s),) = story.light

    assert off_s is not None
    assert off_s <= ENDS_S + within_s
    assert Exit.SAFETY == story.ended.exit_code
    assert story.of(Tripped)[0].rule in {"unbidden", "exposure"}
    assert (Beam.OFF, how) == (story.ended.beam, story.ended.beam_how)


def test_a_shutter_that_does_not_close_is_told_though_the_laser_is_off(tmp_path: Path) -> None:
    """The laser obeys, the blade does not: dark, and exit code 4 for the blade."""
    story = gated(tmp_path, "shutter-stuck@50s")
    ((_, off_s),) = story.light

    assert off_s is not None
    assert off_s <= ENDS_S
    assert Exit.SAFETY == story.ended.exit_code
    assert "the shutter could not be blocked" in story.of(Tripped)[0].message
    assert (Beam.OFF, "read back") == (story.ended.beam, story.ended.beam_how)


def test_with_every_path_broken_nobody_says_off(tmp_path: Path) -> None:
    """Laser, shutter and relay all stuck: ON is what is said, and exit code 8."""
    story = gated(tmp_path, "laser-ignores-off@50s", "shutter-stuck@50s", "relay-welded@50s")
    alarm = story.of(Tripped)[-1]

    assert [None] == [off_s for _, off_s in story.light]
    assert (Exit.BEAM_NOT_CONFIRMED_OFF, Beam.ON) == (story.ended.exit_code, story.ended.beam)
    assert "beam-not-confirmed-off" == alarm.rule
    assert "the shutter could not be blocked: the blade does not close" in alarm.message


def test_a_blade_that_does_not_open_means_no_light(tmp_path: Path) -> None:
    """Stuck shut from the beginning: the laser is lit behind it, put out again, and told."""
    story = gated(tmp_path, "shutter-stuck@0s")

    assert [] == story.light
    assert story.ended.exit_code not in {Exit.PASS, Exit.BEAM_NOT_CONFIRMED_OFF}
    assert "the blade does not open" in story.ended.why
    assert (Beam.OFF, "read back") == (story.ended.beam, story.ended.beam_how)


@pytest.mark.parametrize("size", ["-50%", "+50%"])
def test_a_power_that_is_not_as_asked_stays_behind_the_shutter(tmp_path: Path, size: str) -> None:
    """A laser that takes its power when it is on and gives another: never let through."""
    story = gated(tmp_path, f"power-step={size}@0s", bench="simulated-cni")

    assert [] == story.light
    assert Exit.SAFETY == story.ended.exit_code
    assert Beam.OFF is story.ended.beam


@pytest.mark.parametrize("fault", ["laser-ignores-off@50s", "unplugged-port:laser@50s"])
def test_the_shutter_is_the_way_off_for_a_laser_that_does_not_listen(
    tmp_path: Path, fault: str
) -> None:
    """A CNI supply that ignores OFF, or whose cable is out: dark by the shutter at the planned
    end, confirmed by its blade, and a trip because the laser itself stays lit."""
    story = gated(tmp_path, fault, bench="simulated-cni")
    ((on_s, off_s),) = story.light

    assert off_s is not None
    assert off_s <= on_s + 90.3
    assert Exit.SAFETY == story.ended.exit_code
    assert story.of(Tripped)[0].rule in {"unbidden", "exposure"}
    assert (Beam.OFF, "shutter reads closed") == (story.ended.beam, story.ended.beam_how)


@pytest.mark.parametrize(
    ("faults", "code", "off_s"),
    [
        ((), Exit.PASS, None),
        (("deadman-drops@50s",), Exit.SAFETY, 50.1),
        (("unplugged-port:board@50s",), Exit.SAFETY, 52.1),
    ],
)
def test_a_relay_under_a_labjacks_watchdog_does_the_same(
    tmp_path: Path, faults: tuple[str, ...], code: Exit, off_s: float | None
) -> None:
    """Fed by its key over Modbus; dropped by its watchdog in whole seconds."""
    bench = bench_file("simulated-gates")
    settings = {"line": 3, "sense": 4, "timeout": 2}
    t7 = InstrumentEntry("labjack-t7", "sim://board", settings)
    bench = replace(bench, instruments={**bench.instruments, "board": t7})
    story = gated(tmp_path, *faults, bench=bench)
    ((_, dark_s),) = story.light

    assert dark_s is not None
    assert story.ended.exit_code in {code, Exit.CANNOT_TELL if code is Exit.PASS else code}
    assert dark_s <= (off_s or ENDS_S)
    assert (Beam.OFF, "read back") == (story.ended.beam, story.ended.beam_how)


def test_the_interlock_that_the_relay_holds_open_refuses_arming_until_it_closes(
    tmp_path: Path,
) -> None:
    """Dark, the relay is open and the laser's interlock reads open; armed, it reads closed."""
    story = gated(tmp_path)
    interlock = channel(story, "laser.interlock")
    ((on_s, off_s),) = story.light
    assert off_s is not None

    assert {0.0} == {closed for t_s, closed in interlock if t_s < on_s - 1.0}
    assert {1.0} == {closed for t_s, closed in interlock if on_s < t_s < off_s}


def test_the_bench_that_is_shipped_declares_what_it_has() -> None:
    """Its roles name a shutter and a dead-man, and its file says how they were tried out."""
    bench = bench_file("simulated-gates")

    assert {"shutter", "deadman"} <= set(bench.roles)
    assert bench.dead_man is not None
    assert "relay" in bench.dead_man.what
    assert SHORT
