"""The dose of a run, folded from its events."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labctl import bench as benches
from labctl.clock import NS
from labctl.events import (
    Beam,
    Dose,
    DoseBasis,
    Emission,
    Event,
    Invalid,
    PriorsFixed,
    Reading,
    Sample,
    StepBegun,
    from_dict,
    to_dict,
)
from labctl.monitor import DoseWatch, dose_basis
from labctl.photothermal import CEM43_UNCUT, OF_LIQUID, PAIRS
from tests.scenario.runs import BENCHES, bench_file

BASIS = DoseBasis(0, "pda", "A25", 0.5, 0.0, 0.0, "cem43", "skin", 0.03, 1.0, 808e-9, 0.5e-4, 0.0)


def sample(t_s: float, degc: float | None, power_w: float | None = None) -> Sample:
    t_ns = round(t_s * NS)
    readings: list[Reading | Invalid] = [
        Invalid("probe.temperature", "open", "", t_ns)
        if degc is None
        else Reading("probe.temperature", degc, "degC", t_ns)
    ]
    if power_w is not None:
        readings.append(Reading("meter.power", power_w, "W", t_ns))
    return Sample(t_ns, t_ns, tuple(readings))


def beam(t_s: float, state: Beam, power_w: float | None = None) -> Emission:
    return Emission(round(t_s * NS), state, "read back", power_w)


def dose_of(*events: Event, watch: DoseWatch | None = None) -> Dose:
    watch = watch or DoseWatch()
    for event in events:
        watch.feed(event)
    return watch.told(0)


def a_minute(degc: float, power_w: float | None = None) -> list[Sample]:
    return [sample(t, degc, power_w) for t in range(61)]


def test_a_minute_at_fifty_degrees_is_128_equivalent_minutes() -> None:
    """With the bounds of half a kelvin, the convention, the probe and the label beside it."""
    cem43 = dose_of(BASIS, *a_minute(50.0)).results["cem43"]
    assert cem43["value"] == pytest.approx(128.0)
    assert (cem43["low"], cem43["high"]) == pytest.approx((128 / 2**0.5, 128 * 2**0.5))
    assert (OF_LIQUID, 0.5, "min") == (cem43["of"], cem43["probe_tolerance_k"], cem43["unit"])
    assert "0 below 39 degC" in cem43["convention"]


def test_the_running_dose_is_that_of_the_end() -> None:
    """What a condition could ask for at any tick is what is told at the end."""
    watch = DoseWatch()
    dose = dose_of(BASIS, *a_minute(50.0), watch=watch)
    assert watch.cem43_min == pytest.approx(dose.results["cem43"]["value"])


def test_commanded_power_counts_while_lit_where_there_is_no_meter() -> None:
    """1 W from 10 to 40 s: 30 J, 60 J/cm2 on half a square centimetre."""
    events: list[Event] = [BASIS, *a_minute(25.0)]
    events.insert(12, beam(10.0, Beam.ON, 1.0))
    events.insert(43, beam(40.0, Beam.OFF))
    dose = dose_of(*events)
    assert dose.energy_j == pytest.approx(30.0, abs=1.0)
    assert dose.results["fluence"]["value"] == pytest.approx(dose.energy_j / 0.5e-4)


def test_measured_power_counts_where_there_is_a_meter() -> None:
    """0.9 W measured for 1 W commanded: 0.9 J a second."""
    dose = dose_of(BASIS, beam(0.0, Beam.ON, 1.0), *a_minute(25.0, 0.9))
    assert dose.energy_j == pytest.approx(54.0)


def test_light_that_nobody_knows_of_counts_as_the_meter_has_it() -> None:
    """A beam that is UNKNOWN may be on: what the meter sees counts."""
    dose = dose_of(BASIS, beam(0.0, Beam.UNKNOWN), *a_minute(25.0, 0.5))
    assert dose.energy_j == pytest.approx(30.0)


def test_a_hand_switched_laser_without_a_meter_counts_as_the_protocol_states() -> None:
    """Its step's power, with words that nobody measured it."""
    step = StepBegun(0, 1, 1, "irradiate", "", 60 * NS, 0.5)
    light = Emission(0, Beam.ON, "manual: marked by a person")
    dose = dose_of(BASIS, step, light, *a_minute(25.0))
    assert dose.energy_j == pytest.approx(30.0)
    assert any("nobody measured" in words for words in dose.words)


def test_light_of_unknown_power_is_told_and_not_counted_as_none() -> None:
    """No energy is printed where there is no power to make it of."""
    dose = dose_of(BASIS, Emission(0, Beam.ON, "manual: marked by a person"), *a_minute(25.0))
    assert "energy" not in dose.results
    assert 60.0 == dose.results["light_of_unknown_power"]["value"]
    assert any("60 s of light of unknown power" in words for words in dose.words)


def test_the_calibration_resistor_is_no_light() -> None:
    """What it heats counts as heat; its power is in no fluence."""
    heater = Emission(0, Beam.ON, "read back", 1.0, source="heater")
    dose = dose_of(BASIS, heater, *a_minute(50.0))
    assert "energy" not in dose.results
    assert dose.results["cem43"]["value"] == pytest.approx(128.0)


def test_in_the_dark_a_meter_counts_for_nothing() -> None:
    """Its offset is no light."""
    assert 0.0 == dose_of(BASIS, *a_minute(25.0, 0.002)).energy_j


