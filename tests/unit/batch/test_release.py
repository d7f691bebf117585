"""A batch judged from finished records, lot files and declared limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from labctl.batch import (
    Answer,
    BatchVerdict,
    Lot,
    batch_json,
    batch_lines,
    loads_limits,
    loads_lot,
    release,
)
from labctl.cli import main
from labctl.errors import InputError
from labctl.events import Mode
from tests.unit.batch.records import record, result

LIMITS = """\
schema: labctl.release-limits/1
name: pda-release
sample: pda
protocol: heating-curve
measured:
  efficiency: {low: 30 %, high: 50 %}
"""
REFERENCE = (
    LIMITS
    + """\
reference: {sample: ref, measured: {efficiency: {low: 35 %, high: 45 %}}, within: 4 h}
"""
)
ATTRIBUTES = (
    LIMITS
    + """\
attributes:
  size: {low: 100 nm, high: 200 nm, method: DLS}
  endotoxin: {high: 0.5 EU/mL}
"""
)


def lot(
    name: str = "A25",
    size: str = "value: 130 nm, sd: 3 %",
    method: str = "DLS",
    endotoxin: str = "below: 0.1 EU/mL",
    more: str = "",
) -> Lot:
    """A lot file as somebody would write it."""
    when = f"date: 2026-11-01, source: sheet 3{more}"
    return loads_lot(
        f"schema: labctl.lot/1\nsample: pda\nlot: {name}\nmade: 2026-10-30\nprocess: p\n"
        f"scale: 50 mL\nattributes:\n"
        f"  size: {{{size}, method: {method}, {when}}}\n"
        f"  endotoxin: {{{endotoxin}, method: rFC, {when}}}\n"
    )


def judged(runs: Path, limits: str = LIMITS, *lots: Lot, mode: str | None = None) -> BatchVerdict:
    """The verdict by these limits."""
    return release(loads_limits(limits), lots, runs, mode=mode)


def answers(verdict: BatchVerdict) -> dict[str, Answer]:
    """Lot -> what is said of it."""
    return {each.lot: each.answer for each in verdict.lots}


def why(verdict: BatchVerdict, name: str = "efficiency") -> str:
    """The words of one criterion of the only lot."""
    (only,) = verdict.lots
    return next(c.why for c in only.criteria if c.name == name)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.40, Answer.PASS),
        (0.55, Answer.FAIL),
        (0.25, Answer.FAIL),
        (0.30, Answer.CANNOT_TELL),
        (0.305, Answer.CANNOT_TELL),
        (0.495, Answer.CANNOT_TELL),
    ],
)
def test_a_lot_is_judged_by_the_interval_of_its_runs(
    tmp_path: Path, value: float, expected: Answer
) -> None:
    """Inside, outside, or over a limit; at one it never passes."""
    record(tmp_path, "A25", {"efficiency": result(value)})

    assert {"A25": expected} == answers(judged(tmp_path))


def test_one_lot_that_fails_fails_the_batch(tmp_path: Path) -> None:
    """Each lot has its own answer, the batch the worst."""
    for name, value in (("A25", 0.40), ("A26", 0.55), ("A27", 0.30)):
        record(tmp_path, name, {"efficiency": result(value)})

    verdict = judged(tmp_path)

    assert [Answer.PASS, Answer.FAIL, Answer.CANNOT_TELL] == list(answers(verdict).values())
    assert Answer.FAIL is verdict.answer


def test_without_any_run_nothing_passes(tmp_path: Path) -> None:
    """An empty folder releases nothing."""
    verdict = judged(tmp_path)

    assert ((), Answer.CANNOT_TELL) == (verdict.lots, verdict.answer)


def test_too_few_runs_cannot_tell(tmp_path: Path) -> None:
    """Three were declared, two are there."""
    limits = LIMITS.replace("high: 50 %}", "high: 50 %, runs: 3}")
    for _ in range(2):
        record(tmp_path, "A25", {"efficiency": result(0.40)})

    verdict = judged(tmp_path, limits)

    assert Answer.CANNOT_TELL is verdict.answer
    assert "2 of 3 runs tell it" == why(verdict)


def test_a_run_whose_check_failed_keeps_its_lot_from_passing(tmp_path: Path) -> None:
    """Else one would repeat until a run passes."""
    record(tmp_path, "A25", {"efficiency": result(0.40)})
    failed = record(tmp_path, "A25", {"efficiency": result(0.40)}, verdict="fail", hours=2.0)

    verdict = judged(tmp_path)

    assert Answer.CANNOT_TELL is verdict.answer
    assert f"{failed.parent.name}/{failed.name}: its check failed" == why(verdict)


def test_a_run_that_was_stopped_is_listed_and_does_not_count(tmp_path: Path) -> None:
    """Every run that was begun is told of."""
    record(tmp_path, "A25", {"efficiency": result(0.40)})
    record(tmp_path, "A25", {"efficiency": result(0.60)}, outcome="stopped", hours=2.0)

    (only,) = judged(tmp_path).lots

    assert (Answer.PASS, 2, 1) == (only.answer, len(only.runs), len(only.unused))


def test_a_record_that_was_changed_releases_nothing(tmp_path: Path) -> None:
    """What run.json says must be what the journal says."""
    folder = record(tmp_path, "A25", {"efficiency": result(0.55)})
    facts = json.loads((folder / "run.json").read_text())
    facts["results"]["efficiency"] = result(0.40)
    (folder / "run.json").write_text(json.dumps(facts))

    verdict = judged(tmp_path)

    assert Answer.CANNOT_TELL is verdict.answer
    assert "its record is not intact: changed" in why(verdict)


def test_what_rests_on_a_placeholder_is_not_released(tmp_path: Path) -> None:
    """Unless the limits say that this is a rehearsal, and then the verdict says it too."""
    said = "the absorbance of the sample is a placeholder, not a measurement"
    record(tmp_path, "A25", {"efficiency": result(0.40)}, assumptions=[said])

    held = judged(tmp_path)
    rehearsed = judged(tmp_path, LIMITS + "accept_placeholders: true\n")

    assert (Answer.CANNOT_TELL, "it rests on a placeholder") == (held.answer, why(held))
    assert Answer.PASS is rehearsed.answer
    assert said in rehearsed.notes


def test_a_result_in_another_unit_is_not_compared(tmp_path: Path) -> None:
    """0.4 W/K is no efficiency."""
    record(tmp_path, "A25", {"efficiency": result(0.40, unit="W/K")})

    assert "the runs tell it in W/K, and the limit is a fraction" == why(judged(tmp_path))


@pytest.mark.parametrize(
    ("found", "hours", "expected", "words"),
    [
        (0.40, 0.0, Answer.PASS, ""),
        (0.50, 0.0, Answer.CANNOT_TELL, "did not pass"),
        (0.45, 0.0, Answer.CANNOT_TELL, "did not pass"),
        (0.40, 2.0, Answer.CANNOT_TELL, "no run of the reference came before it in time"),
        (0.40, -4.0, Answer.CANNOT_TELL, "no run of the reference came before it in time"),
    ],
)
def test_the_reference_must_pass_first_and_in_time(
    tmp_path: Path, found: float, hours: float, expected: Answer, words: str
) -> None:
    """Before the lot, at most four hours, and within its own limits."""
    record(tmp_path, "R1", {"efficiency": result(found)}, sample="ref", hours=hours)
    record(tmp_path, "A25", {"efficiency": result(0.40)}, hours=1.0)

    verdict = judged(tmp_path, REFERENCE)

    assert expected is verdict.answer
    assert words in why(verdict)


def test_the_last_reference_run_before_a_lot_counts(tmp_path: Path) -> None:
    """One that passed does not stand for a bench that has failed since."""
    record(tmp_path, "R1", {"efficiency": result(0.40)}, sample="ref", hours=0.0)
    record(tmp_path, "R1", {"efficiency": result(0.50)}, sample="ref", hours=0.5)
    record(tmp_path, "A25", {"efficiency": result(0.40)}, hours=1.0)

    assert Answer.CANNOT_TELL is judged(tmp_path, REFERENCE).answer


def test_runs_and_attributes_are_judged_together(tmp_path: Path) -> None:
    """A lot that heats well and is too large fails; without a file nothing is known of it."""
    record(tmp_path, "A25", {"efficiency": result(0.40)})

    assert Answer.PASS is judged(tmp_path, ATTRIBUTES, lot()).answer
    large = judged(tmp_path, ATTRIBUTES, lot(size="value: 300 nm, sd: 3 nm"))
    assert Answer.FAIL is large.answer
    assert "no lot file" == why(judged(tmp_path, ATTRIBUTES), "size")


@pytest.mark.parametrize(
    ("given", "name", "words"),
    [
        (lot(method="NTA"), "size", "measured by NTA, and the limit is for DLS"),
        (lot(more=", placeholder: true"), "size", "a placeholder, not a measurement"),
        (lot(size="value: 130, sd: 3"), "size", "stated as a number, and the limit is a length"),
        (lot(endotoxin="below: 0.5 EU/mL"), "endotoxin", ""),
        (lot(endotoxin="below: 1 EU/mL"), "endotoxin", ""),
    ],
)
def test_an_attribute_that_cannot_be_judged_is_told(
    tmp_path: Path, given: Lot, name: str, words: str
) -> None:
    """Another method, a stand-in, another kind of quantity, a bound at or above the limit."""
    record(tmp_path, "A25", {"efficiency": result(0.40)})

    verdict = judged(tmp_path, ATTRIBUTES, given)

    assert Answer.CANNOT_TELL is verdict.answer
    assert words == why(verdict, name)


def test_a_lot_out_of_the_ordinary_is_looked_into(tmp_path: Path) -> None:
    """Inside the limits, and not what this process gives: no pass before somebody has looked."""
    chart = "chart: {quantity: efficiency, centre: 40 %, sd: 0.5 %}\n"
    record(tmp_path, "A25", {"efficiency": result(0.40)})
    record(tmp_path, "A26", {"efficiency": result(0.43)}, hours=2.0)

    verdict = judged(tmp_path, LIMITS + chart)

    assert {"A25": Answer.PASS, "A26": Answer.CANNOT_TELL} == answers(verdict)
    assert verdict.chart is not None
    assert ["A25", "A26"] == [point.lot for point in verdict.chart.points]


def test_eight_lots_make_a_chart_of_their_own(tmp_path: Path) -> None:
    """With fewer, no lines, and the verdict says so."""
    for number in range(8):
        if number == 7:
            few = judged(tmp_path, LIMITS + "chart: {quantity: efficiency}\n")
            assert few.chart is not None
            assert (None, True) == (few.chart.lines, "7 of 8 lots" in " ".join(few.notes))
        value = 0.40 + 0.005 * (number % 2)
        record(tmp_path, f"A{number}", {"efficiency": result(value)}, hours=float(number))

    chart = judged(tmp_path, LIMITS + "chart: {quantity: efficiency}\n").chart

    assert chart is not None
    assert chart.lines is not None
    assert (0.4025, 0.005 / 1.128) == pytest.approx((chart.lines.centre, chart.lines.sd))
    assert () == chart.signals


def test_simulated_and_real_runs_are_never_judged_together(tmp_path: Path) -> None:
    """Somebody must say which are meant."""
    record(tmp_path, "A25", {"efficiency": result(0.40)})
    record(tmp_path, "A25", {"efficiency": result(0.55)}, mode=Mode.REAL, hours=2.0)

    with pytest.raises(InputError, match="never judged together"):
        judged(tmp_path)
    assert Answer.FAIL is judged(tmp_path, mode="REAL").answer
    assert Answer.PASS is judged(tmp_path, mode="SIMULATED").answer


def test_lot_files_that_do_not_belong_are_refused(tmp_path: Path) -> None:
    """Of another sample, or two of one lot."""
    other = LIMITS.replace("sample: pda", "sample: gold")

    with pytest.raises(InputError, match="the limits are for 'gold'"):
        judged(tmp_path, other, lot())
    with pytest.raises(InputError, match="two files are of lot"):
        judged(tmp_path, LIMITS, lot(), lot())


@pytest.mark.parametrize(
    ("value", "code", "word"), [(0.40, 0, "PASS"), (0.55, 1, "FAIL"), (0.30, 7, "CANNOT TELL")]
)
def test_the_command_prints_the_table_and_ends_by_the_verdict(
    tmp_path: Path, value: float, code: int, word: str
) -> None:
    """0, 1 or 7, as text and as JSON."""
    limits = tmp_path / "limits.yaml"
    limits.write_text(LIMITS)
    runs = tmp_path / "runs"
    record(runs, "A25", {"efficiency": result(value)})
    asked = ["batch", str(limits), "--runs", str(runs)]

    text = CliRunner().invoke(main, asked)
    told = CliRunner().invoke(main, [*asked, "--json"])

    assert (code, code) == (text.exit_code, told.exit_code)
    assert f"lot A25  {word}" in text.output
    assert "SIMULATED" in text.output
    assert word.lower() == json.loads(told.output)["verdict"]


def test_text_and_json_say_the_same(tmp_path: Path) -> None:
    """Each criterion of each lot stands in both."""
    record(tmp_path, "A25", {"efficiency": result(0.40)})
    verdict = judged(tmp_path, ATTRIBUTES, lot())

    text = "\n".join(batch_lines(verdict))
    told = batch_json(verdict)

    criteria = told["lots"][0]["criteria"]
    assert ["efficiency", "size", "endotoxin"] == [c["name"] for c in criteria]
    assert all(f"  {c['name']}" in text for c in criteria)
