"""Later observations: in SI, appended, never written over, and never in the journal."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import labctl
from labctl.campaign import gather, load
from labctl.cli._runs import command as runs
from labctl.errors import InputError, LabctlError, RecordError, RefusedError
from labctl.events import Beam, Mode, RunBegun, RunEnded
from labctl.export import export_run
from labctl.observations import FILE, attach, read_observations, read_sheet
from labctl.record import Outcome, RunFolder, verify_run
from labctl.report import report_html
from tests.unit.campaign.given import TEXT, Bench

HEAD = "sample,quantity,value,unit,sd,n,method,when,who,corrects\n"
GOOD = (
    HEAD
    + "gnr-7,absorbance,0.98,,0.01,3,UV-Vis,2026-01-31,Ada,\n"
    + "gnr-7,viability,85,%,3,6,MTT,,Ben,\n"
    + "gnr-7,size,48,nm,6,3,DLS,,,\n"
    + "gnr-7,weight,1.2,mg,,,,,,\n"
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return made_run(tmp_path / "runs", "gnr-7")


def made_run(root: Path, sample: str, **facts: object) -> Path:
    """The shortest closed record."""
    folder = RunFolder.create(root, "heating-curve", sample, facts=facts)
    journal = folder.open_journal(real_time=False)
    journal.append(RunBegun(0, Mode.SIMULATED, "heating-curve", "0", "b", "0", sample, "0", 1, "0"))
    journal.append(
        RunEnded(1, "completed", "all steps done", 0, "none", Beam.OFF, "read back", 0, 0.0)
    )
    folder.finish()
    return folder.path


def sheet(tmp_path: Path, text: str, name: str = "sheet.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_values_are_kept_in_si_beside_what_was_written(run: Path, tmp_path: Path) -> None:
    found = read_sheet(sheet(tmp_path, GOOD))
    attach(run, found, found.rows, by="Ada")
    told = {one.quantity: (one.value, one.unit, one.sd) for one in read_observations(run).standing}
    assert told["absorbance"] == (0.98, "1", 0.01)
    assert told["viability"][0] == pytest.approx(0.85)
    assert told["size"][0] == pytest.approx(48e-9) and told["size"][1] == "m"
    assert told["weight"][0] == pytest.approx(1.2e-6) and told["weight"][2] is None
    assert read_observations(run).lines[1].words == "viability 85 % (sd 3 %, n 6), MTT"
    assert verify_run(run).outcome is Outcome.INTACT


def test_semicolons_and_decimal_commas_are_the_same_sheet(tmp_path: Path) -> None:
    text = "quantity;value;unit\nabsorbance;0,98;\nsize;48,5;nm\n"
    values = [row.value for row in read_sheet(sheet(tmp_path, text)).rows]
    assert values == pytest.approx([0.98, 48.5e-9])


@pytest.mark.parametrize(
    ("row", "place", "words"),
    [
        ("gnr-7,viability,eighty,%,,,,,,", ":2:17", "is no value"),
        ("gnr-7,viability,85,,,,,,,", ":2:17", "is no fraction"),
        ("gnr-7,size,48,mg,,,,,,", ":2:15", "no unit of size"),
        ("gnr-7,glow,48,parsec,,,,,,", ":2:15", "no unit that labctl knows"),
        ("gnr-7,size,48,nm,-1,,,,,", ":2:18", "not below 0"),
        ("gnr-7,size,48,nm,,two,,,,", ":2:19", "is no n"),
        ("gnr-7,size,48,nm,,,,31.1.2026,,", ":2:21", "is no date"),
        ("gnr-7,size,48,nm,,,,,,,,x", ":2:25", "more cells"),
        ("gnr-7,1/2,48,nm,,,,,,", ":2:7", "no name of a quantity"),
    ],
)
def test_a_cell_that_is_not_understood_is_told_with_its_place(
    row: str, place: str, words: str, tmp_path: Path
) -> None:
    path = sheet(tmp_path, f"{HEAD}{row}\n")
    with pytest.raises(InputError, match=words) as caught:
        read_sheet(path)
    assert caught.value.where == f"{path}{place}"


def test_a_correction_names_the_old_one_which_stays(run: Path, tmp_path: Path) -> None:
    first = read_sheet(sheet(tmp_path, GOOD))
    attach(run, first, first.rows, by="Ada")
    again = read_sheet(sheet(tmp_path, HEAD + "gnr-7,size,52,nm,5,3,DLS,,,3\n"))
    attach(run, again, again.rows, by="Ada")
    found = read_observations(run)
    assert [one.corrected_by for one in found.lines] == [None, None, 5, None, None]
    assert [one.value for one in found.of("size")] == pytest.approx([52e-9])
    wrong = read_sheet(sheet(tmp_path, HEAD + "gnr-7,size,50,nm,5,3,DLS,,,3\n"))
    with pytest.raises(InputError, match="corrected already"):
        attach(run, wrong, wrong.rows, by="Ada")
    other = read_sheet(sheet(tmp_path, HEAD + "gnr-7,size,50,nm,5,3,DLS,,,1\n"))
    with pytest.raises(InputError, match="is of absorbance"):
        attach(run, other, other.rows, by="Ada")


def test_one_sheet_is_attached_once(run: Path, tmp_path: Path) -> None:
    found = read_sheet(sheet(tmp_path, GOOD))
    attach(run, found, found.rows, by="Ada")
    with pytest.raises(RefusedError, match="already"):
        attach(run, found, found.rows, by="Ada")


def test_a_changed_line_is_found_and_nothing_is_added_behind_it(run: Path, tmp_path: Path) -> None:
    found = read_sheet(sheet(tmp_path, GOOD))
    attach(run, found, found.rows, by="Ada")
    file = run / FILE
    file.write_bytes(file.read_bytes().replace(b'"value":0.98', b'"value":0.89'))
    assert read_observations(run).lines == () and read_observations(run).trouble
    more = read_sheet(sheet(tmp_path, HEAD + "gnr-7,size,52,nm,,,,,,\n"))
    with pytest.raises(RecordError, match="not as they were written"):
        attach(run, more, more.rows, by="Ada")


def test_they_show_in_report_exports_list_and_python(run: Path, tmp_path: Path) -> None:
    asked = ["attach", str(run), str(sheet(tmp_path, GOOD)), "--by", "Ada"]
    assert CliRunner().invoke(runs, asked).exit_code == 0
    assert "Observed afterwards" in report_html(run)
    paths = export_run(run, "csv", tmp_path / "out").paths
    assert any("MTT" in path.read_text() for path in paths if "observations" in path.name)
    assert next(one.quantity for one in labctl.load(run).observations) == "absorbance"
    listed = CliRunner().invoke(runs, ["--runs", str(tmp_path / "runs")])
    assert "absorbance, viability, size, weight" in listed.output


def test_rows_find_their_run_by_sample_and_all_are_attached_or_none(
    run: Path, tmp_path: Path
) -> None:
    other = made_run(tmp_path / "runs", "gnr-8")
    text = HEAD + "gnr-7,size,52,nm,,,,,,\ngnr-8,size,53,nm,,,,,,\n"
    bad = sheet(tmp_path, text + "gnr-9,size,54,nm,,,,,,\n")
    with pytest.raises(LabctlError, match="no run"):
        _attach(str(bad), "--runs", str(tmp_path / "runs"))
    assert not (run / FILE).exists()
    _attach(str(sheet(tmp_path, text)), "--runs", str(tmp_path / "runs"))
    assert [len(read_observations(path).lines) for path in (run, other)] == [1, 1]


def test_a_row_of_another_sample_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this row is of gnr-8"):
        _attach(str(run), str(sheet(tmp_path, HEAD + "gnr-8,size,52,nm,,,,,,\n")))


def test_a_blind_campaigns_sheet_names_vessels_and_never_arms(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    run = made_run(
        root, "staged-or-together-u07", campaign={"name": "staged-or-together", "unit": "u07"}
    )
    source = (
        Path(labctl.__file__).parents[1] / "protocols" / "campaigns" / "staged-or-together.yaml"
    )
    folder = root / "campaigns" / "staged-or-together"
    folder.mkdir(parents=True)
    text = source.read_text()
    assert "blind: true" in text
    (folder / "campaign.yaml").write_text(text)
    arm = load(source).arms[0].name
    named = sheet(
        tmp_path, f"sample,quantity,value,note\nstaged-or-together-u07,absorbance,1,the {arm}\n"
    )
    with pytest.raises(InputError, match="is blind"):
        _attach(str(run), str(named), "--runs", str(root))
    assert not (run / FILE).exists()
    for other in (f"quantity,value,who\nabsorbance,1,{arm.upper()} team\n",
                  f"quantity,value\nof_{arm.replace('-', '_')},1\n"):  # fmt: skip
        with pytest.raises(InputError, match="is blind"):
            # The folder for records is the one that the run lies in, and nobody need name it.
            _attach(str(run), str(sheet(tmp_path, other)))
    by_name = tmp_path / f"of {arm.replace('-', '_')}.csv"
    by_name.write_text("quantity,value\nabsorbance,1\n")
    with pytest.raises(InputError, match="the sheet's name"):
        _attach(str(run), str(by_name))
    assert not (run / FILE).exists()
    good = sheet(tmp_path, "sample,quantity,value\nstaged-or-together-u07,absorbance,1\n")
    _attach(str(run), str(good), "--runs", str(root))
    assert len(read_observations(run).lines) == 1


@pytest.mark.parametrize(
    "row",
    ["size,-3,nm", "weight,-1,mg", "volume,-1,mL", "concentration,-5,mg/mL", "ph,20,",
     "temperature,-300,degC", "foo,1_000,"],
)  # fmt: skip
def test_a_value_that_there_cannot_be_is_not_taken(tmp_path: Path, row: str) -> None:
    """A slip of unit or sign; what a blank was subtracted from may come out below zero."""
    with pytest.raises(InputError):
        read_sheet(sheet(tmp_path, f"quantity,value,unit\n{row}\n"))
    good = "quantity,value,unit\nabsorbance,-0.01,\nviability,-1,%\nsize,0,nm\n"
    assert len(read_sheet(sheet(tmp_path, good)).rows) == 3


def _attach(*words: str) -> None:
    CliRunner().invoke(runs, ["attach", *words], catch_exceptions=False, standalone_mode=False)


def test_a_campaign_takes_what_was_measured_afterwards_as_its_outcome(tmp_path: Path) -> None:
    """`primary: viability`: the mean of what stands, in the arms' own groups."""
    bench = Bench(tmp_path, TEXT.replace("primary: efficiency", "primary: viability"))
    bench.go_on(at_most=3)
    rows = [f"u0{i},viability,{80 + i},%" for i in (1, 2)] + ["u01,viability,83,%"]
    path = sheet(tmp_path, "\n".join(["sample,quantity,value,unit", *rows]) + "\n")
    file = str(tmp_path / "campaign.yaml")
    _attach(str(path), "--campaign", file, "--runs", str(bench.runs))
    results = gather(bench.study, bench.state, bench.runs)
    values = {row.made.unit: row.values.get("viability") for row in results.runs}
    assert values == {"u01": pytest.approx(0.82), "u02": pytest.approx(0.82), "u03": None}
    assert sum(results.tables[0].lacking.values()) == 1
