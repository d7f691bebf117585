"""What the simulator takes for true of a material. The check never sees this table.

Efficiencies: polydopamine 0.40 (Liu 2013 as cited in the field, 0.2 to 0.5 met), gold nanorods
0.2 to 1.0 by method, indocyanine green about 0.35, iron oxide 0.2 to 0.8. For dispersions whose
efficiency is not published the value is a placeholder, and the truth says so.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Material:
    """Particles in the dispersion."""

    name: str
    efficiency: float
    """Heat over absorbed light, mean of the draw."""
    efficiency_sd: float
    """From preparation to preparation."""
    placeholder: bool = False
    """True where no published value stands behind it."""
    bleach_per_min: tuple[float, float] | None = None
    """Range of the rate at which 1 W/cm^2 takes the absorbance, for dyes that bleach."""


_PARTICLES = {
    material.name: material
    for material in (
        Material("polydopamine", 0.40, 0.05, placeholder=True),
        Material("gold-nanorods", 0.62, 0.08),
        Material("gold-nanospheres", 0.72, 0.05),
        Material("indocyanine-green", 0.33, 0.04, bleach_per_min=(0.05, 0.5)),
        Material("iron-oxide", 0.45, 0.08),
        Material("bismuthene", 0.194, 0.02),
        Material("iron-oxide-arginine", 0.45, 0.08, placeholder=True),
    )
}

_ALIASES = {
    "pda": "polydopamine",
    "pda-aminoacid": "polydopamine",
    "pda-aminoacid-drugfree": "polydopamine",
    "pda-aminoacid-drug-free": "polydopamine",
    "pda-aminoacid-quinidine": "polydopamine",
    "pda-aminoacid-doxorubicin": "polydopamine",
    "pda-aminoacid-quinidine-doxorubicin": "polydopamine",
    "pda-aminoacid-doxorubicin-quinidine": "polydopamine",
    "pda-aminoacid-staged": "polydopamine",
    "pda-aminoacid-corelease": "polydopamine",
    "pda-aminoacid-co-release": "polydopamine",
    "polydopamine-nanoparticles": "polydopamine",
    "gold": "gold-nanorods",
    "aunr": "gold-nanorods",
    "gold-spheres": "gold-nanospheres",
    "icg": "indocyanine-green",
    "fe3o4": "iron-oxide",
    "magnetite": "iron-oxide",
    "iron-oxide-arginine-doxorubicin": "iron-oxide-arginine",
}

_UNKNOWN = Material("unknown", 0.40, 0.08, placeholder=True)

SOLVENTS = frozenset(
    {
        "water", "pbs", "none", "", "buffer", "solvent", "vehicle",
        "free-drugs", "free-quinidine", "free-doxorubicin", "free-quinidine-doxorubicin",
    }
)  # fmt: skip
"""Materials without particles: all that is absorbed becomes heat."""


def particles(material: str) -> Material | None:
    """The particles that a material name stands for; None for a plain solvent.

    A name that is not in the table gets a placeholder, so that a new sample can be simulated
    before anybody has measured it.
    """
    key = material.strip().lower().replace(" ", "-").replace("_", "-")
    if key in SOLVENTS:
        return None
    if key in _PARTICLES:
        return _PARTICLES[key]
    if key in _ALIASES:
        return _PARTICLES[_ALIASES[key]]
    for name, found in _PARTICLES.items():
        if name in key or key in name:
            return found
    return _UNKNOWN
