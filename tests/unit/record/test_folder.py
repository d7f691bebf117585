"""The run's folder: its name is its own, run.json is whole at any moment, the end is told."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from labctl.errors import RecordError
from labctl.events import Event, Note
from labctl.record import (
    RunFolder,
    describe_run,
    read_journal,
    recover_left_behind,
    recover_run,
)
from labctl.record._origin import git_state, new_run_id
from tests.unit.record.some_events import RESULTS, BadDisk, notes, run

ROOT = Path(__file__).resolve().parents[3]


class Usage(NamedTuple):
    """What `shutil.disk_usage` gives."""

    total: int
    used: int
    free: int


def facts(folder: RunFolder) -> dict[str, Any]:
    """run.json."""
    said: dict[str, Any] = json.loads((folder.path / "run.json").read_text())
    return said


def carried_out(runs: Path, what: list[Event]) -> RunFolder:
    """A finished run of these events."""
    folder = RunFolder.create(runs, "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in what:
        journal.append(event)
    folder.finish()
    return folder


def test_a_folder_says_date_number_protocol_sample(tmp_path: Path) -> None:
    """`<date>/<NNN>-<protocol>-<sample>`, numbers counting on within the day."""
    first = RunFolder.create(tmp_path, "heating-curve", "PDA / amino acid")
    second = RunFolder.create(tmp_path, "log")

    assert "001-heating-curve-PDA-amino-acid" == first.path.name
    assert "002-log" == second.path.name
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", first.path.parent.name)


def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    """A protocol given as a path makes a folder where folders belong."""
    folder = RunFolder.create(tmp_path, "../../etc/passwd", "..")

    assert tmp_path == folder.path.parent.parent
    assert "001-etc-passwd" == folder.path.name


CREATE_MANY = """
import sys
from pathlib import Path
from labctl.record import RunFolder, _folder

_folder.origin = dict
sys.stdin.readline()
for _ in range(100):
    print(RunFolder.create(Path(sys.argv[1]), sys.argv[2]).path.name)
"""


def test_two_processes_never_take_the_same_number(tmp_path: Path) -> None:
    """Runs that begin at once get numbers of their own."""
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", CREATE_MANY, str(tmp_path), name],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for name in ("one", "other")
    ]  # fmt: skip
    for process in runs:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    names = [name for process in runs for name in process.communicate()[0].split()]

    assert [f"{number:03d}" for number in range(1, 201)] == sorted(name[:3] for name in names)


def test_run_json_is_there_from_the_beginning(tmp_path: Path) -> None:
    """Before the first event it says that the run goes on, by which software, on which machine."""
    folder = RunFolder.create(
        tmp_path, "log", texts={"protocol.yaml": "steps: []\n"}, facts={"mode": "SIMULATED"}
    )
    said = facts(folder)

    assert ("labctl.run/1", "running", "SIMULATED") == (
        said["schema"], said["state"], said["mode"],
    )  # fmt: skip
    assert {"labctl", "python", "numpy"} <= said["versions"].keys()
    assert {"git", "host", "user", "system", "begun", "run_id", "pid"} <= said.keys()
    assert "steps: []\n" == (folder.path / "protocol.yaml").read_text()


def test_run_json_tells_the_end(tmp_path: Path) -> None:
    """Outcome, verdict and results are those of the journal's events, and its head is kept."""
    folder = carried_out(tmp_path, list(run()))
    said = facts(folder)

    assert ("closed", "completed", "pass", 0) == (
        said["state"], said["outcome"], said["verdict"], said["exit_code"],
    )  # fmt: skip
    assert RESULTS == said["results"]
    assert read_journal(folder.path / "journal.jsonl").head_hash == said["journal"]["head_hash"]


def test_what_the_caller_knows_better_stands(tmp_path: Path) -> None:
    """Facts given at the end come on top of what the journal's events say."""
    folder = RunFolder.create(tmp_path, "log")
    journal = folder.open_journal(real_time=False)
    for event in run():
        journal.append(event)
    folder.finish(exit_code=8, wall_s=1.5)

    assert (8, 1.5) == (facts(folder)["exit_code"], facts(folder)["wall_s"])


