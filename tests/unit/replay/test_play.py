"""A record is played at its own times, in mode REPLAY, whole or as far as it is good."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from labctl.clock import NS, VIRTUAL_EPOCH_UTC_NS, Clock, run_virtual
from labctl.errors import InputError, RecordError, RefusedError
from labctl.events import Event, Mode, RunBegun
from labctl.record import JournalState, RunFolder
from labctl.replay import Played, Player, read_recorded
from labctl.telemetry import Telemetry
from labctl.telemetry._choice import BrokerChoice
from labctl.telemetry._names import check_replay_root
from tests.unit.record.some_events import run


@pytest.fixture
def record(tmp_path: Path) -> Path:
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    journal = folder.open_journal(real_time=False)
    for event in run():
        journal.append(event)
    folder.finish()
    return folder.path


def played(path: Path) -> tuple[Played, list[tuple[int, Event]]]:
    """As fast as it goes: each event with the clock at which it was handed on."""
    heard: list[tuple[int, Event]] = []

    async def main(clock: Clock) -> Played:
        player = Player(read_recorded(path))
        return await player.play(clock, lambda event: heard.append((clock.now_ns(), event)))

    return run_virtual(main), heard


def test_every_event_comes_at_its_time(record: Path) -> None:
    """All of them, none early, each the recorded one but for the mode of the run."""
    result, heard = played(record)
    was = list(run())

    assert (len(was), JournalState.CLOSED, "") == (result.events, result.state, result.why)
    assert [event.t_ns for event in was] == [at_ns for at_ns, _ in heard]
    assert was[1:] == [event for _, event in heard][1:]
    begun = heard[0][1]
    assert isinstance(begun, RunBegun) and Mode.REPLAY is begun.mode


def test_a_record_that_was_cut_off_is_played_to_there(record: Path) -> None:
    """Good events alone; what is wrong is said."""
    journal = record / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:20]) + lines[20].replace(b"t", b"T", 1) + lines[21])
    result, heard = played(record)

    assert (19, JournalState.DAMAGED) == (result.events, result.state)
    assert result.why != "" and 19 == len(heard)


def test_who_waits_holds_the_clock(record: Path) -> None:
    """Nothing is handed on before there is room; a replay that is cancelled tells how far it
    came."""

    async def main(clock: Clock) -> Played:
        player, handed = Player(read_recorded(record)), []

        async def room() -> None:
            if len(handed) == 10:
                await asyncio.Event().wait()

        task = asyncio.ensure_future(player.play(clock, handed.append, room))
        await clock.sleep(60 * NS)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() and 10 == len(handed)
        return player.played

    assert 10 == run_virtual(main).events


def test_times_are_those_of_then(record: Path) -> None:
    """Of a simulated run the simulation's; of a real one what run.json says."""
    found = read_recorded(record)

    assert (Mode.SIMULATED, VIRTUAL_EPOCH_UTC_NS) == (found.begun.mode, found.utc_zero_ns)


def test_what_is_no_run_is_not_played(tmp_path: Path) -> None:
    """A journal without a first event."""
    folder = RunFolder.create(tmp_path, "heating-curve", "water")
    folder.open_journal(real_time=False)
    folder.finish()

    with pytest.raises(RecordError, match="there is no run in this journal"):
        read_recorded(folder.path)


@pytest.mark.parametrize("root", ["labctl/v1", "labctl", "LABCTL/v2/x", "homeassistant/sensor"])
def test_a_replay_is_refused_where_benches_publish(root: str) -> None:
    """And where dashboards look for them."""
    with pytest.raises(RefusedError, match="never published where benches are"):
        check_replay_root(root)


@pytest.mark.parametrize("root", ["", "a/#", "+", "a//b", "$SYS", "a/b/", "ä", "a b"])
def test_a_root_is_made_of_names(root: str) -> None:
    """Nothing that a broker reads otherwise."""
    with pytest.raises(InputError):
        check_replay_root(root)


def test_only_a_replay_has_a_root_of_its_own() -> None:
    """A bench publishes where everybody looks for it."""
    with pytest.raises(ValueError, match="only a replay"):
        Telemetry("b", Mode.REAL, {}, BrokerChoice(off=True), utc_zero_ns=0, replay_root="x")
