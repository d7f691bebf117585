"""The audit trail: every human act on a run, with who and when and where it stands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from labctl.audit import SERVICE_FILE, HumanAct, read_trail
from labctl.bench import resets_file
from labctl.campaign import CampaignLog, exclude, unblind
from labctl.clock import NS
from labctl.events import (
    Beam,
    Dosed,
    Emission,
    Event,
    Mode,
    Note,
    PromptAnswered,
    PromptAsked,
    RunBegun,
    RunEnded,
    Tripped,
)
from labctl.notes import add_note, change_tags
from labctl.record import RunFolder
from labctl.service import _audit

GOLDEN = Path(__file__).parents[2] / "data" / "journals" / "0.1-a-prompted.jsonl"
WAIVED = "WAIVED: the interlock, by Dr. Lee (LSO-7), until 2099-01-31: the room is locked"


def made(
    runs: Path,
    events: Iterable[Event] = (),
    *,
    mode: Mode = Mode.REAL,
    why: str = "all steps done",
    outcome: str = "completed",
    **facts: object,
) -> Path:
    """A closed record whose journal tells these events between its beginning and its end."""
    about = {"command": ["labctl", "run", "heating-curve", "-p", "power=1.2W"], **facts}
    folder = RunFolder.create(runs, "heating-curve", "water", facts=about)
    journal = folder.open_journal(real_time=False)
    journal.append(
        RunBegun(0, mode, "heating-curve", "p", "bench-2", "b", "water", "s", None, "0.1.0")
    )
    for event in events:
        journal.append(event)
    journal.append(RunEnded(99 * NS, outcome, why, 0, "none", Beam.OFF, "", 0, 0.0))
    folder.finish()
    return folder.path


def acts(folder: Path) -> list[tuple[str, str]]:
    """What and who, in order, but for who started it."""
    return [(act.what, act.who) for act in read_trail(folder).acts if act.what != "started"]


def act(folder: Path, what: str) -> HumanAct:
    """The one act of this kind."""
    (found,) = (each for each in read_trail(folder).acts if each.what == what)
    return found


def test_each_human_act_of_a_journal_is_told_with_its_name(tmp_path: Path) -> None:
    """In the journal's order; labctl's own remarks are no acts of people."""
    folder = made(
        tmp_path,
        [
            Note(0, "bench-2", WAIVED),
            Note(0, "bench-2", "UNATTENDED: nobody at the bench, allowed by Dr. Lee"),
            Note(NS, "labctl", "no dose: something"),
            PromptAsked(2 * NS, "Lid on?"),
            PromptAnswered(3 * NS, "yes", "ann"),
            Note(4 * NS, "ann", "armed at the bench, typed at /dev/tty2; limits abc; first light"),
            Note(5 * NS, "ann", "armed; limits abc"),
            Note(6 * NS, "operator at ::1", "hold before the next step that begins in the dark"),
            Note(7 * NS, "operator at ::1", "go on"),
            Note(8 * NS, "operator at ::1", "a bubble"),
            Dosed(9 * NS, "acid", 1e-8, "by hand", "ann"),
            Emission(10 * NS, Beam.ON, "manual: marked by a person"),
        ],
        outcome="stopped",
        why="asked to stop by STOP LASER by viewer at ::1: smoke",
    )
    assert [
        ("waived", "Dr. Lee"),
        ("unattended", "Dr. Lee"),
        ("answered", "ann"),
        ("armed", "ann"),
        ("armed", "ann"),
        ("hold", "operator at ::1"),
        ("go on", "operator at ::1"),
        ("note", "operator at ::1"),
        ("added by hand", "ann"),
        ("laser switched by hand", ""),
        ("stopped", "viewer at ::1"),
    ] == acts(folder)
    answered = act(folder, "answered")
    assert "yes (asked: Lid on?)" == answered.text
    assert ("journal.jsonl event 6", 3.0) == (answered.source, answered.t_s)


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (PromptAnswered(NS, "yes (--yes)"), "answered"),
        (Note(NS, "simulation", "armed; limits abc"), "armed"),
        (Note(NS, "nobody at the bench, allowed by Dr. Lee", "armed; limits abc"), "armed"),
        (Note(NS, "bench-2", "the calibration of the probe ended on 2026-01-31"), "taken as it is"),
    ],
    ids=str,
)
def test_where_nobody_was_named_nobody_is(tmp_path: Path, event: Event, what: str) -> None:
    """It says so in words for people."""
    told = act(made(tmp_path, [event]), what)
    assert ("", "not named") == (told.who, told.by)


@pytest.mark.parametrize("why", ["asked to stop by SIGINT", "asked to stop by labctl stop"])
def test_a_stop_by_a_signal_has_no_name(tmp_path: Path, why: str) -> None:
    """Nobody signs a signal; nor is a run that came to its own end stopped by anybody."""
    assert [("stopped", "")] == acts(made(tmp_path / "a", outcome="stopped", why=why))
    assert [] == acts(made(tmp_path / "b"))


def test_a_journal_of_an_older_version_names_nobody_that_it_did_not(tmp_path: Path) -> None:
    """Its answers are read, without a name."""
    folder = tmp_path / "2026-01-31" / "001-prompted"
    folder.mkdir(parents=True)
    shutil.copy(GOLDEN, folder / "journal.jsonl")
    answers = [act for act in read_trail(folder).acts if act.what == "answered"]
    assert answers and all(act.who == "" and "(asked: " in act.text for act in answers)


def test_a_question_that_nobody_answered_is_told(tmp_path: Path) -> None:
    """Whether another one follows, or the end."""
    events = [PromptAsked(NS, "Lid?"), PromptAsked(2 * NS, "Lid, in words?")]
    assert 2 * [("asked, not answered", "")] == acts(made(tmp_path, events))


@pytest.mark.parametrize(
    ("facts", "who"),
    [
        ({"user": "ann"}, "account ann"),
        ({"by": "operator at ::1", "user": "ann"}, "operator at ::1"),
        ({"operator": {"name": "Ann", "told_by": "LABCTL_OPERATOR"}, "user": "x"}, "Ann"),
        ({"operator": {"name": "ann", "told_by": "login"}}, "account ann"),
        ({"operator": {"name": "", "told_by": "nobody"}, "user": ""}, ""),
    ],
    ids=str,
)
def test_who_started_it_is_as_run_json_has_it(
    tmp_path: Path, facts: dict[str, object], who: str
) -> None:
    """With the command, in which every override stands."""
    folder = made(tmp_path)
    path = folder / "run.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in told.items() if k not in ("user", "operator")}
                               | facts))  # fmt: skip
    started = act(folder, "started")
    assert (who, True) == (started.who, "power=1.2W" in started.text)


def test_a_real_run_has_wall_times_and_a_simulated_one_the_time_of_the_run(tmp_path: Path) -> None:
    """What the journal's clock calls UTC at its beginning is told for both, and is the wall's for
    one."""
    note = Note(2 * NS, "ann", "x")
    zero = "2026-01-31T10:00:00.500000Z"
    real = made(tmp_path / "a", [note], clock_zero_utc=zero)
    assert "2026-01-31T10:00:02.500000Z" == act(real, "note").utc
    simulated = made(tmp_path / "b", [note], mode=Mode.SIMULATED, clock_zero_utc=zero)
    assert ("", 2.0) == (act(simulated, "note").utc, act(simulated, "note").t_s)


def test_notes_and_tags_come_with_their_names_and_their_trouble(tmp_path: Path) -> None:
    """Behind what the journal tells."""
    folder = made(tmp_path, [Note(NS, "ann", "in the run")])
    add_note(folder, "afterwards", who="Bo", user="bo")
    change_tags(folder, ["good"], who="", user="bo")
    assert [("note", "ann"), ("note", "Bo"), ("tagged", "account bo")] == acts(folder)
    with (folder / "notes.jsonl").open("a") as file:
        file.write('{"torn')
    assert "torn" in read_trail(folder).trouble[0]


def test_what_a_campaign_did_to_a_run_is_told_and_of_other_runs_nothing(tmp_path: Path) -> None:
    """Exclusion with name and reason; that the campaign was blind then; unblinding."""
    mine, other = made(tmp_path), made(tmp_path)
    with CampaignLog(tmp_path / "campaigns" / "doses") as log:
        log.say("declared", campaign="doses", digest="d", said="s")
        for unit, folder in (("u01", mine), ("u02", other)):
            log.say("begins", unit=unit, portion=1, bench="bench-2", vessel=unit)
            log.say("ended", unit=unit, portion=1, outcome="completed",
                    run=f"{folder.parent.name}/{folder.name}")  # fmt: skip
        exclude(log, "u02", by="Bo Lind", reason="the vessel leaked")
        unblind(log, by="Ann Ito", reason="all runs are made")
    told = acts(mine)
    assert ["declared (campaign)", "unblinded (campaign)"] == [what for what, _ in told]
    excluded = act(other, "excluded")
    assert "Bo Lind" == excluded.who
    assert "the vessel leaked; the campaign was blind then" == excluded.text
    assert "campaigns/doses/log.jsonl line 6" == excluded.source


def test_a_campaign_s_log_that_was_changed_is_told(tmp_path: Path) -> None:
    """And takes nothing of the rest away."""
    folder = made(tmp_path, [Note(NS, "ann", "x")])
    log = tmp_path / "campaigns" / "doses" / "log.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text(f'{{"run": "{folder.parent.name}/{folder.name}"}}\n')
    assert [("note", "ann")] == acts(folder)
    assert "campaigns/doses/log.jsonl" in read_trail(folder).trouble[0]


def test_lines_of_the_service_s_audit_that_name_the_run_are_told(tmp_path: Path) -> None:
    """And no others."""
    folder = made(tmp_path)
    audit = _audit.Audit(tmp_path)
    audit.say("operator at ::1", "stop", "no run was on", why="x")
    audit.say("viewer at ::1", "stop-laser", "laser off", why="smoke",
              run=f"{folder.parent.name}/{folder.name}")  # fmt: skip
    assert SERVICE_FILE == audit.path.name
    (told,) = acts(folder)
    assert ("stop-laser (service)", "viewer at ::1") == told


def test_a_reset_of_a_trip_of_this_run_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By bench, rule and time; not that of another bench, rule or day."""
    monkeypatch.setenv("LABCTL_STATE_DIR", str(tmp_path / "state"))
    folder = made(tmp_path, [Tripped(NS, "temperature", "too hot")], outcome="tripped")
    began = json.loads((folder / "run.json").read_text())["begun"]
    right = {"bench": "bench-2", "rule": "temperature", "utc": began, "reset_utc": began,
             "by": "ann", "why": "the lid"}  # fmt: skip
    wrong = [{"bench": "bench-3"}, {"rule": "rate"}, {"utc": "2020-01-31T10:00:00Z"}]
    resets_file().parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(right | other) for other in wrong] + ["{", json.dumps(right)]
    resets_file().write_text("\n".join(lines))
    reset = act(folder, "reset")
    assert ("account ann", "temperature: the lid") == (reset.who, reset.text)
    assert ("resets.jsonl: line 4 cannot be read",) == read_trail(folder).trouble
