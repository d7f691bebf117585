"""Each fault that can be injected does what it should, and the world's own log agrees."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.errors import Exit
from labctl.events import Beam, PortTrouble, Tripped
from tests.scenario.runs import CHECKED, bench_file, guarded, run, without_shutter


@pytest.mark.parametrize(
    ("fault", "fault_class"),
    [
        ("power-step=-10%@90s", 1),
        ("beam-off-sample=-30%@90s", 1),
        ("bead-in-beam=3K@90s", 7),
    ],
)
def test_a_fault_of_light_or_bead_completes_with_its_class_named(
    tmp_path: Path, fault: str, fault_class: int
) -> None:
    """The run goes on to its end and never passes; the alarm names the class of the fault."""
    story = run(tmp_path, faults=[fault], parameters=CHECKED)

    assert "completed" == story.ended.outcome
    assert story.ended.exit_code in {Exit.CHECK_FAILED, Exit.CANNOT_TELL}
    assert story.ended.verdict in {"fail", "cannot tell"}
    assert fault_class in story.classes
    assert 1 == len(story.light)


@pytest.mark.parametrize(
    ("fault", "rule", "within_s"),
    [
        ("bead-out@50s", "fall", 5.0),
        ("open-thermocouple@50s", "open", 1.0),
        ("frozen-reading@50s", "frozen", 7.0),
        ("interlock-open@50s", "interlock", 0.0),
    ],
)
def test_a_fault_of_safety_trips_and_the_beam_is_off(
    tmp_path: Path, fault: str, rule: str, within_s: float
) -> None:
    """The rule is named, the exit code is 4, and the world says dark within its bound."""
    story = guarded(tmp_path, faults=[fault])
    ((_, off_s),) = story.light

    assert ("tripped", Exit.SAFETY) == (story.ended.outcome, story.ended.exit_code)
    assert rule == story.of(Tripped)[0].rule
    assert off_s is not None
    assert off_s <= 50.0 + within_s
    assert (Beam.OFF, "read back") == (story.ended.beam, story.ended.beam_how)


@pytest.mark.parametrize("where", ["meter", "scanner"])
def test_a_late_reply_is_resynchronised_noted_and_the_run_goes_on(
    tmp_path: Path, where: str
) -> None:
    """One reply half a second late costs a note, not the run."""
    story = guarded(tmp_path, faults=[f"late-reply:{where}@50s"])

    assert ("completed", []) == (story.ended.outcome, story.of(Tripped))
    assert story.ended.exit_code in {Exit.PASS, Exit.CANNOT_TELL}
    assert [(where, "timeout"), (where, "resynchronised")] == [
        (trouble.instrument, trouble.what) for trouble in story.of(PortTrouble)
    ]


def test_a_late_reply_of_the_laser_itself_switches_it_off(tmp_path: Path) -> None:
    """Nobody knows what a source does whose reply is late: off at once, and the run ends."""
    story = guarded(tmp_path, faults=["late-reply:diode@50s"])
    ((_, off_s),) = story.light

    assert Exit.SAFETY == story.ended.exit_code
    assert off_s is not None
    assert off_s < 50.5
    assert "resynchronised" in {trouble.what for trouble in story.of(PortTrouble)}


@pytest.mark.parametrize("where", ["scanner", "meter"])
def test_an_unplugged_port_ends_the_run_dark(tmp_path: Path, where: str) -> None:
    """A lost instrument is exit code 3, with the beam off within a tick."""
    story = guarded(tmp_path, faults=[f"unplugged-port:{where}@50s"])
    ((_, off_s),) = story.light

    assert ("instrument-lost", Exit.INSTRUMENT) == (story.ended.outcome, story.ended.exit_code)
    assert off_s is not None
    assert off_s < 51.0
    assert Beam.OFF == story.ended.beam


def test_light_that_stays_while_the_port_is_gone_for_seconds_is_a_matter_of_safety(
    tmp_path: Path,
) -> None:
    """The port was lost first, and that is why the run ended; but its light went on for seconds
    after off, which the guard told and the exit code says, although it is confirmed off at last."""
    story = guarded(tmp_path, faults=["unplugged-port:diode@50s+6s"])

    assert ("instrument-lost", Exit.SAFETY) == (story.ended.outcome, story.ended.exit_code)
    assert "unbidden" in [trip.rule for trip in story.of(Tripped)]
    assert (Beam.OFF, "read back") == (story.ended.beam, story.ended.beam_how)


def test_an_unplugged_laser_is_never_said_to_be_off(tmp_path: Path) -> None:
    """With its cable out nothing can switch it off or read it: exit code 8 overrides 3."""
    story = guarded(tmp_path, faults=["unplugged-port:diode@50s"])

    assert [None] == [off_s for _, off_s in story.light]
    assert Exit.BEAM_NOT_CONFIRMED_OFF == story.ended.exit_code
    assert Beam.OFF is not story.ended.beam
    assert "instrument-lost" == story.ended.outcome


@pytest.mark.parametrize("bench", ["simulated", "simulated-cni"])
def test_a_laser_that_ignores_off_gets_every_path_and_the_loudest_alarm(
    tmp_path: Path, bench: str
) -> None:
    """OFF, level to nothing, port opened anew; then exit code 8, and ON is what is said."""
    file = without_shutter(bench_file(bench))
    story = guarded(tmp_path, faults=["laser-ignores-off@50s"], bench=file)
    alarm = story.of(Tripped)[-1]

    assert [None] == [off_s for _, off_s in story.light]
    assert (Exit.BEAM_NOT_CONFIRMED_OFF, Beam.ON) == (story.ended.exit_code, story.ended.beam)
    assert "beam-not-confirmed-off" == alarm.rule
    assert "drive level set to 0" in alarm.message
    assert "port" in alarm.message
    assert "Use the interlock or the key now." in alarm.message


def test_an_open_interlock_refuses_arming_and_nothing_is_lit(tmp_path: Path) -> None:
    """Rules are levels: what is wrong before arming is as wrong as later."""
    story = guarded(tmp_path, faults=["interlock-open@5s"])

    assert (Exit.SAFETY, []) == (story.ended.exit_code, story.light)
    assert "interlock" in story.ended.why


def test_a_laser_on_by_itself_is_switched_off_and_ends_the_run(tmp_path: Path) -> None:
    """Light that nobody asked for is off within a second, and the run does not go on."""
    story = guarded(tmp_path, faults=["laser-on-by-itself@10s"])
    ((_, off_s),) = story.light

    assert Exit.SAFETY == story.ended.exit_code
    assert "unbidden" == story.of(Tripped)[0].rule
    assert off_s is not None
    assert off_s < 11.0
