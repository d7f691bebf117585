"""Particles that let go: reduced time, conservation, the medium, and nothing that depends on who
looks when."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from labctl.clock import NS
from labctl.instruments import SimSpec
from labctl.sample import load as load_sample
from labctl_simulators.bench import DEFAULT_BENCH
from labctl_simulators.session import open_session
from labctl_simulators.world import Cargo, World, draw
from tests.unit.simulators._helpers import SAMPLE, at, dark, light, quiet

STAGED = {**SAMPLE, "material": "pda-aminoacid-staged", "solvent": "pbs"}
REFERENCE = 37.0


def plain_cargo(law: str = "first-order", **changed: float) -> Cargo:
    """One that nothing hastens."""
    return replace(Cargo("quinidine", 1e-7, law, 0.7), **changed)  # type: ignore[arg-type]


def vessel(seed: int = 3, **sample: object) -> World:
    """The staged particles in a quiet room."""
    return World(quiet(draw(seed, {**STAGED, **sample}, {})))


@pytest.mark.parametrize(
    ("law", "shape"),
    [("first-order", 1.0), ("weibull", 0.8), ("weibull", 1.2), ("korsmeyer-peppas", 0.45)],
)
def test_a_law_gives_half_at_the_half_time_and_saturates(law: str, shape: float) -> None:
    """Whatever the law: half of the final release at ln 2 over the rate, always more, never more
    than the final one."""
    cargo = plain_cargo(law, shape=shape, final=0.9)
    half_h = math.log(2.0) / 0.7
    course = [cargo.fraction(0.05 * k) for k in range(2000)]

    assert cargo.fraction(half_h) == pytest.approx(0.45)
    assert 0.0 == course[0]
    assert course == sorted(course)
    assert 0.89 < course[-1] <= 0.9


def test_the_power_law_is_handed_over_without_a_kink() -> None:
    """Where Korsmeyer and Peppas' law ends, value and slope go on."""
    cargo = plain_cargo("korsmeyer-peppas", shape=0.5)
    ends_h = math.log(2.0) / 0.7 * 1.2**2
    before, here, after = (cargo.fraction(ends_h + d) for d in (-1e-4, 0.0, 1e-4))

    assert here == pytest.approx(0.6)
    assert after - here == pytest.approx(here - before, rel=1e-3)


def test_the_reference_medium_and_temperature_change_nothing() -> None:
    """At 37 degC, pH 5.5 and no glutathione an hour of reduced time is an hour."""
    for cargo in draw(3, STAGED, {}).cargo:
        assert cargo.medium_factor(5.5, 0.0) == pytest.approx(1.0)
        assert cargo.warmth_factor(REFERENCE) == pytest.approx(1.0)


def test_acid_glutathione_and_warmth_hasten_the_release() -> None:
    """Each of them alone, and doxorubicin more than quinidine by acid and warmth."""
    quinidine, doxorubicin = draw(3, STAGED, {}).cargo

    for cargo in (quinidine, doxorubicin):
        assert cargo.medium_factor(7.4, 0.0) < 0.8
        assert cargo.medium_factor(5.5, 10.0) > 1.4
        assert 1.1 < cargo.warmth_factor(39.0) < 1.3
    assert doxorubicin.medium_factor(7.4, 0.0) < quinidine.medium_factor(7.4, 0.0)
    assert doxorubicin.warmth_factor(45.0) > quinidine.warmth_factor(45.0)


def test_staged_batches_are_drawn_from_the_stated_spread() -> None:
    """Over many seeds the two rates differ by 5 to 20, around 10, by every law."""
    drawn = [draw(seed, STAGED, {}).cargo for seed in range(200)]
    ratios = sorted(q.rate_per_h / d.rate_per_h for q, d in drawn)

    assert 5.0 <= ratios[0] < 5.5 and 18.0 < ratios[-1] <= 20.0
    assert 9.0 < ratios[100] < 11.0
    assert {"first-order", "weibull", "korsmeyer-peppas"} == {q.law for q, _ in drawn}


def test_co_release_is_at_one_rate_and_free_drugs_are_out_at_once() -> None:
    """The two controls that particles have."""
    both = draw(3, {**STAGED, "material": "pda-aminoacid-corelease"}, {}).cargo
    free = World(draw(3, {**STAGED, "kind": "solvent", "material": "free-drugs"}, {}))

    assert both[0].rate_per_h == both[1].rate_per_h and both[0].law == both[1].law
    assert {"quinidine": 1.0, "doxorubicin": 1.0} == free.released()
    assert free.concentration("quinidine") == pytest.approx(0.1, rel=0.1)
    assert 0.0 == free.truth.liquid.absorbance


