"""A sample at another concentration of particles: what scales with them, and what is assumed."""

from __future__ import annotations

from dataclasses import replace

from labctl.errors import RefusedError
from labctl.quantities import Kind, Stated, format
from labctl.sample._specimen import Specimen


def diluted(base: Specimen, name: str, concentration_kg_per_m3: float) -> Specimen:
    """The same particles in the same liquid at another mass concentration, under a name of its own.

    Absorbance, loads and iron scale with the particles; the liquid stays as it is, which is assumed
    and said. At 0 it is the liquid alone, a blank. RefusedError where the file states no
    concentration to scale from, and above it: nobody concentrates a dispersion by writing so.
    """
    if concentration_kg_per_m3 == 0.0:
        return replace(
            base,
            name=name,
            kind="solvent",
            material="",
            absorbance=None,
            concentration_kg_per_m3=None,
            absorption_m2_per_kg=None,
            expected_efficiency=None,
            release={},
            release_reference=None,
            magnetic=None,
            bleaching="",
            assumptions=(f"the liquid of {base.name}, without its particles",),
        )
    stated = base.concentration_kg_per_m3
    if stated is None or not 0.0 < concentration_kg_per_m3 <= stated.value:
        known = "none" if stated is None else format(stated.value, Kind.CONCENTRATION)
        raise RefusedError(
            f"'{name}' cannot be a dilution of '{base.name}'",
            where=base.source_file,
            seen=f"{format(concentration_kg_per_m3, Kind.CONCENTRATION)} of {known}",
            fix="Name a sample whose file states a concentration that is not lower.",
        )
    ratio = concentration_kg_per_m3 / stated.value
    absorbance, magnetic = base.absorbance, base.magnetic
    return replace(
        base,
        name=name,
        concentration_kg_per_m3=_scaled(stated, ratio),
        absorbance=None if absorbance is None else _scaled(absorbance, ratio),
        release={
            species: replace(load, load_mol_per_m3=_scaled(load.load_mol_per_m3, ratio))
            for species, load in base.release.items()
        },
        magnetic=None
        if magnetic is None
        else replace(magnetic, iron_kg_per_m3=_scaled(magnetic.iron_kg_per_m3, ratio)),
        assumptions=(
            *base.assumptions,
            f"diluted from {base.name}: absorbance and loads are scaled, not measured",
        ),
    )


def _scaled(stated: Stated, ratio: float) -> Stated:
    return replace(stated, value=stated.value * ratio, sd=stated.sd * ratio)