def test_facts_may_come_later(tmp_path: Path) -> None:
    """What is known late, such as the broker, is added without losing what was there."""
    folder = RunFolder.create(tmp_path, "log", facts={"mode": "REAL"})
    folder.note(broker="mqtt://127.0.0.1:1883")

    assert ("REAL", "mqtt://127.0.0.1:1883") == (facts(folder)["mode"], facts(folder)["broker"])


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failed_replacement_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """When run.json cannot be written, what was there before stands."""
    folder = RunFolder.create(tmp_path, "log")
    before = facts(folder)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(RecordError, match="No space left"):
        folder.note(more="x" * 100)

    assert before == facts(folder)
    assert [".reserve", "begun.json", "run.json"] == sorted(
        path.name for path in folder.path.iterdir()
    )


def test_the_files_of_a_run_are_on_the_disk_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is synced: else a power cut leaves them empty beside a journal that is whole."""
    synced: list[str] = []
    monkeypatch.setattr(
        "labctl.platform.sync_data",
        lambda handle: synced.append(Path(os.readlink(f"/proc/self/fd/{handle}")).name),
    )
    folder = RunFolder.create(tmp_path, "log", texts={"protocol.yaml": "a", "bench.yaml": "b"})

    assert ["protocol.yaml", "bench.yaml", "begun.json"] == synced
    assert "b" == (folder.path / "bench.yaml").read_text()


def test_a_disk_that_keeps_its_reserve_too_is_still_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read-only, so that not even the reserve can be given up: the journal's fault is heard."""
    folder = RunFolder.create(tmp_path, "log")
    journal = folder.open_journal(real_time=False, disk=BadDisk(room=200))
    for event in notes(10):
        journal.append(event)

    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "unlink", read_only)
    monkeypatch.setattr(os, "replace", read_only)
    with pytest.raises(RecordError, match="cut short"):
        folder.finish()


def test_a_fault_is_told_and_raised(tmp_path: Path) -> None:
    """A run whose disk failed says so in run.json, and finishing raises it."""
    folder = RunFolder.create(tmp_path, "log")
    journal = folder.open_journal(real_time=False, disk=BadDisk(room=200))
    for event in notes(10):
        journal.append(event)
    with pytest.raises(RecordError, match="cut short"):
        folder.finish()
    said = facts(folder)

    assert "cut off" == said["state"]
    assert "cut short" in said["fault"]
    assert said["journal"]["durable_seq"] < said["journal"]["events"]
    assert not (folder.path / ".reserve").exists()


def test_the_first_fault_is_the_one_that_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When run.json cannot be written either, the journal's fault is still what is heard."""
    folder = RunFolder.create(tmp_path, "log")
    journal = folder.open_journal(real_time=False, disk=BadDisk(room=200))
    for event in notes(10):
        journal.append(event)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RecordError, match="cut short"):
        folder.finish()

    assert "running" == facts(folder)["state"]


def test_a_run_that_never_began_is_finished_too(tmp_path: Path) -> None:
    """A folder whose bench was never connected does not stay `running`."""
    folder = RunFolder.create(tmp_path, "log")
    folder.finish(why="no instrument answers")

    assert ("not begun", "no instrument answers") == (
        facts(folder)["state"], facts(folder)["why"],
    )  # fmt: skip


def test_a_full_disk_is_refused_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too little room is an error with both numbers, and no folder is made."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 9 * 10**8, 10**8))
    with pytest.raises(RecordError, match=r"may need 1567 MB \(seen: 100 MB free\)"):
        RunFolder.create(tmp_path, "log", expected_samples=10**6)

    assert [] == list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """A file in the way is a RecordError that names it."""
    (tmp_path / "runs").write_text("")
    with pytest.raises(RecordError, match="runs"):
        RunFolder.create(tmp_path / "runs", "log")


def test_the_truth_lies_beside_the_record(tmp_path: Path) -> None:
    """truth.json holds what the simulated world was."""
    folder = RunFolder.create(tmp_path, "log")
    folder.write_truth({"efficiency": 0.41})

    assert {"efficiency": 0.41} == json.loads((folder.path / "truth.json").read_text())


