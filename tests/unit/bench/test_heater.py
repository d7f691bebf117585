"""The calibration resistor in a bench file."""

from __future__ import annotations

import pytest

from labctl.bench import BenchFile, CalibrationHeater, check_instruments, load, loads
from labctl.errors import InputError, RefusedError
from tests.scenario.runs import BENCHES

TEXT = (BENCHES / "simulated-heater.yaml").read_text()


@pytest.fixture(scope="module")
def bench() -> BenchFile:
    return load(BENCHES / "simulated-heater.yaml")


def codes(text: str) -> list[str]:
    with pytest.raises(InputError) as refused:
        loads(text)
    return [problem.code for problem in refused.value.problems]


def test_the_resistor_is_data_and_survives_writing(bench: BenchFile) -> None:
    """Resistance, highest power, deviation, date; a dump loads to the same."""
    assert CalibrationHeater(100.0, 1.0, 0.002, "2026-10-05") == bench.heater
    assert bench.digest == loads(bench.dump()).digest
    assert {"resistance_ohm": 100.0, "deviation": 0.002} == bench.statement()["heater"]


def test_a_power_becomes_the_voltage_over_the_resistor(bench: BenchFile) -> None:
    """U = sqrt(P R), refused above the resistor's own limit and never clipped."""
    assert 7.0711 == pytest.approx(bench.level_for(0.5, "heater"), abs=1e-4)
    with pytest.raises(RefusedError, match="outside the limits"):
        bench.level_for(1.01, "heater")


def test_the_guard_gets_the_heater_s_own_power_and_the_bench_s_other_limits(
    bench: BenchFile,
) -> None:
    """No interlock of its own, its measured power held against the commanded."""
    heater, laser = bench.guard_spec(source="heater"), bench.guard_spec()

    assert (1.0, False) == (heater.max_power_w, heater.needs_interlock)
    # Three deviations of its supply, 0.2 %, and 5 % of drift.
    assert (1.056, 0.056) == pytest.approx((heater.max_measured_power_w, heater.power_mismatch))
    assert (laser.max_temperature_degc, laser.max_energy_j, laser.lease_s) == (
        heater.max_temperature_degc, heater.max_energy_j, heater.lease_s
    )  # fmt: skip
    assert (2.0, True) == (laser.max_power_w, laser.needs_interlock)


@pytest.mark.parametrize(
    ("change", "by", "expected"),
    [
        ("heater: {resistance: 100 ohm", "xheater: {resistance: 100 ohm", ["P061", "P012"]),
        ("deviation: 0.2 %, date: 2026-10-05}\nvessel", "date: 2026-10-05}\nvessel", ["P013"]),
        ("100 ohm", "100 V", ["P023"]),
        ("100 ohm", "0.1 Ω", []),
    ],
)
def test_what_is_missing_of_it_is_told(change: str, by: str, expected: list[str]) -> None:
    """A role without its resistor, a deviation that is not there, a wrong unit."""
    text = TEXT.replace(change, by)
    assert text != TEXT
    if expected:
        assert expected == codes(text)
    else:
        loads(text)


def test_a_bench_with_a_heater_alone_needs_no_laser_s_declarations() -> None:
    """Temperature, exposure and energy it must limit, and a dead man; no interlock, no power."""
    kept = [
        line for line in TEXT.splitlines()
        if not line.startswith(("  diode", "  power: 2", "  measured_power", "power_at_sample"))
    ]  # fmt: skip
    text = "\n".join(kept).replace("laser: diode, ", "") + "\n"
    text = text[: text.index("interlock:")] + text[text.index("dead_man:") :]

    assert "heater" in loads(text).roles
    assert ["P061"] == codes(text.replace("  energy: 6 kJ\n", ""))
    assert ["P061"] == codes(text[: text.index("dead_man:")])


@pytest.mark.parametrize(("roles", "who"), [("laser: supply, heater: diode", ["laser", "heater"])])
def test_a_laser_is_no_heater_and_a_supply_no_laser(roles: str, who: list[str]) -> None:
    """What a source is driven by must be what its role's calibration speaks of."""
    bench = loads(TEXT.replace("laser: diode, heater: supply", roles))
    with pytest.raises(InputError) as refused:
        check_instruments(bench)

    assert [f"the {role} is a" for role in who] == [
        problem.message[: len(f"the {role} is a")]
        for role, problem in zip(who, refused.value.problems, strict=True)
    ]
