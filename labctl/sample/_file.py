"""Sample files: `labctl.sample/1`. All problems of a file are told at once (InputError)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labctl import yamlfile
from labctl.quantities import Kind
from labctl.sample._magnetic import MAGNETIC, build_magnetic
from labctl.sample._release import LOADS, REFERENCE, Load, build_load, build_reference
from labctl.sample._specimen import SCHEMA, Specimen
from labctl.yamlfile import (
    Amount,
    Choice,
    Date,
    Field,
    ListOf,
    Name,
    Reader,
    Row,
    Source,
    StatedAmount,
    Table,
    Text,
)

_SCHEMA = Field("schema", Choice({SCHEMA: "a sample"}), f"Write `schema: {SCHEMA}`", True)
_NAME = Field("name", Name(example="pda-aminoacid"), "Short name, as `--sample` takes it", True)
_TITLE = Field("title", Text(200), "One line for people")
_KIND = Field(
    "kind",
    Choice({"dispersion": "particles in a liquid", "solvent": "the liquid alone, a blank"}),
    "`dispersion` (particles in a liquid) or `solvent` (a liquid without particles: a blank)",
    True,
)
_MATERIAL = Field(
    "material",
    Name(example="polydopamine"),
    "What the particles are made of; of a solvent, which drugs are dissolved in it",
)
_SOLVENT = Field("solvent", Name(example="water"), "What they are dispersed in", True)
_LOT = Field("lot", Text(100), "Lot or batch")
_VOLUME = Field("volume", StatedAmount(Kind.VOLUME), "Volume in the vessel", True)
_DENSITY = Field("density", StatedAmount(Kind.DENSITY), "Density of the liquid", True)
_HEAT = Field("specific_heat", StatedAmount(Kind.SPECIFIC_HEAT),
              "Specific heat of the liquid", True)  # fmt: skip
_ABSORBANCE = Field(
    "absorbance",
    StatedAmount(Kind.ABSORBANCE, positive=False),
    "Decadic absorbance of the particles at `wavelength` over `path`; leave it out when unknown",
)
_WAVELENGTH = Field("wavelength", Amount(Kind.LENGTH, 100e-9, 20e-6),
                    "Wavelength of the absorbance")  # fmt: skip
_PATH = Field("path", Amount(Kind.LENGTH, 10e-6, 1.0), "Path length of the absorbance")
_CONCENTRATION = Field("concentration", StatedAmount(Kind.CONCENTRATION, positive=False),
                       "Mass of particles in a volume")  # fmt: skip
_ABSORPTION = Field("absorption", StatedAmount(Kind.ABSORPTION),
                    "Decadic mass absorption coefficient of the particles")  # fmt: skip
_EXPECTED = Field("expected_efficiency", StatedAmount(Kind.FRACTION),
                  "What others found for the material; only shown beside a result")  # fmt: skip
_PREPARED = Field("prepared", Date(), "Day on which it was made")
_MEASURED = Field("absorbance_date", Date(), "Day on which the absorbance was measured")
_DILUTION = Field("absorbance_dilution", Amount(Kind.NUMBER, 1.0, 1e6),
                  "Diluted so many times for that; `absorbance` is multiplied back")  # fmt: skip
_BOILING = Field("boiling_point", StatedAmount(Kind.TEMPERATURE, positive=False),
                 "Of the liquid, at 1013 hPa; caps of the temperature must be below")  # fmt: skip
_FLASH = Field("flash_point", StatedAmount(Kind.TEMPERATURE, positive=False),
               "Of the liquid, where it burns; caps of the temperature must be below")  # fmt: skip
_PH = Field("pH", StatedAmount(Kind.PH), "Of the liquid before anything is dosed")
_GLUTATHIONE = Field("glutathione", StatedAmount(Kind.SUBSTANCE_CONCENTRATION, positive=False),
                     "In the liquid before anything is dosed")  # fmt: skip
_RELEASE = Field("release", LOADS, "What the particles carry and let go, by species")
_REFERENCE = Field("release_reference", REFERENCE, "Conditions at which the rates hold")
_MAGNETIC = Field("magnetic", MAGNETIC, "What of it a magnetic field heats")
_BLEACHING = Field("bleaching", Text(300), "What light does to it")
_HAZARDS = Field("hazards", ListOf(Text(300)),
                 "For the person who handles it; shown with the plan and before a run")  # fmt: skip
_ASSUMPTIONS = Field("assumptions", ListOf(Text(300)),
                     "What is assumed and not measured; every result repeats it")  # fmt: skip

_TABLE = Table(
    "sample file",
    (
        _SCHEMA, _NAME, _TITLE, _KIND, _MATERIAL, _SOLVENT, _LOT, _VOLUME, _DENSITY, _HEAT,
        _ABSORBANCE, _WAVELENGTH, _PATH, _CONCENTRATION, _ABSORPTION, _EXPECTED, _PREPARED,
        _MEASURED, _DILUTION, _BOILING, _FLASH, _PH, _GLUTATHIONE, _RELEASE, _REFERENCE, _MAGNETIC,
        _BLEACHING, _HAZARDS, _ASSUMPTIONS,
    ),
)  # fmt: skip


def find(name: str) -> Path:
    """A sample file by path or by the name of a shipped one; InputError lists those there are."""
    return yamlfile.find_file(name, "sample", "samples")


def load(path: Path) -> Specimen:
    """Read a sample file; raises InputError with every problem."""
    return _read(yamlfile.open_source(path))


def loads(text: str, file: str = "sample.yaml") -> Specimen:
    """The same from a text."""
    return _read(Source(file, text))


def json_schema() -> dict[str, Any]:
    """JSON Schema of a sample file, for editors."""
    return yamlfile.json_schema(SCHEMA, _TABLE, {})


def _read(source: Source) -> Specimen:
    node, problems = yamlfile.read_text(source)
    reader = Reader(problems)
    row = _TABLE.read(node, reader)
    loads: dict[str, Load] = {}
    if row is not None:
        _check_kind(row, reader)
        _check_absorbance(row, reader)
        loads = _loads(row, reader)
    what = f"{source.file} is not a valid sample file"
    reader.raise_any(what)
    specimen = None if row is None else _build(row, loads, source.file)
    if specimen is None:
        # A field without a value has always told a problem.
        raise RuntimeError(what)
    return specimen


def _check_kind(row: Row, reader: Reader) -> None:
    kind = row[_KIND]
    if kind == "dispersion" and not row.has(_MATERIAL):
        reader.add(row.key(_KIND), "P070", "a dispersion must name the material of its particles",
                   "Add for example 'material: polydopamine'.")  # fmt: skip
    if kind == "solvent":
        for field in (
            _MATERIAL, _CONCENTRATION, _ABSORPTION, _ABSORBANCE, _EXPECTED, _MAGNETIC,
        ):  # fmt: skip
            if row.has(field) and not (field is _MATERIAL and row.has(_RELEASE)):
                reader.add(
                    row.key(field),
                    "P070",
                    f"a solvent has no particles, so no '{field.name}'",
                    "Remove this line, or write 'kind: dispersion'.",
                )


def _check_absorbance(row: Row, reader: Reader) -> None:
    absorbance = row[_ABSORBANCE]
    if absorbance is not None and absorbance.value < 0:
        reader.add(row.at(_ABSORBANCE), "P024", "this absorbance must not be negative")
    if row.has(_ABSORBANCE):
        for field in (_WAVELENGTH, _PATH):
            if not row.has(field):
                reader.add(
                    row.key(_ABSORBANCE),
                    "P013",
                    f"an absorbance needs its {field.name}",
                    f"Add for example '{field.name}: "
                    f"{'808 nm' if field is _WAVELENGTH else '10 mm'}'.",
                )

    made, measured = row[_PREPARED], row[_MEASURED]
    if made and measured and measured < made:
        reader.add(row.at(_MEASURED), "P024", f"measured before it was prepared, on {made}",
                   "Mend one of the two days.")  # fmt: skip
    for beside in (_MEASURED, _DILUTION):
        if row.has(beside) and not row.meant(_ABSORBANCE):
            reader.add(row.key(beside), "P013", f"'{beside.name}' without an absorbance",
                       "Add the absorbance, or remove this line.")  # fmt: skip
    ph, glutathione = row[_PH], row[_GLUTATHIONE]
    if ph is not None and ph.value > 14:
        reader.add(row.at(_PH), "P024", "a pH is at most 14")
    if glutathione is not None and glutathione.value < 0:
        reader.add(row.at(_GLUTATHIONE), "P024", "this concentration must not be negative")


def _loads(row: Row, reader: Reader) -> dict[str, Load]:
    out: dict[str, Load] = {}
    for species, item in (row[_RELEASE] or {}).items():
        load = build_load(item.value, reader)
        if load is not None:
            out[species] = load
            if load.rate_per_s is not None and not row.meant(_REFERENCE):
                reader.add(
                    item.key, "P013", f"the rate of {species} needs the conditions it holds at",
                    "Add 'release_reference: {temperature: 37 degC, pH: 5.5, glutathione: 0 mM}'.",
                )  # fmt: skip
    return out


def _build(row: Row, loads: dict[str, Load], file: str) -> Specimen | None:
    name, kind, solvent = row[_NAME], row[_KIND], row[_SOLVENT]
    volume, density, heat = row[_VOLUME], row[_DENSITY], row[_HEAT]
    reference, magnetic = row[_REFERENCE], row[_MAGNETIC]
    hazards, assumptions = row[_HAZARDS], row[_ASSUMPTIONS]
    if name is None or kind is None or solvent is None:
        return None
    if volume is None or density is None or heat is None:
        return None
    return Specimen(
        name=name,
        title=row[_TITLE] or "",
        kind=kind,
        material=row[_MATERIAL] or "",
        solvent=solvent,
        lot=row[_LOT] or "",
        volume_m3=volume,
        density_kg_per_m3=density,
        specific_heat_j_per_kg_k=heat,
        absorbance=row[_ABSORBANCE],
        wavelength_m=row[_WAVELENGTH],
        path_m=row[_PATH],
        concentration_kg_per_m3=row[_CONCENTRATION],
        absorption_m2_per_kg=row[_ABSORPTION],
        expected_efficiency=row[_EXPECTED],
        prepared=row[_PREPARED] or "",
        absorbance_date=row[_MEASURED] or "",
        absorbance_dilution=row[_DILUTION] or 1.0,
        boiling_point_degc=row[_BOILING],
        flash_point_degc=row[_FLASH],
        ph=row[_PH],
        glutathione_mol_per_m3=row[_GLUTATHIONE],
        release=loads,
        release_reference=None if reference is None else build_reference(reference),
        magnetic=None if magnetic is None else build_magnetic(magnetic),
        bleaching=row[_BLEACHING] or "",
        hazards=tuple(hazards or []),
        assumptions=tuple(assumptions or []),
        source_file=file,
    )
