"""What run.json said when the run began: a change to it has a name, and rests on the journal."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from labctl.clock import NS, VIRTUAL_EPOCH_UTC_NS, iso
from labctl.events import FilesKept, RunBegun
from labctl.record import Outcome, RunFolder, recover_run, verify_run
from tests.unit.record.some_events import run

ZERO_NS = 1_790_000_000_250_000_000
FACTS: dict[str, Any] = {
    "mode": "SIMULATED",
    "seed": 7,
    "speed": None,
    "bench": "bench",
    "operator": {"name": "A. Ito", "told_by": "LABCTL_OPERATOR"},
    "armed_by": "A. Ito",
    "calibrations": [{"id": "pick_off", "date": "2026-01-05", "due": "2027-01-05"}],
    "off_latency": {"laser": {"asked_s": 0.25}},
    "clock_zero_utc": iso(ZERO_NS),
}


def made(where: Path, *, outside: bool = True, ended: bool = True, **more: Any) -> Path:
    """The folder of a run on the real clock, or (`outside=False`) in virtual time."""
    folder = RunFolder.create(where, "heating-curve", "water", facts=FACTS | more)
    journal = folder.open_journal(real_time=False)
    for event in run():
        if ended or event.kind != "run-ended":
            journal.append(event)
        if isinstance(event, RunBegun):
            journal.append(FilesKept(0, folder.kept(outside=outside)))
    folder.finish()
    return folder.path


def rewritten(path: Path, name: str = "run.json", **other: object) -> tuple[Outcome, str, str]:
    """What verify says, where, and first, when the file has these instead; None takes a key out."""
    said = json.loads((path / name).read_text()) | other
    for key in [key for key, value in other.items() if value is None]:
        del said[key]
    (path / name).write_text(json.dumps(said))
    found = verify_run(path)
    return found.outcome, found.where, found.why[0]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record whose journal has the hash."""
    return made(tmp_path_factory.mktemp("good"))


@pytest.fixture
def sealed(good: Path) -> Path:
    """The same; its run.json and begun.json are put back before each test."""
    for name in ("run.json", "begun.json"):
        was = good.parent / f"{name}.was"
        if not was.exists():
            was.write_bytes((good / name).read_bytes())
        (good / name).write_bytes(was.read_bytes())
    return good


OTHER = {
    "operator": {"name": "B. Ito", "told_by": "LABCTL_OPERATOR"},
    "armed_by": "nobody",
    "calibrations": [],
    "off_latency": {},
    "begun": "2026-01-31T10:00:00+01:00",
    "clock_zero_utc": iso(ZERO_NS + NS),
    "run_id": "0" * 26,
    "versions": {"labctl": "9"},
    "host": "elsewhere",
    "user": None,
    "pack": {"reference": "0" * 64},
    "campaign": {"name": "study"},
    "begun_hash": None,
}


@pytest.mark.parametrize("key", OTHER)
def test_a_change_to_what_was_known_at_the_beginning_is_named(sealed: Path, key: str) -> None:
    """Changed, taken out, or put in afterwards."""
    outcome, where, why = rewritten(sealed, **{key: OTHER[key]})

    assert (Outcome.CHANGED, "run.json") == (outcome, where)
    # The end is told by the clock that began then.
    also = ["journal of: ended", "run.json"] if key == "clock_zero_utc" else ["of: " + key]
    assert any(words in why for words in also)
    assert any(why.endswith(f"began of: {key}") for why in verify_run(sealed).why)


def test_a_record_as_it_was_written_is_intact_and_says_what_is_left_out(sealed: Path) -> None:
    """Whether files had changed since the commit is looked at after the journal's last line."""
    found = verify_run(sealed)

    assert (Outcome.INTACT, "") == (found.outcome, found.where)
    assert "not covered: of run.json, whether files had changed since the commit" == found.why[-1]
    told = json.loads((sealed / "run.json").read_text())
    git = told["git"] and {**told["git"], "changed": not told["git"]["changed"]}
    assert Outcome.INTACT is rewritten(sealed, git=git)[0]


