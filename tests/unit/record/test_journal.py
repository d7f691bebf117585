"""The journal's writer: what is acknowledged is on disk, and a fault is latched and honest."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.clock import NS, Clock, run_virtual
from labctl.errors import RecordError
from labctl.events import Event, Reading, Sample
from labctl.record import Disk, Journal, JournalState, read_journal
from labctl.record import _journal as journal_module
from labctl.record._frames import CHAIN_EVERY
from tests.unit.record.some_events import BadDisk, ended, going_on, notes, run, write

NO_SPACE = OSError(errno.ENOSPC, "No space left on device")


def fresh(folder: Path) -> Path:
    """A path for one more journal, for tests that run many times in one folder."""
    return folder / f"journal-{len(list(folder.iterdir()))}.jsonl"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a property."""
    return tmp_path_factory.mktemp("journals")


@given(what=st.lists(going_on, max_size=12))
def test_any_events_come_back(what: list[Event], folder: Path) -> None:
    """What was appended is read back, in order, and the journal is closed."""
    reading = read_journal(write(fresh(folder), [*what, ended(1)]))

    assert (*what, ended(1)) == reading.events
    assert JournalState.CLOSED == reading.state


def test_the_bytes_depend_on_the_events_alone(tmp_path: Path) -> None:
    """One write for all, or a write and sync for each event: the same bytes."""
    at_once = write(tmp_path / "a", run())
    journal = Journal(tmp_path / "b", real_time=False)
    for event in run():
        journal.durable(journal.append(event)).result(5)
    journal.close()

    assert at_once.read_bytes() == (tmp_path / "b").read_bytes()


def test_durable_means_on_disk(tmp_path: Path) -> None:
    """When the future of an event is done, the event is in the file."""
    journal = Journal(tmp_path / "j", real_time=False)
    for event in notes(5):
        seq = journal.append(event)
    journal.durable(seq).result(5)

    assert 5 == seq == journal.durable_seq == read_journal(tmp_path / "j").durable_seq
    assert 0 == journal.backlog
    journal.close()


def test_a_chain_line_comes_after_so_many_events(tmp_path: Path) -> None:
    """Chain lines stand after every CHAIN_EVERY events and after the closing one."""
    path = write(tmp_path / "j", [*notes(2 * CHAIN_EVERY + 3), ended(9)])
    chained = [
        number for number, line in enumerate(path.read_text().splitlines()) if '"h":' in line
    ]

    assert [CHAIN_EVERY + 1, 2 * CHAIN_EVERY + 2, 2 * CHAIN_EVERY + 7] == chained


def test_closing_without_an_end_is_cut_off(tmp_path: Path) -> None:
    """A journal that was closed without its closing event is not called closed, and its head
    hash is the one its writer had."""
    journal = Journal(tmp_path / "j", real_time=False)
    journal.append(notes(1)[0])
    journal.close()
    journal.close()
    reading = read_journal(tmp_path / "j")

    assert JournalState.CUT_OFF == reading.state
    assert journal.head_hash == reading.head_hash


def test_nothing_follows_the_end(tmp_path: Path) -> None:
    """After the closing event, and after close, an append is refused."""
    journal = Journal(tmp_path / "j", real_time=False)
    journal.append(ended(0))
    with pytest.raises(RecordError, match="nothing follows its end"):
        journal.append(notes(1)[0])
    journal.close()
    with pytest.raises(RecordError, match="nothing follows its end"):
        journal.append(notes(1)[0])


def test_a_number_that_is_none_leaves_no_trace(tmp_path: Path) -> None:
    """A NaN is refused before anything of its event is written or counted."""
    journal = Journal(tmp_path / "j", real_time=False)
    with pytest.raises(ValueError, match="JSON compliant"):
        journal.append(Sample(0, 0, (Reading("probe.temperature", float("nan"), "degC", 0),)))
    for event in (*notes(2), ended(3)):
        journal.append(event)
    journal.close()

    assert JournalState.CLOSED == read_journal(tmp_path / "j").state


def test_a_journal_is_never_written_over(tmp_path: Path) -> None:
    """A file that is there is not opened again."""
    path = write(tmp_path / "j", notes(1))
    with pytest.raises(RecordError, match="exists"):
        Journal(path, real_time=False)


