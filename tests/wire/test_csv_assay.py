"""An assay by a file that another program writes: whole rows only, and only those that are new."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labctl.clock import Clock, run_real
from labctl.instruments import (
    InputError,
    InstrumentError,
    Invalid,
    PortDisconnectedError,
    PortProtocolError,
    Reading,
    make_instrument,
)
from labctl_drivers.csv_assay import CsvAssay, CsvLibrary
from tests.unit.drivers.transcript import TranscriptPort

HEAD = "time,species,value\n"


def ask(path: Path, *lines: str) -> list[str]:
    far = CsvLibrary(str(path), "here")
    far.open()
    far.write("\n".join(lines).encode() + b"\n")
    said = far.read(4096, 0.0).decode().splitlines()
    far.close()
    return said


def test_a_row_is_a_measurement_once_its_line_is_whole(tmp_path: Path) -> None:
    """What is still being written is not there yet."""
    path = tmp_path / "plate.csv"
    path.write_text(HEAD + "1,quinidine,0.10\n2,iron,0.5\n3,quinidine,0.2")

    assert ["TABLE plate.csv", "ROWS 1", "NONE"] == ask(
        path, "WHO", "COUNT quinidine", "ROW quinidine 1"
    )
    path.write_text(path.read_text() + "5\n")
    assert ["ROWS 2", "VALUE 0.25"] == ask(path, "COUNT quinidine", "ROW quinidine 1")


@pytest.mark.parametrize(
    "text",
    ["Time;Well;Species;Value\n1;A1;Quinidine;0,25\n", "\ufeffspecies\tvalue\nquinidine\t0,25\n",
     "species,value\r\nquinidine,0.25\r\n"],
)  # fmt: skip
def test_other_programs_write_other_marks(tmp_path: Path, text: str) -> None:
    """Semicolons and tabs with a decimal comma, other columns beside, a byte order mark."""
    path = tmp_path / "plate.csv"
    path.write_bytes(text.encode())

    assert ["VALUE 0.25"] == ask(path, "ROW quinidine 0")


def test_through_the_driver_a_file_is_an_assay(tmp_path: Path) -> None:
    """A row that was there before is none; the one that comes is the measurement."""
    path = tmp_path / "plate.csv"
    path.write_text(HEAD + "1,quinidine,0.10\n")

    async def main(clock: Clock) -> list[object]:
        settings = {"species": ["quinidine"]}
        thing: Any = make_instrument("plate", "csv-assay", f"library+csv://{path}", settings, clock)
        try:
            await thing.connect()
            await thing.job(lambda: thing.driver.begin_assay("quinidine"))
            given: list[object] = [await thing.job(thing.driver.read_assay)]
            path.write_text(path.read_text() + "2,quinidine,0.3\n3,quinidine,low\n")
            given.append(await thing.job(thing.driver.read_assay))
            thing.driver._seen = 2
            given.append(await thing.job(thing.driver.read_assay))
        finally:
            await thing.close()
        return given

    none, reading, words = run_real(main)
    assert none is None
    assert isinstance(reading, Reading)
    assert (0.3, "AU", "quinidine") == (reading.value, reading.unit, reading.channel)
    assert isinstance(words, Invalid) and "low" in words.detail


def test_a_file_that_is_not_there_is_a_port_that_is_not_there(tmp_path: Path) -> None:
    """And one without the columns says which."""
    with pytest.raises(PortDisconnectedError, match="there is no file"):
        CsvLibrary(str(tmp_path / "none.csv"), "here").open()
    path = tmp_path / "plate.csv"
    path.write_text("time,amount\n1,2\n")
    assert ["ERROR it has no column species and value"] == ask(path, "WHO")


def test_a_table_that_cannot_be_read_is_told() -> None:
    """In its own words."""
    port = TranscriptPort((b"COUNT quinidine\n", b"ERROR it has no column value\n"))

    with pytest.raises(PortProtocolError, match="cannot be read") as found:
        port.run(CsvAssay(port, {}).begin_assay("quinidine"))
    assert isinstance(found.value, InstrumentError)


@pytest.mark.parametrize(
    "wrong", [{"species": ["A 1"]}, {"unit": "V"}, {"takes": "1 ms"}, {"species": ["a", "a"]}]
)
def test_settings_that_cannot_be_are_bad_input(wrong: dict[str, Any]) -> None:
    """Each is named."""
    with pytest.raises(InputError, match=f"setting '{next(iter(wrong))}'"):
        CsvAssay(TranscriptPort(), wrong)
