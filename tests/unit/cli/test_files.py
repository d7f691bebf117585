"""The verbs that read files and touch nothing: validate, plan, schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from labctl.cli import main

GOOD = """\
schema: labctl.protocol/1
name: short
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
steps:
  - baseline: {for: 30 s}
  - name: Heat
    irradiate:
      power: 1.5 W
      until: {steady: {within: 0.2 K, for: 60 s}}
      at_most: 10 min
  - cool: {for: 5 min}
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without a bench of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABCTL_BENCH", raising=False)


def ended(*args: str) -> int:
    """The exit code of `labctl ARGS`."""
    with pytest.raises(SystemExit) as left:
        main(list(args))
    assert isinstance(left.value.code, int)
    return left.value.code


def test_a_good_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A file without a problem gets a line that says what it is and for which bench."""
    Path("p.yaml").write_text(GOOD)
    assert 0 == ended("validate", "p.yaml")
    assert ("p.yaml: protocol short, on bench simulated\n", "1 file without a problem\n") == tuple(
        capsys.readouterr()
    )


@pytest.mark.parametrize(
    ("was", "becomes", "place", "says"),
    [
        ("      power: 1.5 W", "      powr: 1.5 W", "9:7", "powr"),
        ("1.5 W", "1,5 W", "9:14", "comma"),
        ("1.5 W", "1.5", "9:14", "unit"),
        ("      power: 1.5 W", "      power: 1.5 W\n      power: 1.2 W", "10:7", "power"),
        ("1.5 W", "3 W", "9:14", "2 W"),
        ("      at_most: 10 min\n", "", "10:7", "at_most"),
    ],
    ids=["unknown key", "comma", "no unit", "key twice", "above the bench's limit", "for ever"],
)
def test_each_slip_is_shown_at_its_place(
    was: str, becomes: str, place: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A malformed protocol gets file:line:column, what is wrong, and help; exit code 2."""
    assert was in GOOD
    Path("p.yaml").write_text(GOOD.replace(was, becomes))
    assert 2 == ended("validate", "p.yaml")
    out, err = capsys.readouterr()
    assert f"p.yaml:{place}: P0" in out
    assert says in out
    assert "  help: " in out
    assert "1 problem" in err


def test_all_problems_of_all_files_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Two bad files and a good one: every problem of both, and a count."""
    Path("a.yaml").write_text(GOOD.replace("1.5 W", "1,5 W").replace("500 ms", "500"))
    Path("b.yaml").write_text(GOOD.replace("5 min}", "5 minuts}"))
    Path("c.yaml").write_text(GOOD)
    assert 2 == ended("validate", ".")
    out, err = capsys.readouterr()
    assert ["a.yaml:4", "a.yaml:9", "b.yaml:12"] == sorted(
        line.rsplit(":", 3)[0] if line.count(":") > 3 else ":".join(line.split(":")[:2])
        for line in out.splitlines()
        if line.startswith(("a.yaml:", "b.yaml:"))
    )
    assert "c.yaml: protocol short" in out
    assert "3 problems; 1 of 3 files without one\n" == err


def test_problems_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With --format json a problem is an object a line, and nothing else is on stdout."""
    Path("p.yaml").write_text(GOOD.replace("1.5 W", "1,5 W"))
    assert 2 == ended("validate", "--format", "json", "p.yaml")
    (line,) = capsys.readouterr().out.splitlines()
    problem = json.loads(line)
    assert ("p.yaml", 9, 14) == (problem["file"], problem["line"], problem["column"])


def test_problems_as_annotations(capsys: pytest.CaptureFixture[str]) -> None:
    """With --format github a problem is an annotation at its line."""
    Path("p.yaml").write_text(GOOD.replace("1.5 W", "1,5 W"))
    assert 2 == ended("validate", "--format", "github", "p.yaml")
    assert capsys.readouterr().out.startswith("::error file=p.yaml,line=9,col=14,")


def test_what_ships_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    """Shipped files are found by name, of each kind, and have no problem."""
    assert 0 == ended("validate", "heating-curve", "on-off-cycles", "water", "simulated")
    out = capsys.readouterr().out
    assert "protocol heating-curve" in out and "sample water" in out and "bench simulated" in out


