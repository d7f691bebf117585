"""What is in the vessel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from labctl import yamlfile
from labctl.quantities import Kind, Stated, exact, exact_stated
from labctl.sample._magnetic import Magnetic
from labctl.sample._release import Load, ReleaseReference

SCHEMA = "labctl.sample/1"

_STATED: tuple[tuple[str, str, Kind], ...] = (
    ("volume", "volume_m3", Kind.VOLUME),
    ("density", "density_kg_per_m3", Kind.DENSITY),
    ("specific_heat", "specific_heat_j_per_kg_k", Kind.SPECIFIC_HEAT),
    ("absorbance", "absorbance", Kind.ABSORBANCE),
    ("concentration", "concentration_kg_per_m3", Kind.CONCENTRATION),
    ("absorption", "absorption_m2_per_kg", Kind.ABSORPTION),
    ("expected_efficiency", "expected_efficiency", Kind.FRACTION),
    ("boiling_point", "boiling_point_degc", Kind.TEMPERATURE),
    ("flash_point", "flash_point_degc", Kind.TEMPERATURE),
    ("pH", "ph", Kind.PH),
    ("glutathione", "glutathione_mol_per_m3", Kind.SUBSTANCE_CONCENTRATION),
)
"""Key in the file, attribute, kind."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """One sample as its file states it. SI units."""

    name: str
    title: str
    kind: str
    """`dispersion`, or `solvent` for a blank: no efficiency is ever computed from one."""
    material: str
    """Of the particles; empty for a solvent, but for one in which drugs are dissolved."""
    solvent: str
    lot: str
    volume_m3: Stated
    density_kg_per_m3: Stated
    specific_heat_j_per_kg_k: Stated
    absorbance: Stated | None
    """Decadic, of the particles, at `wavelength_m` over `path_m`; without it no efficiency can be
    computed."""
    wavelength_m: float | None
    """Where the absorbance was measured."""
    path_m: float | None
    """Over which the absorbance holds."""
    concentration_kg_per_m3: Stated | None = None
    absorption_m2_per_kg: Stated | None = None
    """Decadic mass absorption coefficient of the particles."""
    expected_efficiency: Stated | None = None
    """What others found for the material. Only shown beside a result; nothing is computed from
    it."""
    prepared: str = ""
    """Day on which it was made, ISO."""
    absorbance_date: str = ""
    """Day on which the absorbance was measured, ISO."""
    absorbance_dilution: float = 1.0
    """The absorbance was measured on the sample diluted so many times; `absorbance` is that of the
    sample itself, multiplied back."""
    boiling_point_degc: Stated | None = None
    """Of the liquid, at 1013 hPa."""
    flash_point_degc: Stated | None = None
    """Of the liquid; None for one that does not burn."""
    ph: Stated | None = None
    """Of the liquid before anything is dosed."""
    glutathione_mol_per_m3: Stated | None = None
    """In the liquid before anything is dosed; None for none."""
    release: Mapping[str, Load] = field(default_factory=dict, hash=False)
    """Species -> what the particles carry of it."""
    release_reference: ReleaseReference | None = None
    """Where the rates of `release` hold; there whenever one is stated."""
    magnetic: Magnetic | None = None
    bleaching: str = ""
    """What light does to it, in words."""
    hazards: tuple[str, ...] = ()
    """For the person who handles it."""
    assumptions: tuple[str, ...] = ()
    """What of this file is assumed and not measured, in words; every result repeats it."""
    source_file: str = field(default="", compare=False)

    @property
    def highest_degc(self) -> float | None:
        """What the liquid must stay below: its boiling or flash point, whichever is lower, less two
        deviations. None where neither is stated."""
        points = (self.boiling_point_degc, self.flash_point_degc)
        bounds = [point.value - 2.0 * point.sd for point in points if point is not None]
        return min(bounds, default=None)

    @property
    def without_source(self) -> tuple[str, ...]:
        """Names of the numbers of which the file does not say where they come from."""
        return tuple(name for name, stated in self._all_stated() if not stated.source)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names of the quantities that stand in until somebody measures them; a species of which
        nothing else is stated has one name, `release.quinidine`."""
        names = [name for name, _, stated in self._stated() if stated.placeholder]
        for species, load in self.release.items():
            marked = [(key, stated.placeholder) for key, _, stated in load.stated()]
            if all(placeholder for _, placeholder in marked):
                names.append(f"release.{species}")
            else:
                names += [f"release.{species}.{key}" for key, is_one in marked if is_one]
        names += [name for name, stated in self._magnetic_stated() if stated.placeholder]
        return tuple(names)

    @property
    def digest(self) -> str:
        """SHA-256 of what is stated, independent of comments and of where the file lies."""
        return yamlfile.digest(self._resolved())

    def dump(self) -> str:
        """YAML text that loads to the same specimen."""
        return yamlfile.dump(self._resolved())

    def statement(self) -> dict[str, Any]:
        """Plain SI values with deviations, for `labctl.instruments.SimSpec.sample`. A lot that is
        named is one batch of particles there, whatever the seed."""
        out: dict[str, Any] = {"name": self.name, "kind": self.kind, "solvent": self.solvent}
        if self.material:
            out["material"] = self.material
        if self.lot:
            out["batch"] = self.lot
        if self.solvent:
            out["solvent"] = self.solvent
        for attribute, prefix in (
            ("volume_m3", "volume"),
            ("absorbance", "absorbance"),
            ("specific_heat_j_per_kg_k", "specific_heat"),
            ("density_kg_per_m3", "density"),
            ("concentration_kg_per_m3", "concentration"),
        ):
            stated = getattr(self, attribute)
            if stated is not None:
                out[attribute] = stated.value
                out[f"{prefix}_sd"] = stated.sd
        if self.path_m is not None:
            out["path_m"] = self.path_m
        for attribute in ("ph", "glutathione_mol_per_m3"):
            stated = getattr(self, attribute)
            if stated is not None:
                out[attribute] = stated.value
        if self.release:
            out["loads"] = {
                species: {"mol_per_m3": load.load_mol_per_m3.value, "sd": load.load_mol_per_m3.sd}
                for species, load in self.release.items()
            }
        if self.magnetic is not None:
            out["iron_kg_per_m3"] = self.magnetic.iron_kg_per_m3.value
            out["iron_sd"] = self.magnetic.iron_kg_per_m3.sd
        return out

    def _all_stated(self) -> Iterator[tuple[str, Stated]]:
        yield from ((name, stated) for name, _, stated in self._stated())
        for species, load in self.release.items():
            yield from ((f"release.{species}.{key}", stated) for key, _, stated in load.stated())
        yield from self._magnetic_stated()

    def _magnetic_stated(self) -> Iterator[tuple[str, Stated]]:
        if self.magnetic is not None:
            yield "magnetic.iron", self.magnetic.iron_kg_per_m3
            if self.magnetic.absorption_rate_w_per_kg is not None:
                rate = self.magnetic.absorption_rate_w_per_kg
                yield "magnetic.specific_absorption_rate", rate

    def _stated(self) -> Iterator[tuple[str, Kind, Stated]]:
        for key, attribute, kind in _STATED:
            stated = getattr(self, attribute)
            if stated is not None:
                yield key, kind, stated

    def _resolved(self) -> dict[str, Any]:
        out: dict[str, Any] = {"schema": SCHEMA, "name": self.name, "kind": self.kind}
        for key in (
            "title", "material", "solvent", "lot", "prepared", "absorbance_date", "bleaching",
        ):  # fmt: skip
            if getattr(self, key):
                out[key] = getattr(self, key)
        for key, kind, stated in self._stated():
            out[key] = exact_stated(stated, kind)
        if self.wavelength_m is not None:
            out["wavelength"] = exact(self.wavelength_m, Kind.LENGTH)
        if self.path_m is not None:
            out["path"] = exact(self.path_m, Kind.LENGTH)
        if self.absorbance_dilution != 1.0:
            out["absorbance_dilution"] = exact(self.absorbance_dilution, Kind.NUMBER)
        if self.release:
            out["release"] = {name: load.resolved() for name, load in self.release.items()}
        if self.release_reference is not None:
            out["release_reference"] = self.release_reference.resolved()
        if self.magnetic is not None:
            out["magnetic"] = self.magnetic.resolved()
        for key in ("hazards", "assumptions"):
            if getattr(self, key):
                out[key] = list(getattr(self, key))
        return out
