"""What a joule must do to a sample, from what bench and sample state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.errors import RefusedError
from labctl.limits import Limits
from labctl.quantities import Stated
from labctl.sample import Specimen
from tests.scenario.runs import bench_file

FILE = bench_file("simulated")
PDA, GOLD, WATER, PBS = (
    samples.load(samples.find(name)) for name in ("pda-aminoacid", "gold-nanorods", "water", "pbs")
)


def bounds(
    contents: Specimen, file: BenchFile = FILE, asked: Limits | None = None, source: str = "laser"
) -> tuple[float, float]:
    spec = file.guard_spec(asked, source, contents)
    return spec.least_k_per_j, spec.most_k_per_j


def test_an_absorbance_of_one_over_a_millilitre_of_water() -> None:
    """At least 15 % of the nine tenths that it absorbs, over 4.35 J/K and a wall of 1.36 J/K;
    at most all that it and the water absorb, over 3.99 J/K; three deviations of power on top."""
    least, most = bounds(PDA)
    power = 3.0 * (2.0 * 0.03**2) ** 0.5

    assert least == pytest.approx(0.955 * 0.15 * 0.897 * (1.0 - power) / 5.71, rel=1e-3)
    assert most == pytest.approx(0.9475 * (1.0 + power) / 3.99, rel=0.01)


def test_twice_the_stated_heat_loss_at_most() -> None:
    """The shortest time constant."""
    spec = FILE.guard_spec(contents=PDA)

    assert spec.fades_s == pytest.approx(5.71 / (2.0 * 0.03264), rel=1e-3)


@pytest.mark.parametrize("blank", [WATER, PBS], ids=["water", "pbs"])
def test_a_blank_must_follow_by_what_water_absorbs_and_no_more(blank: Specimen) -> None:
    """A hundredth to a twentieth of the power: a blank with particles in it is too hot."""
    least, most = bounds(blank)

    assert least == pytest.approx(0.0016, rel=0.1)
    assert most == pytest.approx(0.0125, rel=0.1)
    assert most < bounds(PDA)[1] / 10.0


@pytest.mark.parametrize(
    "contents",
    [
        replace(PDA, absorbance=None),
        replace(PDA, wavelength_m=660e-9),
        replace(PDA, absorbance=Stated(0.01, 0.005, "", False)),
        replace(WATER, solvent="toluene"),
    ],
    ids=["none", "other line", "perhaps none", "other solvent"],
)
def test_what_absorbs_an_unknown_part_has_no_least_rise(contents: Specimen) -> None:
    """No number is made up; all of the power is the most."""
    least, most = bounds(contents)

    assert least == 0.0
    assert most > 0.01


def test_an_absorbance_over_another_path_is_scaled() -> None:
    """A tenth of the path: a tenth of the absorbance."""
    short = replace(PDA, path_m=0.1)

    assert bounds(short)[0] < 0.3 * bounds(PDA)[0]


def test_a_resistor_gives_half_its_power_at_least() -> None:
    """Whatever the sample absorbs."""
    heater = bench_file("simulated-heater")

    assert bounds(WATER, heater, source="heater") == bounds(
        replace(WATER, solvent="toluene"), heater, source="heater"
    )
    assert bounds(WATER, heater, source="heater")[0] == pytest.approx(0.5 * 0.994 / 5.66, rel=1e-3)


def test_bench_and_protocol_may_state_the_part_that_becomes_heat() -> None:
    """The bench's number holds in the place of the sample's, and a protocol may tighten it."""
    stated = replace(FILE, limits=replace(FILE.limits, least_heat=0.2, most_heat=0.6))
    own, tighter = bounds(PDA, stated), bounds(PDA, stated, Limits(least_heat=0.3, most_heat=0.5))

    assert (0.3 / 0.2, 0.5 / 0.6) == pytest.approx((tighter[0] / own[0], tighter[1] / own[1]))
    with pytest.raises(RefusedError, match="looser"):
        bounds(PDA, stated, Limits(least_heat=0.1))
