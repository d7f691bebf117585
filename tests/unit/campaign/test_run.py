"""A campaign taken up again: no irradiation twice, no finished run lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.campaign import (
    Ran,
    Unit,
    exclude,
    gather,
    look,
    open_state,
    plan_lines,
    replace_run,
    report_lines,
    settle,
    status_lines,
    unblind,
)
from labctl.clock import NS
from labctl.engine import RunRequest
from labctl.errors import InputError, InstrumentError, RefusedError
from labctl.events import Beam, EmissionIntent, RunEnded
from labctl.protocol import Prompt
from labctl.sample import find as find_sample
from tests.unit.campaign.given import LIT, TEXT, Bench, record


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Eight replicates to make."""
    return Bench(tmp_path)


def names(bench: Bench) -> list[str]:
    """The vessels that were put in, in order."""
    return [request.specimen.name for request in bench.carried if request.specimen is not None]


def test_runs_are_made_in_the_declared_order_and_none_twice(bench: Bench) -> None:
    """However often it is taken up."""
    bench.go_on(at_most=3)
    bench.go_on(at_most=2)
    bench.go_on()
    bench.go_on()

    assert [f"light-or-dark-{unit.id}" for unit in bench.study.units] == names(bench)
    assert {"ended"} == {made.state for made in bench.state.made.values()}


def test_each_run_begins_with_the_change_of_its_sample(bench: Bench) -> None:
    """A prompt, at which the bench is disarmed; the record says which campaign it is of."""
    bench.go_on(at_most=1)
    request, unit = bench.carried[0], bench.study.units[0]
    first = request.plan.steps[0]

    assert isinstance(first, Prompt)
    assert f"light-or-dark-{unit.id}" in first.text
    assert list(range(len(request.plan.steps))) == [step.index for step in request.plan.steps]
    assert bench.study.digest == request.about["campaign"]["digest"]


def test_it_is_logged_before_it_begins(bench: Bench) -> None:
    """The line is there when the run is carried out."""
    seen = []

    def carry(request: RunRequest, unit: Unit) -> Ran:
        seen.append([line["what"] for line in bench.log.read()])
        return bench.carry(request, unit)

    bench.go_on(at_most=1, carry=carry)

    assert [["declared", "begins"]] == seen


def test_a_run_cut_off_in_the_light_is_not_made_again(bench: Bench) -> None:
    """It has its replicate's place, as crashed, and what it had is told."""
    bench.die(*LIT)
    bench.go_on()
    first = bench.state.made["u01", 1]

    assert ("crashed", True) == (first.state, first.lit)
    assert "by its dose ledger" in first.why
    assert 7 == len(bench.carried)
    assert any("crashed after light" in line for line in status_lines(bench.study, bench.state))


def test_an_intent_to_light_is_light(bench: Bench) -> None:
    """Nobody can say that none was given."""
    bench.die(EmissionIntent(NS, 0.5, 60 * NS, NS))
    bench.go_on(at_most=1)

    assert "crashed" == bench.state.made["u01", 1].state


def test_a_run_cut_off_in_the_dark_is_made_with_a_fresh_portion(bench: Bench) -> None:
    """The vessel that was in the bench is not taken again."""
    bench.die()
    bench.go_on(at_most=1)

    assert "untouched" == bench.state.made["u01", 1].state
    assert ["light-or-dark-u01-p2"] == names(bench)


def test_a_run_cut_off_before_its_record_may_take_the_same_portion(bench: Bench) -> None:
    """Nothing was opened."""
    bench.die(folder=False)
    bench.go_on(at_most=1)

    assert ["light-or-dark-u01"] == names(bench)


def test_a_run_that_ended_as_its_log_was_cut_off_is_found(bench: Bench) -> None:
    """Its record says how it ended."""
    bench.die(*LIT, RunEnded(9 * NS, "completed", "", 0, "none", Beam.OFF, "read back", 18, 4.5))
    bench.go_on(at_most=1)

    assert "completed" == bench.state.made["u01", 1].outcome
    assert ["light-or-dark-u02"] == names(bench)


def test_a_damaged_record_counts_as_lit(bench: Bench) -> None:
    """What cannot be read may have been light."""
    bench.die()
    journal = next(bench.runs.glob("*/*/journal.jsonl"))
    journal.write_bytes(journal.read_bytes() + b'{"n":9}\n')
    bench.go_on(at_most=1)

    assert "crashed" == bench.state.made["u01", 1].state


def test_a_portion_with_a_record_of_which_the_log_is_silent_is_refused(bench: Bench) -> None:
    """The log was lost, the records were not: nothing is irradiated again."""
    bench.go_on(at_most=2)
    bench.log.path.unlink()

    with pytest.raises(RefusedError, match="has a record already"):
        bench.go_on()
    assert 2 == len(bench.carried)


def test_what_was_declared_cannot_change_after_the_first_run(tmp_path: Path) -> None:
    """Another hypothesis is another campaign."""
    Bench(tmp_path).go_on(at_most=1)
    other = Bench(tmp_path, TEXT.replace("warms", "cools"))

    with pytest.raises(RefusedError, match="not what was declared"):
        other.go_on()
    assert [] == other.carried
    assert TEXT == (other.log.folder / "campaign.yaml").read_text()


