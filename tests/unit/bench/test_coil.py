"""The coil in a bench file: read, written back, refused where it says too little or is guarded by
metal; watts, fields and volts."""

from __future__ import annotations

import dataclasses
import math

import pytest

from labctl.bench import BenchFile, FieldCoil, check_instruments, load, loads
from labctl.errors import InputError, RefusedError
from labctl.events import COIL
from labctl.sample import find as find_sample
from labctl.sample import load as load_sample
from tests.scenario.runs import BENCHES

TEXT = (BENCHES / "simulated-coil.yaml").read_text()
STATED = FieldCoil(25.0, 15e3, 18.0, 0.03, 300e3, 17e3, 0.005, "2026-10-05")


@pytest.fixture
def bench() -> BenchFile:
    """The shipped one."""
    return load(BENCHES / "simulated-coil.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(InputError) as refused:
        loads(text)
    return [f"{problem.code} {problem.message}" for problem in refused.value.problems]


def test_a_coil_is_read_and_written_back(bench: BenchFile) -> None:
    """To the same values and the same digest."""
    again = loads(bench.dump())

    assert STATED == bench.coil == again.coil
    assert ("fibre", "fibre", bench.digest) == (bench.sensor, again.sensor, again.digest)
    assert dataclasses.asdict(STATED) == bench.statement()["coil"]


def test_power_goes_with_the_square_of_the_field_and_of_the_voltage(bench: BenchFile) -> None:
    """Twice the field is four times the watts and twice the volts."""
    assert 18.0 == STATED.power_w(15e3)
    assert 4.5 == pytest.approx(STATED.power_w(7.5e3))
    assert 7.5e3 == pytest.approx(STATED.amplitude_a_per_m(4.5))
    assert math.sqrt(18.0 * 25.0) == pytest.approx(bench.level_for(18.0, COIL))
    assert STATED.strength_per_w * 18.0 == pytest.approx(15e3**2 * 300e3)


def test_a_power_beyond_the_highest_field_is_refused_and_not_clipped(bench: BenchFile) -> None:
    """17 kA/m take 23.1 W."""
    assert bench.level_for(23.1, COIL) > 24.0
    with pytest.raises(RefusedError, match="outside the limits"):
        bench.level_for(23.2, COIL)


def test_the_guard_holds_the_coil_to_its_own_power_and_to_the_heat_it_can_give(
    bench: BenchFile,
) -> None:
    """What its supply measures is compared with the command; a fifth of the power at most heats."""
    water = load_sample(find_sample("water"))
    spec = bench.guard_spec(source=COIL, contents=water)

    assert (17 / 15) ** 2 * 18.0 == pytest.approx(spec.max_power_w)
    assert 0.05 < spec.power_mismatch < 0.07
    assert 0.0 == spec.least_k_per_j < spec.most_k_per_j < 0.06
    assert not spec.needs_interlock


@pytest.mark.parametrize(
    ("stated", "seen"),
    [("sensor: thermocouple", "a thermocouple"), ("sensor: resistance", "one with metal in it")],
)
def test_a_coil_beside_a_probe_of_metal_cannot_be_armed(stated: str, seen: str) -> None:
    """Whoever asks for the guard's limits is refused, and told why."""
    bench = loads(TEXT.replace("sensor: fibre", stated))
    with pytest.raises(RefusedError, match="metal in an alternating field") as refused:
        bench.guard_spec(source=COIL)
    assert seen == refused.value.seen


def test_a_probe_of_which_nothing_is_said_counts_as_metal() -> None:
    """Silence is no fibre."""
    bench = loads(TEXT.replace(", sensor: fibre", ""))
    with pytest.raises(RefusedError, match="fibre-optic") as refused:
        bench.guard_spec(source=COIL)
    assert "does not say" in refused.value.seen


def test_a_thermocouple_that_is_called_a_fibre_is_found_out() -> None:
    """The driver knows what its instrument reads."""
    text = TEXT.replace("driver: omega-fob100", "driver: center-309").replace("250 ms", "1 s")
    with pytest.raises(InputError) as refused:
        check_instruments(loads(text))
    told = [problem.message for problem in refused.value.problems]
    assert "the bench calls its probe a fibre, and center-309 reads a thermocouple" in told


def test_a_coil_needs_its_field_a_dead_man_and_limits() -> None:
    """All of it is told at once."""
    begin = TEXT.index("coil:\n")
    without = TEXT[:begin] + TEXT[TEXT.index("probe: {tolerance") :]
    without = without[: without.index("dead_man")] + without[without.index("arming") :]
    told = problems(without.replace("  energy: 40 kJ\n", ""))

    assert 3 == len(told)
    assert all(one.startswith("P061 a bench with a coil must") for one in told)


def test_a_laser_s_driver_cannot_feed_a_coil() -> None:
    """It is driven by current, not by volts."""
    text = TEXT.replace("driver: keysight-e36300", "driver: arroyo-laser")
    text = text.replace("{output: 2, max_voltage: 25 V, max_current: 1.03 A, sense: four-wire}",
                        "{max_current: 3 A}")  # fmt: skip
    with pytest.raises(InputError) as refused:
        check_instruments(loads(text))
    assert any("the coil is a arroyo-laser" in one.message for one in refused.value.problems)


INDUCTION = (BENCHES / "simulated-induction.yaml").read_text()


def test_the_coil_of_an_induction_heater_goes_by_its_current() -> None:
    """200 A through the stated resistance are 400 W; half the field is half the current."""
    bench = loads(INDUCTION)
    assert bench.coil is not None
    again = loads(bench.dump()).coil

    assert bench.coil == again
    assert ("current", 200.0, 400.0) == (
        bench.coil.drive, bench.coil.at_current_a, bench.coil.at_power_w,
    )  # fmt: skip
    assert 200.0 == pytest.approx(bench.level_for(400.0, COIL))
    assert 100.0 == pytest.approx(bench.level_for(bench.coil.power_w(7.5e3), COIL))
    assert 100.0 == pytest.approx(bench.coil.measured_w(100.0))
    assert STATED.measured_w(20.0) is None


def test_a_field_was_measured_at_a_power_or_at_a_current() -> None:
    """At one of them."""
    for wrong in ("at_current: 200 A\n  at_power: 400 W", "method: none"):
        text = INDUCTION.replace("  method: pick-up coil of one turn, oscilloscope\n", "")
        (told,) = problems(text.replace("at_current: 200 A", wrong))
        assert told.startswith("P061 the field was measured at a power of the supply or at a ")


def test_an_induction_heater_has_no_part_in_a_coil_that_volts_drive() -> None:
    """What the calibration speaks of is what the driver sets."""
    text = INDUCTION.replace("at_current: 200 A", "at_power: 400 W")
    with pytest.raises(InputError) as refused:
        check_instruments(loads(text))
    assert any("driven by current" in one.message for one in refused.value.problems)