def test_without_a_spot_area_there_is_no_fluence_and_that_is_said() -> None:
    """Nor a ratio to any limit."""
    basis = replace(BASIS, spot_area_m2=None)
    dose = dose_of(basis, beam(0.0, Beam.ON, 1.0), *a_minute(25.0))
    assert not {"fluence", "irradiance", "skin_exposure", "eye_exposure"} & set(dose.results)
    assert any("no spot area" in words for words in dose.words)


def test_the_skin_and_the_eye_stand_side_by_side_and_nothing_is_called_safe() -> None:
    """The ratio of the beam to both limits, in one sentence."""
    dose = dose_of(BASIS, beam(0.0, Beam.ON, 1.0), *a_minute(50.0))
    said = " ".join(dose.words)
    assert {"skin_exposure", "eye_exposure"} <= set(dose.results)
    assert "skin" in said and "eye" in said and "not of tissue" in said
    assert "safe" not in f"{said} {dose.results}".lower()


def test_more_power_than_was_commanded_is_what_the_limits_are_held_against() -> None:
    """1.5 W measured for 1 W commanded: 3 W/cm2, not 2."""
    dose = dose_of(BASIS, beam(0.0, Beam.ON, 1.0), *a_minute(25.0, 1.5))
    assert dose.results["irradiance"]["value"] == pytest.approx(3e4)


def test_a_gap_is_told() -> None:
    """Twenty seconds without a reading: nothing counted, and said."""
    events = [s for s in a_minute(50.0) if not 20 < s.t_ns / NS < 40]
    dose = dose_of(BASIS, *events)
    assert (1, 20.0) == (dose.results["cem43"]["gaps"], dose.results["cem43"]["gap_s"])
    assert any("1 gap of 20 s" in words for words in dose.words)


def test_a_slow_protocol_has_no_gaps_where_it_was_planned_so() -> None:
    """A reading every 30 s, as planned, is a record without gaps."""
    basis = replace(BASIS, sampling_s=30.0)
    dose = dose_of(basis, *(sample(t, 50.0) for t in range(0, 61, 30)))
    assert (0, pytest.approx(128.0)) == (
        dose.results["cem43"]["gaps"],
        dose.results["cem43"]["value"],
    )


def test_readings_that_are_none_are_counted() -> None:
    """An open thermocouple is left out of the dose, and that is said."""
    dose = dose_of(BASIS, *a_minute(50.0), sample(61.0, None))
    assert 1 == dose.results["cem43"]["left_out"]
    assert any("left out of the dose" in words for words in dose.words)


def test_another_convention_and_pair_can_be_asked_of_the_same_events() -> None:
    """A dose is recomputed from readings, never converted from another."""
    watch = DoseWatch(CEM43_UNCUT, PAIRS["cho"])
    dose = dose_of(BASIS, *a_minute(38.0), watch=watch)
    assert dose.results["cem43"]["value"] == pytest.approx(4.0**-5)
    assert "arrhenius_cho" in dose.results and "not checked" in " ".join(
        entry["pair"] for entry in dose.results.values() if "pair" in entry
    )


def test_a_record_of_before_there_was_a_basis_has_a_dose_that_says_what_was_taken() -> None:
    """A wide tolerance, and words for it; the lag of the priors where they are."""
    priors = PriorsFixed(0, {"bank": {"lag_s": 2.0, "lag_relative_sd": 0.25}}, ())
    dose = dose_of(priors, *a_minute(50.0))
    cem43 = dose.results["cem43"]
    assert (4.0, 2.0, 0.5) == (cem43["probe_tolerance_k"], cem43["lag_s"], cem43["lag_sd_s"])
    assert any("no basis of a dose" in words for words in dose.words)


def test_nothing_at_all_is_a_dose_of_nothing() -> None:
    """A run that ended before its first reading."""
    assert (0.0, {}, ()) == (
        (dose := dose_of(BASIS)).energy_j,
        dict(dose.results),
        dose.words,
    )


def test_the_events_of_a_dose_go_through_the_journal_unchanged() -> None:
    """Both kinds read back as they were written."""
    dose = dose_of(BASIS, beam(0.0, Beam.ON, 1.0), *a_minute(50.0))
    assert [BASIS, dose] == [from_dict(to_dict(event)) for event in (BASIS, dose)]


def test_a_bench_that_states_its_probe_is_believed() -> None:
    """The tolerance of the shipped bench is in its basis, and nothing needs to be assumed."""
    basis = dose_basis(0, bench_file("simulated"), None, None, has_meter=True, sampling_s=0.5)
    assert (1.0, (), 0.5e-4) == (
        basis.probe_tolerance_k,
        basis.assumptions,
        basis.spot_area_m2,
    )


@pytest.mark.parametrize(("kind", "tolerance_k"), [("K", 2.5), ("T", 1.0), ("B", 4.0)])
def test_a_bench_that_does_not_gets_the_class_of_its_thermocouple(
    kind: str, tolerance_k: float
) -> None:
    """Class 2, and words for it."""
    lines = (BENCHES / "simulated.yaml").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("probe:"))
    bench = benches.loads(text.replace("type: K", f"type: {kind}"))
    basis = dose_basis(0, bench, None, None, has_meter=True, sampling_s=0.5)
    assert tolerance_k == basis.probe_tolerance_k
    assert "no tolerance of its probe" in basis.assumptions[0]


def test_a_stated_probe_survives_the_bench_file() -> None:
    """What is dumped loads to the same."""
    bench = bench_file("simulated")
    assert bench.probe == benches.loads(bench.dump()).probe is not None
