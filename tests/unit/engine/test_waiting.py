"""Waiting in the dark: gates that open, are held, aborted or late; assays beside the sampling."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import itertools
from pathlib import Path
from unittest import mock

import pytest

from labctl import sample as samples
from labctl.engine import _asking, carry_out
from labctl.errors import Exit
from labctl.events import (
    Assayed,
    Beam,
    Dosed,
    GateLooked,
    PromptAsked,
    ReleaseAssessed,
    Sample,
    StateChanged,
    StepEnded,
)
from labctl.protocol import (
    Above,
    AllOf,
    AnyOf,
    Assay,
    Baseline,
    Below,
    Cool,
    Elapsed,
    Irradiate,
    Release,
    Released,
    Wait,
)
from labctl.replay import replay_run
from tests.scenario.runs import Story, bench_file, nobody, read, request
from tests.unit.engine.medium import Fakes, Plates, Pump, S, carried_out, stops_at
from tests.unit.engine.test_steps import answering

BEGIN = Release(index=0, name="", species=("quinidine", "doxorubicin"), glutathione_mol_per_m3=10.0)
OUT = Released("quinidine", 0.8, None, 0.95)
HELD_IN = Released("doxorubicin", None, 0.25, 0.95)
ORDER = Wait(
    index=0,
    name="order gate",
    at_most_ns=3600 * S,
    until=OUT,
    require=HELD_IN,
    assay_every_ns=180 * S,
)
LIT = Irradiate(index=0, name="", stated_power_w=1.0, irradiance_w_per_m2=None, at_most_ns=3 * S)
DARK = Baseline(index=0, name="", duration_ns=5 * S)
LOG = (
    "schema: labctl.protocol/1\nname: waits\ntitle: waits\n"
    "needs: {probe: thermometer, assay: assay}\n"
    "record: {every: 1 s}\nsteps:\n  - log: {for: 1 s}\n"
)
RISING = (0.05, 0.45, 0.7, 0.85, 0.92, 0.96, 0.97, 0.98)
STILL = (0.02,)


def waited(
    tmp_path: Path, step: Wait, quinidine: object, doxorubicin: object, **how: object
) -> Story:
    fractions = {"quinidine": quinidine, "doxorubicin": doxorubicin}
    fakes = Fakes(pump=Pump(), fractions=fractions)  # type: ignore[arg-type]
    steps = [BEGIN, step, LIT]
    return carried_out(tmp_path, steps, fakes, period_ns=S, **how)  # type: ignore[arg-type]


def test_a_gate_opens_when_the_odds_are_there(tmp_path: Path) -> None:
    """By measurements alone: what was asked, its probabilities, and only then light."""
    story = waited(tmp_path, ORDER, RISING, STILL)
    (gate,) = story.of(GateLooked)
    assessed = story.of(ReleaseAssessed)

    assert "completed" == story.ended.outcome
    assert ("order gate", True) == (gate.step, gate.opened)
    assert 2 == len(gate.probabilities)
    assert all(value >= 0.95 for value in gate.probabilities.values())
    assert len(story.of(Assayed)) == len(assessed)
    assert gate.t_ns / 1e9 < story.light[0][0]
    assert "released_quinidine" in story.result.verdict.results  # type: ignore[union-attr]


def test_a_gate_is_held_where_what_it_requires_does_not_hold(tmp_path: Path) -> None:
    """The drug has left with the inhibitor: outcome held, exit code 7, never lit."""
    story = waited(tmp_path, ORDER, RISING, RISING)
    (gate,) = story.of(GateLooked)

    assert ("held", Exit.CANNOT_TELL) == (story.ended.outcome, story.ended.exit_code)
    assert not gate.opened
    assert "but not: doxorubicin" in gate.why
    assert [] == story.light
    assert "none" == story.ended.verdict


def test_a_wait_is_aborted_at_once(tmp_path: Path) -> None:
    """The tick that sees it ends the run, in the dark."""
    step = dataclasses.replace(ORDER, abort_if=Above("probe", None, 5.0))
    story = waited(tmp_path, step, RISING, STILL)
    (gate,) = story.of(GateLooked)

    assert "held" == story.ended.outcome
    assert "aborted: probe is above 5 degC" == gate.why
    assert [] == story.light


@pytest.mark.parametrize(
    ("if_late", "answers", "outcome", "lit"),
    [
        ("stop", (), "held", 0),
        ("continue", (), "completed", 1),
        ("ask", ("continue",), "completed", 1),
        ("ask", ("stop",), "held", 0),
        ("ask", ("yes (--yes)",), "held", 0),
    ],
)
def test_a_gate_that_does_not_open_in_time_holds_or_is_passed(
    tmp_path: Path, if_late: str, answers: tuple[str, ...], outcome: str, lit: int
) -> None:
    """It is on the record either way that it did not open."""
    step = dataclasses.replace(ORDER, at_most_ns=100 * S, if_late=if_late)
    story = waited(tmp_path, step, STILL, STILL, ask=answering(*answers))
    (gate,) = story.of(GateLooked)

    assert outcome == story.ended.outcome
    assert Exit.CANNOT_TELL == story.ended.exit_code
    assert not gate.opened
    assert "not yet" in gate.why
    assert lit == len(story.light)
    assert len(answers) == len(story.of(PromptAsked))


def test_a_wait_that_is_no_gate_fails_when_it_is_late(tmp_path: Path) -> None:
    """As any other step does; no gate is told of."""
    step = Wait(index=0, name="", at_most_ns=5 * S, until=Below("probe", None, 5.0))
    story = carried_out(tmp_path, [step, LIT])

    assert Exit.CHECK_FAILED == story.ended.exit_code
    assert [] == story.of(GateLooked)


@pytest.mark.parametrize(
    ("condition", "lasts_s"),
    [
        (AnyOf((Elapsed(10 * S), Elapsed(20 * S))), 10.0),
        (AllOf((Elapsed(10 * S), Elapsed(20 * S))), 20.0),
        (AnyOf((Below("probe", None, 5.0), AllOf((Elapsed(5 * S), Elapsed(15 * S))))), 15.0),
    ],
)
def test_any_and_all(tmp_path: Path, condition: object, lasts_s: float) -> None:
    """One of them, or all at the same look."""
    step = Wait(index=0, name="", at_most_ns=60 * S, until=condition)  # type: ignore[arg-type]
    story = carried_out(tmp_path, [step])
    (ended,) = story.of(StepEnded)

    assert "reached" == ended.why
    assert lasts_s == pytest.approx(ended.t_ns / 1e9, abs=0.7)


@pytest.mark.parametrize("verb", [Wait, Cool])
@pytest.mark.parametrize("if_late", ["stop", "continue"])
def test_what_is_met_as_the_time_ends_is_not_late(
    tmp_path: Path, verb: type[Wait | Cool], if_late: str
) -> None:
    """`until: {elapsed: 10 min}` with `at_most: 10 min` is what people write."""
    until, time_ns = Elapsed(5 * S), 5 * S
    step = verb(index=0, name="", at_most_ns=time_ns, until=until, if_late=if_late)
    story = carried_out(tmp_path, [step])
    (ended,) = story.of(StepEnded)

    assert ("completed", Exit.PASS) == (story.ended.outcome, story.ended.exit_code)
    assert "reached" == ended.why


def test_assays_go_on_beside_the_sampling(tmp_path: Path) -> None:
    """Every species every so often, and every tick of the grid is there."""
    step = dataclasses.replace(
        ORDER, at_most_ns=130 * S, if_late="continue", name="wait", assay_every_ns=40 * S
    )
    fakes = Fakes(pump=Pump(), fractions={"quinidine": STILL, "doxorubicin": STILL})
    story = carried_out(tmp_path, [BEGIN, step], fakes, period_ns=S)
    assert isinstance(fakes.plates, Plates)
    begun = [t_ns / 1e9 for species, t_ns in fakes.plates.begun if species == "quinidine"]
    grid = [sample.scheduled_ns for sample in story.of(Sample)]

    assert [40.0] * 3 == pytest.approx([b - a for a, b in itertools.pairwise(begun)], abs=1.1)
    assert {S} == {b - a for a, b in itertools.pairwise(grid)}
    assert 8 == len(story.of(Assayed))


def test_assays_that_give_no_number_hold_the_gate(tmp_path: Path) -> None:
    """Three in a row are more than bad luck."""
    story = waited(tmp_path, ORDER, (0.1, None), STILL)
    (gate,) = story.of(GateLooked)

    assert "held" == story.ended.outcome
    assert "measurements of quinidine" in gate.why
    assert "saturated" == [a for a in story.of(Assayed) if a.species == "quinidine"][-1].trouble


def test_an_assay_that_never_ends_is_told_as_trouble(tmp_path: Path) -> None:
    """It gives no number, and nothing waits for it for ever."""
    fakes = Fakes(fractions={}, assay_never=True)
    step = Assay(index=0, name="", species=("quinidine",))
    story = carried_out(tmp_path, [step], fakes)
    (assayed,) = story.of(Assayed)

    assert assayed.concentration_mol_per_m3 is None
    assert "no result within" in assayed.trouble
    assert story.ended.t_ns < 40 * S


def test_an_assay_is_repeated_at_its_interval(tmp_path: Path) -> None:
    """Three of two species, a minute apart."""
    fakes = Fakes(fractions={"quinidine": STILL, "doxorubicin": STILL})
    step = Assay(index=0, name="", species=("quinidine", "doxorubicin"), times=3, every_ns=60 * S)
    story = carried_out(tmp_path, [step], fakes)
    taken = [a.taken_ns / S for a in story.of(Assayed) if a.species == "quinidine"]

    assert 6 == len(story.of(Assayed))
    assert [60.0, 60.0] == pytest.approx([taken[1] - taken[0], taken[2] - taken[1]], abs=0.6)
    assert "done" == story.of(StepEnded)[0].why


def test_an_assay_that_takes_longer_than_its_step_is_late(tmp_path: Path) -> None:
    """What is measured by then is there."""
    fakes = Fakes(fractions={"quinidine": STILL})
    step = Assay(index=0, name="", species=("quinidine",), times=9, at_most_ns=20 * S)
    story = carried_out(tmp_path, [step], fakes)

    assert "late" == story.of(StepEnded)[0].why
    assert 2 <= len(story.of(Assayed)) < 9
    assert story.ended.t_ns < 22 * S


def test_a_value_typed_by_hand_is_asked_for_again_in_words(tmp_path: Path) -> None:
    """Until it can be read; a state that says so, and a deviation that was typed."""
    step = Assay(index=0, name="", species=("quinidine",))
    answers = ("0,012 mM", "12", "0.012 mM +- 1 uM")
    story = carried_out(tmp_path, [step], ask=answering(*answers))
    (assayed,) = story.of(Assayed)
    asked = [event.text for event in story.of(PromptAsked)]

    assert 3 == len(asked)
    assert "has a comma in its number" in asked[1]
    assert "unit is missing" in asked[2]
    assert (0.012, 0.001) == (assayed.concentration_mol_per_m3, assayed.sd_mol_per_m3)
    assert "WAITING" in [event.new for event in story.of(StateChanged)]


def test_nobody_there_to_type_ends_the_run(tmp_path: Path) -> None:
    """A number is never made up."""
    step = Assay(index=0, name="", species=("quinidine",))
    story = carried_out(tmp_path, [step, LIT], ask=answering("yes (--yes)"))

    assert ("stopped", Exit.STOPPED) == (story.ended.outcome, story.ended.exit_code)
    assert [] == story.of(Assayed)


@pytest.mark.parametrize("number", [1, 2])
def test_a_stop_while_waiting_or_assaying_is_heard(tmp_path: Path, number: int) -> None:
    """Dark as it is, and closed."""
    kind = Assayed if number == 2 else Dosed
    story = waited(tmp_path, ORDER, RISING, STILL, **stops_at(kind))

    assert ("stopped", Exit.STOPPED) == (story.ended.outcome, story.ended.exit_code)
    assert Beam.OFF == story.ended.beam
    assert [] == story.light


def test_a_gated_run_replays_to_the_same_verdict(tmp_path: Path) -> None:
    """Assays, gates and what they were read as: again from the journal alone."""
    opened = waited(tmp_path / "a", ORDER, RISING, STILL)
    held = waited(tmp_path / "b", ORDER, RISING, RISING)

    for story in (opened, held):
        replay = replay_run(story.result.folder.path)
        assert [] == list(replay.differences)
        assert replay.same


def test_a_cooling_may_wait_for_a_release(tmp_path: Path) -> None:
    """Any step that speaks of a release is assayed beside."""
    fakes = Fakes(pump=Pump(), fractions={"quinidine": RISING, "doxorubicin": STILL})
    step = Cool(index=0, name="", at_most_ns=600 * S, until=OUT)
    story = carried_out(tmp_path, [BEGIN, step], fakes, period_ns=S)

    assert "reached" == story.of(StepEnded)[1].why
    assert {"quinidine"} == {event.species for event in story.of(Assayed)}


@pytest.mark.parametrize(
    ("lasts_s", "outcome"), [(90, "held"), (45, "completed")], ids=["long", "short"]
)
def test_a_gate_that_cannot_see_what_would_abort_it_is_held(
    tmp_path: Path, lasts_s: int, outcome: str
) -> None:
    """A probe that is not read aborts nothing: after a minute of that the gate opens no more."""
    step = Wait(
        index=0, name="gate", at_most_ns=200 * S, until=Elapsed(120 * S),
        abort_if=Above("probe", None, 39.0),
    )  # fmt: skip
    fault = f"open-thermocouple@10s+{lasts_s}s"
    story = carried_out(tmp_path, [step], faults=[fault], lights=False)
    (gate,) = story.of(GateLooked)

    assert outcome == story.ended.outcome
    assert ("no valid reading for 60 s" in gate.why) == (outcome == "held")


def test_an_assay_that_a_wait_has_begun_is_told_before_another_begins(tmp_path: Path) -> None:
    """No instrument measures two at a time."""
    fakes = Fakes(pump=Pump(), fractions={"quinidine": STILL, "doxorubicin": STILL})
    step = Wait(index=0, name="", at_most_ns=60 * S, until=AnyOf((OUT, Elapsed(3 * S))))
    then = Assay(index=0, name="", species=("doxorubicin",))
    story = carried_out(tmp_path, [BEGIN, step, then], fakes, period_ns=S)
    told = [(event.species, event.t_ns) for event in story.of(Assayed)]

    assert fakes.plates is not None
    assert ["quinidine", "doxorubicin"] == [species for species, _ in told]
    assert told[0][1] <= fakes.plates.begun[1][1]


def test_a_wait_for_values_that_nobody_types_has_an_end(tmp_path: Path) -> None:
    """Its own time, also while a person is asked."""
    silent: concurrent.futures.Future[str] = concurrent.futures.Future()
    asked: list[float | None] = []

    async def nobody_answers(*given: object) -> None:
        asked.append(given[-1] / S)  # type: ignore[operator]

    step = Wait(index=0, name="", at_most_ns=60 * S, until=OUT)
    with mock.patch.object(_asking, "answered", nobody_answers):
        story = carried_out(tmp_path, [DARK, step], ask=lambda text: silent, period_ns=S)

    assert "stopped" == story.ended.outcome
    assert 50.0 < (asked[0] or 0.0) <= 60.0


def test_one_answer_that_is_late_spoils_one_measurement_and_not_the_run(tmp_path: Path) -> None:
    """The command to begin is not sent twice: the measurement has no number, and others follow."""
    file = bench_file("simulated-release")
    step = Wait(
        index=0, name="", at_most_ns=90 * S, until=AnyOf((OUT, Elapsed(60 * S))),
        assay_every_ns=5 * S,
    )  # fmt: skip
    asked = request(tmp_path, protocol=LOG, parameters=(), bench=file)
    plan = dataclasses.replace(asked.plan, steps=(step,))
    specimen = samples.load(samples.find("pda-aminoacid"))
    faults = ("late-reply:fluorimeter@20s",)
    story = read(
        carry_out(
            dataclasses.replace(asked, plan=plan, specimen=specimen, faults=faults),
            publish=(),
            ask=nobody,
            on_begin=lambda begun: None,
            on_signals=lambda loop, stop: lambda: None,
        )
    )
    told = [event.trouble for event in story.of(Assayed)]

    assert "completed" == story.ended.outcome
    assert 1 == sum(bool(trouble) for trouble in told)
    assert 8 < len(told)
