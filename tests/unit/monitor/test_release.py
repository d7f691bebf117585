"""Release of a run from its events: what it starts from, odds, gates, and again the same."""

from __future__ import annotations

import dataclasses
import json
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest

from labctl import sample as samples
from labctl.bench import AssayCalibration
from labctl.clock import NS
from labctl.events import (
    Assayed,
    Beam,
    Dosed,
    Emission,
    Event,
    GateLooked,
    MediumSet,
    Reading,
    ReleaseBasis,
    Sample,
    from_dict,
    to_dict,
)
from labctl.monitor import ReleaseWatch, release_basis
from labctl.quantities import Stated
from labctl.sample import Load, ReleaseReference, Specimen

RATE_PER_S = {"quinidine": 0.9 / 3600.0, "doxorubicin": 0.07 / 3600.0}
EVERY_S = 300
SD = 0.02


@dataclass(frozen=True, slots=True)
class Bound:
    """As a protocol asks."""

    species: str
    at_least: float | None = None
    at_most: float | None = None


INHIBITOR = Bound("quinidine", at_least=0.8)
HELD = Bound("doxorubicin", at_most=0.25)


def loads(*, sd: float = 0.02, placeholder: bool = False) -> dict[str, Load]:
    return {
        name: Load(Stated(0.04, sd * 0.04, "measured", placeholder=placeholder))
        for name in RATE_PER_S
    }


def specimen(**changes: object) -> Specimen:
    found = samples.load(samples.find("pda-aminoacid"))
    return dataclasses.replace(found, **({"release": loads(), "release_reference": None} | changes))


def calibration(
    species: str, *, slope_sd: float = 0.03, placeholder: bool = False
) -> AssayCalibration:
    return AssayCalibration(
        species, "acetate", "counts", 1e6, 100.0, 0.03, 200.0, 800.0, 0.0, 0.05,
        "2026-03-01", "standards", placeholder=placeholder,
    )  # fmt: skip


def basis(of: Specimen | None = None) -> ReleaseBasis:
    known = {name: calibration(name) for name in RATE_PER_S}
    return release_basis(0, of or specimen(), known, tuple(RATE_PER_S))


def at_start(degc: float = 37.0) -> Iterator[Event]:
    yield basis()
    yield probed(1, degc)
    yield MediumSet(2 * NS, tuple(RATE_PER_S), 5.5, None, 1e-6, "by hand")


def probed(t_s: float, degc: float = 37.0) -> Sample:
    t_ns = round(t_s * NS)
    return Sample(t_ns, t_ns, (Reading("probe.temperature", degc, "degC", t_ns),))


def released(species: str, t_s: float) -> float:
    return 1.0 - math.exp(-RATE_PER_S[species] * t_s)


def assayed(species: str, t_s: float, fraction: float | None, trouble: str = "") -> Assayed:
    t_ns = round(t_s * NS)
    sd = None if fraction is None else SD
    return Assayed(
        t_ns + 30 * NS, species, t_ns, 1.0, "counts", fraction, sd, fraction, sd, 0.0, trouble
    )


def rounds(numbers: Iterable[int], seed: int = 1) -> Iterator[Event]:
    rng = random.Random(seed)
    for number in numbers:
        t_s = float(EVERY_S * number)
        yield probed(t_s)
        for name in RATE_PER_S:
            yield assayed(name, t_s, released(name, t_s) + rng.gauss(0.0, SD))


def watch(*events: Event) -> ReleaseWatch:
    found = ReleaseWatch()
    for event in events:
        found.feed(event)
    return found


# -- odds and gates ------------------------------------------------------------------------------


def test_the_gate_opens_after_the_truth_has_passed_it() -> None:
    """The odds of 80 % reach 95 % after 80 % has truly left, and the drug is then held surely."""
    run = watch(*at_start())
    for number in range(1, 50):
        for event in rounds([number], seed=number):
            run.feed(event)
        odds = run.probability(INHIBITOR)
        if odds is not None and odds >= 0.95:
            break
    else:
        pytest.fail("never opened")
    now_s = EVERY_S * number + 30
    assert released("quinidine", now_s) >= 0.8
    assert released("quinidine", now_s) < 0.93
    held = run.probability(HELD)
    assert held is not None and held > 0.95


def test_nothing_is_given_without_a_basis_or_a_temperature() -> None:
    """Without a basis, and without a temperature, there are no odds, and it says why."""
    assert ReleaseWatch().probability(INHIBITOR) is None
    assert "the release of quinidine is not followed" == ReleaseWatch().why_none("quinidine")
    run = watch(basis(), *(event for event in rounds(range(1, 8)) if isinstance(event, Assayed)))
    assert run.probability(INHIBITOR) is None
    assert "the probe has not been read yet" == run.why_none("quinidine")
    assert {} == run.results()


