"""Reading a journal: every change to it is seen, and what stands before it is kept."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.errors import RecordError
from labctl.events import Event
from labctl.record import JournalState, read_journal
from labctl.record._frames import CHAIN_EVERY, chain_line, seal
from tests.unit.record.some_events import ended, notes, run, write

GOOD: tuple[Event, ...] = tuple(run(CHAIN_EVERY // 2 + 10))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed journal of more than one chain line."""
    return write(tmp_path_factory.mktemp("good") / "journal.jsonl", GOOD)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the changed copy goes."""
    return tmp_path_factory.mktemp("bad") / "journal.jsonl"


def check_seen(data: bytes, place: Path) -> None:
    """The changed journal is not called closed, and no event in it is another than was written."""
    place.write_bytes(data)
    reading = read_journal(place)
    assert JournalState.CLOSED != reading.state
    assert GOOD[: len(reading.events)] == reading.events
    assert len(reading.events) == reading.durable_seq


@given(data=st.data())
def test_a_flipped_bit_is_seen(data: st.DataObject, good: Path, place: Path) -> None:
    """One bit anywhere."""
    changed = bytearray(good.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(changed) - 1))
    changed[bit // 8] ^= 1 << bit % 8
    check_seen(bytes(changed), place)


@given(data=st.data())
def test_a_tail_that_is_missing_is_seen(data: st.DataObject, good: Path, place: Path) -> None:
    """Cut anywhere; every whole event before the cut is kept."""
    whole = good.read_bytes()
    size = data.draw(st.integers(0, len(whole) - 1))
    check_seen(whole[:size], place)
    assert JournalState.CUT_OFF == read_journal(place).state
    kept = [line for line in whole[:size].split(b"\n")[:-1] if b'"k":' in line]
    assert len(kept) == read_journal(place).durable_seq


@given(data=st.data())
def test_zeros_are_seen(data: st.DataObject, good: Path, place: Path) -> None:
    """A stretch of up to 4 kB zeroed anywhere."""
    changed = bytearray(good.read_bytes())
    begin = data.draw(st.integers(0, len(changed) - 1))
    size = min(data.draw(st.integers(1, 4096)), len(changed) - begin)
    changed[begin : begin + size] = bytes(size)
    check_seen(bytes(changed), place)


@given(data=st.data())
def test_lines_in_another_order_are_seen(data: st.DataObject, good: Path, place: Path) -> None:
    """Two lines exchanged, one left out, or one twice."""
    lines = good.read_bytes().splitlines(keepends=True)
    first, second = sorted(
        data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=2, max_size=2, unique=True))
    )
    exchanged = list(lines)
    exchanged[first], exchanged[second] = lines[second], lines[first]
    changed = data.draw(
        st.sampled_from(
            [exchanged, lines[:first] + lines[first + 1 :], [*lines[:second], *lines[first:]]]
        )
    )
    check_seen(b"".join(changed), place)


def test_a_line_made_anew_breaks_the_chain(good: Path, place: Path) -> None:
    """An event replaced by another with a right checksum is found by the next chain line."""
    lines = good.read_bytes().splitlines(keepends=True)
    lines[20] = seal('{"n":20,"t":0,"k":"note","who":"x","text":"nothing happened"')
    place.write_bytes(b"".join(lines))
    reading = read_journal(place)

    assert JournalState.DAMAGED == reading.state
    assert CHAIN_EVERY + 2 == reading.first_bad_line
    assert "hash" in reading.why


def test_a_good_journal_is_closed(good: Path) -> None:
    """The healthy one is called so, and its head is its last chain line's."""
    reading = read_journal(good)

    assert (JournalState.CLOSED, None, "") == (reading.state, reading.first_bad_line, reading.why)
    assert GOOD == reading.events
    assert reading.head_hash.encode() in good.read_bytes().splitlines()[-1]
    assert good.stat().st_size == reading.good_bytes


def test_what_follows_the_end_is_damage(good: Path, place: Path) -> None:
    """Nothing may be added to a closed journal, not even a well-made line."""
    more = seal(f'{{"n":{len(GOOD) + 1},"t":0,"k":"note","who":"x","text":"y"')
    check_seen(good.read_bytes() + more, place)


def test_an_end_without_its_chain_line_is_cut_off(good: Path, place: Path) -> None:
    """The closing event alone does not close a journal."""
    lines = good.read_bytes().splitlines(keepends=True)
    place.write_bytes(b"".join(lines[:-1]))

    assert JournalState.CUT_OFF == read_journal(place).state


def test_a_second_chain_line_is_damage(tmp_path: Path) -> None:
    """A chain line closes events, never nothing."""
    path = write(tmp_path / "j", notes(3))
    head = sha256(read_journal(path).head_hash.encode()).hexdigest()
    path.write_bytes(path.read_bytes() + chain_line(3, head))

    assert JournalState.DAMAGED == read_journal(path).state


def test_an_event_after_the_end_is_damage(tmp_path: Path) -> None:
    """Nor may an event stand between the closing event and its chain line."""
    path = write(tmp_path / "j", [ended(0)])
    first, last, _ = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + last + seal('{"n":2,"t":0,"k":"note","who":"x","text":"y"'))
    reading = read_journal(path)

    assert (JournalState.DAMAGED, (ended(0),)) == (reading.state, reading.events)


def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    """Another schema, or a kind of event this version lacks, is no damage but an error that says
    which version to use."""
    path = tmp_path / "j"
    path.write_bytes(seal('{"n":0,"schema":"labctl.journal/9"'))
    with pytest.raises(RecordError, match="newer labctl"):
        read_journal(path)
    write(tmp_path / "k", [])
    with (tmp_path / "k").open("ab") as file:
        file.write(seal('{"n":1,"t":0,"k":"teleported"'))
    with pytest.raises(RecordError, match="does not know"):
        read_journal(tmp_path / "k")


def test_no_journal_is_an_error(tmp_path: Path) -> None:
    """A missing file is not an empty run."""
    with pytest.raises(RecordError, match="no journal"):
        read_journal(tmp_path / "j")


def test_an_ended_run_reads_back_short(tmp_path: Path) -> None:
    """The shortest run there is: its end."""
    assert JournalState.CLOSED == read_journal(write(tmp_path / "j", [ended(0)])).state
