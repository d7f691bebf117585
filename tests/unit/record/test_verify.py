"""Verifying a record: each kind of damage is found with its first bad line, none is imagined."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.errors import RecordError
from labctl.events import InstrumentFound
from labctl.record import TAIL, Outcome, RunFolder, read_journal, recover_run, verify_run
from labctl.record._frames import CHAIN_EVERY, Chain, chain_line, seal
from tests.unit.record.some_events import begun, notes, run


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a closed run of more than one chain line."""
    folder = RunFolder.create(tmp_path_factory.mktemp("good"), "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in run(CHAIN_EVERY // 2 + 10):
        journal.append(event)
    folder.finish()
    return folder.path


@pytest.fixture(scope="module")
def copy(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose journal the property tests change."""
    return Path(shutil.copytree(good, tmp_path_factory.mktemp("bad") / "run"))


@pytest.fixture
def own(good: Path, tmp_path: Path) -> Path:
    """A copy for one test."""
    return Path(shutil.copytree(good, tmp_path / "run"))


def first_other_line(was: bytes, now: bytes) -> int:
    """The first line, from 1, that is another one now."""
    before, after = was.splitlines(keepends=True), now.split(b"\n")
    for number, line in enumerate(before):
        if number >= len(after) - 1 or after[number] + b"\n" != line:
            return number + 1
    return len(before) + 1


def check_found(good: Path, copy: Path, data: bytes) -> None:
    was, journal = (good / "journal.jsonl").read_bytes(), copy / "journal.jsonl"
    journal.write_bytes(data)
    found = verify_run(copy)
    assert (Outcome.CHANGED, f"journal.jsonl:{first_other_line(was, data)}") == (
        found.outcome,
        found.where,
    )


@given(data=st.data())
def test_a_flipped_bit_is_found_in_its_line(data: st.DataObject, good: Path, copy: Path) -> None:
    """One bit anywhere."""
    changed = bytearray((good / "journal.jsonl").read_bytes())
    bit = data.draw(st.integers(0, 8 * len(changed) - 1))
    changed[bit // 8] ^= 1 << bit % 8
    check_found(good, copy, bytes(changed))


@given(data=st.data())
def test_zeros_are_found_in_their_first_line(data: st.DataObject, good: Path, copy: Path) -> None:
    """A stretch of up to 4 kB."""
    changed = bytearray((good / "journal.jsonl").read_bytes())
    begin = data.draw(st.integers(0, len(changed) - 1))
    size = min(data.draw(st.integers(1, 4096)), len(changed) - begin)
    changed[begin : begin + size] = bytes(size)
    check_found(good, copy, bytes(changed))


@given(data=st.data())
def test_a_missing_end_is_found(data: st.DataObject, good: Path, copy: Path) -> None:
    """Cut anywhere, also between two lines: run.json says that there was more."""
    whole = (good / "journal.jsonl").read_bytes()
    check_found(good, copy, whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(data=st.data())
def test_lines_that_moved_are_found(data: st.DataObject, good: Path, copy: Path) -> None:
    """Two exchanged, one left out, one twice: also where one of them is a chain line."""
    lines = (good / "journal.jsonl").read_bytes().splitlines(keepends=True)
    chains = [number for number, line in enumerate(lines) if b'"h":' in line]
    any_line = st.one_of(st.sampled_from(chains), st.integers(0, len(lines) - 1))
    one, other = data.draw(st.lists(any_line, min_size=2, max_size=2, unique=True))
    exchanged = list(lines)
    exchanged[one], exchanged[other] = lines[other], lines[one]
    out = lines[:one] + lines[one + 1 :]
    twice = lines[: one + 1] + lines[one:]
    changed: Sequence[bytes] = data.draw(st.sampled_from([exchanged, out, twice]))
    check_found(good, copy, b"".join(changed))


def test_a_good_record_is_intact(good: Path) -> None:
    """The healthy one passes, against run.json and against the same hash from elsewhere."""
    head = read_journal(good / "journal.jsonl").head_hash

    assert (Outcome.INTACT, "run.json", "") == told(good)
    assert (Outcome.INTACT, "--head", "") == told(good, head)


def told(path: Path, head: str | None = None) -> tuple[Outcome, str, str]:
    found = verify_run(path, head)
    return found.outcome, found.held_against, found.where


def test_a_well_made_line_is_found_between_two_chain_lines(own: Path) -> None:
    """A reading replaced together with its checksum: the next chain line, and which lines it
    covers."""
    journal = own / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if b'"k":"sample"' in line)
    body = lines[at].decode().rpartition(',"c":')[0].replace("22.0,", "23.0,")
    lines[at] = seal(body)
    journal.write_bytes(b"".join(lines))
    found = verify_run(own)

    assert (Outcome.CHANGED, f"journal.jsonl:{CHAIN_EVERY + 2}") == (found.outcome, found.where)
    assert f"one of lines 2 to {CHAIN_EVERY + 1}" in found.why[0]


def remade(lines: Sequence[bytes]) -> bytes:
    """A journal made anew around changed lines, chain and all."""
    chain, out, n = Chain(), [], 0
    for line in lines:
        if b'"h":' in line:
            out.append(chain_line(n, chain.close()))
            continue
        n = json.loads(line)["n"]
        chain.add(line)
        out.append(line)
    return b"".join(out)


def test_a_journal_made_anew_is_found_by_the_head_alone(own: Path) -> None:
    """It holds in itself; run.json knows better, and without run.json it is no pass."""
    journal = own / "journal.jsonl"
    head = read_journal(journal).head_hash
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[1] = seal(lines[1].decode().rpartition(',"c":')[0].replace("water", "gold"))
    journal.write_bytes(remade(lines))

    assert (Outcome.CHANGED, "run.json", "journal.jsonl") == told(own)
    (own / "run.json").unlink()
    assert (Outcome.NO_HEAD, "", "") == told(own)
    assert (Outcome.CHANGED, "--head", "journal.jsonl") == told(own, head)


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e999", "-1E+400", "1" * 400])
def test_what_is_no_number_is_refused_in_a_journal_made_anew(own: Path, text: str) -> None:
    """Its line is named, though checksum, chain and the head hash in run.json are those of it."""
    journal, facts = own / "journal.jsonl", own / "run.json"
    head = read_journal(journal).head_hash
    lines = journal.read_bytes().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if b'"k":"sample"' in line)
    lines[at] = seal(lines[at].decode().rpartition(',"c":')[0].replace("22.0,", f"{text},"))
    journal.write_bytes(remade(lines))
    facts.write_text(
        facts.read_text().replace(head, json.loads(remade(lines).splitlines()[-1])["h"])
    )
    found = verify_run(own)

    assert (Outcome.CHANGED, f"journal.jsonl:{at + 1}") == (found.outcome, found.where)
    assert f"{text[:20]} stands where a number belongs" in found.why[0]


def test_a_table_edited_afterwards_is_found(own: Path) -> None:
    """data.csv must be what the journal gives."""
    table = own / "data.csv"
    lines = table.read_text().splitlines(keepends=True)
    lines[7] = lines[7].replace("22", "21", 1)
    table.write_text("".join(lines))

    assert (Outcome.CHANGED, "run.json", "data.csv:8") == told(own)


def test_a_result_edited_in_run_json_is_found(own: Path) -> None:
    """Its outcome and results are the journal's."""
    file = own / "run.json"
    file.write_text(file.read_text().replace('"verdict": "pass"', '"verdict": "fail"'))
    found = verify_run(own)

    assert (Outcome.CHANGED, "run.json") == (found.outcome, found.where)
    assert "verdict" in found.why[0]


def rewritten(run: Path, **other: object) -> tuple[Outcome, str]:
    """What verify says, and first, when run.json has these instead."""
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(facts | other))
    found = verify_run(run)
    return found.outcome, found.why[0]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mode", "REAL"),
        ("protocol", "dose-hold"),
        ("sample", "gold"),
        ("bench", "another"),
        ("seed", 8),
        ("faults", ["beam-off-sample"]),
        ("waived", ["WAIVED: the shutter, by nobody"]),
        ("instruments", {"meter": {"driver": "thorlabs-pm100", "make": "Thorlabs"}}),
        ("dose", {"words": ["none"]}),
        ("state", "cut off"),
    ],
)
def test_what_run_json_says_of_the_run_is_held_against_the_journal(
    own: Path, key: str, value: object
) -> None:
    """Whatever the journal says too, at either end of the run."""
    outcome, why = rewritten(own, **{key: value})
    assert Outcome.CHANGED is outcome
    assert why == f"run.json says something else than the journal of: {key}"