def test_no_assay_for_long_opens_nothing() -> None:
    """The laws are not trusted for an hour alone."""
    run = watch(*at_start(), *rounds(range(1, 20)))
    assert run.probability(INHIBITOR) is not None
    run.feed(probed(19 * EVERY_S + 3600))
    assert run.probability(INHIBITOR) is None
    assert "45 min old" in run.why_none("quinidine")


def test_an_outlier_opens_nothing_and_is_told() -> None:
    """A jump of the assay is named in the assessment, and the odds are withheld until the next."""
    run = watch(*at_start(), *rounds(range(1, 9)), assayed("quinidine", 2700.0, 0.99))
    assert run.probability(INHIBITOR) is None
    told = run.assessed(2800 * NS).results["quinidine"]
    assert 1 == told["outliers"]
    assert "outlier" in told["why_none"]
    assert "" == run.trouble()
    assert ["pass", "cannot tell"] == [
        one.outcome for one in run.criteria() if one.name.startswith("quinidine")
    ]


def test_one_outlier_of_thirty_is_what_an_assay_may_have() -> None:
    """It is named with its time, and the criterion holds."""
    run = watch(*at_start(), *rounds(range(1, 30)), assayed("quinidine", 8850.0, 0.2))
    found = {one.name: one for one in run.criteria()}
    assert "pass" == found["quinidine outliers"].outcome
    assert "outliers at 147.5 min" == found["quinidine outliers"].why


def test_three_bad_measurements_in_a_row_are_trouble() -> None:
    """Outliers and measurements without a number count alike; a good one in between ends it."""
    run = watch(*at_start(), *rounds(range(1, 9)))
    run.feed(assayed("quinidine", 2500.0, 0.99))
    run.feed(assayed("quinidine", 2550.0, None, "saturated"))
    assert "" == run.trouble()
    run.feed(assayed("quinidine", 2600.0, None, "saturated"))
    assert "the last 3 measurements of quinidine" in run.trouble()
    run.feed(assayed("quinidine", 2700.0, released("quinidine", 2700.0)))
    assert "" == run.trouble()


def test_exactly_one_bound_is_asked_for() -> None:
    """Neither or both is a mistake of the one who asks."""
    run = watch(*at_start(), *rounds(range(1, 9)))
    for bound in (Bound("quinidine"), Bound("quinidine", 0.5, 0.6)):
        with pytest.raises(ValueError, match="one of them"):
            run.probability(bound)


def test_light_and_warmth_are_known_to_drive_the_drug_out() -> None:
    """Ten minutes of heating in the light, without an assay: more is supposed to be out than by
    ten minutes in the dark, and less sure."""
    dark, lit = (watch(*at_start(), *rounds(range(1, 20))) for _ in range(2))
    lit.feed(Emission(5701 * NS, Beam.ON, "read back", 1.0))
    for second in range(5702, 6300, 60):
        dark.feed(probed(second))
        lit.feed(probed(second, 45.0))
    told_dark, told_lit = (run.assessed(6300 * NS).results["doxorubicin"] for run in (dark, lit))
    assert told_lit["fraction"] > told_dark["fraction"] + 0.005
    assert told_lit["sd"] > told_dark["sd"]


def test_what_left_while_it_was_warmed_is_accounted_for() -> None:
    """Ten minutes before the stimulus, at 25 degC and at pH 7: particles do not wait for it. The
    law then goes through what has left already, and the interval holds the truth."""
    run = watch(basis(), probed(1, 25.0))
    for second in range(60, 1200, 60):
        run.feed(probed(second, min(37.0, 25.0 + second / 50.0)))
    run.feed(MediumSet(1200 * NS, tuple(RATE_PER_S), 5.5, None, 1e-6, "by hand"))
    rng = random.Random(3)
    for number in range(1, 16):
        t_s = 1200.0 + EVERY_S * number
        run.feed(probed(t_s))
        truth = 1.0 - 0.88 * math.exp(-RATE_PER_S["quinidine"] * (t_s - 1200.0))
        run.feed(assayed("quinidine", t_s, truth + rng.gauss(0.0, SD)))
    told = run.assessed(round(t_s * NS)).results["quinidine"]
    assert told["low"] <= truth <= told["high"]
    assert told["sd"] < 0.03


def test_a_dose_of_acid_changes_the_medium() -> None:
    """After acid has come in, what is to come is known worse than without."""
    calm, acid = (watch(*at_start(), *rounds(range(1, 20))) for _ in range(2))
    acid.feed(Dosed(5701 * NS, "acid", 1e-8, "doser", ph=4.5))
    later_ns = 8000 * NS
    sds = [run.assessed(later_ns).results["quinidine"]["sd"] for run in (calm, acid)]
    assert sds[0] < sds[1]


def test_when_a_fraction_will_be_reached_is_told() -> None:
    """The forecast holds the truth."""
    run = watch(*at_start(), *rounds(range(1, 13)))
    ahead = run.reaches_s("quinidine", 0.8)
    assert ahead is not None
    truth_s = -math.log(0.2) / RATE_PER_S["quinidine"] - 3630.0
    assert ahead[0] <= truth_s <= ahead[2]
    assert run.reaches_s("iron", 0.8) is None


