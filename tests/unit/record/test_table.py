"""data.csv: a row a sample, units in the header, the same bytes live and made again."""

from __future__ import annotations

import csv
import errno
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from labctl.errors import RecordError
from labctl.events import Event, Invalid, Reading, Sample
from labctl.record import RunFolder, make_table
from labctl.record._table import LiveTable
from tests.unit.record.some_events import BadDisk, run, write


def table(folder: Path, what: Iterable[Event]) -> list[list[str]]:
    """The table of these events, made from their journal."""
    make_table(write(folder / "journal.jsonl", what), folder / "data.csv")
    with (folder / "data.csv").open(newline="") as file:
        return list(csv.reader(file))


def test_the_header_has_the_units(tmp_path: Path) -> None:
    """Every number's unit stands in the name of its column, also of a channel whose first reading
    is none."""
    header = table(tmp_path, run())[0]

    assert [
        "time_s", "probe_temperature_degC", "ambient_temperature_degC", "meter_power_W",
        "laser", "step", "predicted_temperature_degC", "predicted_sd_K",
    ] == header[:8]  # fmt: skip
    assert ["heat_loss_coefficient_sd_W_per_K", "remarks"] == header[-2:]


def test_a_row_holds_what_was_read(tmp_path: Path) -> None:
    """A sample, the beam and step at that moment, the check's word on it, why a reading is none."""
    rows = table(tmp_path, run(30))

    assert 31 == len(rows)
    assert ["0.000000", "22.0", "", "0.98", "off", "1", "22.0", "0.05", "0.5"] == rows[1][:9]
    assert ["ambient.temperature: open"] == rows[1][-1:]
    assert ["off", "on", "on", "off"] == [rows[row][4] for row in (10, 11, 20, 21)]


def test_without_a_check_there_are_no_columns_for_it(tmp_path: Path) -> None:
    """A log of one thermometer has one column of numbers."""
    sample = Sample(10**9, 10**9, (Reading("probe.temperature", 21.5, "degC", 10**9),))

    assert [
        ["time_s", "probe_temperature_degC", "laser", "step", "remarks"],
        ["1.000000", "21.5", "off", "0", ""],
    ] == table(tmp_path, [sample])


def test_a_reading_without_a_column_is_not_lost(tmp_path: Path) -> None:
    """A channel, or a unit, that the first sample did not have goes to the remarks."""
    first = Sample(0, 0, (Reading("laser.current", 1.0, "A", 0),))
    then = Sample(
        1, 1, (Reading("laser.current", 900.0, "mA", 1), Invalid('odd "name"', "open", "", 1))
    )

    assert 'laser.current: 900.0 mA; odd "name": open' == table(tmp_path, [first, then])[2][-1]


def test_a_tick_without_a_reading_is_a_row(tmp_path: Path) -> None:
    """It has its time and what is known of the beam, also where no channel has a column."""
    assert [["time_s", "laser", "step", "remarks"], ["0.000000", "off", "0", ""]] == table(
        tmp_path, [Sample(0, 0, ())]
    )


TEMPERATURE, CURRENT = ("probe.temperature", "degC"), ("laser.current", "A")


def tick(t_ns: int, *values: tuple[tuple[str, str], Any]) -> Sample:
    """A sample of these channels with their units, and values."""
    readings = [Reading(channel, value, unit, t_ns) for (channel, unit), value in values]
    return Sample(t_ns, t_ns, tuple(readings))


class Number(float):
    """A float of another type, as numerical libraries have them, which prints itself otherwise."""

    def __repr__(self) -> str:
        return f"Number({float(self)!r})"


