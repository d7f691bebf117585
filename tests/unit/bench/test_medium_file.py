"""What a bench file says of thermostat, stocks and assays."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.bench import BenchFile, expired, loads, safety_digest
from labctl.errors import InputError
from labctl.events import Invalid, Reading

BENCH = """schema: labctl.bench/1
name: b
instruments:
  bath: {driver: julabo-circulator, address: /dev/ttyUSB0}
  pump: {driver: new-era-pump, address: /dev/ttyUSB1}
  fluor: {driver: mcu-fluorimeter, address: /dev/ttyUSB2}
roles: {thermostat: bath, doser: pump, assay: fluor}
limits: {temperature: 70 degC}
thermostat: {max_temperature: 50 degC}
stocks:
  glutathione: {channel: 0, concentration: 100 mM, deviation: 2 %, date: 2026-10-05, source: made}
  acid:
    channel: 1
    titration: [{pH: 7.4, per_mL: 0 uL}, {pH: 6.5, per_mL: 12 uL}, {pH: 5.5, per_mL: 31 uL}]
    medium: PBS
    date: 2026-10-05
    source: titrated
    placeholder: true
assays:
  quinidine:
    medium: PBS pH 5.5
    slope: 4.2 counts/uM
    slope_deviation: 3 %
    offset: 12 counts
    offset_deviation: 2 counts
    noise: 6 counts
    from: 0 mM
    to: 0.2 mM
    removed_volume: 20 uL
    date: 2026-10-05
    source: five standards
"""


@pytest.fixture
def bench() -> BenchFile:
    return loads(BENCH)


def test_it_is_read_in_si(bench: BenchFile) -> None:
    """Slopes per mol/m^3, titrations volume per volume."""
    acid, assay = bench.stocks["acid"], bench.assays["quinidine"]

    assert 50.0 == bench.max_bath_degc
    assert (100.0, 0.02, False) == (
        bench.stocks["glutathione"].concentration_mol_per_m3,
        bench.stocks["glutathione"].deviation,
        bench.stocks["glutathione"].placeholder,
    )
    assert ((7.4, 0.0), (6.5, 0.012), (5.5, 0.031)) == acid.titration
    assert acid.placeholder
    assert (4200.0, "counts", 12.0, 2.0, 6.0) == (
        assay.slope, assay.unit, assay.offset, assay.offset_deviation, assay.noise,
    )  # fmt: skip
    assert (0.2, 20e-9) == (assay.high_mol_per_m3, assay.removed_m3)


def test_it_is_dumped_to_the_same(bench: BenchFile) -> None:
    """Every digit, and the same digest."""
    again = loads(bench.dump())

    assert bench == again
    assert bench.digest == again.digest


def test_an_assay_that_has_ended_is_said() -> None:
    """As every calibration is; its day itself still holds."""
    dated = loads(BENCH.replace("source: five standards", "source: x\n    expires: 2026-12-31"))

    assert [] == expired(dated.calibrated, dated.offsets, "2026-12-31")
    told = expired(dated.calibrated, dated.offsets, "2027-01-01")
    assert ["EXPIRED on 2026-12-31: calibration of assay quinidine, of 2026-10-05, x"] == told
    assert dated == loads(dated.dump())


def test_how_warm_the_thermostat_may_be_bears_on_safety() -> None:
    """Changed since its commissioning, a bench is not the one that was commissioned."""
    warmer = loads(BENCH.replace("max_temperature: 50 degC", "max_temperature: 51 degC", 1))

    assert safety_digest(loads(BENCH)) != safety_digest(warmer)


def test_a_bench_without_says_nothing_of_it() -> None:
    """Its digest is what it was before there were thermostats."""
    plain = loads("schema: labctl.bench/1\nname: b\ninstruments: {}\nroles: {}\n")

    assert not {"thermostat", "stocks", "assays"} & set(plain.dump().split(":"))


def test_a_signal_becomes_a_concentration(bench: BenchFile) -> None:
    """By slope and offset, with the measurement's deviation apart from the calibration's."""
    found = bench.assays["quinidine"].assayed(Reading("quinidine", 432.0, "counts", 7))

    assert found.concentration_mol_per_m3 == pytest.approx(0.1)
    assert found.sd_mol_per_m3 == pytest.approx(6 / 4200)
    assert found.common_sd_mol_per_m3 == pytest.approx(((0.003) ** 2 + (2 / 4200) ** 2) ** 0.5)
    assert (432.0, 7, 20e-9, "") == (found.signal, found.taken_ns, found.removed_m3, found.trouble)


def test_noise_around_nothing_is_not_clipped(bench: BenchFile) -> None:
    """A signal below the blank's is a concentration below 0."""
    found = bench.assays["quinidine"].assayed(Reading("quinidine", 6.0, "counts", 7))

    assert found.concentration_mol_per_m3 == pytest.approx(-6 / 4200)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Reading("quinidine", 900.0, "counts", 7), "outside the calibrated"),
        (Reading("quinidine", -90.0, "counts", 7), "outside the calibrated"),
        (Reading("quinidine", 100.0, "AU", 7), "in AU, and the calibration in counts"),
        (Invalid("quinidine", "range", "the detector is saturated", 7), "saturated"),
    ],
)
def test_what_the_calibration_does_not_cover_is_no_number(
    bench: BenchFile, given: Reading | Invalid, said: str
) -> None:
    """It says why."""
    found = bench.assays["quinidine"].assayed(given)

    assert found.concentration_mol_per_m3 is None
    assert said in found.trouble


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("max_temperature: 50 degC", "max_temperature: 71 degC", "P053", "above the limit"),
        ("thermostat: {max_temperature: 50 degC}\n", "", "P066", "must say how warm"),
        ("concentration: 100 mM, ", "", "P066", "its concentration, a titration, or both"),
        ("pH: 6.5", "pH: 7.5", "P066", "goes one way"),
        ("per_mL: 12 uL", "per_mL: 32 uL", "P066", "goes one way"),
        ("per_mL: 0 uL", "per_mL: 1 uL", "P066", "untouched"),
        ("4.2 counts/uM", "4.2 uM", "P020", "not a signal over a concentration"),
        ("4.2 counts/uM", "0 counts/uM", "P066", "measures nothing"),
        ("noise: 6 counts", "noise: 6 AU", "P062", "does not fit a slope in counts"),
        ("noise: 6 counts", "noise: 0 counts", "P066", "greater than zero"),
        ("to: 0.2 mM", "to: 0 nM", "P024", "greater than zero"),
        ("from: 0 mM", "from: 0.3 mM", "P066", "not above the lowest"),
    ],
)
def test_what_is_not_whole_is_told_at_its_place(old: str, new: str, code: str, said: str) -> None:
    """With its code, and nothing is taken instead."""
    assert old in BENCH
    with pytest.raises(InputError) as found:
        loads(BENCH.replace(old, new, 1))
    problem: Any = found.value.problems[0]

    assert 1 == len(found.value.problems)
    assert (code, True) == (problem.code, said in problem.message)
    assert problem.line > 0
