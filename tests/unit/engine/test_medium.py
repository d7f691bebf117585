"""Thermostat, doses and the stimulus of a release: begun, confirmed, and ended on every way out."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from pathlib import Path

import pytest

from labctl import sample as samples
from labctl.bench import AssayResult
from labctl.engine import check_request
from labctl.engine._dosing import typed_dose
from labctl.engine._liquid import Liquid
from labctl.errors import Exit, RefusedError
from labctl.events import (
    Beam,
    Dosed,
    Emission,
    MediumSet,
    PromptAsked,
    Sample,
    StateChanged,
    StepEnded,
    Tripped,
)
from labctl.protocol import AddAgent, Baseline, Release, SetThermostat, Step
from tests.scenario.runs import request
from tests.unit.engine.medium import LIT, STOCKS, TEXT, Bath, Fakes, Pump, S, carried_out, stops_at
from tests.unit.engine.test_steps import answering

WARM = SetThermostat(
    index=0, name="", temperature_degc=22.0, within_k=0.5, for_ns=5 * S, at_most_ns=60 * S
)
"""Where the simulated sample is anyway: the bath that is written down here warms nothing."""
ADD = AddAgent(index=0, name="", agent="glutathione", concentration_mol_per_m3=10.0)
DARK = Baseline(index=0, name="", duration_ns=10 * S)


# -- thermostat --------------------------------------------------------------------------------


def test_a_thermostat_is_waited_for_and_stopped_at_the_end(tmp_path: Path) -> None:
    """Started, reached, and stopped once all is done."""
    fakes = Fakes(bath=Bath())
    story = carried_out(tmp_path, [WARM, DARK], fakes)

    assert "completed" == story.ended.outcome
    assert "reached" == story.of(StepEnded)[0].why
    assert 5.0 < story.of(StepEnded)[0].t_ns / S < 7.0
    assert fakes.bath is not None
    assert ["start 22", "stop"] == fakes.bath.told


@pytest.mark.parametrize(
    ("if_late", "exit_code", "ends"),
    [("stop", Exit.CHECK_FAILED, 0), ("continue", Exit.PASS, 2)],
)
def test_a_sample_that_does_not_come_to_temperature_is_late(
    tmp_path: Path, if_late: str, exit_code: Exit, ends: int
) -> None:
    """And the thermostat is stopped all the same."""
    fakes = Fakes(bath=Bath())
    step = dataclasses.replace(WARM, temperature_degc=37.0, if_late=if_late)
    story = carried_out(tmp_path, [step, DARK], fakes, lights=False)

    assert exit_code == story.ended.exit_code
    assert ends == len(story.of(StepEnded))
    assert fakes.bath is not None
    assert "stop" == fakes.bath.told[-1]


def test_a_tripped_run_is_dark_before_its_thermostat_is_stopped(tmp_path: Path) -> None:
    """Beam off comes first, whatever ends the run."""
    fakes = Fakes(bath=Bath())
    story = carried_out(tmp_path, [WARM, LIT], fakes, faults=["interlock-open@7s"])

    assert Exit.SAFETY == story.ended.exit_code
    assert fakes.bath is not None
    assert "stop" == fakes.bath.told[-1]
    assert Beam.OFF == story.of(Emission)[-1].beam
    assert story.of(Emission)[-1].t_ns <= fakes.bath.stopped_ns


def test_a_stopped_run_stops_its_thermostat(tmp_path: Path) -> None:
    """While it waits for the temperature, too."""
    fakes = Fakes(bath=Bath())
    step = dataclasses.replace(WARM, temperature_degc=37.0)
    story = carried_out(tmp_path, [step], fakes, **stops_at(Sample, 5))

    assert Exit.STOPPED == story.ended.exit_code
    assert fakes.bath is not None
    assert ["start 37", "stop"] == fakes.bath.told


def test_a_thermostat_that_cannot_be_stopped_is_an_alarm(tmp_path: Path) -> None:
    """It stands on the record, and the exit code is not 0."""
    story = carried_out(tmp_path, [WARM], Fakes(bath=Bath(sticks=True)), lights=False)
    (tripped,) = story.of(Tripped)

    assert "medium-not-stopped" == tripped.rule
    assert "the thermostat was not stopped" in tripped.message
    assert ("instrument-lost", Exit.INSTRUMENT) == (story.ended.outcome, story.ended.exit_code)


def test_a_thermostat_that_says_that_something_is_wrong_ends_the_run(tmp_path: Path) -> None:
    """A safety rule, also where nothing is lit and no guard is there."""
    bath = Bath(wrong="it has stopped regulating by itself")
    story = carried_out(tmp_path, [DARK], Fakes(bath=bath), lights=False)

    assert ("tripped", Exit.SAFETY) == (story.ended.outcome, story.ended.exit_code)
    assert "stopped regulating" in story.ended.why


@pytest.mark.parametrize(
    ("lasts_s", "exit_code"), [(90, Exit.SAFETY), (45, Exit.PASS)], ids=["long", "short"]
)
def test_a_sample_that_nobody_sees_does_not_stay_in_a_bath(
    tmp_path: Path, lasts_s: int, exit_code: Exit
) -> None:
    """A minute without a valid reading of the probe; a shorter gap is gone through."""
    fakes = Fakes(bath=Bath())
    story = carried_out(
        tmp_path,
        [WARM, dataclasses.replace(DARK, duration_ns=120 * S)],
        fakes,
        lights=False,
        faults=[f"open-thermocouple@20s+{lasts_s}s"],
    )

    assert exit_code == story.ended.exit_code
    assert ("has not been seen for 60 s" in story.ended.why) == (exit_code is Exit.SAFETY)
    assert fakes.bath is not None
    assert "stop" == fakes.bath.told[-1]


def test_a_thermostat_is_told_to_stop_again_until_it_does(tmp_path: Path) -> None:
    """Its port was gone for a moment: it is opened anew, and nothing is left to be said."""
    bath = Bath(sticks=True, gives_in=4)
    story = carried_out(tmp_path, [WARM], Fakes(bath=bath), lights=False)

    assert ["start 22", "stop", *["stop anew"] * 3] == bath.told
    assert not bath.running
    assert [] == story.of(Tripped)
    assert Exit.PASS == story.ended.exit_code


def test_a_doser_that_counts_no_number_ends_the_run(tmp_path: Path) -> None:
    """What is no number is not the volume that was asked for."""
    story = carried_out(tmp_path, [ADD, LIT], Fakes(pump=Pump(short=float("nan"))))

    assert ("instrument-lost", Exit.INSTRUMENT) == (story.ended.outcome, story.ended.exit_code)
    assert [] == story.light


@pytest.mark.parametrize(("limit_degc", "exit_code"), [(20.0, Exit.SAFETY), (40.0, Exit.PASS)])
def test_a_sample_above_its_limit_in_a_bath_ends_the_run(
    tmp_path: Path, limit_degc: float, exit_code: Exit
) -> None:
    """Nobody else guards a run without light."""
    fakes = Fakes(bath=Bath())
    story = carried_out(tmp_path, [WARM], fakes, lights=False, temperature_degc=limit_degc)

    assert exit_code == story.ended.exit_code
    assert fakes.bath is not None
    assert "stop" == fakes.bath.told[-1]


def test_a_set_point_above_the_bench_is_refused(tmp_path: Path) -> None:
    """Nothing is begun."""
    fakes = Fakes(bath=Bath(max_degc=20.0))
    story = carried_out(tmp_path, [WARM], fakes, lights=False)

    assert Exit.BAD_INPUT == story.ended.exit_code
    assert fakes.bath is not None
    assert [] == fakes.bath.told


def test_without_a_thermostat_a_person_brings_it_to_temperature(tmp_path: Path) -> None:
    """Asked once; then the probe has to show it."""
    story = carried_out(tmp_path, [WARM], ask=answering("done"))
    (asked,) = story.of(PromptAsked)

    assert "22 degC" in asked.text
    assert "HAZARD: doxorubicin" in asked.text
    assert "reached" == story.of(StepEnded)[0].why


# -- doses -------------------------------------------------------------------------------------


def test_a_dose_is_computed_from_the_stock_and_told_as_delivered(tmp_path: Path) -> None:
    """10 mM of a stock of 100 mM in 1 mL is a ninth of a millilitre."""
    fakes = Fakes(pump=Pump(short=0.99))
    story = carried_out(tmp_path, [ADD], fakes)
    (dosed,) = story.of(Dosed)

    assert 0.99e-6 / 9.0 == pytest.approx(dosed.volume_m3)
    assert dosed.concentration_mol_per_m3 == pytest.approx(9.91, rel=1e-3)
    assert "doser" == dosed.how
    assert fakes.pump is not None
    assert ["deliver glutathione"] == fakes.pump.told


@pytest.mark.parametrize(
    ("pump", "words"),
    [
        (Pump(short=0.5), "has delivered"),
        (Pump(fault="stalled"), "stalled"),
        (Pump(looks=10**6), "has not delivered"),
    ],
)
def test_a_dose_that_is_not_given_as_asked_ends_the_run(
    tmp_path: Path, pump: Pump, words: str
) -> None:
    """What did come is on the record; whatever may still run is halted."""
    step = dataclasses.replace(ADD, at_most_ns=20 * S)
    story = carried_out(tmp_path, [step, LIT], Fakes(pump=pump))

    assert ("instrument-lost", Exit.INSTRUMENT) == (story.ended.outcome, story.ended.exit_code)
    assert words in story.ended.why
    assert [] == story.light
    assert ("has delivered" == words) == bool(story.of(Dosed))
    assert ("has delivered" != words) == ("halt" in pump.told)


def test_a_stop_while_dosing_halts_the_doser(tmp_path: Path) -> None:
    """Off, then still."""
    fakes = Fakes(pump=Pump(looks=100))
    story = carried_out(tmp_path, [ADD], fakes, **stops_at(Sample, 6))

    assert Exit.STOPPED == story.ended.exit_code
    assert fakes.pump is not None
    assert ["deliver glutathione", "halt"] == fakes.pump.told


def test_a_dose_by_hand_is_asked_for_until_it_can_be_read(tmp_path: Path) -> None:
    """With the volume that is computed, confirmed as it was, with its time."""
    answers = ("about 100", "0 uL", "112 uL, 2 min ago")
    story = carried_out(tmp_path, [DARK, ADD], ask=answering(*answers))
    (dosed,) = story.of(Dosed)
    asked = [event.text for event in story.of(PromptAsked)]

    assert 3 == len(asked)
    assert "111.111 uL of glutathione to 10 mM" in asked[0]
    assert all("HAZARD: doxorubicin" in text for text in asked)
    assert "is not a volume" in asked[1]
    assert "is none" in asked[2]
    assert 112e-9 == pytest.approx(dosed.volume_m3)
    assert "by hand" == dosed.how
    assert dosed.t_ns - 120 * S == dosed.added_ns


def test_a_dose_without_a_stock_is_what_the_person_says(tmp_path: Path) -> None:
    """The concentration that was asked for is confirmed with it."""
    story = carried_out(tmp_path, [ADD], stocks={}, ask=answering("50 uL"))
    (dosed,) = story.of(Dosed)

    assert 5e-8 == pytest.approx(dosed.volume_m3)
    assert dosed.concentration_mol_per_m3 is None


def test_a_dose_that_nobody_confirms_in_time_ends_the_run(tmp_path: Path) -> None:
    """Five answers that cannot be read are no answer."""
    story = carried_out(tmp_path, [ADD, LIT], ask=answering(*["?"] * 5))

    assert ("stopped", Exit.STOPPED) == (story.ended.outcome, story.ended.exit_code)
    assert [] == story.light


@pytest.mark.parametrize("text", ["", "10", "10 W", "-5 uL", "5 uL, soon ago", "5 uL, -2 min ago"])
def test_what_is_no_dose_is_refused_in_words(text: str) -> None:
    """Never a number that was guessed."""
    with pytest.raises(ValueError, match=r"\w{3}"):
        typed_dose(text)


def test_hands_in_the_bench_disarm_it(tmp_path: Path) -> None:
    """A dose by hand between two lights: armed anew before the second."""
    story = carried_out(tmp_path, [LIT, ADD, LIT], ask=answering("111 uL"))
    states = [event.new for event in story.of(StateChanged)]

    assert "completed" == story.ended.outcome
    assert 2 == len(story.light)
    assert ["WAITING", "DARK", "ARMED"] == states[states.index("WAITING") :][:3]


# -- release -----------------------------------------------------------------------------------


def test_the_stimulus_is_complete_before_the_release_is_followed(tmp_path: Path) -> None:
    """Temperature, pH, glutathione; then the word, with what the medium has."""
    fakes = Fakes(bath=Bath(), pump=Pump())
    step = Release(
        index=0, name="", species=("quinidine",), ph=5.5, glutathione_mol_per_m3=10.0,
        temperature_degc=22.0,
    )  # fmt: skip
    story = carried_out(tmp_path, [step], fakes)
    (told,) = story.of(MediumSet)
    assert fakes.pump is not None

    assert ["deliver acid", "deliver glutathione"] == fakes.pump.told
    assert [event.t_ns <= told.t_ns for event in story.of(Dosed)] == [True, True]
    assert 5.5 == pytest.approx(told.ph)
    assert 10.0 == pytest.approx(told.glutathione_mol_per_m3)
    assert "thermostat and doser" == told.how
    assert told.volume_m3 > 1.1e-6


def test_a_release_without_instruments_is_confirmed_by_a_person(tmp_path: Path) -> None:
    """Nothing is set or added by itself."""
    step = Release(index=0, name="", species=("quinidine",))
    story = carried_out(tmp_path, [step], ask=answering("now"))
    (told,) = story.of(MediumSet)

    assert "confirmed by a person" == told.how


def test_a_release_that_does_not_come_to_temperature_is_held(tmp_path: Path) -> None:
    """Nothing is added to a cold sample."""
    fakes = Fakes(bath=Bath(), pump=Pump())
    step = Release(
        index=0, name="", species=("quinidine",), ph=5.5, temperature_degc=37.0,
        at_most_ns=20 * S,
    )  # fmt: skip
    story = carried_out(tmp_path, [step, LIT], fakes)
    assert fakes.pump is not None

    assert ("held", Exit.CANNOT_TELL) == (story.ended.outcome, story.ended.exit_code)
    assert [] == fakes.pump.told


# -- the liquid --------------------------------------------------------------------------------


def test_a_released_fraction_counts_what_was_diluted_and_drawn() -> None:
    """Ten draws of a twentieth and one addition: all of the load is found again."""
    specimen = samples.load(samples.find("pda-aminoacid"))
    load = specimen.release["quinidine"].load_mol_per_m3.value
    liquid = Liquid(specimen)
    dissolved_mol = load * liquid.volume_m3
    for number in range(10):
        found = dissolved_mol / liquid.volume_m3
        told = liquid.assayed(0, AssayResult("quinidine", 0, 1.0, "", found, 0.01, 0.0, 5e-8))
        dissolved_mol -= found * 5e-8

        assert told.fraction == pytest.approx(1.0), number
        if number == 4:
            liquid.added(0, "glutathione", 2e-7, None, "by hand")


def test_a_measurement_without_a_load_has_no_fraction() -> None:
    """What nobody loaded is no part of anything."""
    liquid = Liquid(samples.load(samples.find("pda-aminoacid")))
    told = liquid.assayed(0, AssayResult("iron", 0, 1.0, "", 0.1, 0.01, 0.0))

    assert told.fraction is None
    assert 0.1 == told.concentration_mol_per_m3


def test_a_run_that_asks_for_what_cannot_be_done_is_refused_and_no_fault(tmp_path: Path) -> None:
    """Only the run shows it, because more was added by hand than was computed: dark, thermostat
    off, and nobody is sent to look for a fault in labctl."""
    less = dataclasses.replace(ADD, concentration_mol_per_m3=1.0)
    fakes = Fakes(bath=Bath())
    story = carried_out(tmp_path, [WARM, ADD, less], fakes, lights=False, ask=answering("1 mL"))

    assert ("refused", Exit.BAD_INPUT) == (story.ended.outcome, story.ended.exit_code)
    assert "cannot be brought down" in story.ended.why
    assert fakes.bath is not None
    assert "stop" == fakes.bath.told[-1]


@pytest.mark.parametrize(
    ("step", "refused"),
    [
        (ADD, True),
        (Release(index=0, name="", species=("quinidine",), ph=5.5), True),
        (dataclasses.replace(ADD, concentration_mol_per_m3=None, volume_m3=5e-8), False),
        (Release(index=0, name="", species=("quinidine",), temperature_degc=37.0), False),
    ],
)
def test_a_dose_to_a_concentration_in_no_known_volume_is_refused_before_anything_is_opened(
    tmp_path: Path, step: Step, refused: bool
) -> None:
    """Not after the bath has been heated for it; a volume that is stated needs no sample."""
    asked = request(tmp_path, protocol=TEXT, parameters=())
    plan = dataclasses.replace(asked.plan, steps=(DARK, step))
    file = dataclasses.replace(asked.bench_file, stocks=STOCKS)
    without = dataclasses.replace(asked, plan=plan, bench_file=file, specimen=None)

    with pytest.raises(RefusedError, match="which volume") if refused else nullcontext():
        check_request(without)
    check_request(dataclasses.replace(without, specimen=asked.specimen))