def test_a_stated_batch_is_the_same_particles_in_every_vessel_but_for_some_percent() -> None:
    """Two seeds of one batch differ by less than two batches do."""
    lots = [[draw(s, {**STAGED, "batch": b}, {}).cargo[0] for s in (1, 2, 3)] for b in "abcdef"]
    spread = [max(c.rate_per_h for c in lot) / min(c.rate_per_h for c in lot) for lot in lots]
    means = [lot[0].rate_per_h for lot in lots]

    assert all(1.0 < s < 1.4 for s in spread)
    assert len({c.law for c in lots[0]}) == 1
    assert max(means) / min(means) > 1.3


def test_a_stated_batch_has_one_efficiency_in_every_vessel() -> None:
    """It belongs to the particles; without a batch each seed is one of its own."""
    sample = {**STAGED, "material": "polydopamine", "absorbance": 1.0}
    found = {
        batch: {draw(seed, {**sample, "batch": batch}, {}).liquid.efficiency for seed in range(5)}
        for batch in ("A25", "A26", "")
    }

    assert [1, 1, 5] == [len(values) for values in found.values()]
    assert found["A25"] != found["A26"]


def test_release_at_a_constant_temperature_is_the_law_itself() -> None:
    """In a world at rest the true fraction is the law at the reduced time."""
    world = vessel()
    world.set_medium(ph=5.5)
    [before, _] = world.truth.cargo
    at(world, 3600.0)
    degc = world.thermal.rim
    reduced_h = before.warmth_factor(degc) * before.medium_factor(world.medium.ph, 0.0)

    assert world.released()["quinidine"] == pytest.approx(
        before.fraction(reduced_h), rel=0.02, abs=1e-4
    )


def test_nothing_is_lost_or_made() -> None:
    """What has left the particles is dissolved, or was taken away; a dose only thins it."""
    world = vessel()
    load_mol = world.truth.cargo[0].load_mol
    at(world, 1800.0)
    world.set_medium(ph=5.5, glutathione_mol_per_m3=10.0)
    at(world, 5000.25)
    before = world.concentration("quinidine") * world.medium.volume_m3
    world.dose("glutathione", 1e-7, concentration_mol_per_m3=100.0)
    assert world.concentration("quinidine") * world.medium.volume_m3 == pytest.approx(before)
    taken_mol = world.concentration("quinidine") * 5e-8
    world.take(5e-8)
    at(world, 9000.0)
    there_mol = world.concentration("quinidine") * world.medium.volume_m3

    assert there_mol + taken_mol == pytest.approx(world.released()["quinidine"] * load_mol)
    assert 0.0 < taken_mol < there_mol


def test_looking_changes_nothing() -> None:
    """Measuring at odd times leaves release and medium as they are, to the last digit."""
    world, watched = vessel(), vessel()
    for each in (world, watched):
        light(each, 100.3)
        dark(each, 400.7)
        each.schedule(50 * NS, lambda each=each: each.set_medium(ph=5.5))  # type: ignore[misc]
    rng = random.Random(5)
    t_s = 0.0
    while t_s < 900.0:
        t_s = min(900.0, t_s + rng.uniform(0.0, 5.0))
        at(watched, t_s)
        watched.signal("quinidine")
        watched.released()

    assert at(world, 900.0).released() == watched.released()
    assert world.medium.plain() == watched.medium.plain()


def test_light_hastens_beyond_its_warmth() -> None:
    """Doxorubicin leaves faster while lit than reduced time by temperature alone says, and the
    energy of a step cut by an edge counts in full."""
    world = vessel()
    cargo = replace(world.truth.cargo[1], law="first-order", energy_j_per_mol=0.0, final=1.0)
    truth = replace(world.truth, cargo=(cargo,))
    lit, unlit = World(truth), World(truth)
    light(lit, 10.03)
    dark(lit, 610.07)
    at(lit, 700.0)
    at(unlit, 700.0)
    s = [-math.log1p(-w.released()["doxorubicin"]) for w in (lit, unlit)]
    gained = cargo.light_gain_per_w * lit.optical_energy_j() / 700.0

    assert s[0] / s[1] == pytest.approx(1.0 + gained, rel=1e-6)