@pytest.mark.parametrize("room", [0, 10, 60, 100, 150, 299, 1000])
def test_a_short_write_keeps_whole_lines(
    tmp_path: Path, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that fills up the file ends with a whole line, all that is in it is acknowledged
    and nothing else, and the fault says so."""
    monkeypatch.setattr(journal_module, "GROUP_NS", 10 * NS)
    disk = BadDisk(room=room)
    journal = Journal(tmp_path / "j", real_time=False, disk=disk)
    for event in notes(100):
        journal.append(event)
    with pytest.raises(RecordError, match="cut short"):
        journal.durable(100).result(5)
    journal.close()
    data = (tmp_path / "j").read_bytes()
    reading = read_journal(tmp_path / "j")

    assert room >= len(data) > room - 100
    assert data == b"" or data.endswith(b"\n")
    assert reading.first_bad_line is None
    assert journal.durable_seq == reading.durable_seq
    assert ["write", "truncate", "sync"] == disk.calls


def test_events_of_a_short_write_that_are_whole_are_acknowledged(tmp_path: Path) -> None:
    """A waiter whose event went to disk in the write that was cut short hears that it did."""
    journal = Journal(tmp_path / "j", real_time=False, disk=BadDisk(room=200))
    futures = [journal.durable(journal.append(event)) for event in notes(10)]
    told = [future.exception(5) is None for future in futures]
    journal.close()

    assert told == [seq <= journal.durable_seq for seq in range(1, 11)]
    assert 0 < journal.durable_seq < 10


@pytest.mark.parametrize(
    ("disk", "seen", "calls"),
    [
        (BadDisk(write_error=NO_SPACE), "No space left", ["write"]),
        (BadDisk(sync_error=OSError(errno.EIO, "Input/output error")), "Input/output",
         ["write", "sync"]),
    ],
)  # fmt: skip
def test_a_fault_is_latched(tmp_path: Path, disk: BadDisk, seen: str, calls: list[str]) -> None:
    """After an error nothing is acknowledged, the disk is left alone, and every later call says
    the same."""
    told: list[RecordError] = []
    journal = Journal(tmp_path / "j", real_time=False, disk=disk, on_fault=told.append)
    seq = journal.append(notes(1)[0])
    with pytest.raises(RecordError, match=seen):
        journal.durable(seq).result(5)
    with pytest.raises(RecordError, match=seen):
        journal.append(notes(1)[0])
    with pytest.raises(RecordError, match=seen):
        journal.durable(seq).result(5)
    journal.close()

    assert [journal.fault] == told
    assert 0 == journal.durable_seq
    assert calls == disk.calls


class Broken:
    """A table whose own code fails."""

    def __init__(self, where: str) -> None:
        self._where = where

    def row(self, event: Event, even: object) -> str:
        self._break("row")
        return "a row\n"

    def put(self, text: str) -> None:
        self._break("put")

    def _break(self, where: str) -> None:
        if where == self._where:
            raise TypeError("broken")


@pytest.mark.parametrize("where", ["row", "put"])
def test_a_fault_in_the_table_is_a_fault(tmp_path: Path, where: str) -> None:
    """Whatever fails is latched, and nobody waits for ever; the event itself is in the journal."""
    journal = Journal(tmp_path / "j", real_time=False, also=Broken(where))
    journal.durable(journal.append(notes(1)[0])).result(5)
    journal._writer.join(5)
    with pytest.raises(RecordError, match="broken"):
        journal.append(notes(1)[0])
    journal.close()


class HungDisk(Disk):
    """Does not answer until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def sync(self, handle: int) -> None:
        self.go.wait(10)


@pytest.fixture
def hung() -> HungDisk:
    """A disk that hangs."""
    return HungDisk()


def test_a_disk_that_hangs_is_a_fault_in_real_time(
    tmp_path: Path, hung: HungDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two seconds of backlog, seen twice half a second apart, end the writing; once does not."""
    now = [10**9]
    monkeypatch.setattr("labctl.clock.real_ns", lambda: now[0])
    monkeypatch.setattr(journal_module, "GROUP_NS", 0)
    journal = Journal(tmp_path / "j", real_time=True, disk=hung)
    one, two, three, four, five = notes(5)
    journal.append(one)
    now[0] += 1_900_000_000
    journal.append(two)
    now[0] += 200_000_000
    journal.append(three)
    assert journal.fault is None
    now[0] += 400_000_000
    journal.append(four)
    now[0] += 200_000_000
    with pytest.raises(RecordError, match="does not keep up"):
        journal.append(five)
    hung.go.set()
    journal.close()


def test_closing_does_not_wait_for_a_hung_disk_for_ever(
    tmp_path: Path, hung: HungDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Close gives up in time, and says what is certainly on disk."""
    monkeypatch.setattr(journal_module, "CLOSE_WAIT_S", 0.02)
    journal = Journal(tmp_path / "j", real_time=True, disk=hung)
    journal.append(notes(1)[0])
    with pytest.raises(RecordError, match="events up to 0 of 1"):
        journal.close()
    hung.go.set()


def test_settling_holds_a_virtual_clock(tmp_path: Path) -> None:
    """Waiting for the disk takes no virtual time, whatever else is scheduled."""

    async def main(clock: Clock) -> tuple[int, int]:
        clock.call_at(1, lambda: None)
        journal = Journal(tmp_path / "j", real_time=False)
        journal.append(notes(1)[0])
        await journal.settle(clock)
        journal.close()
        return clock.now_ns(), journal.durable_seq

    assert (0, 1) == run_virtual(main)
