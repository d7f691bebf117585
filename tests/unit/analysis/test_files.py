"""Anybody's file: separators, decimals, names, units, clocks; and an error that says the line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.analysis import Choice, load, parse
from labctl.errors import InputError

TIMES = [0.0, 30.0, 60.0, 90.0]
TEMPERATURES = [25.5, 26.25, 27.0, 27.5]
SAME = {
    "comma": "time_s,temperature_degC,laser\n0,25.5,0\n30,26.25,1\n60,27,1\n90,27.5,0\n",
    "semicolon and decimal comma": (
        "Zeit (min);Temperatur (°C);Laser\n0,0;25,5;aus\n0,5;26,25;ein\n"
        "1,0;27,0;ein\n1,5;27,5;aus\n"
    ),
    "tab, kelvin, words": (
        "t / s\tT / K\tlaser\n0\t298.65\toff\n30\t299.4\ton\n60\t300.15\ton\n90\t300.65\toff\n"
    ),
    "fahrenheit and milliseconds": (
        "time [ms],T [degF],irradiation\n0,77.9,0\n30000,79.25,1\n60000,80.6,1\n90000,81.5,0\n"
    ),
    "comments and a preamble": (
        "# logged by hand\nOperator: me\nDate, 2026-01-31\n\ntime_s,temp,laser\n"
        "0,25.5,0\n30,26.25,1\n# a note\n60,27,1\n90,27.5,0\n"
    ),
    "units in a line of their own": (
        "Time,Temp,Laser\ns,degC,\n0,25.5,0\n30,26.25,1\n60,27,1\n90,27.5,0\n"
    ),
    "spaces": "time temp laser\n0 25.5 0\n30 26.25 1\n60 27 1\n90 27.5 0\n",
    "clock over midnight": (
        "clock time,temp,laser\n23:59:10,25.5,0\n23:59:40,26.25,1\n0:00:10,27,1\n0:00:40,27.5,0\n"
    ),
    "dates": (
        "timestamp,temp,laser\n2026-01-31 23:59:10,25.5,0\n2026-01-31T23:59:40Z,26.25,1\n"
        "2026-02-01 00:00:10,27,1\n2026-02-01 00:00:40,27.5,0\n"
    ),
    "dates and times of day in two columns": (
        "Date\tTime\tT1(C)\tlaser\n31.01.2026\t23:59:10\t25.5\t0\n31.01.2026\t23:59:40\t26.25\t1\n"
        "01.02.2026\t00:00:10\t27\t1\n01.02.2026\t00:00:40\t27.5\t0\n"
    ),
    "quotes and empty columns behind": (
        '"time (s)","temp (°C)","laser",,\n"0","25.5","0",,\n"30","26.25","1",,\n60,27,1,,\n'
        "90,27.5,0,,\n"
    ),
    "a power column": "time_s,temp,laser_power_mW\n0,25.5,0\n30,26.25,900\n60,27,905\n90,27.5,1\n",
    "an irradiance": "time_s,temp,I (W/cm²)\n0,25.5,0\n30,26.25,1.2\n60,27,1.2\n90,27.5,0\n",
}


@pytest.mark.parametrize("name", SAME)
def test_one_curve_in_many_forms_is_one_record(name: str) -> None:
    """However it is written, the record is the same, in SI units."""
    record = parse(SAME[name]).record
    assert record.light is not None
    assert TIMES == pytest.approx(record.time_s.tolist())
    assert TEMPERATURES == pytest.approx(record.temperature_degc.tolist())
    assert [False, True, True, False] == record.light.tolist()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_the_encoding_is_found(encoding: str, tmp_path: Path) -> None:
    """UTF-8 with or without a mark, UTF-16, Latin-1 with a degree sign."""
    path = tmp_path / "curve.csv"
    path.write_bytes(SAME["semicolon and decimal comma"].encode(encoding))
    assert TEMPERATURES == pytest.approx(load(path).record.temperature_degc.tolist())


def test_what_was_recognised_is_said() -> None:
    """Column and unit, and where a unit was taken for want of one."""
    said = parse(SAME["comments and a preamble"]).recognised
    assert "time: column 'time_s' in s" in said
    assert "temperature: column 'temp', no unit in its name, taken as degC" in said


def test_an_irradiance_is_no_power() -> None:
    """W/cm2 says when, not how much: there is no power, and that is said."""
    loaded = parse(SAME["an irradiance"])
    assert loaded.record.power_w is None
    assert "irradiance" in loaded.said[0]


def test_a_power_in_milliwatts_is_one_in_watts() -> None:
    """900 mW is 0.9 W."""
    power = parse(SAME["a power column"]).record.power_w
    assert power is not None and power[1] == pytest.approx(0.9)


def test_a_difference_in_kelvin_stays_one() -> None:
    """A rise of 3 K is not -270 degC."""
    record = parse("time_s,delta T (K)\n0,0\n1,3\n2,4\n").record
    assert [0.0, 3.0, 4.0] == record.temperature_degc.tolist()


def test_rows_know_their_line() -> None:
    """Comments and preamble counted."""
    assert [6, 7, 9, 10] == list(parse(SAME["comments and a preamble"]).lines)


def test_empty_cells_are_no_reading() -> None:
    """Empty, NaN and OL are no number, and no error."""
    record = parse("time_s,temp\n0,25\n1,\n2,NaN\n3,OL\n4,26\n").record
    assert [False, True, True, True, False] == np.isnan(record.temperature_degc).tolist()


def test_a_second_bead_of_labctls_own_table_is_not_in_the_firsts_place() -> None:
    """`probe2` stands beside `probe`; which one is the sample's temperature is not asked."""
    names = "time_s,probe_temperature_degC,probe2_temperature_degC,ambient_temperature_degC"
    record = parse(f"{names}\n0,25,26,22\n1,25.5,26.5,22\n2,26,27,22\n").record

    assert [25.0, 25.5, 26.0] == record.temperature_degc.tolist()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no rows"),
        ("hello\nworld\n", "no rows with two numbers"),
        ("0,1\n1,2\n", "no names"),
        ("a,b\n0,1\n1,2\n", "no column is called like a time"),
        ("time,x\n0,1\n1,2\n", "no column is called like a temperature"),
        ("time,temp 1,temp 2\n0,1,2\n1,2,3\n", "2 columns may be the temperature"),
        ("time,temp\n0,25\n1,warm\n", "'warm' is no temperature"),
        ("time,temp\n0,0,25,5\n1,0,26,5\n", "4 cells where the header has 2 names"),
        ("time,temp,laser\n0,25,0\n1,26,maybe\n", "'maybe' is no light"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_do(text: str, words: str) -> None:
    """Each refusal says what was seen and a remedy."""
    with pytest.raises(InputError) as refused:
        parse(text, "curve.csv")
    error = refused.value
    assert words in " ".join([error.what, *(str(p) for p in error.problems)])
    assert error.fix and error.where.startswith("curve.csv")


def test_a_bad_cell_is_named_with_its_line() -> None:
    """`curve.csv:3:3`."""
    with pytest.raises(InputError) as refused:
        parse("time,temp\n0,25\n1,warm\n2,26\n", "curve.csv")
    problem = refused.value.problems[0]
    assert ("curve.csv", 3, 3) == (problem.file, problem.line, problem.column)
    assert refused.value.where == "curve.csv:3:3"


def test_columns_may_be_named() -> None:
    """`--temperature` chooses among several; a name that is not there is refused."""
    text = "time,temp 1,temp 2\n0,1,2\n1,2,3\n"
    assert [2.0, 3.0] == parse(
        text, choice=Choice(temperature="temp 2")
    ).record.temperature_degc.tolist()
    with pytest.raises(InputError, match="no column 'temp 3'"):
        parse(text, choice=Choice(temperature="temp 3"))


def test_the_table_of_a_run_is_read(tmp_path: Path) -> None:
    """A run's folder is read by its data.csv, and so is that file itself; what the check wrote
    there is not a measurement, and what the laser read back is not what it was told."""
    (tmp_path / "data.csv").write_text(
        "time_s,probe_temperature_degC,ambient_temperature_degC,meter_power_W,laser_current_A,"
        "laser_emission,laser,step,predicted_temperature_degC,time_constant_s,"
        "heat_loss_coefficient_W_per_K,remarks\n"
        "0.1,25.0,24.0,0.0,0.0,0,off,1,25.0,,,\n1.1,25.5,24.1,1.2,0.9,1,on,2,25.4,220,0.02,\n"
        '2.1,,24.1,1.2,0.9,1,unknown,2,25.4,220,0.02,"probe.temperature: open"\n'
    )
    record = load(tmp_path).record
    assert [24.0, 24.1, 24.1] == (
        record.ambient_degc.tolist() if record.ambient_degc is not None else []
    )
    assert [0.0, 1.2, 1.2] == (record.power_w.tolist() if record.power_w is not None else [])
    assert record.light is not None and [False, True] == record.light.tolist()[:2]
    assert load(tmp_path).recognised == load(tmp_path / "data.csv").recognised
    with pytest.raises(InputError, match=r"no data\.csv"):
        load(tmp_path.parent)


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    """A spreadsheet's own format is no text."""
    path = tmp_path / "curve.xlsx"
    path.write_bytes(b"PK\x03\x04\x00\x00")
    with pytest.raises(InputError, match="not a text file"):
        load(path)


_CELL = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True).map(repr),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(
        ["", "NaN", "on", "off", "1,5", "12:30:01", '"', "°C", "time", "T (K)", "\x00"]
    ),
    st.text(max_size=6),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(st.lists(_CELL, max_size=4), max_size=8), st.sampled_from(",;\t "))
def test_any_table_is_a_record_or_a_named_error(rows: list[list[str]], separator: str) -> None:
    """Whatever stands in a file: a record with one value a row, or InputError."""
    text = "time,temp,laser\n" + "\n".join(separator.join(row) for row in rows)
    try:
        loaded = parse(text)
    except InputError:
        return
    assert len(loaded.lines) == len(loaded.record)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_named_error(data: bytes) -> None:
    """The same of bytes."""
    from labctl.analysis._text import decode

    try:
        text, _ = decode(data)
        parse(text)
    except InputError:
        pass