def test_a_name_that_is_nothing_is_a_problem(capsys: pytest.CaptureFixture[str]) -> None:
    """A path that is not there is told with what there is."""
    assert 2 == ended("validate", "heating-curv")
    assert "heating-curve" in capsys.readouterr().out


def test_alone_asks_no_bench(capsys: pytest.CaptureFixture[str]) -> None:
    """With --alone a power that this bench refuses is no problem of the file."""
    Path("p.yaml").write_text(GOOD.replace("1.5 W", "50 W"))
    assert 0 == ended("validate", "--alone", "p.yaml")
    assert "p.yaml: protocol short\n" == capsys.readouterr().out


def test_plan_shows_steps_worst_case_energy_and_limits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The table has a line a step, with beginnings that depend on a condition as a range."""
    Path("p.yaml").write_text(GOOD)
    assert 0 == ended("plan", "p.yaml")
    lines = capsys.readouterr().out.splitlines()
    assert (
        "PLAN  short on bench simulated (the shipped simulated bench; no other was named)"
        == (lines[0])
    )
    assert "no hardware touched" == lines[-1]
    steps = [line.split() for line in lines if line.strip()[:1] in ("1", "2", "3")]
    assert ["1", "baseline", "0:00", "0:30"] == steps[0]
    assert ["2", "irradiate", "Heat", "0:30", "10:00", "1.5", "W", "900", "J"] == steps[1][:9]
    assert "steady within 0.2 K over 1 min" in " ".join(steps[1])
    assert ["3", "cool", "1:30", "to", "10:30", "5:00"] == steps[2]
    assert "worst case  15:42, 15:30 of it in steps" in lines
    assert "laser       on for 10:00 at most, 900 J at the sample" in lines
    assert "power 1.5 W of 2 W (75%)" in "\n".join(lines)


def test_plan_takes_parameters_and_checks_them(capsys: pytest.CaptureFixture[str]) -> None:
    """`-p` changes the plan; a value outside the protocol's range is refused at its place."""
    assert 0 == ended("plan", "heating-curve", "-p", "heat=20 s", "-p", "power=0.5W")
    assert "laser       on for 0:20 at most, 10 J at the sample" in capsys.readouterr().out
    assert 2 == ended("plan", "heating-curve", "-p", "power=3W")
    assert "P031" in capsys.readouterr().err


def test_plan_without_light(capsys: pytest.CaptureFixture[str]) -> None:
    """Logging says that no laser takes part and nothing is armed."""
    assert 0 == ended("plan", "log", "--bench", "thermometer-only")
    out = capsys.readouterr().out
    assert "laser       none; nothing is armed" in out
    assert "worst case  24:00:05" in out


def test_plan_on_a_bench_without_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    """A protocol with light on a bench without a laser is a problem of the file, exit code 2."""
    assert 2 == ended("plan", "heating-curve", "--bench", "thermometer-only")
    assert "has no laser" in capsys.readouterr().err


def test_plan_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json the plan is one object with seconds, watts and joules."""
    Path("p.yaml").write_text(GOOD)
    assert 0 == ended("plan", "--json", "p.yaml")
    plan = json.loads(capsys.readouterr().out)
    assert ("labctl.plan/1", "short", 930.0, 900.0) == (
        plan["schema"],
        plan["protocol"],
        plan["at_most_s"],
        plan["energy_j"],
    )
    assert [("baseline", 0.0), ("irradiate", 30.0), ("cool", 90.0)] == [
        (step["verb"], step["start_s"]) for step in plan["steps"]
    ]
    assert ["power", "exposure"] == [limit["limit"] for limit in plan["limits"]][:2]


@pytest.mark.parametrize("kind", ["protocol", "bench", "sample", "driver", "telemetry"])
def test_schema_prints_a_schema(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind prints a JSON Schema that is one."""
    assert 0 == ended("schema", kind)
    schema = json.loads(capsys.readouterr().out)
    jsonschema.validators.validator_for(schema).check_schema(schema)
    assert "json-schema.org" in schema["$schema"]


def test_the_schema_of_a_protocol_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    """`labctl schema` is that of a protocol, and the shipped one fits it."""
    assert 0 == ended("schema")
    assert "labctl.protocol/1" in capsys.readouterr().out
