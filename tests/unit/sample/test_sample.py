"""A sample file becomes a specimen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl import sample
from labctl.errors import InputError
from labctl.quantities import Stated
from labctl.sample import Specimen

SHIPPED = sorted(path.stem for path in sample.find("water").parent.glob("*.yaml"))

TEXT = """\
schema: labctl.sample/1
name: s
kind: dispersion
material: polydopamine
solvent: water
volume: 1.00 mL ± 0.01 mL
density: 0.997 g/cm^3 ± 0.1 %
specific_heat: {value: 4.18 J/(g K), sd: 1 %, source: table, placeholder: true}
absorbance: 1.00 ± 0.5 %
wavelength: 808 nm
path: 10 mm
"""


def problems(text: str) -> list[tuple[str, int, int]]:
    """Code, line and column of what is wrong."""
    with pytest.raises(InputError) as caught:
        sample.loads(text)
    return [(p.code, p.line, p.column) for p in caught.value.problems]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_samples_load(name: str) -> None:
    """Each shipped sample is valid and is named like its file."""
    assert name == sample.load(sample.find(name)).name


@pytest.mark.parametrize(
    ("name", "kind"),
    [("water", "solvent"), ("pbs", "solvent"), ("pda-aminoacid", "dispersion")],
)
def test_blanks_have_no_particles(name: str, kind: str) -> None:
    """A solvent states no absorbance and no material, so nothing can print an efficiency of it."""
    specimen = sample.load(sample.find(name))

    assert kind == specimen.kind
    assert (kind == "solvent") == (specimen.absorbance is None and specimen.material == "")


def test_placeholders_are_named() -> None:
    """What nobody has measured yet is listed by the key in the file."""
    expected = (
        "absorbance", "concentration", "absorption", "expected_efficiency", "pH",
        "release.quinidine", "release.doxorubicin",
    )  # fmt: skip

    assert expected == sample.load(sample.find("pda-aminoacid")).placeholders


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_number_says_where_it_comes_from(name: str) -> None:
    """A source, or a mark that it is a placeholder and a word why, beside every number."""
    assert () == sample.load(sample.find(name)).without_source


def test_what_the_issue_names_is_shipped() -> None:
    """Both drugs and none, each alone, together, free; iron oxide, rods, a dye that bleaches."""
    named = {
        "water", "pbs", "polydopamine", "pda-aminoacid", "pda-aminoacid-drugfree",
        "pda-aminoacid-quinidine", "pda-aminoacid-doxorubicin", "pda-aminoacid-corelease",
        "iron-oxide-arginine", "gold-nanorods", "indocyanine-green", "free-drugs", "vehicle",
    }  # fmt: skip

    assert set() == named - set(SHIPPED)


def test_values_are_si_with_deviation_and_source() -> None:
    """The text form and the mapping form both become stated numbers."""
    specimen = sample.loads(TEXT)

    assert Stated(1e-6, 1e-8) == specimen.volume_m3
    assert Stated(4180.0, 41.8, "table", True) == specimen.specific_heat_j_per_kg_k
    assert Stated(1.0, 0.005) == specimen.absorbance
    assert (808e-9, 0.01) == (specimen.wavelength_m, specimen.path_m)


def test_an_unknown_absorbance_is_left_out() -> None:
    """A dispersion without absorbance is a sample; only no efficiency can be computed."""
    text = "\n".join(line for line in TEXT.splitlines() if not line.startswith("absorbance"))

    assert sample.loads(text).absorbance is None


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("volume: 1.00 mL ± 0.01 mL", "volume: 1.00 mL", "P025", 6),
        ("volume: 1.00 mL ± 0.01 mL", "volume: 1,00 mL ± 1 %", "P020", 6),
        ("volume: 1.00 mL ± 0.01 mL", "volume: 1 g ± 1 %", "P023", 6),
        ("volume: 1.00 mL ± 0.01 mL", "volume: {value: 1 mL}", "P013", 6),
        ("volume: 1.00 mL ± 0.01 mL", "volume: {value: 1 mL, sd: 1 s}", "P023", 6),
        ("volume: 1.00 mL ± 0.01 mL", "volume: {value: 1 mL, sd: 1 %, src: x}", "P012", 6),
        ("volume: 1.00 mL ± 0.01 mL", "volume: {value: 1 mL, sd: 1 %, placeholder: x}", "P014", 6),
        ("volume: 1.00 mL ± 0.01 mL", "volume: -1 mL ± 1 %", "P024", 6),
        ("volume: 1.00 mL ± 0.01 mL\n", "", "P013", 1),
        ("volume:", "volum:", "P012", 6),
        ("kind: dispersion", "kind: blank", "P017", 3),
        ("kind: dispersion", "kind: solvent", "P070", 4),
        ("material: polydopamine\n", "", "P070", 3),
        ("absorbance: 1.00 ±", "absorbance: -1.00 ±", "P024", 9),
        ("wavelength: 808 nm\n", "", "P013", 9),
        ("path: 10 mm", "path: 10", "P022", 11),
        ("name: s", "name: S 1", "P018", 2),
        ("sample/1", "sample/2", "P017", 1),
    ],
)
def test_a_mistake_is_told_at_its_line(old: str, new: str, code: str, line: int) -> None:
    """One mistake, one code, the line where it stands."""
    assert old in TEXT

    assert (code, line) in [found[:2] for found in problems(TEXT.replace(old, new))]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_resolved_copy_loads_to_the_same_specimen(name: str) -> None:
    """Every digit, source and placeholder mark survives."""
    specimen = sample.load(sample.find(name))

    again = sample.loads(specimen.dump())

    assert (specimen, specimen.digest) == (again, again.digest)


def test_the_digest_changes_with_a_value_and_not_with_a_comment() -> None:
    """It is of what is stated."""
    specimen = sample.loads(TEXT)

    assert specimen.digest == sample.loads(f"# note\n{TEXT}", file="elsewhere.yaml").digest
    assert specimen.digest != sample.loads(TEXT.replace("1.00 mL ±", "1.01 mL ±")).digest


def test_the_statement_is_plain_si() -> None:
    """What a simulator is told: values and deviations under the names it knows."""
    expected = {
        "name": "s",
        "kind": "dispersion",
        "material": "polydopamine",
        "solvent": "water",
        "volume_m3": 1e-6,
        "volume_sd": 1e-8,
        "absorbance": 1.0,
        "absorbance_sd": 0.005,
        "specific_heat_j_per_kg_k": 4180.0,
        "specific_heat_sd": 41.8,
        "density_kg_per_m3": 997.0,
        "density_sd": 0.997,
        "path_m": 0.01,
    }

    assert expected == sample.loads(TEXT).statement()


def test_an_unknown_sample_suggests_a_near_one() -> None:
    """A slip in a shipped sample's name is met with the name."""
    with pytest.raises(InputError) as caught:
        sample.find("watr")

    assert "Did you mean 'water'?" in caught.value.problems[0].fix


