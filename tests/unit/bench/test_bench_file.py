"""A bench file becomes values, limits and a guard's spec."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl import bench
from labctl.bench import BenchFile
from labctl.errors import InputError, RefusedError
from labctl.limits import Limits

TEXT = """\
schema: labctl.bench/1
name: b
instruments:
  diode: {driver: arroyo-laser, address: /dev/ttyUSB0}
  scanner: {driver: keysight-3497x, address: "TCPIP0::10.0.0.5::INSTR", settings: {channels: [101, 102]}}
  meter: {driver: thorlabs-pm100, address: "USB0::0x1313::0x8078::P1::INSTR", min_period: 100 ms}
roles: {laser: diode, probe: scanner.101, ambient: scanner.102, meter: meter}
wavelength: 808 nm
spot_area: 0.50 cm^2 ± 5 %
power_at_sample: {threshold: 350 mA, slope: 0.90 W/A, deviation: 3 %, date: 2026-10-05}
pick_off: {ratio: 2 %, deviation: 3 %, date: 2026-10-05}
limits: {power: 2 W, temperature: 80 degC, exposure: 30 min, energy: 6 kJ}
interlock: {what: lid switch, tested: opened it, date: 2026-10-05, readable: true}
dead_man: {what: none, tested: none, date: 2026-10-05}
"""  # noqa: E501
SHIPPED = ["simulated", "simulated-cni", "thermometer-only"]


def problems(text: str) -> list[tuple[str, int, int]]:
    """Code, line and column of what is wrong."""
    with pytest.raises(InputError) as caught:
        bench.loads(text)
    return [(p.code, p.line, p.column) for p in caught.value.problems]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_benches_load_and_are_simulated(name: str) -> None:
    """Each is valid, named like its file, and reaches nothing but `sim://`."""
    shipped = bench.load(bench.find_bench(name).path)

    assert name == shipped.name
    assert all(entry.address.startswith("sim://") for entry in shipped.instruments.values())


def test_roles_name_an_instrument_and_its_channel() -> None:
    """`scanner.101` is channel 101 of the scanner; an instrument without channels stands alone."""
    roles = bench.loads(TEXT).roles

    expected = [("diode", ""), ("scanner", "101"), ("scanner", "102"), ("meter", "")]
    assert expected == [(role.instrument, role.channel) for role in roles.values()]


def test_settings_are_handed_on_as_plain_values() -> None:
    """Lists and numbers reach the driver as Python has them."""
    assert {"channels": [101, 102]} == bench.loads(TEXT).instruments["scanner"].settings


def test_the_level_for_a_power_follows_the_calibration() -> None:
    """threshold + power / slope, in amperes."""
    assert pytest.approx(0.35 + 1.0 / 0.9) == bench.loads(TEXT).level_for(1.0)


@pytest.mark.parametrize("power_w", [0.0, -1.0, 2.001, float("nan"), float("inf")])
def test_a_power_outside_the_limits_is_refused_and_not_clipped(power_w: float) -> None:
    """There is no level for it."""
    with pytest.raises(RefusedError, match="outside the limits"):
        bench.loads(TEXT).level_for(power_w)


def test_a_power_driven_laser_is_calibrated_in_watts() -> None:
    """W/W and a threshold in W make a level in W."""
    text = TEXT.replace("threshold: 350 mA, slope: 0.90 W/A", "threshold: 50 mW, slope: 0.5 W/W")

    laser = bench.loads(text).power_at_sample

    assert laser is not None
    assert ("W", 2.05) == (laser.unit, laser.level(1.0))


def test_the_guard_s_spec_holds_the_bench_s_limits() -> None:
    """What the file sets is what the guard enforces; the rest has careful defaults."""
    spec = bench.loads(TEXT).guard_spec()

    assert (2.0, 80.0, 1800.0, 6000.0) == (
        spec.max_power_w, spec.max_temperature_degc, spec.max_exposure_s, spec.max_energy_j,
    )  # fmt: skip
    assert ("probe.temperature", True) == (spec.guarded_channel, spec.needs_interlock)
    assert pytest.approx(3.0 * 0.03 * 2.0**0.5 + 0.05) == spec.power_mismatch
    assert 2.0 * (1.0 + spec.power_mismatch) == spec.max_measured_power_w


def test_a_protocol_tightens_the_guard_s_spec() -> None:
    """The protocol's temperature holds, the bench's power stays; measured power follows."""
    spec = bench.loads(TEXT).guard_spec(Limits(temperature_degc=60.0, power_w=1.0))

    assert (60.0, 1.0) == (spec.max_temperature_degc, spec.max_power_w)
    assert 1.0 + spec.power_mismatch == spec.max_measured_power_w


def test_a_protocol_cannot_loosen_the_guard_s_spec() -> None:
    """A looser limit is refused whole."""
    with pytest.raises(RefusedError, match="looser"):
        bench.loads(TEXT).guard_spec(Limits(temperature_degc=90.0))


def test_a_difference_of_power_that_the_file_states_holds() -> None:
    """Whatever the calibrations say of themselves."""
    text = TEXT + "vigilance: {power_mismatch: 35 %, resolution: 20 mK, rise_margin: 2 K}\n"
    spec = bench.loads(text).guard_spec()

    assert (0.35, 0.02, 2.0) == (spec.power_mismatch, spec.resolution_k, spec.rise_margin_k)
    assert spec == bench.loads(bench.loads(text).dump()).guard_spec()


def test_without_a_meter_no_mismatch_of_power_can_trip() -> None:
    """The rule is switched off, not fed with nothing."""
    text = TEXT.replace(", meter: meter}", "}")

    assert 0.0 == bench.loads(text).guard_spec().power_mismatch


def test_a_bench_without_a_laser_cannot_arm() -> None:
    """There is nothing to guard, and it says so."""
    alone = bench.load(bench.find_bench("thermometer-only").path)

    with pytest.raises(RefusedError, match="no laser"):
        alone.guard_spec()


def test_a_bench_with_a_thermometer_alone_needs_no_limits() -> None:
    """No laser: no interlock, no calibration, no limit is asked for."""
    text = """\