def test_a_state_other_than_closed_hides_no_edited_verdict(own: Path) -> None:
    """Nor does a fault that somebody wrote in."""
    for other in ({"state": "cut off"}, {"state": None}, {"state": "cut off", "fault": "disk"}):
        outcome, why = rewritten(own, verdict="fail", **other)
        assert Outcome.CHANGED is outcome
        assert "verdict" in why


def test_an_instrument_that_was_found_is_the_one_that_run_json_names(tmp_path: Path) -> None:
    """Driver, address, make, model, serial, firmware; and none is left out."""
    named = {
        "driver": "thorlabs-pm100", "make": "Thorlabs", "model": "PM100D", "serial": "P1",
        "firmware": "2.7", "address": "sim://meter",
    }  # fmt: skip
    facts = {"instruments": {"meter": named}}
    folder = RunFolder.create(tmp_path, "heating-curve", "water", facts=facts)
    journal = folder.open_journal(real_time=False)
    found = InstrumentFound(
        0, "meter", "thorlabs-pm100", "Thorlabs PM100D serial P1 firmware 2.7", "sim://meter", True
    )
    first, *others = run()
    for event in (first, found, *others):
        journal.append(event)
    folder.finish()

    assert verify_run(folder.path).outcome is Outcome.INTACT
    for key in named:
        other = {"meter": named | {key: "X"}}
        assert rewritten(folder.path, instruments=other)[0] is Outcome.CHANGED
    assert rewritten(folder.path, instruments={})[0] is Outcome.CHANGED
    assert rewritten(folder.path, **facts)[0] is Outcome.INTACT


