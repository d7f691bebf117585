"""A protocol meets a bench: what it lacks, what it does not allow."""

from __future__ import annotations

import dataclasses

import pytest

from labctl import bench, protocol, sample
from labctl.bench import BenchFile
from labctl.errors import InputError
from labctl.protocol import Irradiate
from labctl.quantities import Stated

HEAD = """\
schema: labctl.protocol/1
name: p
needs: {laser: laser, probe: thermometer}
record: {every: 500 ms}
"""
STEPS = "steps:\n  - irradiate: {power: 1 W, for: 10 min}\n"


@pytest.fixture(scope="module")
def shipped() -> BenchFile:
    """The shipped simulated bench: 2 W, 80 degC, 30 min, 6 kJ."""
    return bench.load(bench.find_bench("simulated").path)


def problems(text: str, on: BenchFile) -> list[tuple[str, int, int]]:
    """Code, line and column of what this bench finds wrong."""
    with pytest.raises(InputError) as caught:
        protocol.loads(text, bench=on)
    return [(p.code, p.line, p.column) for p in caught.value.problems]


@pytest.mark.parametrize("name", ["heating-curve", "early-stop", "on-off-cycles", "log"])
@pytest.mark.parametrize("on", ["simulated", "simulated-cni"])
def test_the_shipped_protocols_fit_the_shipped_benches(name: str, on: str) -> None:
    """Every shipped protocol can run on every shipped bench with a laser."""
    bench_file = bench.load(bench.find_bench(on).path)

    plan = protocol.load(protocol.find(name), bench=bench_file)

    assert name == plan.name


def test_logging_fits_a_bench_with_one_thermometer() -> None:
    """`log` needs nothing else."""
    alone = bench.load(bench.find_bench("thermometer-only").path)

    assert "log" == protocol.load(protocol.find("log"), bench=alone).name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + STEPS.replace("1 W", "5 W"), [("P050", 6, 24)]),
        (HEAD + STEPS.replace("10 min", "40 min"), [("P050", 6, 34)]),
        (HEAD + STEPS.replace("1 W", "$p") + "parameters: {p: {default: 3 W}}\n",
         [("P050", 6, 24)]),
        (HEAD + "limits: {temperature: 90 degC}\n" + STEPS, [("P053", 5, 23)]),
        (HEAD + "limits: {min_temperature: 0 degC}\n" + STEPS, [("P053", 5, 27)]),
        (HEAD + "limits: {power: 500 mW}\n" + STEPS, [("P050", 7, 24)]),
        (HEAD.replace("500 ms", "100 ms") + STEPS, [("P054", 4, 17)]),
        (HEAD.replace("500 ms", "5 s") + STEPS, [("P054", 4, 17)]),
        (HEAD.replace("probe: th", "wall: thermometer, probe: th") + STEPS, [("P052", 3, 23)]),
        (HEAD + "steps:\n  - repeat: {times: 9, steps: [{irradiate: {power: 1 W, for: 12 min}}]}\n",
         [("P050", 6, 52)]),
    ],
)  # fmt: skip
def test_what_the_bench_does_not_allow_is_refused_at_its_line(
    text: str, expected: list[tuple[str, int, int]], shipped: BenchFile
) -> None:
    """Power, exposure, energy, looser limits, period, missing roles: each at its place."""
    assert expected == problems(text, shipped)


def test_a_bench_without_a_laser_cannot_irradiate() -> None:
    """The missing role is told where `needs` asks for it, with what the bench has."""
    alone = bench.load(bench.find_bench("thermometer-only").path)

    assert [("P052", 3, 9)] == problems(HEAD + STEPS, alone)


def test_a_role_must_be_able_to_do_what_is_needed(shipped: BenchFile) -> None:
    """A thermometer in the role of the laser is found before anything is opened."""
    wrong = bench.Role("laser", "scanner", "101")
    swapped = dataclasses.replace(shipped, roles={**shipped.roles, "laser": wrong})

    assert ("P052", 3, 9) in problems(HEAD + STEPS, swapped)


def test_irradiance_becomes_power_by_the_spot_area(shipped: BenchFile) -> None:
    """2 W/cm^2 over 0.5 cm^2 is 1 W; the digest stays that of what was written."""
    text = HEAD + STEPS.replace("power: 1 W", "irradiance: 2 W/cm^2")

    plan = protocol.loads(text, bench=shipped)

    (step,) = plan.steps
    assert isinstance(step, Irradiate)
    assert (1.0, 600.0) == (step.power_w, plan.energy_j)
    assert protocol.loads(text).digest == plan.digest


def test_irradiance_needs_a_spot_area(shipped: BenchFile) -> None:
    """Without one no power is guessed."""
    blind = dataclasses.replace(shipped, spot_area=None)

    found = problems(HEAD + STEPS.replace("power: 1 W", "irradiance: 2 W/cm^2"), blind)

    assert [("P051", 6, 29)] == found


