"""A walk through a bench in the dark: what passes, what fails, and that nothing is lit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from labctl import bench
from labctl.bench import (
    BenchFile,
    Step,
    StepState,
    Walked,
    keep_record,
    passed,
    refuse_unwritable,
    walk,
)
from labctl.bench._commissioning import not_commissioned, record_path
from labctl.clock import NS, Clock, run_virtual
from labctl.errors import RecordError
from labctl.events import Mode
from labctl.instruments import SimSpec
from labctl_simulators.session import Session

Hand = Callable[[Session, str], None]


def shipped(name: str = "simulated-gates") -> BenchFile:
    return bench.load(bench.find_bench(name).path)


def helpful(session: Session, words: str) -> None:
    """Hands that do as they are asked."""
    laser = session.world.laser
    if "OPEN the interlock" in words:
        laser.open_interlock()
    elif "CLOSE the interlock" in words:
        laser.close_interlock()
    elif "key" in words:
        laser.key_on = "ON" in words


def walked(
    file: BenchFile, *faults: str, hand: Hand = helpful, hands: bool = True
) -> tuple[Walked, Session, list[str]]:
    """Go through the bench in virtual time."""
    session = Session(SimSpec(1, faults, {}, file.statement()))
    said: list[str] = []

    async def main(clock: Clock) -> Walked:
        def say(words: str) -> None:
            said.append(words)
            hand(session, words)

        return await walk(file, clock, say, hands=hands, hands_ns=10 * NS, session=session)

    return run_virtual(main), session, said


def states(found: Walked) -> dict[str, StepState]:
    return {step.name: step.state for step in found.steps}


def test_a_good_bench_passes_every_step_and_nothing_is_lit() -> None:
    """Identities, off, sensors, gates, interlock and key, each seen."""
    found, session, said = walked(shipped())
    assert {StepState.PASSED} == set(states(found).values()), said
    assert ["identities", "off", "probe", "ambient", "meter", "one room", "shutter", "deadman",
            "interlock", "key"] == list(states(found))  # fmt: skip
    assert Mode.SIMULATED is found.mode
    assert [] == session.truth()["emission"]
    assert not session.world.laser.lit


def test_the_dead_man_s_time_is_measured() -> None:
    """From its last feeding; the bench file sets 600 ms."""
    found, _, _ = walked(shipped())
    figures = next(step.figures for step in found.steps if step.name == "deadman")
    assert 0.55 <= figures["dropped_after_s"] <= 0.75
    assert 0.6 == figures["declared_s"]


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        ("deadman-stays@0s", "deadman"),
        ("relay-welded@0s", "deadman"),
        ("shutter-stuck@0s", "shutter"),
        ("open-thermocouple@0s", "probe"),
        ("open-thermocouple:102@0s", "ambient"),
        ("probe-offset=+8K@0s", "one room"),
        ("probe-offset=+40K@0s", "probe"),
    ],
)
def test_what_is_wrong_fails_its_own_step(fault: str, step: str) -> None:
    """And the walk goes on, with nothing lit."""
    found, session, said = walked(shipped(), fault)
    assert [step] == [s.name for s in found.steps if s.state is StepState.FAILED], said
    assert not session.world.laser.lit


def test_light_that_nobody_asked_for_fails_what_is_tried_in_the_dark() -> None:
    """No gate is let through and nobody is asked to put hands in while the laser is on."""
    found, _, said = walked(shipped(), "laser-lies-about-off@0s", "laser-on-by-itself=0.5W@1s")
    failed = {name for name, state in states(found).items() if state is StepState.FAILED}
    assert {"meter", "shutter", "deadman", "interlock"} == failed
    assert not any("PLEASE" in words for words in said)


def test_a_hand_that_does_not_come_fails_the_interlock() -> None:
    """What is asked for must be seen; a word of the person would not do."""
    found, _, said = walked(shipped(), hand=lambda session, words: None)
    failed = {name for name, state in states(found).items() if state is StepState.FAILED}
    assert {"interlock", "key"} == failed
    # And is told before anything else is asked for.
    told = [words.split()[0:2] for words in said]
    assert told.index(["failed", "interlock"]) < told.index(["PLEASE", "turn"])
    assert any("it still reads on" in words for words in said)
    words = next(step.words for step in found.steps if step.name == "interlock")
    assert "still reads closed" in words


def test_without_hands_interlock_and_key_are_not_tried_and_the_bench_does_not_pass() -> None:
    found, _, said = walked(shipped(), hands=False)
    assert StepState.NOT_TRIED is states(found)["interlock"]
    assert StepState.NOT_TRIED is states(found)["key"]
    assert not passed(found.steps)
    assert not any("PLEASE" in words for words in said)


def test_a_walk_that_breaks_off_with_a_hand_in_the_bench_leaves_everything_blocked() -> None:
    """Whatever ends it while the dead-man is fed: the relay is open, the shutter shut, all dark."""
    session = Session(SimSpec(1, (), {}, shipped().statement()))

    async def main(clock: Clock) -> None:
        asked = asyncio.Event()

        def say(words: str) -> None:
            if "OPEN the interlock" in words:
                assert "deadman" not in session.world.laser.open_contacts
                asked.set()

        walking = asyncio.ensure_future(walk(shipped(), clock, say, session=session))
        while not asked.is_set():
            await clock.sleep(NS // 100)
        walking.cancel()
        await asyncio.wait({walking})
        assert walking.cancelled()
        # The relay needs a moment to move; it would drop by itself only after 600 ms.
        session.world.advance_to(session.world.now_ns + NS // 10)

    run_virtual(main)
    assert "deadman" in session.world.laser.open_contacts
    assert not session.world.laser.lit


def test_a_laser_that_cannot_be_read_is_seen_dark_by_the_meter() -> None:
    """A CNI supply: off, interlock and key cannot be read, and the record says so."""
    found, _, _ = walked(shipped("simulated-cni"))
    assert {"off", "interlock", "key"} == {
        name for name, state in states(found).items() if state is StepState.NOT_THERE
    }
    assert StepState.PASSED is states(found)["shutter"]


def test_a_bench_without_gates_and_with_a_heater_is_gone_through_too() -> None:
    found, _, _ = walked(shipped("simulated-heater"))
    assert {StepState.PASSED} == set(states(found).values())
    assert "heater off" in states(found)


def test_a_thermometer_alone_is_a_bench() -> None:
    found, _, _ = walked(shipped("thermometer-only"))
    assert ["identities", "probe"] == list(states(found))


def kept(folder: Path, *steps: Step) -> tuple[BenchFile, Path]:
    file = replace(shipped(), source_file=str(folder / "bench.yaml"))
    return file, keep_record(file, Mode.SIMULATED, steps, "ann")


GOOD = Step("light", StepState.PASSED, "as asked", {"asked_w": 0.05})


def test_the_record_is_what_a_run_asks_for(tmp_path: Path) -> None:
    """Passed, by whom, when, of this bench as it is."""
    file, path = kept(tmp_path, GOOD, Step("key", StepState.NOT_THERE, "cannot be read"))
    assert "" == not_commissioned(file)
    said = json.loads(path.read_text())
    assert ("ann", True, "SIMULATED") == (said["who"], said["passed"], said["mode"])
    assert 0.05 == said["steps"][0]["figures"]["asked_w"]


@pytest.mark.parametrize("state", [StepState.FAILED, StepState.NOT_TRIED])
def test_what_failed_or_was_left_out_does_not_count(tmp_path: Path, state: StepState) -> None:
    file, _ = kept(tmp_path, GOOD, Step("interlock", state, "no"))
    assert "did not pass" in not_commissioned(file)


def test_a_bench_that_was_changed_since_is_not_commissioned(tmp_path: Path) -> None:
    """A limit, an address, a calibration: all that bears on safety."""
    file, _ = kept(tmp_path, GOOD)
    moved = file.with_addresses({"diode": "/dev/ttyUSB9"})
    assert "changed since" in not_commissioned(moved)
    assert "" == not_commissioned(replace(file, title="another title"))


def test_a_record_that_cannot_be_written_leaves_the_earlier_one(tmp_path: Path) -> None:
    file, path = kept(tmp_path, GOOD)
    gone = replace(file, source_file=str(tmp_path / "nowhere" / "bench.yaml"))
    with pytest.raises(RecordError, match="cannot be written"):
        keep_record(gone, Mode.SIMULATED, [GOOD], "bob")
    assert record_path(file) == path
    assert [path] == list(tmp_path.iterdir())


def test_an_earlier_record_is_kept_under_its_time(tmp_path: Path) -> None:
    """A walk that fails ends what has passed, and loses nothing."""
    file, path = kept(tmp_path, GOOD)
    first = path.read_text()
    keep_record(file, Mode.SIMULATED, [Step("off", StepState.FAILED, "reads ON")], "bob")
    assert "did not pass" in not_commissioned(file)
    (earlier,) = tmp_path.glob("commissioning-*.json")
    assert earlier.read_text() == first


def test_a_walk_that_leaves_the_light_out_leaves_a_passed_record_in_force(tmp_path: Path) -> None:
    """The dark walk of every Monday is kept beside it; of a changed bench it takes its place."""
    file, path = kept(tmp_path, GOOD)
    dark = [Step("off", StepState.PASSED, "reads off"), Step("light", StepState.NOT_TRIED, "no")]
    beside = keep_record(file, Mode.SIMULATED, dark, "bob")
    assert path != beside
    assert "bob" == json.loads(beside.read_text())["who"]
    assert "" == not_commissioned(file)
    changed = file.with_addresses({"diode": "/dev/ttyUSB9"})
    assert path == keep_record(changed, Mode.SIMULATED, dark, "bob")


def test_a_folder_that_takes_no_record_is_told_before_the_walk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = replace(shipped(), source_file=str(tmp_path / "bench.yaml"))
    refuse_unwritable(file)
    monkeypatch.setattr("labctl.bench._commission.os.access", lambda *_: False)
    with pytest.raises(RecordError, match="not to be written to"):
        refuse_unwritable(file)
