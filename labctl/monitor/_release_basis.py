"""Bench file and sample file -> what the following of a release starts from.

A number that is a placeholder is no measurement: of rates, laws and how the medium acts only what
somebody measured and stated with a deviation narrows what is supposed; else it stays broad. The
load has to be stated, because a released fraction is a fraction of it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from labctl.events import Plain, ReleaseBasis
from labctl.photothermal import Medium, ReleasePrior, Spread

if TYPE_CHECKING:
    from labctl.bench import AssayCalibration
    from labctl.quantities import Stated
    from labctl.sample import Load, ReleaseReference, Specimen

VERSION = 1
_LEAST_LOG_SD = 0.1
"""No stated constant of another day narrows what is supposed by more."""
_UNCALIBRATED = 0.10
"""Of an assay whose calibration nobody stated."""
_VOLUME = 0.02
"""Of the amount in the medium: what evaporates over hours is not accounted for. An assumption, of
the size that one whole simulated run was off by beside load and slope."""
_UNKNOWN_LOAD = 0.10
"""Of a load without a deviation."""


def release_basis(
    t_ns: int,
    specimen: Specimen,
    calibrations: Mapping[str, AssayCalibration],
    species: Sequence[str],
) -> ReleaseBasis:
    """What is supposed of each of these species before anything is measured. One whose load the
    sample file does not state is left out, and the assumptions say so."""
    found: dict[str, Any] = {}
    said: list[str] = []
    for name in species:
        load = specimen.release.get(name)
        if load is None:
            said.append(f"the sample states no load of {name}: its release cannot be followed")
            calibration = calibrations.get(name)
            if calibration is not None and calibration.placeholder:
                said.append(f"placeholder: the calibration of the assay of {name}")
            continue
        prior = _prior(name, load, specimen.release_reference, calibrations.get(name), said)
        found[name] = prior_to_plain(prior)
    if found:
        said.append(
            "release: the particles are taken to stay in the medium that is measured, and nothing "
            "that has left is taken to react or to stick; what evaporates is allowed 2 %"
        )
    return ReleaseBasis(
        t_ns,
        VERSION,
        found,
        tuple(said),
        None if specimen.ph is None else specimen.ph.value,
        None if specimen.glutathione_mol_per_m3 is None else specimen.glutathione_mol_per_m3.value,
    )


def prior_to_plain(prior: ReleasePrior) -> dict[str, Any]:
    """JSON-able; `prior_from_plain` makes the same of it."""
    return dataclasses.asdict(prior)


def prior_from_plain(plain: Plain) -> ReleasePrior:
    """ValueError for what is no prior of this version."""
    values: dict[str, Any] = {}
    try:
        for field in dataclasses.fields(ReleasePrior):
            value = plain[field.name]
            if isinstance(value, Mapping):
                value = Medium(**value) if field.name == "reference" else Spread(**value)
            values[field.name] = value
        return ReleasePrior(**values)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not what a release starts from: {error}") from None


def _prior(
    name: str,
    load: Load,
    reference: ReleaseReference | None,
    calibration: AssayCalibration | None,
    said: list[str],
) -> ReleasePrior:
    loaded = load.load_mol_per_m3
    slope, zero = _UNCALIBRATED, 0.0
    if calibration is None:
        said.append(f"no calibration of the assay of {name} is stated: slope ± 10 % taken")
    else:
        slope = calibration.slope_deviation
        zero = abs(calibration.offset_deviation / calibration.slope) / loaded.value
        if calibration.placeholder:
            said.append(f"placeholder: the calibration of the assay of {name}")
    relative = loaded.relative
    if loaded.sd <= 0.0:
        relative = _UNKNOWN_LOAD
        said.append(f"the load of {name} is stated without a deviation: ± 10 % taken")
    if loaded.placeholder:
        said.append(f"placeholder: the load of {name}, of which every released fraction is one")
    prior = dataclasses.replace(
        ReleasePrior(),
        scale_relative_sd=max(0.005, math.hypot(slope, relative, _VOLUME)),
        zero_sd=max(0.002, zero),
    )
    known = _Known(name, said)
    changes: dict[str, Any] = {}
    rate = known.spread("rate", load.rate_per_s)
    if rate is not None and reference is not None:
        changes["rate_per_s"] = rate
        changes["reference"] = Medium(
            reference.temperature_degc, reference.ph, reference.glutathione_mol_per_m3
        )
    delay = known.spread("delay", load.delay_s)
    if delay is not None:
        changes["lag_s"] = delay
    plateau = load.plateau
    if known.measured("plateau", plateau) and plateau is not None and plateau.value < 0.995:
        held = 1.0 - plateau.value
        changes["end_held"] = Spread(held, max(_LEAST_LOG_SD, plateau.sd / held))
    energy = load.activation_energy_j_per_mol
    if known.measured("activation energy", energy) and energy is not None:
        changes["activation_j_per_mol"] = energy.value
        changes["activation_sd_j_per_mol"] = max(energy.sd, 0.05 * energy.value)
    for key, of, stated in (
        ("acid_factor", "pH gain", load.ph_gain),
        ("glutathione_gain", "glutathione gain", load.glutathione_gain),
        ("light_gain", "light gain", load.light_gain),
    ):
        spread = known.spread(of, stated)
        if spread is not None:
            changes[key] = spread
    if "rate_per_s" not in changes:
        said.append(f"nothing measured is stated of how fast {name} leaves: supposed broadly")
    return dataclasses.replace(prior, **changes)


class _Known:
    """What of a species was measured, and what only stands in."""

    def __init__(self, name: str, said: list[str]) -> None:
        self._name = name
        self._said = said

    def measured(self, what: str, stated: Stated | None) -> bool:
        """Stated, with a deviation, and no placeholder; what is one is told and not used."""
        if stated is None:
            return False
        if stated.placeholder:
            self._said.append(
                f"placeholder: the {what} of {self._name}; the release is followed without it"
            )
        return not stated.placeholder and stated.sd > 0.0

    def spread(self, what: str, stated: Stated | None) -> Spread | None:
        """A median and its spread; None where it was not measured, or is 0."""
        if not self.measured(what, stated) or stated is None or stated.value <= 0.0:
            return None
        return Spread(stated.value, max(_LEAST_LOG_SD, stated.relative))