def test_release_does_not_depend_on_the_step() -> None:
    """A five times finer step moves no fraction by more than a part in ten thousand."""
    worlds = [World(quiet(draw(4, STAGED, {})), step_ns=step) for step in (NS // 10, NS // 50)]
    for world in worlds:
        light(world, 20.0)
        dark(world, 620.0)
        at(world, 1000.0)
    coarse, fine = (world.released() for world in worlds)

    for species, fraction in fine.items():
        assert coarse[species] == pytest.approx(fraction, rel=1e-4)


def test_acid_brings_a_buffer_down_as_its_capacity_says() -> None:
    """7 uL of 1 M acetic acid bring a millilitre of PBS from pH 7.4 to 5.5, step by step; of water
    a hundredth of it does more."""
    world = vessel(ph=7.4)
    begun = world.medium.ph
    steps = []
    for _ in range(7):
        world.dose("acid", 1e-9, concentration_mol_per_m3=1000.0)
        steps.append(world.medium.ph)

    assert begun == pytest.approx(7.4, abs=0.1)
    assert all(a > b for a, b in pairwise([begun, *steps]))
    assert steps[-1] == pytest.approx(5.5, abs=0.2)
    water = vessel(solvent="water")
    water.dose("hydrochloric-acid", 1e-9, concentration_mol_per_m3=10.0)
    assert water.medium.ph == pytest.approx(5.0, abs=0.1)
    water.dose("base", 1e-9, concentration_mol_per_m3=20.0)
    assert water.medium.ph == pytest.approx(9.0, abs=0.1)
    world.set_medium(ph=6.5)
    assert world.medium.ph == pytest.approx(6.5, abs=1e-6)


def test_glutathione_is_thinned_and_slowly_used_up() -> None:
    """Of 10 mM there are some percent less after hours; adding water takes the rest of it."""
    world = vessel()
    world.dose("glutathione", 1.1e-7, concentration_mol_per_m3=100.0)
    begun = world.medium.glutathione_mol_per_m3
    at(world, 2 * 3600.0)
    later = world.medium.glutathione_mol_per_m3
    world.dose("water", 1e-6)

    assert begun == pytest.approx(10.0, rel=0.03)
    assert 0.93 * begun < later < 1.01 * begun
    assert world.medium.glutathione_mol_per_m3 < 0.6 * later


def test_a_dose_takes_up_heat_and_thins_the_absorbance() -> None:
    """Cold liquid stirred in cools by the rule of mixing, and the light meets fewer particles."""
    world = vessel()
    light(world, 0.0)
    at(world, 300.0)
    thermal = world.thermal
    here, warm, share = thermal.liquid_j_per_k, thermal.rim, thermal.heat_per_watt
    world.dose("water", 5e-7)

    added = 5e-7 * 997.0 * world.truth.liquid.specific_heat_j_per_kg_k
    mixed = (here * warm + added * thermal.room) / (here + added)
    assert thermal.rim == pytest.approx(mixed)
    assert thermal.liquid_j_per_k == pytest.approx(here + added)
    assert thermal.heat_per_watt < 0.9 * share


def test_arginine_becomes_nitrite_and_iron_bleaches_the_dye() -> None:
    """The iron oxide gives what Griess and a dye measure; acid gives more of its drug."""
    sample = {**STAGED, "material": "iron-oxide-arginine-doxorubicin"}
    neutral, acid = (World(quiet(draw(3, sample, {}))) for _ in range(2))
    acid.set_medium(ph=5.5, glutathione_mol_per_m3=10.0)
    for world in (neutral, acid):
        world.dose("methylene-blue", 1e-8, concentration_mol_per_m3=1.0)
        at(world, 2 * 3600.0)

    assert 0.0 < acid.concentration("nitrite") < 0.5 * acid.concentration("arginine")
    assert acid.released()["doxorubicin"] > 2.0 * neutral.released()["doxorubicin"]
    assert acid.concentration("methylene-blue") < neutral.concentration("methylene-blue")


def test_a_signal_is_slope_times_concentration_within_its_noise() -> None:
    """Noise is 2 to 3 % of the full scale, and each measurement has its own."""
    bench = {"assays": {"quinidine": {"slope": 2e4, "range_mol_per_m3": 0.1, "offset": 50.0}}}
    world = World(quiet(draw(3, {**STAGED, "kind": "solvent", "material": "free-drugs"}, bench)))
    there = world.concentration("quinidine")
    seen = [world.signal("quinidine") for _ in range(400)]
    mean = sum(seen) / len(seen)
    sd = math.sqrt(sum((s - mean) ** 2 for s in seen) / len(seen))

    assert (mean - 50.0) / 2e4 == pytest.approx(there, rel=0.05)
    assert 0.018 < sd / (2e4 * 0.1) < 0.033


def test_more_chloride_quenches_quinidine() -> None:
    """A calibration in another medium than the sample's is wrong by what quenches."""
    world = World(quiet(draw(3, {**STAGED, "kind": "solvent", "material": "free-drugs"}, {})))
    optics = world.chemistry.optics
    channel = optics.channel("quinidine")

    assert channel.signal(0.05, 500.0) < 0.5 * channel.signal(0.05, 140.0)


def test_outliers_and_a_fading_lamp_are_there_when_asked_for() -> None:
    """Each fault moves the signal, the outlier once."""
    world = World(quiet(draw(3, {**STAGED, "kind": "solvent", "material": "free-drugs"}, {})))
    optics = world.chemistry.optics
    usual = world.signal("quinidine")
    optics.outlier, optics.outliers_left = 0.6, 1
    wild, after = world.signal("quinidine"), world.signal("quinidine")
    optics.drift = 0.5
    faded = world.signal("quinidine")

    assert wild > usual + 0.4 * usual
    assert after == pytest.approx(usual, rel=0.15)
    assert faded == pytest.approx(0.5 * usual, rel=0.15)


def test_truth_tells_the_release_at_assays_and_at_edges() -> None:
    """Each mark has the true fractions of its moment."""
    world = vessel(1)
    light(world, 30.0)
    dark(world, 60.0)
    at(world, 45.5)
    world.signal("quinidine")
    at(world, 130.0)
    told = world.chemistry.plain(world.now_ns, world.optical_energy_j())

    assert ["light on", "assay quinidine", "light off"] == [m["what"] for m in told["marks"]]
    assert [30 * NS, 45_500_000_000, 60 * NS] == [m["t_ns"] for m in told["marks"]]
    fractions = [m["fraction"]["quinidine"] for m in told["marks"]]
    assert fractions == sorted(fractions) and fractions[0] > 0.0
    assert told["fraction"] == world.released()
    assert told["placeholder"] is True
    assert ["t_s", "quinidine", "doxorubicin"] == told["trace_of"]
    assert 3 == len(told["trace"])


def test_indocyanine_green_bleaches_by_its_light_and_others_do_not() -> None:
    """Some percent a minute at a watt, more by more light, nothing in the dark."""
    left = []
    for material in ("indocyanine-green", "gold-nanorods"):
        world = World(quiet(draw(3, {**SAMPLE, "material": material}, {})))
        light(world, 60.0)
        assert 1.0 == at(world, 60.0).thermal.unbleached
        left.append(at(world, 360.0).thermal.unbleached)

    assert 0.05 < left[0] < 0.85
    assert 1.0 == left[1]


SHIPPED = sorted((Path(__file__).parents[3] / "protocols" / "samples").glob("*.yaml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_the_world_carries_what_a_shipped_sample_states(file: Path) -> None:
    """Every species whose load a shipped sample states is one that the simulated material lets go,
    in an amount near the stated one; a sample that states none carries none."""
    statement = load_sample(file).statement()
    truth = draw(3, statement, {})
    loads = statement.get("loads", {})
    carried = {c.species: c.load_mol / truth.liquid.volume_m3 for c in truth.cargo}

    assert set(loads) <= set(carried)
    assert bool(loads) == bool(carried)
    for species, said in loads.items():
        assert carried[species] == pytest.approx(said["mol_per_m3"], abs=3.0 * said["sd"] + 1e-9)
    if statement.get("solvent") == "pbs":
        assert World(truth).medium.ph == pytest.approx(7.4, abs=0.1)


def test_a_session_tells_the_release_as_plain_json() -> None:
    """With particles that carry something truth has it, marked as a placeholder; without, not."""
    carrying = open_session(SimSpec(3, (), STAGED, DEFAULT_BENCH))
    at(carrying.world, 90.0)
    carrying.world.signal("doxorubicin")
    told = json.loads(json.dumps(carrying.truth()))

    assert told["release"]["placeholder"] is True
    assert {"quinidine", "doxorubicin"} == set(told["release"]["species"])
    assert told["release"]["marks"][0]["what"] == "assay doxorubicin"
    assert "release" not in open_session(SimSpec(3, (), SAMPLE, DEFAULT_BENCH)).truth()
