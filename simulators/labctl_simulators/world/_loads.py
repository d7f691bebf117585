"""What the simulator takes for true of the species in each material, and the draw around it.

Every number here is a placeholder: the release curves of these particles were not at hand. None is
read from a sample file (but how much there is of a species, which a sample file states as it states
an absorbance), and the check never sees any of them.

A batch of particles is one draw from the stated spread, by the seed; where the sample states a
`batch`, by that word instead, and the seed moves it by some percent from vessel to vessel.

Staged particles: quinidine at a rate around 0.7 1/h, doxorubicin slower by a factor that is drawn
evenly, in its logarithm, between 5 and 20. Co-released: both at one rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, log
from typing import Any

from labctl_simulators.world._cargo import (
    FIRST_ORDER,
    FREE,
    KORSMEYER_PEPPAS,
    WEIBULL,
    Cargo,
)
from labctl_simulators.world._medium import CHLORIDE, GLUTATHIONE, Reaction, Solution
from labctl_simulators.world._noise import Stream

QUINIDINE, DOXORUBICIN = "quinidine", "doxorubicin"
ARGININE, NITRITE, IRON, DYE = "arginine", "nitrite", "iron", "methylene-blue"

_RATIO = (5.0, 20.0)
_PREPARATION_SD = 0.05
"""Of a rate, in its logarithm, from vessel to vessel of one stated batch."""


@dataclass(frozen=True, slots=True)
class _Species:
    """One species of one material, before the draw."""

    name: str
    load_mol_per_m3: float
    """In the medium, were all of it out."""
    rate_per_h: float
    rate_sd: float
    """In its logarithm, from batch to batch."""
    energy_j_per_mol: float
    acid_ratio: float
    glutathione_gain: float
    light_gain_per_w: float
    slower_than: str = ""
    """Its rate is that species' over a factor from `_RATIO`; with `together`, that rate itself."""
    together: bool = False
    free: bool = False


_Q = _Species(QUINIDINE, 0.10, 0.7, 0.25, 60e3, 2.0, 1.0, 0.0)
_D = _Species(DOXORUBICIN, 0.05, 0.07, 0.25, 80e3, 4.0, 1.0, 2.0)

_MATERIALS: Mapping[str, tuple[_Species, ...]] = {
    "pda-aminoacid-staged": (_Q, replace(_D, slower_than=QUINIDINE)),
    "pda-aminoacid-quinidine": (_Q,),
    "pda-aminoacid-doxorubicin": (_D,),
    "pda-aminoacid-corelease": (_Q, replace(_D, slower_than=QUINIDINE, together=True)),
    "iron-oxide-arginine": (
        _Species(ARGININE, 1.0, 0.5, 0.25, 50e3, 1.5, 0.5, 0.0),
        _Species(DOXORUBICIN, 0.05, 0.25, 0.25, 70e3, 6.0, 2.0, 0.0),
        _Species(IRON, 0.2, 0.03, 0.25, 60e3, 8.0, 1.0, 0.0),
    ),
    "free-drugs": (replace(_Q, free=True), replace(_D, free=True)),
    "free-quinidine": (replace(_Q, free=True),),
    "free-doxorubicin": (replace(_D, free=True),),
}

_ALIASES = {
    "pda-aminoacid": "pda-aminoacid-staged",
    "pda-aminoacid-quinidine-doxorubicin": "pda-aminoacid-staged",
    "pda-aminoacid-doxorubicin-quinidine": "pda-aminoacid-staged",
    "pda-aminoacid-co-release": "pda-aminoacid-corelease",
    "iron-oxide-arginine-doxorubicin": "iron-oxide-arginine",
    "free-quinidine-doxorubicin": "free-drugs",
}

_REACTIONS = {
    "iron-oxide-arginine": (
        # Nitrite stands in for all that becomes of the nitrogen monoxide.
        Reaction(ARGININE, NITRITE, 0.05, yields=0.5),
        Reaction(DYE, "", 1.0, by=IRON),
    )
}


def loaded(material: str) -> str:
    """Name of the table's entry for a material; empty where its particles carry nothing."""
    key = material.strip().lower().replace(" ", "-").replace("_", "-")
    key = _ALIASES.get(key, key)
    return key if key in _MATERIALS else ""


def draw_cargo(seed: int, material: str, sample: Mapping[str, Any], volume_m3: float) -> tuple[
    tuple[Cargo, ...], tuple[str, ...]
]:  # fmt: skip
    """The cargo of this vessel, and what had to be assumed of its amounts."""
    key = loaded(material)
    said = sample.get("loads")
    stated = said if isinstance(said, Mapping) else {}
    batch = str(sample.get("batch") or "")
    draw = _Batch(seed, batch)
    assumed: list[str] = []
    found: dict[str, Cargo] = {}
    for each in _MATERIALS.get(key, ()):
        load = _load(draw, each, stated.get(each.name), assumed)
        before = found.get(each.slower_than)
        found[each.name] = _cargo(draw, each, load * volume_m3, before)
    return tuple(found.values()), tuple(assumed)


