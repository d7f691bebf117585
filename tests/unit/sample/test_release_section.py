"""What a sample file says of release, liquid, hazards and assumptions."""

from __future__ import annotations

import pytest

from labctl import sample
from labctl.errors import InputError
from labctl.quantities import Stated
from labctl.sample import Load, Magnetic, ReleaseReference

TEXT = """\
schema: labctl.sample/1
name: s
kind: dispersion
material: polydopamine
solvent: water
prepared: 2026-10-30
volume: 1.00 mL ± 1 %
density: 0.997 g/cm^3 ± 0.1 %
specific_heat: 4.18 J/(g K) ± 1 %
absorbance: 1.00 ± 0.5 %
absorbance_date: 2026-11-02
absorbance_dilution: 4
wavelength: 808 nm
path: 10 mm
boiling_point: 78.3 degC ± 0.5 K
flash_point: 13 degC ± 1 K
pH: 5.5 ± 0.05
glutathione: 10 mM ± 2 %
bleaching: none
hazards: [gloves]
assumptions: [no air in the pores]
magnetic: {iron: 100 ug/mL ± 5 %, field: 16 kA/m, frequency: 100 kHz}
release:
  quinidine:
    load: {value: 40 uM, sd: 3 %, source: digested}
    law: weibull
    rate: 0.72 1/h ± 10 %
    shape: 0.8 ± 0.1
    activation_energy: 60 kJ/mol ± 5 kJ/mol
    plateau: 95 % ± 2 %
  doxorubicin:
    load: {value: 46 uM, sd: 3 %, placeholder: true}
release_reference: {temperature: 37 degC, pH: 5.5, glutathione: 0 mM}
"""


def test_loads_are_si_by_species() -> None:
    """What is stated has its SI attribute, what is not is None."""
    specimen = sample.loads(TEXT)

    quinidine = Load(
        Stated(0.04, 0.0012, "digested"),
        law="weibull",
        rate_per_s=Stated(0.0002, 0.00002),
        shape=Stated(0.8, 0.1),
        plateau=Stated(0.95, 0.02),
        activation_energy_j_per_mol=Stated(60e3, 5e3),
    )
    doxorubicin = Load(Stated(0.046, 0.00138, "", True))
    assert {"quinidine": quinidine, "doxorubicin": doxorubicin} == specimen.release
    assert ReleaseReference(37.0, 5.5, 0.0) == specimen.release_reference


def test_the_rest_is_typed_too() -> None:
    """Dates, dilution, points, medium, field, texts."""
    specimen = sample.loads(TEXT)

    assert ("2026-10-30", "2026-11-02", 4.0) == (
        specimen.prepared, specimen.absorbance_date, specimen.absorbance_dilution,
    )  # fmt: skip
    assert (Stated(5.5, 0.05), Stated(10.0, 0.2)) == (specimen.ph, specimen.glutathione_mol_per_m3)
    assert Magnetic(Stated(0.1, 0.005), None, 16e3, 100e3) == specimen.magnetic
    assert (("gloves",), ("no air in the pores",)) == (specimen.hazards, specimen.assumptions)


def test_the_copy_of_all_of_it_loads_to_the_same() -> None:
    """Nothing of the new sections is lost in the record's copy."""
    specimen = sample.loads(TEXT)

    assert specimen == sample.loads(specimen.dump())


def test_the_liquid_stays_below_the_lower_of_its_points() -> None:
    """By two deviations; where neither is stated nothing is known."""
    plain = "\n".join(line for line in TEXT.splitlines() if "_point:" not in line)

    assert 11.0 == sample.loads(TEXT).highest_degc
    assert None is sample.loads(plain).highest_degc


def test_a_placeholder_is_named_by_its_species() -> None:
    """One name for a species of which nothing else is known."""
    marked = TEXT.replace("load: {value: 40 uM, sd: 3 %, source: digested}",
                          "load: {value: 40 uM, sd: 3 %, placeholder: true}")  # fmt: skip

    assert ("release.doxorubicin",) == sample.loads(TEXT).placeholders
    assert ("release.quinidine.load", "release.doxorubicin") == sample.loads(marked).placeholders


def test_the_simulator_is_told_contents_and_no_rates() -> None:
    """How much there is, as of absorbance; how fast it leaves is the simulator's own."""
    told = sample.loads(TEXT).statement()

    assert {
        "quinidine": {"mol_per_m3": 0.04, "sd": 0.0012},
        "doxorubicin": {"mol_per_m3": 0.046, "sd": 0.00138},
    } == told["loads"]
    assert [] == [key for key in told if "rate" in key]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("    law: weibull\n", "", "P013", 26),
        ("    shape: 0.8 ± 0.1\n", "", "P013", 26),
        ("load: {value: 46 uM, sd: 3 %, placeholder: true}", "law: first-order", "P013", 32),
        ("plateau: 95 %", "plateau: 105 %", "P024", 30),
        ("rate: 0.72 1/h", "rate: 0.72 h", "P023", 27),
        ("pH: 5.5 ± 0.05", "pH: 15 ± 1", "P024", 17),
        ("law: weibull", "law: zero-order", "P017", 26),
        ("absorbance: 1.00 ± 0.5 %\n", "", "P013", 10),
        ("absorbance_dilution: 4", "absorbance_dilution: 0.25", "P024", 12),
        ("2026-11-02", "2.11.2026", "P026", 11),
        ("quinidine:", "Quinidine:", "P018", 24),
        ("release_reference: {temperature: 37 degC, pH: 5.5, glutathione: 0 mM}\n", "",
         "P013", 24),
        ("glutathione: 10 mM", "glutathione: -10 mM", "P024", 18),
        ("flash_point: 13 degC ± 1 K", "flash_point: 13 degC ± 1 %", "P023", 16),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_line(old: str, new: str, code: str, line: int) -> None:
    """One mistake, one code, the line where it stands."""
    assert old in TEXT

    with pytest.raises(InputError) as caught:
        sample.loads(TEXT.replace(old, new))

    assert (code, line) in [(p.code, p.line) for p in caught.value.problems]


def test_a_solvent_may_have_drugs_dissolved_in_it_and_no_particles() -> None:
    """Free drugs are a blank for the light and a sample for the assay."""
    specimen = sample.load(sample.find("free-drugs"))

    assert ("solvent", "free-drugs", None) == (
        specimen.kind, specimen.material, specimen.absorbance,
    )  # fmt: skip
    assert ["quinidine", "doxorubicin"] == list(specimen.release)