def test_a_pass_says_what_it_does_not_speak_of(own: Path) -> None:
    """What run.json alone has, and a table that is not there."""
    assert "not covered: people, machine, versions, times, calibrations" in verify_run(own).why[-1]
    (own / "data.csv").unlink()
    assert any("data.csv is not there" in words for words in verify_run(own).why)


def test_a_table_with_other_ends_of_lines_is_not_as_it_was_written(own: Path) -> None:
    """It is told as that, and no number in it is called changed."""
    table = own / "data.csv"
    was = table.read_bytes()
    for other in (was[:-1], was.replace(b"\n", b"\r\n")):
        table.write_bytes(other)
        found = verify_run(own)
        assert found.outcome is Outcome.CHANGED
        assert "other ends of lines" in found.why[0]


def test_a_table_that_cannot_be_read_is_told(own: Path) -> None:
    """As a folder of its name."""
    (own / "data.csv").unlink()
    (own / "data.csv").mkdir()
    with pytest.raises(RecordError, match="cannot be read"):
        verify_run(own)


_json = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def other(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose run.json is written over."""
    return Path(shutil.copytree(good, tmp_path_factory.mktemp("other") / "run"))


@given(what=_json, key=st.sampled_from(["journal", "results", "state", "fault", ""]))
def test_a_run_json_of_whatever_shape_is_no_pass(what: object, key: str, other: Path) -> None:
    """It neither breaks the verification nor lets one through."""
    told = {"state": "closed", key: what} if key else what
    (other / "run.json").write_text(json.dumps(told))
    assert verify_run(other).outcome is not Outcome.INTACT


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The folder of a run that was killed in the middle of a line."""
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in [begun(), *notes(20)]:
        journal.append(event)
    journal.close()
    path = folder.path / "journal.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:12]) + lines[12][:9])
    return folder.path


def test_a_killed_run_is_cut_off_and_not_changed(killed: Path) -> None:
    """Nobody said that it had ended."""
    assert (Outcome.CUT_OFF, "", "journal.jsonl:13") == told(killed)


def test_recovering_leaves_the_journal_and_keeps_the_torn_line(killed: Path) -> None:
    """Its bytes stay; the torn line lies beside; afterwards a shorter journal is a changed one."""
    journal = killed / "journal.jsonl"
    was = journal.read_bytes()
    found = recover_run(killed)

    assert (was, was[-9:]) == (journal.read_bytes(), (killed / TAIL).read_bytes())
    assert (11, 9) == (found.durable_seq, found.tail_bytes)
    assert (Outcome.CUT_OFF, "run.json", "journal.jsonl:13") == told(killed)
    journal.write_bytes(b"".join(was.splitlines(keepends=True)[:9]))
    assert (Outcome.CHANGED, "run.json", "journal.jsonl:10") == told(killed)


def test_recovering_a_damaged_record_keeps_what_was_told_at_its_end(own: Path) -> None:
    """run.json and data.csv of the whole run know more than the rest of its journal."""
    journal = own / "journal.jsonl"
    kept = {name: (own / name).read_bytes() for name in ("run.json", "data.csv")}
    journal.write_bytes(journal.read_bytes().replace(b'"n":40,', b'"n":41,'))
    recover_run(own)

    assert kept["run.json"] == (own / "run.before.json").read_bytes()
    assert kept["data.csv"] == (own / "data.before.csv").read_bytes()
    assert Outcome.CHANGED == verify_run(own).outcome


def test_a_head_hash_that_recovering_made_proves_nothing_of_before(own: Path) -> None:
    """It was taken from the journal as it lay there; what is changed afterwards is found by it."""
    head = verify_run(own).head_hash
    (own / "run.json").unlink()
    recover_run(own)
    found = verify_run(own)
    assert found.outcome is Outcome.NO_HEAD
    assert "made from this journal" in found.why[0]
    assert verify_run(own, head).outcome is Outcome.INTACT
    (own / "run.json").write_text((own / "run.json").read_text().replace(head, "0" * 64))
    assert verify_run(own).outcome is Outcome.CHANGED


def test_recovering_makes_a_run_json_that_cannot_be_read_anew(own: Path) -> None:
    """The garbled one is kept aside. Of a run that goes on it is left alone."""
    (own / "run.json").write_bytes(b"\0" * 40)
    with pytest.raises(RecordError, match="cannot be read"):
        verify_run(own)
    assert "pass" == recover_run(own).facts["verdict"]
    assert b"\0" * 40 == (own / "run.before.json").read_bytes()
    assert Outcome.NO_HEAD == verify_run(own).outcome


@pytest.mark.parametrize(
    ("was", "other"),
    [
        ('"power_w":1.0', '"power_w":[]'),
        ('"how":"read back"', '"how":7'),
        ('"step-begun","index":1', '"step-begun","index":"x"'),
        ('"reasons":["all well"]', '"reasons":[7]'),
        ('"results":{', '"results":[],"x":{'),
        ('["probe.temperature",22.0', '["probe.temperature","22.0"'),
        ('["probe.temperature",22.0', "[7,22.0"),
    ],
)
def test_a_well_made_line_that_says_what_no_event_says_is_one_error(
    own: Path, was: str, other: str
) -> None:
    """A journal may come from anywhere: none of what reads it meets a list for a number."""
    journal = own / "journal.jsonl"
    chain, lines = Chain(), []
    for line in journal.read_text().splitlines():
        body = line.rpartition(',"c":')[0]
        if '"h":' in line:
            lines.append(chain_line(json.loads(line)["n"], chain.close()))
            continue
        lines.append(seal(body.replace(was, other)))
        chain.add(lines[-1])
    journal.write_bytes(b"".join(lines))
    assert other.encode() in journal.read_bytes()
    with pytest.raises(RecordError, match="an event that this version of labctl does not know"):
        verify_run(own)


def test_a_run_that_goes_on_is_called_so(tmp_path: Path) -> None:
    """Neither intact nor cut off while its process writes."""
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    journal.append(begun())
    journal.durable(1).result()

    assert Outcome.RUNNING == verify_run(folder.path).outcome
    folder.finish()