def test_it_can_be_looked_at_when_only_a_file_that_it_names_has_changed(tmp_path: Path) -> None:
    """Nothing is run; the report says that they differ."""
    given = TEXT.replace("sample: water", "sample: own.yaml")
    own = tmp_path / "own.yaml"
    own.write_text(find_sample("water").read_text())
    bench = Bench(tmp_path, given)
    bench.go_on(at_most=1)
    own.write_text(own.read_text().replace("1.00 mL", "1.10 mL"))
    later = Bench(tmp_path, given)

    with pytest.raises(RefusedError, match="not what was declared"):
        open_state(later.study, later.log)
    state = open_state(later.study, later.log, to_run=False)
    lines = report_lines(later.study, state, gather(later.study, state, later.runs))
    assert any("says something else than when it was declared" in line for line in lines)


def test_a_run_that_is_refused_is_logged_and_raised(bench: Bench) -> None:
    """An instrument does not answer: nothing was begun."""

    def carry(request: RunRequest, unit: Unit) -> Ran:
        raise InstrumentError("no answer")

    with pytest.raises(InstrumentError):
        bench.go_on(carry=carry)
    assert "not begun" == bench.state.made["u01", 1].state
    bench.go_on(at_most=1)
    assert ["light-or-dark-u01"] == names(bench)


def test_after_a_trip_no_other_run_is_begun(bench: Bench) -> None:
    """A person looks first; the run stands."""
    bench.outcome = "tripped"
    ran = bench.go_on()

    assert ran is not None
    assert 1 == len(bench.carried)
    bench.outcome = "completed"
    bench.go_on(at_most=1)
    assert ["light-or-dark-u01", "light-or-dark-u02"] == names(bench)


@pytest.mark.parametrize("outcome", ["tripped", "refused", "held", "completed"])
def test_a_run_that_did_not_come_to_its_end_is_named_in_the_status(
    bench: Bench, outcome: str
) -> None:
    """Once all are made, too: it stands, and only an act has it made again."""
    bench.outcome = outcome
    bench.go_on(at_most=1)
    bench.outcome = "completed"
    bench.go_on()
    first, *others = bench.state.made.values()
    said = "\n".join(status_lines(bench.study, bench.state))

    assert (outcome in ("tripped", "refused")) is first.broken
    assert not any(made.broken for made in others)
    assert first.broken is (f"not completed: u01 ({outcome})" in said)


def test_a_plan_names_placeholders_and_hazards_of_all_samples(bench: Bench) -> None:
    """Together, so that a blind one gives nothing away."""
    lines = plan_lines(bench.study, bench.state)

    assert any(line.startswith("placeholders in the samples") for line in lines)
    assert any(line.startswith("HAZARD ") for line in lines)


def test_only_an_act_has_a_replicate_made_again(bench: Bench) -> None:
    """Signed, with a reason, of a run that was not completed; with a fresh portion."""
    bench.die(*LIT)
    bench.go_on(at_most=1)
    with bench.log as log:
        replace_run(log, "u01", by="A. Lab", reason="the computer lost its power")
        with pytest.raises(RefusedError, match="was completed"):
            replace_run(log, "u02", by="A. Lab", reason="a nicer number is wanted")
        with pytest.raises(InputError, match="a name and a reason"):
            exclude(log, "u02", by="", reason="")
    bench.go_on(at_most=1)

    assert ["light-or-dark-u02", "light-or-dark-u01-p2"] == names(bench)
    assert "crashed" == bench.state.made["u01", 1].state


def test_a_run_that_goes_on_elsewhere_is_waited_for(bench: Bench) -> None:
    """Its journal is held by another process."""
    bench.die()
    folder = next(bench.runs.glob("*/*/journal.jsonl")).parent
    from labctl.platform import FileLock

    lock = FileLock(folder / "journal.jsonl")
    assert lock.try_exclusive()
    try:
        assert look(folder).running
        with bench.log as log, pytest.raises(RefusedError, match="still goes on"):
            settle(bench.study, log, bench.runs)
    finally:
        lock.release()


def test_a_blind_campaign_shows_labels_until_it_is_unblinded(tmp_path: Path) -> None:
    """Prompt, vessel, log and record folder do not say the arm; who unblinds is kept."""
    bench = Bench(tmp_path, TEXT.replace("arms:", "blind: true\narms:"))
    bench.go_on(at_most=4)
    prompts = [step.text for step in bench.carried[0].plan.steps if isinstance(step, Prompt)]
    told = [*prompts, bench.log.path.read_text()]
    told += [path.name for path in bench.runs.glob("*/*")]
    told += status_lines(bench.study, bench.state)

    for word in ("particles", "medium", "polydopamine", "water"):
        assert [] == [text for text in told if word in text]
    with bench.log as log:
        unblind(log, by="A. Lab", reason="all runs are made")
    assert any("particles" in line for line in status_lines(bench.study, bench.state))
    assert "A. Lab" == (bench.state.unblinded and bench.state.unblinded.by)


def test_another_campaign_whose_name_ends_alike_is_not_mistaken(tmp_path: Path) -> None:
    """Records of `very-light-or-dark` are not those of `light-or-dark`."""
    other = Bench(tmp_path, TEXT.replace("name: light", "name: very-light"))
    other.go_on(at_most=1)
    bench = Bench(tmp_path)
    bench.go_on(at_most=1)

    assert ["light-or-dark-u01"] == names(bench)


def test_a_journal_without_light_is_seen_as_dark(tmp_path: Path) -> None:
    """And one without a journal too: the intent stands there before there is light."""
    bench = Bench(tmp_path)
    unit = bench.study.units[0]
    request = bench.study.request(
        unit, 1, bench.runs, speed=lambda plan: None, about={}, blind=False
    )  # fmt: skip
    folder = record(bench.runs, request).path
    assert not look(folder).lit
    (folder / "journal.jsonl").unlink()
    assert not look(folder).lit