schema: labctl.bench/1
name: t
instruments: {scanner: {driver: keysight-3497x, address: "sim://scanner"}}
roles: {probe: scanner.101}
"""

    assert ["probe"] == list(bench.loads(text).roles)


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("probe: scanner.101", "probe: scaner.101", "P060", 7),
        ("ambient: scanner.102", "ambient: scanner.101", "P063", 7),
        ("address: /dev/ttyUSB0", 'address: "TCPIP0::10.0.0.5::INSTR"', "P063", 5),
        ("threshold: 350 mA", "threshold: 350 mW", "P062", 10),
        ("threshold: 350 mA", "threshold: 350", "P022", 10),
        ("threshold: 350 mA", "threshold: 0,35 A", "P020", 10),
        ("slope: 0.90 W/A, ", "", "P013", 10),
        ("date: 2026-10-05}\npick", "date: 5.10.2026}\npick", "P026", 10),
        ("pick_off: {ratio: 2 %, deviation: 3 %, date: 2026-10-05}\n", "", "P013", 1),
        ("power: 2 W, ", "", "P061", 12),
        ("temperature: 80 degC, ", "", "P061", 12),
        ("temperature: 80 degC", "temperature: 80 K", "P023", 12),
        ("temperature: 80 degC", "temperature: 800 degC", "P024", 12),
        ("energy: 6 kJ}", "energy: 6 kJ, lease: 5 s}", "P024", 12),
        ("energy: 6 kJ}", "energy: 6 kJ, leese: 1 s}", "P012", 12),
        ("dead_man: {what: none, tested: none, date: 2026-10-05}\n", "", "P061", 1),
        ("readable: true", "readable: maybe", "P014", 13),
        ("driver: arroyo-laser, ", "", "P013", 4),
        ("address: /dev/ttyUSB0", "adress: /dev/ttyUSB0", "P012", 4),
        ("spot_area: 0.50 cm^2 ± 5 %", "spot_area: 0.50 cm^2", "P025", 9),
        ("diode: {", "Diode: {", "P018", 4),
    ],
)
def test_a_mistake_is_told_at_its_line(old: str, new: str, code: str, line: int) -> None:
    """One mistake, one code, the line where it stands."""
    assert old in TEXT

    assert (code, line) in [found[:2] for found in problems(TEXT.replace(old, new))]


def test_a_bench_with_a_laser_must_declare_all_that_guards_it() -> None:
    """Calibration, interlock, dead man and four limits are each asked for by name."""
    text = """\
schema: labctl.bench/1
name: t
instruments: {l: {driver: arroyo-laser, address: "sim://l"}}
roles: {laser: l}
"""

    assert ["P061"] * 7 == [code for code, _, _ in problems(text)]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_resolved_copy_loads_to_the_same_bench(name: str) -> None:
    """Every digit and word survives."""
    shipped = bench.load(bench.find_bench(name).path)

    again = bench.loads(shipped.dump())

    assert (shipped, shipped.digest) == (again, again.digest)


def test_other_addresses_make_another_bench_with_the_same_calibration() -> None:
    """Only the addresses named are changed; the copy loads again."""
    moved = bench.loads(TEXT).with_addresses({"diode": "sim://diode"})

    again = bench.loads(moved.dump())
    assert ["sim://diode", "TCPIP0::10.0.0.5::INSTR"] == [
        again.instruments[key].address for key in ("diode", "scanner")
    ]
    assert bench.loads(TEXT).power_at_sample == again.power_at_sample


def test_the_statement_is_plain_si() -> None:
    """What a simulator is told of laser, meter and spot."""
    statement = bench.loads(TEXT).statement()

    assert {"threshold": 0.35, "slope": 0.9, "deviation": 0.03, "unit": "A"} == statement["laser"]
    assert {"pick_off": 0.02, "deviation": 0.03} == statement["meter"]
    assert (5e-5, "scanner.101") == (statement["spot_area_m2"], statement["roles"]["probe"])


@settings(max_examples=150, deadline=None)
@given(
    st.builds(
        lambda at, cut, put: TEXT[:at] + put + TEXT[at + cut :],
        st.integers(0, len(TEXT)),
        st.integers(0, 30),
        st.text(max_size=12),
    )
)
def test_a_spoilt_file_is_a_bench_or_an_input_error(text: str) -> None:
    """Whatever a slip does to a file, nothing else comes out."""
    try:
        read = bench.loads(text)
    except InputError as error:
        assert error.problems
    else:
        assert isinstance(read, BenchFile)