def test_the_result_tells_the_fraction_at_each_gate() -> None:
    """By all that was measured to the end, opened and held ones alike."""
    gate = GateLooked(6000 * NS, "order gate", True, "quinidine", {})
    run = watch(*at_start(), *rounds(range(1, 20)), gate, *rounds(range(21, 30), seed=3))
    found = run.results()
    at_gate = found["released_quinidine_at_gate_1"]
    assert at_gate["low"] <= released("quinidine", 6000.0) <= at_gate["high"]
    assert "the load, at order gate, opened" == at_gate["of"]
    assert found["released_quinidine"]["value"] > at_gate["value"]


def test_a_journal_gives_the_same_again() -> None:
    """Through JSON and back, every word of the assessment is the same."""
    events = [*at_start(), *rounds(range(1, 20)), assayed("quinidine", 5800.0, 0.1)]
    again = [from_dict(json.loads(json.dumps(to_dict(event)))) for event in events]
    told, replayed = (watch(*each).assessed(5900 * NS) for each in (events, again))
    assert to_dict(told) == to_dict(replayed)


def test_a_basis_of_another_version_follows_nothing_and_says_so() -> None:
    """What cannot be read gives no odds; it never raises in the middle of a run."""
    for bad in (
        dataclasses.replace(basis(), version=99),
        dataclasses.replace(basis(), priors={"quinidine": {"rate": 1}}),
    ):
        run = watch(bad, probed(1), *rounds(range(1, 8)))
        assert "cannot be read" in run.why_none("quinidine")
        assert run.probability(INHIBITOR) is None


# -- what it starts from -------------------------------------------------------------------------


def test_a_species_without_a_load_is_not_followed_and_told() -> None:
    """A released fraction is a fraction of a load."""
    found = release_basis(0, specimen(release={}), {}, ("quinidine",))
    assert {} == found.priors
    assert "the sample states no load of quinidine: its release cannot be followed" in (
        found.assumptions
    )


def test_slope_and_load_make_the_common_deviation() -> None:
    """3 % of the slope, 4 % of the load and 2 % of the volume."""
    found = basis(specimen(release=loads(sd=0.04)))
    expected = math.sqrt(0.03**2 + 0.04**2 + 0.02**2)
    assert expected == pytest.approx(found.priors["quinidine"]["scale_relative_sd"])


def test_placeholders_are_named_and_narrow_nothing() -> None:
    """A rate that only stands in leaves what is supposed as broad as it was."""
    stands_in = Stated(1e-4, 1e-6, "guess", placeholder=True)
    load = dataclasses.replace(
        loads(placeholder=True)["quinidine"], rate_per_s=stands_in, law="first-order"
    )
    found = release_basis(
        0,
        specimen(release={"quinidine": load}, release_reference=ReleaseReference(37.0, 5.5, 0.0)),
        {"quinidine": calibration("quinidine", placeholder=True)},
        ("quinidine",),
    )
    said = [word for word in found.assumptions if word.startswith("placeholder")]
    assert [
        "placeholder: the calibration of the assay of quinidine",
        "placeholder: the load of quinidine, of which every released fraction is one",
        "placeholder: the rate of quinidine; the release is followed without it",
    ] == said
    assert basis().priors["quinidine"]["rate_per_s"] == found.priors["quinidine"]["rate_per_s"]


def test_what_was_measured_narrows_what_is_supposed() -> None:
    """Rate with its reference, plateau, energy and gains, each with its deviation."""
    load = dataclasses.replace(
        loads()["quinidine"],
        law="first-order",
        rate_per_s=Stated(2e-4, 6e-5, "release study"),
        plateau=Stated(0.9, 0.03, "release study"),
        activation_energy_j_per_mol=Stated(60e3, 6e3, "release study"),
        ph_gain=Stated(2.0, 0.4, "release study"),
    )
    reference = ReleaseReference(37.0, 5.5, 0.0)
    found = release_basis(
        0, specimen(release={"quinidine": load}, release_reference=reference), {}, ("quinidine",)
    ).priors["quinidine"]
    assert {"median": 2e-4, "log_sd": pytest.approx(0.3)} == found["rate_per_s"]
    assert 37.0 == found["reference"]["temperature_degc"]
    assert 0.1 == pytest.approx(found["end_held"]["median"])
    assert (60e3, 6e3) == (found["activation_j_per_mol"], found["activation_sd_j_per_mol"])
    assert {"median": 2.0, "log_sd": pytest.approx(0.2)} == found["acid_factor"]


def test_a_basis_survives_the_journal() -> None:
    """With a reference in it and without."""
    told = basis()
    assert told == from_dict(json.loads(json.dumps(to_dict(told))))
    assert "" == watch(told).broke
