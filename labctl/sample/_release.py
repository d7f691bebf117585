"""What the particles carry and let go: load, and the law of its release where somebody stated it.

Shape and reading of the `release` section of a sample file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labctl.quantities import Kind, Stated, exact, exact_stated
from labctl.yamlfile import Amount, Choice, Field, MapOf, Reader, Row, StatedAmount, Table

LAWS = {
    "first-order": "1 - exp(-k s)",
    "weibull": "1 - exp(-(k s)^b)",
    "korsmeyer-peppas": "(k s)^n, below 60 % only",
}
"""Law -> released part of what can come out, with s the time at the reference conditions."""

_STATED: tuple[tuple[str, str, Kind], ...] = (
    ("load", "load_mol_per_m3", Kind.SUBSTANCE_CONCENTRATION),
    ("rate", "rate_per_s", Kind.RATE_CONSTANT),
    ("shape", "shape", Kind.NUMBER),
    ("delay", "delay_s", Kind.TIME),
    ("plateau", "plateau", Kind.FRACTION),
    ("activation_energy", "activation_energy_j_per_mol", Kind.MOLAR_ENERGY),
    ("pH_gain", "ph_gain", Kind.NUMBER),
    ("pH_midpoint", "ph_midpoint", Kind.PH),
    ("pH_steepness", "ph_steepness", Kind.NUMBER),
    ("glutathione_gain", "glutathione_gain", Kind.NUMBER),
    ("glutathione_midpoint", "glutathione_midpoint_mol_per_m3", Kind.SUBSTANCE_CONCENTRATION),
    ("light_gain", "light_gain", Kind.NUMBER),
)
"""Key in the file, attribute, kind."""


@dataclass(frozen=True, slots=True)
class Load:
    """One species that the particles carry. SI units; None where nobody stated it.

    s is the reduced time: ds/dt = exp(-(E/R)(1/T - 1/T_ref)) g_pH g_GSH (1 + b u), with the
    factors equal to 1 at the reference conditions.
    """

    load_mol_per_m3: Stated
    """In the medium of `Specimen.volume_m3` when all of it is released: what a released fraction
    is a fraction of."""
    law: str | None = None
    """One of `LAWS`."""
    rate_per_s: Stated | None = None
    """k of the law, at the reference conditions."""
    shape: Stated | None = None
    """b of Weibull, n of Korsmeyer-Peppas."""
    delay_s: Stated | None = None
    """Nothing comes out before, at the reference conditions."""
    plateau: Stated | None = None
    """Fraction of the load that ever comes out."""
    activation_energy_j_per_mol: Stated | None = None
    ph_gain: Stated | None = None
    """Speed in acid over speed at high pH."""
    ph_midpoint: Stated | None = None
    """pH half way between."""
    ph_steepness: Stated | None = None
    """Hill exponent of that step."""
    glutathione_gain: Stated | None = None
    """Speed added by much glutathione, over the speed without."""
    glutathione_midpoint_mol_per_m3: Stated | None = None
    """Concentration at which half of it is added."""
    light_gain: Stated | None = None
    """Speed added while lit, over the speed in the dark at the same temperature."""

    def stated(self) -> Iterator[tuple[str, Kind, Stated]]:
        """Key in the file, kind and value of all that is stated."""
        for key, attribute, kind in _STATED:
            found = getattr(self, attribute)
            if found is not None:
                yield key, kind, found

    def resolved(self) -> dict[str, Any]:
        """The section of a file that loads to the same."""
        out: dict[str, Any] = {} if self.law is None else {"law": self.law}
        return out | {key: exact_stated(found, kind) for key, kind, found in self.stated()}


@dataclass(frozen=True, slots=True)
class ReleaseReference:
    """The conditions at which rates are stated."""

    temperature_degc: float
    ph: float
    glutathione_mol_per_m3: float

    def resolved(self) -> dict[str, Any]:
        """The section of a file that loads to the same."""
        return {
            "temperature": exact(self.temperature_degc, Kind.TEMPERATURE),
            "pH": exact(self.ph, Kind.PH),
            "glutathione": exact(self.glutathione_mol_per_m3, Kind.SUBSTANCE_CONCENTRATION),
        }


_LAW = Field("law", Choice(LAWS), "Law of its release; leave it out when nobody measured it")
_LOAD_HELP = {
    "load": "In the medium when all of it is released",
    "rate": "k of the law, at the reference conditions",
    "shape": "b of Weibull, n of Korsmeyer-Peppas",
    "delay": "Nothing comes out before, at the reference conditions",
    "plateau": "Fraction of the load that ever comes out",
    "activation_energy": "Of the release, by Arrhenius",
    "pH_gain": "Speed in acid over speed at high pH",
    "pH_midpoint": "pH half way between",
    "pH_steepness": "Hill exponent of that step",
    "glutathione_gain": "Speed added by much glutathione, over the speed without",
    "glutathione_midpoint": "Concentration at which half of it is added",
    "light_gain": "Speed added while lit, over the speed in the dark at the same temperature",
}
_MAY_BE_ZERO = frozenset({"glutathione_gain", "light_gain", "delay"})
_NUMBERS = {
    key: Field(key, StatedAmount(kind, positive=key not in _MAY_BE_ZERO), _LOAD_HELP[key],
               key == "load")
    for key, _, kind in _STATED
}  # fmt: skip
LOADS = MapOf(Table("release", (_LAW, *_NUMBERS.values())))
"""Shape of the `release` section: species -> what is known of it."""

_REF_T = Field("temperature", Amount(Kind.TEMPERATURE, -20.0, 150.0), "Of the medium", True)
_REF_PH = Field("pH", Amount(Kind.PH, 0.0, 14.0), "Of the medium", True)
_REF_GSH = Field("glutathione", Amount(Kind.SUBSTANCE_CONCENTRATION, 0.0), "In the medium", True)
REFERENCE = Table("release_reference", (_REF_T, _REF_PH, _REF_GSH))
"""Shape of the `release_reference` section."""


def build_load(row: Row, reader: Reader) -> Load | None:
    """The load of a row; tells what does not fit together. None after a problem."""
    values = {attribute: row[_NUMBERS[key]] for key, attribute, _ in _STATED}
    if row.has(_NUMBERS["rate"]) and not row.meant(_LAW):
        reader.add(row.key(_NUMBERS["rate"]), "P013", "a rate needs the law that it is of",
                   f"Add 'law': {', '.join(LAWS)}.")  # fmt: skip
    law, rated = row[_LAW], row.has(_NUMBERS["rate"])
    if law is not None and law != "first-order" and rated and not row.meant(_NUMBERS["shape"]):
        reader.add(row.key(_LAW), "P013", f"the law {law} needs its shape",
                   "Add for example 'shape: 0.8 ± 0.1'.")  # fmt: skip
    for key in _MAY_BE_ZERO:
        found = row[_NUMBERS[key]]
        if found is not None and found.value < 0:
            reader.add(row.at(_NUMBERS[key]), "P024", f"this {key} must not be negative")
    plateau = row[_NUMBERS["plateau"]]
    if plateau is not None and plateau.value > 1:
        reader.add(row.at(_NUMBERS["plateau"]), "P024", "no more than 100 % of a load comes out")
    load = values.pop("load_mol_per_m3")
    return None if load is None else Load(load, law=law, **values)


def build_reference(row: Row) -> ReleaseReference | None:
    """The reference conditions; None after a problem."""
    temperature, ph, glutathione = row[_REF_T], row[_REF_PH], row[_REF_GSH]
    if temperature is None or ph is None or glutathione is None:
        return None
    return ReleaseReference(temperature, ph, glutathione)
