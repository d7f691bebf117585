"""The ledger of a sample: which runs count, with what, and that it rests on the journals alone."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from labctl.cli import main
from labctl.clock import NS
from labctl.events import (
    Beam,
    Dose,
    DoseBasis,
    Emission,
    Event,
    Mode,
    Reading,
    RunBegun,
    RunEnded,
    Sample,
)
from labctl.ledger import Identity, ledger_sentence, ledger_table, run_dose, sample_ledgers
from labctl.monitor import DoseWatch
from labctl.photothermal import CEM43_UNCUT, OF_LIQUID
from labctl.record import Journal, read_ends
from labctl.sample import find, load

PDA = load(find("pda-aminoacid"))
HERE = Identity(PDA.name, PDA.lot)


def story(
    *, mode: Mode = Mode.REAL, lot: str | None = PDA.lot, degc: float = 50.0, seconds: int = 60
) -> list[Event]:
    """A run at one temperature with 1 W on all the time, up to its last reading."""
    begun = RunBegun(0, mode, "p", "0", "b", "0", PDA.name, PDA.digest, None, "0", faults=())
    events: list[Event] = [begun]
    if lot is not None:
        events.append(
            DoseBasis(
                0, PDA.name, lot, 0.5, 0.0, 0.0, "cem43", "skin", 0.03, 1.0, 808e-9, 0.5e-4, 0.0
            )
        )
    events.append(Emission(0, Beam.ON, "read back", 1.0))
    for t in range(seconds + 1):
        t_ns = t * NS
        events.append(Sample(t_ns, t_ns, (Reading("probe.temperature", degc, "degC", t_ns),)))
    return events


def ending(events: list[Event]) -> list[Event]:
    """The same, told to its end."""
    watch = DoseWatch()
    for event in events:
        watch.feed(event)
    t_ns = events[-1].t_ns
    dose = watch.told(t_ns)
    ended = RunEnded(t_ns, "completed", "", 0, "none", Beam.OFF, "read back", 61, dose.energy_j)
    return [*events, dose, ended]


def write(runs: Path, number: int, events: list[Event], *, day: str = "2026-01-31") -> Path:
    folder = runs / day / f"{number:03d}-p-{PDA.name}"
    folder.mkdir(parents=True)
    journal = Journal(folder / "journal.jsonl", real_time=False)
    for event in events:
        journal.append(event)
    journal.close()
    return folder


def test_two_runs_add_up(tmp_path: Path) -> None:
    """128 equivalent minutes and 60 J each, and their bounds."""
    for number in (1, 2):
        write(tmp_path, number, ending(story()))
    (ledger,) = sample_ledgers(tmp_path, HERE)
    assert 2 == len(ledger.runs)
    assert ledger.energy.value == pytest.approx(120.0)
    assert ledger.fluence.value == pytest.approx(120.0 / 0.5e-4)
    assert ledger.cem43_min.value == pytest.approx(256.0)
    assert ledger.cem43_min.high == pytest.approx(256.0 * 2.0**0.5)


def test_what_the_runs_told_is_what_their_readings_give(tmp_path: Path) -> None:
    """Worked out anew from the journals the ledger is the same, and nothing was written for it."""
    write(tmp_path, 1, ending(story()))
    before = sorted(tmp_path.rglob("*"))
    told, again = sample_ledgers(tmp_path, HERE), sample_ledgers(tmp_path, HERE, rebuild=True)
    assert told == again
    assert before == sorted(tmp_path.rglob("*"))


def test_a_run_that_was_cut_off_counts_with_what_its_journal_proves(tmp_path: Path) -> None:
    """Half a minute on record, lit when it ended: 64 minutes, 30 J, and words for it."""
    folder = write(tmp_path, 1, story(seconds=30))
    (ledger,) = sample_ledgers(tmp_path, HERE)
    (run,) = ledger.runs
    assert "cut off" == run.state
    assert (run.cem43_min.value, run.energy.value) == pytest.approx((64.0, 30.0))
    assert ("cut off: counted up to its last good event at 30.0 s", "the beam was ON then") == (
        run.notes
    )
    assert "did not close in order" in ledger_sentence(ledger)
    assert any("counted up to" in line for line in ledger_table(ledger))
    assert folder == run.path


def test_a_damaged_run_counts_up_to_the_damage(tmp_path: Path) -> None:
    """A line that is not as it was written, and all behind it, count nothing."""
    folder = write(tmp_path, 1, ending(story()))
    journal = folder / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[34] = lines[34].replace(b"50.0", b"99.0")
    # Its own dose is lost too, so the readings must be looked at.
    journal.write_bytes(b"".join(lines[:-2]))
    (ledger,) = sample_ledgers(tmp_path, HERE)
    (run,) = ledger.runs
    assert "damaged" == run.state
    assert run.cem43_min.value == pytest.approx(128.0 * 29 / 60)


def test_a_forged_dose_is_found_by_working_it_out(tmp_path: Path) -> None:
    """A journal made anew with another dose in it: `rebuild` does not believe it."""
    events = ending(story())
    forged = [Dose(e.t_ns, 0.0, {}, ()) if isinstance(e, Dose) else e for e in events]
    write(tmp_path, 1, forged)
    (told,) = sample_ledgers(tmp_path, HERE)
    (again,) = sample_ledgers(tmp_path, HERE, rebuild=True)
    assert 0.0 == told.cem43_min.value
    assert again.cem43_min.value == pytest.approx(128.0)


def test_a_dose_told_in_another_way_is_worked_out_anew(tmp_path: Path) -> None:
    """A journal of another version whose numbers this one cannot read still has its readings."""
    odd = Dose(0, 1.0, {"cem43": {"minutes": 5}, "energy": {"value": "much"}}, ())
    write(tmp_path, 1, [odd if isinstance(e, Dose) else e for e in ending(story())])
    (ledger,) = sample_ledgers(tmp_path, HERE)
    assert ledger.cem43_min.value == pytest.approx(128.0)


def test_simulated_runs_add_nothing_to_a_real_sample(tmp_path: Path) -> None:
    """Each mode has a ledger of its own."""
    write(tmp_path, 1, ending(story(mode=Mode.REAL)))
    write(tmp_path, 2, ending(story(mode=Mode.SIMULATED)))
    ledgers = sample_ledgers(tmp_path, HERE)
    assert [("REAL", 1), ("SIMULATED", 1)] == [(each.mode, len(each.runs)) for each in ledgers]
    (real,) = sample_ledgers(tmp_path, HERE, mode="REAL")
    assert real == ledgers[0]


def test_another_lot_is_another_sample(tmp_path: Path) -> None:
    """Name and lot together identify a sample."""
    write(tmp_path, 1, ending(story(lot="B7")))
    assert () == sample_ledgers(tmp_path, HERE)
    (other,) = sample_ledgers(tmp_path, Identity(PDA.name, "B7"))
    assert 1 == len(other.runs)


def test_a_journal_of_before_takes_the_lot_from_the_sample_file_beside_it(tmp_path: Path) -> None:
    """When that is the file the journal speaks of; else the run is named and not counted."""
    with_file = write(tmp_path, 1, story(lot=None))
    (with_file / "sample.yaml").write_text(PDA.dump())
    write(tmp_path, 2, story(lot=None))
    (ledger,) = sample_ledgers(tmp_path, HERE)
    assert [with_file] == [run.path for run in ledger.runs]
    assert 1 == len(ledger.unreadable) and "which lot" in ledger.unreadable[0]
    assert any(line.startswith("not counted") for line in ledger_table(ledger))


def test_runs_come_in_the_order_in_which_they_were(tmp_path: Path) -> None:
    """By day, then by number."""
    for number, day in ((2, "2026-02-01"), (1, "2026-02-01"), (9, "2026-01-31")):
        write(tmp_path, number, ending(story(seconds=1)), day=day)
    (ledger,) = sample_ledgers(tmp_path, HERE)
    assert ["009", "001", "002"] == [run.path.name[:3] for run in ledger.runs]


def test_a_run_of_which_nothing_can_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    """An empty journal, and a folder without one, are passed over."""
    write(tmp_path, 1, ending(story()))
    empty = tmp_path / "2026-01-31" / "002-p"
    empty.mkdir()
    (empty / "journal.jsonl").write_bytes(b"")
    (tmp_path / "2026-01-31" / "003-p").mkdir()
    (ledger,) = sample_ledgers(tmp_path, HERE)
    assert 1 == len(ledger.runs)


def test_a_folder_without_records_has_no_ledger(tmp_path: Path) -> None:
    """Also one that is not there."""
    assert () == sample_ledgers(tmp_path, HERE) == sample_ledgers(tmp_path / "none", HERE)


def test_another_convention_is_worked_out_from_the_readings(tmp_path: Path) -> None:
    """38 degC counts nothing with the cut and something without."""
    folder = write(tmp_path, 1, ending(story(degc=38.0)))
    own, uncut = run_dose(folder), run_dose(folder, convention=CEM43_UNCUT)
    assert own is not None and uncut is not None
    assert (0.0, pytest.approx(4.0**-5)) == (own.cem43_min.value, uncut.cem43_min.value)


def test_the_ends_of_a_journal_are_those_of_the_whole(tmp_path: Path) -> None:
    """Beginning, basis, dose and end of a long journal, without its middle."""
    events = ending(story(seconds=3000))
    folder = write(tmp_path, 1, events)
    ends = read_ends(folder / "journal.jsonl")
    assert (events[0], events[1], events[-2], events[-1]) == (
        ends.begun,
        ends.basis,
        ends.dose,
        ends.ended,
    )


def test_the_sentence_at_the_start_of_a_run_says_what_it_is_of(tmp_path: Path) -> None:
    """Sample, number of runs, energy, fluence, dose of the liquid; and never that it is safe."""
    write(tmp_path, 1, ending(story()))
    (ledger,) = sample_ledgers(tmp_path, HERE)
    said = ledger_sentence(ledger)
    for part in (str(HERE), "1 run", "60 (", "J/cm²", "128 (", OF_LIQUID):
        assert part in said
    assert "safe" not in said.lower()


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A folder of records with two runs of the sample."""
    write(tmp_path, 1, ending(story()))
    write(tmp_path, 2, story(seconds=30))
    return tmp_path