def test_an_irradiance_above_the_bench_s_power_is_refused(shipped: BenchFile) -> None:
    """The limit holds on the power that the irradiance means."""
    found = problems(HEAD + STEPS.replace("power: 1 W", "irradiance: 5 W/cm^2"), shipped)

    assert [("P050", 6, 29)] == found


def test_a_manual_laser_asks_no_laser_of_the_bench() -> None:
    """`laser: manual` fits a bench with one thermometer."""
    alone = bench.load(bench.find_bench("thermometer-only").path)

    plan = protocol.loads(HEAD.replace("laser: laser", "laser: manual") + STEPS, bench=alone)

    assert plan.laser_manual


def test_a_bound_plan_is_the_same_as_one_loaded_with_the_bench(shipped: BenchFile) -> None:
    """`bind` afterwards and `load` with the bench agree."""
    text = HEAD + STEPS.replace("power: 1 W", "irradiance: 2 W/cm^2")

    assert protocol.loads(text, bench=shipped) == protocol.bind(protocol.loads(text), shipped)


def test_problems_of_file_and_bench_come_together(shipped: BenchFile) -> None:
    """A typing error does not hide a power above the bench's limit."""
    text = HEAD + STEPS.replace("1 W", "5 W") + "  - cool: {for: 5}\n"

    assert [("P050", 6), ("P022", 7)] == [(code, line) for code, line, _ in problems(text, shipped)]


def test_a_sample_measured_at_another_wavelength_or_path_is_refused(shipped: BenchFile) -> None:
    """An absorbance that is not the laser's would give a wrong efficiency."""
    specimen = sample.load(sample.find("pda-aminoacid"))
    other = dataclasses.replace(specimen, wavelength_m=980e-9, path_m=0.002)

    with pytest.raises(InputError) as caught:
        protocol.loads(HEAD + STEPS, bench=shipped, specimen=other)

    assert ["P055", "P055"] == [p.code for p in caught.value.problems]


def test_a_sample_that_fits_is_taken(shipped: BenchFile) -> None:
    """The shipped sample fits the shipped bench."""
    specimen = sample.load(sample.find("pda-aminoacid"))

    assert 1 == len(protocol.loads(HEAD + STEPS, bench=shipped, specimen=specimen).steps)


@pytest.mark.parametrize(
    ("boils", "burns", "refused"),
    [
        (Stated(100.0, 1.0), None, False),
        (Stated(80.1, 0.01), None, False),
        # The limit of the shipped bench is 80 degC: at it is not below it.
        (Stated(80.0, 0.0), None, True),
        (Stated(81.0, 0.5), None, True),
        (Stated(78.3, 0.5), None, True),
        (Stated(100.0, 1.0), Stated(13.0, 1.0), True),
        (None, None, False),
    ],
)
def test_a_liquid_that_boils_or_burns_below_the_limit_is_refused(
    shipped: BenchFile, boils: Stated | None, burns: Stated | None, refused: bool
) -> None:
    """The temperature limit in force must be below both points, by two deviations."""
    water = sample.load(sample.find("water"))
    liquid = dataclasses.replace(water, boiling_point_degc=boils, flash_point_degc=burns)

    if not refused:
        assert protocol.loads(HEAD + STEPS, bench=shipped, specimen=liquid)
        return
    with pytest.raises(InputError) as caught:
        protocol.loads(HEAD + STEPS, bench=shipped, specimen=liquid)
    assert ["P055"] == [p.code for p in caught.value.problems]


def test_a_tighter_limit_of_the_protocol_keeps_the_liquid_below_its_point(
    shipped: BenchFile,
) -> None:
    """The lower of both limits counts."""
    water = sample.load(sample.find("water"))
    liquid = dataclasses.replace(water, boiling_point_degc=Stated(78.3, 0.5))
    tight = "limits: {temperature: 60 degC, total: 2 h}\n"

    assert protocol.loads(HEAD + tight + STEPS, bench=shipped, specimen=liquid)


def test_a_bath_counts_as_heat_for_the_liquid(shipped: BenchFile) -> None:
    """Nothing is lit, and the liquid is warmed all the same; a run that only logs is not."""
    text = (
        "schema: labctl.protocol/1\nname: p\nneeds: {probe: thermometer%s}\n"
        "record: {every: 1 s}\nsteps:\n  - %s\n"
    )
    bath = text % (
        ", thermostat: thermostat",
        "thermostat: {temperature: 37 degC, within: 0.3 K, for: 60 s, at_most: 30 min}",
    )
    on = bench.load(bench.find_bench("simulated-release").path)
    liquid = dataclasses.replace(
        sample.load(sample.find("water")), boiling_point_degc=Stated(61.0, 0.5)
    )

    with pytest.raises(InputError) as caught:
        protocol.loads(bath, bench=on, specimen=liquid)
    assert ["P055"] == [p.code for p in caught.value.problems]
    assert protocol.loads(text % ("", "log: {for: 60 s}"), bench=shipped, specimen=liquid)