ODD = [
    tick(0, (TEMPERATURE, 20.5), (CURRENT, 1.25)),
    tick(1_234_567_890, (TEMPERATURE, 1e-17), (CURRENT, -0.0)),
    tick(2_000_000_500, (CURRENT, 1.5), (TEMPERATURE, 21.0)),
    tick(3_000_000_000, (TEMPERATURE, Number(21.5))),
    tick(4_000_000_000, (TEMPERATURE, 22), (CURRENT, 1.0)),
    tick(5_000_000_000, (TEMPERATURE, Number(22.5)), (CURRENT, 1.0)),
    tick(6_000_000_000, (TEMPERATURE, 23.0), (("laser.current", "mA"), 900.0)),
    tick(7_000_000_000, (TEMPERATURE, 23.0), (TEMPERATURE, 24.0)),
    tick(8_000_000_000),
    tick(9_000_000_000, (TEMPERATURE, 1 / 3), (CURRENT, 1e22)),
]
"""Other orders, channels, units and kinds of numbers than the columns have."""


@pytest.mark.parametrize("events", [list(run()), ODD], ids=["a run", "odd samples"])
def test_live_and_made_again_are_the_same(tmp_path: Path, events: list[Event]) -> None:
    """The table written while the run goes on has the bytes of the one made from the journal."""
    folder = RunFolder.create(tmp_path, "heating-curve")
    journal = folder.open_journal(real_time=False)
    for event in events:
        journal.durable(journal.append(event)).result(5)
    folder.finish()
    make_table(folder.path / "journal.jsonl", tmp_path / "again.csv")

    assert (tmp_path / "again.csv").read_bytes() == (folder.path / "data.csv").read_bytes()


@pytest.mark.parametrize(
    "broken", [{"room": 30}, {"write_error": OSError(errno.ENOSPC, "No space left on device")}]
)
def test_a_disk_that_does_not_take_a_row_is_a_fault(tmp_path: Path, broken: dict[str, Any]) -> None:
    """A row that is cut short, or refused, is an error; closing afterwards is none."""
    disk = BadDisk(**broken)
    live = LiveTable(tmp_path / "data.csv", disk)
    with pytest.raises(RecordError, match="No space left"):
        live.put("".join(map(live.row, run())))
    disk.room, disk.write_error = 1 << 40, None
    live.close()
    live.close()


@pytest.mark.parametrize("room", [30, 200, 700])
def test_a_table_that_was_cut_short_stays_the_beginning_of_the_whole_one(
    tmp_path: Path, room: int
) -> None:
    """Whole rows, and none behind those that are missing, though the disk is well again."""
    make_table(write(tmp_path / "j", run()), tmp_path / "whole.csv")
    disk = BadDisk(room=room)
    live = LiveTable(tmp_path / "data.csv", disk)
    events = list(run())
    with pytest.raises(RecordError, match="No space left"):
        live.put("".join(map(live.row, events[:20])))
    disk.room = 1 << 40
    live.put("".join(map(live.row, events[20:])))
    live.close()
    data = (tmp_path / "data.csv").read_bytes()

    assert data == b"" or data.endswith(b"\n")
    assert len(data) <= room
    assert (tmp_path / "whole.csv").read_bytes().startswith(data)


def test_a_row_that_the_journal_may_have_more_of_is_not_written(tmp_path: Path) -> None:
    """The disk fails between a sample and what the check says of it: the table ends before it."""
    folder = RunFolder.create(tmp_path, "heating-curve")
    disk = BadDisk()
    journal = folder.open_journal(real_time=False, disk=disk)
    events = list(run())
    upto = next(at for at, event in enumerate(events) if event.kind == "assessment" and at > 20)
    for event in events[:upto]:
        journal.durable(journal.append(event)).result(5)
    disk.sync_error = OSError(errno.EIO, "Input/output error")
    journal.append(events[upto])
    with pytest.raises(RecordError, match="Input/output"):
        folder.finish()
    make_table(folder.path / "journal.jsonl", tmp_path / "again.csv")
    have, again = (path.read_text() for path in (folder.path / "data.csv", tmp_path / "again.csv"))

    assert again.startswith(have)
    assert 1 == again.count("\n") - have.count("\n")


def test_a_table_of_nothing(tmp_path: Path) -> None:
    """A journal without a sample makes an empty table, no journal an error."""
    assert [] == table(tmp_path, [])
    with pytest.raises(RecordError, match="no journal"):
        make_table(tmp_path / "none", tmp_path / "data.csv")