def test_the_moment_of_the_end_is_that_of_the_journal(sealed: Path) -> None:
    """On the run's own clock: its zero stands in begun.json, the rest in the journal."""
    told = json.loads((sealed / "run.json").read_text())

    assert (ZERO_NS + 3 * NS) // NS == datetime.fromisoformat(told["ended"]).timestamp()
    for other in (told["ended"].replace("20", "21", 1), "tomorrow", 7):
        assert "journal of: ended" in rewritten(sealed, ended=other)[2]


@pytest.mark.parametrize("how", ["operator", "taken away", "garbled"])
def test_a_change_to_begun_json_is_not_laid_upon_run_json(sealed: Path, how: str) -> None:
    """The journal has its hash; both files changed alike are found too."""
    begun = sealed / "begun.json"
    if how == "operator":
        rewritten(sealed, **{how: OTHER[how]})
        outcome, where, _ = rewritten(sealed, "begun.json", **{how: OTHER[how]})
    else:
        begun.unlink() if how == "taken away" else begun.write_text("[" * 100_000)
        outcome, where = verify_run(sealed).outcome, verify_run(sealed).where

    assert (Outcome.CHANGED, "begun.json") == (outcome, where)
    assert not any(why.startswith("run.json") for why in verify_run(sealed).why)


def test_of_a_run_in_virtual_time_the_two_files_vouch_for_each_other_alone(tmp_path: Path) -> None:
    """Its journal is the same whoever lets it run; a change to one file is named all the same, and
    a pass says that the journal does not know."""
    virtual = {"outside": False, "clock_zero_utc": iso(VIRTUAL_EPOCH_UTC_NS)}
    path = made(tmp_path / "a", **virtual)
    again = made(tmp_path / "b", **virtual, operator={"name": "B. Ito", "told_by": "login"})
    found = verify_run(path)

    assert found.head_hash == verify_run(again).head_hash
    assert Outcome.INTACT is found.outcome
    assert "as that of any run in virtual time, has no hash of begun.json" in found.why[-1]
    why = "run.json says something else than when the run began of: operator"
    was = (path / "run.json").read_bytes()
    assert (Outcome.CHANGED, "run.json", why) == rewritten(path, operator=OTHER["operator"])
    (path / "run.json").write_bytes(was)
    assert "begun.json" == rewritten(path, "begun.json", operator=OTHER["operator"])[1]
    (path / "begun.json").unlink()
    assert "begun.json is missing, and run.json has its hash" == verify_run(path).why[0]


def test_a_record_of_an_older_labctl_verifies_as_before(tmp_path: Path) -> None:
    """It has no begun.json, and says what nothing covers."""
    path = made(tmp_path, outside=False)
    (path / "begun.json").unlink()
    outcome, where, _ = rewritten(path, begun_hash=None, operator=OTHER["operator"])

    assert (Outcome.INTACT, "") == (outcome, where)
    alone = "what run.json alone says of people, machine, versions, times, calibrations"
    assert f"not covered: {alone}" == verify_run(path).why[-1]


def test_of_a_run_that_was_cut_off_it_is_held_too(tmp_path: Path) -> None:
    """A kill excuses no other operator."""
    path = made(tmp_path, ended=False)

    assert Outcome.CUT_OFF is verify_run(path).outcome
    assert (Outcome.CHANGED, "run.json") == rewritten(path, operator=OTHER["operator"])[:2]


def test_a_run_json_that_is_gone_is_made_again_with_what_it_said_first(tmp_path: Path) -> None:
    """One that is there is not mended: that would hide a change."""
    path = made(tmp_path)
    (path / "run.json").unlink()
    recover_run(path)
    told = json.loads((path / "run.json").read_text())

    assert FACTS["operator"] == told["operator"]
    assert Outcome.NO_HEAD is verify_run(path).outcome
    rewritten(path, operator=OTHER["operator"], state="running")
    recover_run(path)
    assert Outcome.CHANGED is verify_run(path).outcome
