"""What is in the vessel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from labctl import yamlfile
from labctl.quantities import Kind, Stated, exact, exact_stated

SCHEMA = "labctl.sample/1"

_STATED: tuple[tuple[str, str, Kind], ...] = (
    ("volume", "volume_m3", Kind.VOLUME),
    ("density", "density_kg_per_m3", Kind.DENSITY),
    ("specific_heat", "specific_heat_j_per_kg_k", Kind.SPECIFIC_HEAT),
    ("absorbance", "absorbance", Kind.ABSORBANCE),
    ("concentration", "concentration_kg_per_m3", Kind.CONCENTRATION),
    ("absorption", "absorption_m2_per_kg", Kind.ABSORPTION),
    ("expected_efficiency", "expected_efficiency", Kind.FRACTION),
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
    """Of the particles; empty for a solvent."""
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
    source_file: str = field(default="", compare=False)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Names of the quantities that stand in until somebody measures them."""
        return tuple(name for name, _, stated in self._stated() if stated.placeholder)

    @property
    def digest(self) -> str:
        """SHA-256 of what is stated, independent of comments and of where the file lies."""
        return yamlfile.digest(self._resolved())

    def dump(self) -> str:
        """YAML text that loads to the same specimen."""
        return yamlfile.dump(self._resolved())

    def statement(self) -> dict[str, Any]:
        """Plain SI values with deviations, for `labctl.instruments.SimSpec.sample`."""
        out: dict[str, Any] = {"name": self.name, "kind": self.kind}
        if self.material:
            out["material"] = self.material
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
        return out

    def _stated(self) -> Iterator[tuple[str, Kind, Stated]]:
        for key, attribute, kind in _STATED:
            stated = getattr(self, attribute)
            if stated is not None:
                yield key, kind, stated

    def _resolved(self) -> dict[str, Any]:
        out: dict[str, Any] = {"schema": SCHEMA, "name": self.name, "kind": self.kind}
        for key in ("title", "material", "solvent", "lot"):
            if getattr(self, key):
                out[key] = getattr(self, key)
        for key, kind, stated in self._stated():
            out[key] = exact_stated(stated, kind)
        if self.wavelength_m is not None:
            out["wavelength"] = exact(self.wavelength_m, Kind.LENGTH)
        if self.path_m is not None:
            out["path"] = exact(self.path_m, Kind.LENGTH)
        return out