class _Batch:
    """Draws of one batch, by name; each has a stream of its own."""

    def __init__(self, seed: int, batch: str) -> None:
        self._seed = seed
        self._batch = batch

    def stream(self, name: str) -> Stream:
        """By the batch where one is stated, else by the seed."""
        if self._batch:
            return Stream(0, f"batch/{self._batch}/{name}")
        return Stream(self._seed, f"draw/{name}")

    def vessel(self, name: str) -> float:
        """What this vessel's rate is over the batch's."""
        if not self._batch:
            return 1.0
        return exp(Stream(self._seed, f"draw/vessel/{name}").near(0.0, _PREPARATION_SD))


def _load(draw: _Batch, each: _Species, said: Any, assumed: list[str]) -> float:
    stream = draw.stream(f"{each.name}/load")
    if isinstance(said, Mapping) and said.get("mol_per_m3") is not None:
        mean, sd = float(said["mol_per_m3"]), float(said.get("sd") or 0.0)
    else:
        mean, sd = each.load_mol_per_m3, 0.03 * each.load_mol_per_m3
        assumed.append(f"load of {each.name} = {mean:g} mol/m^3")
    return stream.near(mean, abs(sd), at_most_sd=2.5)


def _cargo(draw: _Batch, each: _Species, load_mol: float, before: Cargo | None) -> Cargo:
    name = each.name
    if each.free:
        return Cargo(name, load_mol, FREE, 1.0)
    if before is None:
        rate = each.rate_per_h * exp(draw.stream(f"{name}/rate").near(0.0, each.rate_sd))
        rate *= draw.vessel(name)
    elif each.together:
        rate = before.rate_per_h
    else:
        ratio = exp(draw.stream(f"{name}/ratio").uniform(log(_RATIO[0]), log(_RATIO[1])))
        rate = before.rate_per_h / ratio
    if before is not None and each.together:
        law, shape, lag_h = before.law, before.shape, before.lag_h
    else:
        law, shape, lag_h = _law(draw, name, rate)
    return Cargo(
        species=name,
        load_mol=load_mol,
        law=law,
        rate_per_h=rate,
        final=draw.stream(f"{name}/final").uniform(0.94, 1.0),
        shape=shape,
        lag_h=lag_h,
        energy_j_per_mol=draw.stream(f"{name}/energy").near(
            each.energy_j_per_mol, 0.05 * each.energy_j_per_mol
        ),
        acid_ratio=1.0 + (each.acid_ratio - 1.0) * _about(draw, f"{name}/acid"),
        pka=draw.stream(f"{name}/pka").uniform(5.8, 6.4),
        steepness=draw.stream(f"{name}/steepness").uniform(0.8, 1.2),
        glutathione_gain=each.glutathione_gain * _about(draw, f"{name}/glutathione"),
        glutathione_half_mol_per_m3=5.0 * _about(draw, f"{name}/half"),
        light_gain_per_w=each.light_gain_per_w * _about(draw, f"{name}/light"),
    )


def _about(draw: _Batch, name: str) -> float:
    return exp(draw.stream(name).near(0.0, 0.15))


def _law(draw: _Batch, name: str, rate_per_h: float) -> tuple[str, float, float]:
    """Law, exponent and lag: half of the batches are of first order."""
    which = draw.stream(f"{name}/law").uniform(0.0, 1.0)
    shape = draw.stream(f"{name}/shape")
    if which < 0.5:
        return FIRST_ORDER, 1.0, 0.0
    if which < 0.8:
        lag_h = draw.stream(f"{name}/lag").uniform(0.0, 0.05) / rate_per_h
        return WEIBULL, shape.uniform(0.8, 1.2), lag_h
    # Between Fick's diffusion out of a sphere and case II.
    return KORSMEYER_PEPPAS, shape.uniform(0.43, 0.85), 0.0


_WEAK = {"pbs": (7.4, 10.0), "buffer": (7.4, 10.0)}
_PBS_CHLORIDE = 140.0
_OF_WATER = 0.5
"""What particles and the air's carbonate hold of a pH in water [mol/m^3]."""


def draw_solution(seed: int, sample: Mapping[str, Any]) -> Solution:
    """The medium at the beginning: the sample's solvent, pH and glutathione as stated, its buffer
    by the solvent's name."""
    solvent = str(sample.get("solvent") or sample.get("material") or sample.get("name") or "water")
    key = solvent.strip().lower()
    ph, weak = _WEAK.get(key, (7.0, 0.0))
    said = sample.get("ph")
    if said is not None:
        ph = float(said)
        # Whoever states a pH of something else than water has buffered it.
        weak = max(weak, _OF_WATER if key == "water" else 10.0)
    dissolved: dict[str, float] = {}
    if key in _WEAK:
        dissolved[CHLORIDE] = _PBS_CHLORIDE
    glutathione = float(sample.get("glutathione_mol_per_m3") or 0.0)
    if glutathione > 0.0:
        dissolved[GLUTATHIONE] = glutathione
    return Solution(
        ph=Stream(seed, "draw/medium/ph").near(ph, 0.02),
        weak_mol_per_m3=weak * (1.0 + Stream(seed, "draw/medium/buffer").near(0.0, 0.01)),
        dissolved_mol_per_m3=dissolved,
        oxidation_per_h=Stream(seed, "draw/medium/oxidation").uniform(0.005, 0.02),
        reactions=_REACTIONS.get(loaded(str(sample.get("material") or "")), ()),
    )