@settings(max_examples=150, deadline=None)
@given(
    st.builds(
        lambda at, cut, put: TEXT[:at] + put + TEXT[at + cut :],
        st.integers(0, len(TEXT)),
        st.integers(0, 30),
        st.text(max_size=12),
    )
)
def test_a_spoilt_file_is_a_specimen_or_an_input_error(text: str) -> None:
    """Whatever a slip does to a file, nothing else comes out."""
    try:
        specimen = sample.loads(text)
    except InputError as error:
        assert error.problems
    else:
        assert isinstance(specimen, Specimen)


def test_a_named_lot_is_one_batch_in_the_simulator() -> None:
    """Two runs of one lot are of the same particles; a sample without one is new with each seed."""
    assert "A25" == sample.loads(TEXT + "lot: A25\n").statement()["batch"]
    assert "batch" not in sample.loads(TEXT).statement()


def test_an_absorbance_is_not_older_than_what_was_measured() -> None:
    """A year that was mistyped is found; the same day is in order."""
    days = TEXT + "prepared: 2026-10-30\nabsorbance_date: 2026-10-30\n"

    assert "2026-10-30" == sample.loads(days).absorbance_date
    assert [("P024", 13)] == [it[:2] for it in problems(days.replace("e: 2026-", "e: 2025-"))]