def test_a_run_id_is_its_own_and_sorts_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """26 characters; of a later millisecond a greater one."""
    ids = []
    for milliseconds in (1, 2, 2, 1_800_000_000_000):
        monkeypatch.setattr("labctl.clock.wall_utc_ns", lambda m=milliseconds: m * 10**6)
        ids.append(new_run_id())

    assert [26] * 4 == [len(run_id) for run_id in ids]
    assert len(set(ids)) == 4
    assert ids[0] < min(ids[1:3]) and max(ids[1:3]) < ids[3]


def test_no_checkout_has_no_commit(tmp_path: Path) -> None:
    """An installed labctl says nothing of git, and neither does a broken checkout."""
    assert git_state(tmp_path) is None
    (tmp_path / ".git").mkdir()
    assert git_state(tmp_path) is None


def test_a_finished_run_is_described(tmp_path: Path) -> None:
    """Closed in order, matching what run.json keeps."""
    folder = carried_out(tmp_path, list(run()))
    found = describe_run(folder.path)

    assert ("closed", True) == (found.state, found.matches)
    assert found.ended is not None and "completed" == found.ended.outcome


def test_a_run_that_goes_on_is_running(tmp_path: Path) -> None:
    """While its process holds the journal a run is neither closed nor cut off, and is not
    recovered."""
    folder = RunFolder.create(tmp_path, "log")
    journal = folder.open_journal(real_time=False)
    journal.durable(journal.append(notes(1)[0])).result(5)

    assert "running" == describe_run(folder.path).state
    with pytest.raises(Exception, match="still going on"):
        recover_run(folder.path)
    folder.finish()
    assert "cut off" == describe_run(folder.path).state


def test_a_journal_exchanged_afterwards_does_not_match(tmp_path: Path) -> None:
    """A well-made journal that is not the one run.json speaks of is shown as such."""
    one = carried_out(tmp_path, list(run(30)))
    other = carried_out(tmp_path, list(run(33)))
    shutil.copy(other.path / "journal.jsonl", one.path / "journal.jsonl")
    found = describe_run(one.path)

    assert ("closed", False) == (found.state, found.matches)
    assert "not the journal that run.json speaks of" in found.words


def test_recovering_a_damaged_run_keeps_the_evidence(tmp_path: Path) -> None:
    """The journal is not touched, the head hash kept before stays, and the state is told."""
    folder = carried_out(tmp_path, list(run()))
    head = facts(folder)["journal"]["head_hash"]
    path = folder.path / "journal.jsonl"
    data = path.read_bytes().replace(b'"probe.temperature",23.0', b'"probe.temperature",24.0')
    path.write_bytes(data)
    found = recover_run(folder.path)

    assert data == path.read_bytes()
    assert ("damaged", False) == (found.state, found.matches)
    assert ("damaged", head) == (facts(folder)["state"], facts(folder)["journal"]["head_hash"])
    assert "damaged at line" in facts(folder)["recovered"]


def test_recovering_a_closed_run_changes_nothing_but_a_lost_table(tmp_path: Path) -> None:
    """data.csv is made again when it is gone; run.json stays as it was."""
    folder = carried_out(tmp_path, list(run()))
    before = (folder.path / "run.json").read_bytes()
    rows = (folder.path / "data.csv").read_bytes()
    (folder.path / "data.csv").unlink()
    recover_run(folder.path)

    assert before == (folder.path / "run.json").read_bytes()
    assert rows == (folder.path / "data.csv").read_bytes()


def test_a_run_left_behind_is_recovered_and_named(tmp_path: Path) -> None:
    """A killed run says `running` for ever unless somebody looks: the next run does."""
    folder = RunFolder.create(tmp_path, "heating-curve", "pda")
    journal = folder.open_journal(real_time=False)
    journal.append(Note(1, "test", "before the power failed"))
    journal.close()

    (found,) = recover_left_behind(tmp_path)

    assert "cut off" == found.state
    assert "cut off" == json.loads((folder.path / "run.json").read_text())["state"]
    assert () == recover_left_behind(tmp_path)


def test_a_run_that_goes_on_is_left_alone(tmp_path: Path) -> None:
    """What another process writes now is not touched."""
    folder = RunFolder.create(tmp_path, "heating-curve", "pda")
    journal = folder.open_journal(real_time=False)
    journal.append(Note(1, "test", "still here"))

    assert () == recover_left_behind(tmp_path)

    journal.close()
    folder.finish()
