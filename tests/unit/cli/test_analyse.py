"""`labctl analyse`: what is printed, how wide, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from labctl.analysis import Row, _analysis
from labctl.cli import main
from labctl.photothermal import Record
from tests.unit.photothermal.curves import curve

REAL = Path(__file__).resolve().parents[2] / "data" / "heating-curves"
VIKAS = REAL / "vikas2023_gnr_10x38_20ugml_808nm.csv"
ARMENTA = REAL / "armentagamez2026_aunr_785nm_1p2Wcm2.csv"


def ended(*args: str) -> int:
    """The exit code of `labctl analyse ARGS`."""
    with pytest.raises(SystemExit) as left:
        main(["analyse", *args])
    assert isinstance(left.value.code, int)
    return left.value.code


@pytest.fixture(autouse=True)
def no_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch fit, which has tests of its own, is left out: it takes a second a curve."""

    def batch(record: Record, start: object, *, stepped: bool) -> tuple[Row, tuple[()]]:
        return Row("full model, batch", "", why="left out here"), ()

    monkeypatch.setattr(_analysis, "batch", batch)


@pytest.fixture(scope="module")
def simple(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short curve as a file, every 10 s."""
    record = curve(noise_k=0.05, every_s=10.0)
    assert record.laser_on is not None
    lines = ["time_s,temperature_degC,laser"]
    lines += [
        f"{t:.1f},{y:.3f},{int(on)}"
        for t, y, on in zip(record.time_s, record.temperature_degc, record.laser_on, strict=True)
    ]
    path = tmp_path_factory.mktemp("curves") / "simple.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_is_wider_than_the_terminal(
    columns: int, simple: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table and every sentence fit; no colours are needed to read them."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.chdir(simple.parent)
    assert ended("simple.csv", "--sample", "gold-nanorods", "--power", "1 W +- 3 %") in (0, 1, 7)
    out = capsys.readouterr().out
    assert [] == [line for line in out.splitlines() if len(line) > columns]
    assert "\x1b" not in out
    blocks = ["FINDINGS", "METHODS", "KNOWN BIAS", "ASSUMED", "BUDGET"]
    assert blocks == [line for line in out.splitlines() if line in blocks]


def test_without_inputs_no_efficiency_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """A real curve alone: a dash in the column of every method, and what to give."""
    ended(str(VIKAS))
    out = capsys.readouterr().out
    rows = re.findall(
        r"^  (?:full model|one time|Roper|Chen|initial|log-lin).*$", out, re.MULTILINE
    )
    table = [row for row in rows if ": " not in row]
    assert 8 == len(table)
    assert all(re.search(r"  -  ", f"{row}  ") for row in table)
    assert "no efficiency is computed without these" in out
    assert "--power '1.20 W +- 3 %'" in out


def test_json_is_one_object_in_si_units(simple: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs: schema, methods, findings with their line, null for what is not known."""
    code = ended(str(simple), "--json")
    told = json.loads(capsys.readouterr().out)
    assert "labctl.analysis/1" == told["schema"]
    assert code == told["exit_code"]
    by_name = {method["method"]: method for method in told["methods"]}
    assert by_name["Roper, corrected"]["efficiency"] is None
    criteria = {criterion["name"]: criterion for criterion in told["criteria"]}
    assert {"no unexplained alarm", "one smooth curve"} <= set(criteria)
    assert all("declared" != criterion["outcome"] for criterion in criteria.values())
    assert by_name["log-linear cooling"]["time_constant"]["value"] == pytest.approx(220.0, rel=0.02)
    assert {"input": "volume", "give": "`volume` in the file of --sample"} in told["asked_for"]


def test_what_is_said_of_an_alarm_counts_in_the_time_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real curve with a step, its times moved by 1000 s: its alarm and the readings that the
    numbers are from move along."""
    moved = []
    for line in ARMENTA.read_text().splitlines():
        first, comma, rest = line.partition(",")
        digits = first.replace(".", "").isdigit()
        moved.append(f"{float(first) + 1000.0}{comma}{rest}" if digits else line)
    path = tmp_path / "moved.csv"
    path.write_text("\n".join(moved))
    told = []
    for file in (ARMENTA, path):
        ended(str(file), "--json")
        told.append(json.loads(capsys.readouterr().out))
    here, there = told
    assert here["alarms"]
    assert there["alarms"][0]["onset_s"] == pytest.approx(here["alarms"][0]["onset_s"] + 1000.0)
    before = [
        float(found[1])
        for told_of in (here, there)
        for note in told_of["methods"][0]["notes"]
        if (found := re.search(r"the readings before (\d+) s", note))
    ]
    assert 2 == len(before)
    assert before[1] == before[0] + 1000.0


@pytest.mark.parametrize("wrong", [True, False])
def test_numbers_of_a_wrong_record_stand_under_a_title_that_says_so(
    wrong: bool, simple: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kelvin named degC, and the same in degC: numbers are quoted without the findings."""
    path = tmp_path / "curve.csv"
    head, *rows = simple.read_text().splitlines()
    cells = [row.split(",") for row in rows]
    off = 273.15 if wrong else 0.0
    path.write_text("\n".join([head, *(f"{t},{float(y) + off},{on}" for t, y, on in cells)]))
    ended(str(path))
    out = capsys.readouterr().out.splitlines()
    assert ("METHODS, OF A RECORD THAT IS WRONG AS IT STANDS" in out) is wrong
    assert ("METHODS" in out) is not wrong


@pytest.mark.parametrize(
    ("power", "words"),
    [
        ("1.2 W/cm^2", "times the area of the spot"),
        ("1,2 W", "decimal comma"),
        ("1.2", "a unit is missing"),
        ("0 W", "above 0"),
    ],
)
def test_a_power_that_is_none_is_refused(
    power: str, words: str, simple: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An irradiance, a comma, no unit, nothing: exit code 2, with the reason."""
    assert 2 == ended(str(simple), "--power", power)
    assert words in capsys.readouterr().err


def test_a_bad_cell_is_named_with_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and `curve.csv:3`."""
    path = tmp_path / "curve.csv"
    path.write_text("time_s,temp,laser\n0,25,0\n1,warm,0\n2,25,1\n")
    assert 2 == ended(str(path))
    assert f"{path}:3" in capsys.readouterr().err


def test_a_contradiction_ends_with_1(
    simple: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Minutes under the name of seconds: fail, and the hypothesis is printed with its marks."""
    lines = simple.read_text().splitlines()
    rows = [line.split(",") for line in lines[1:]]
    minutes = [f"{float(t) / 60.0:.5f},{y},{on}" for t, y, on in rows]
    path = tmp_path / "minutes.csv"
    path.write_text("\n".join([lines[0], *minutes]))
    assert 1 == ended(str(path))
    out = " ".join(capsys.readouterr().out.split())
    assert "!! wrong: a time constant of" in out
    assert "perhaps: If the times are minutes" in out


def test_light_without_a_column_cannot_be_told(
    simple: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 7, with where the light was found."""
    table = np.loadtxt(simple, delimiter=",", skiprows=1)
    path = tmp_path / "blind.csv"
    path.write_text("time_s,temp\n" + "\n".join(f"{t},{y}" for t, y, _ in table))
    assert 7 == ended(str(path))
    assert "light-from-curve" in capsys.readouterr().out