def told(*words: str) -> str:
    done = CliRunner().invoke(main, words)
    assert 0 == done.exit_code, done.output
    return done.output


def test_the_verb_shows_every_run_and_the_sum(recorded: Path) -> None:
    """A line a run, one for the sum, and what the numbers are of."""
    text = told("dose", PDA.name, "--runs", str(recorded))
    assert "sum of 2 runs" in text and "cut off" in text
    assert OF_LIQUID in text and "0 below 39 degC" in text
    assert "safe" not in text.lower()


def test_the_verb_speaks_json(recorded: Path) -> None:
    """The same numbers for programs."""
    text = told("dose", PDA.name, "--runs", str(recorded), "--json")
    (ledger,) = json.loads(text)["ledgers"]
    assert ledger["cem43_min"]["value"] == pytest.approx(192.0)
    assert ["closed", "cut off"] == [run["state"] for run in ledger["runs"]]


def test_the_verb_shows_one_run_by_another_law(recorded: Path) -> None:
    """Convention and pair are printed beside what they gave, unchecked ones marked."""
    folder = str(recorded / "2026-01-31" / f"001-p-{PDA.name}")
    text = told("dose", folder, "--convention", "cem43-break-42.5", "--pair", "cho")
    assert "R 0.5 from 42.5 degC" in text and "not checked" in text


@pytest.mark.parametrize("option", ["--convention", "--pair"])
def test_a_law_that_is_none_is_refused_with_those_there_are(recorded: Path, option: str) -> None:
    """Exit code 2, and the names."""
    done = CliRunner().invoke(main, ["dose", PDA.name, "--runs", str(recorded), option, "x"])
    assert 2 == done.exit_code


def test_a_sample_without_runs_is_told_so(tmp_path: Path) -> None:
    """And that is no error."""
    assert "no run of" in told("dose", "water", "--runs", str(tmp_path))


def test_the_ledger_follows_a_copy_of_the_records(recorded: Path, tmp_path: Path) -> None:
    """The journals are all it rests on: copied elsewhere, without any other file, they give the
    same sums."""
    copy = tmp_path / "copy"
    for journal in recorded.glob("2026-01-31/*/journal.jsonl"):
        place = copy / journal.relative_to(recorded)
        os.makedirs(place.parent)
        shutil.copy(journal, place)
    (one,), (other,) = sample_ledgers(recorded, HERE), sample_ledgers(copy, HERE)
    assert (one.energy, one.fluence, one.cem43_min) == (
        other.energy,
        other.fluence,
        other.cem43_min,
    )
