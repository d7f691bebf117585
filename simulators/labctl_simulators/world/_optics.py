"""What an assay sees: a signal for what is dissolved of a species, with its own trouble.

The signal of a species is a slope times its concentration and an offset, less what the inner filter
takes (light that the species itself swallows on its way) and what quenches it: chloride quinidine,
polydopamine doxorubicin. The slope is that of the calibration in its medium, so that only a change
of the medium since moves it. Around it there is noise of 2 to 3 % of the full scale.

For a wire personality: `World.signal(species)` once per measurement, at the time of the measurement
(each call draws one number of the species' own stream).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labctl_simulators.world._noise import Stream


@dataclass(frozen=True, slots=True)
class Channel:
    """One species, as one instrument sees it."""

    slope: float
    """Signal for 1 mol/m^3, in the calibration's medium."""
    offset: float
    full_scale_mol_per_m3: float
    noise: float
    """Of one measurement, of the full scale."""
    inner_filter: float = 0.0
    """Relative loss of signal at full scale against none; the calibration's line meets the curve
    at half of it."""
    quencher: str = ""
    quench_m3_per_mol: float = 0.0
    """Stern and Volmer's constant for it."""
    calibrated_with_mol_per_m3: float = 0.0
    """Of the quencher, in the calibration's medium."""

    def signal(self, there_mol_per_m3: float, quencher_mol_per_m3: float) -> float:
        """Without noise."""
        share = there_mol_per_m3 / self.full_scale_mol_per_m3
        filtered = (1.0 + 0.5 * self.inner_filter) / (1.0 + share * self.inner_filter)
        seen = self.slope * there_mol_per_m3 * filtered
        calibrated = 1.0 + self.quench_m3_per_mol * self.calibrated_with_mol_per_m3
        quenched = 1.0 + self.quench_m3_per_mol * quencher_mol_per_m3
        return self.offset + seen * calibrated / quenched


PARTICLES = "particles"
"""As a quencher: the dispersion itself, 1 where it is as thick as at the beginning."""

_QUENCHED = {"quinidine": ("chloride", 0.02), "doxorubicin": (PARTICLES, 0.3)}
_INNER = {"quinidine": 0.02, "doxorubicin": 0.03}


class Optics:
    """All channels of one world; each species has its own, by the bench's statement of it."""

    def __init__(
        self,
        seed: int,
        stated: Mapping[str, Any],
        loads: Mapping[str, float],
        quenchers: Mapping[str, float],
    ) -> None:
        """`stated`: species -> what the bench says of its calibration (`slope` in signal for
        1 mol/m^3, `slope_sd`, `offset`, `range_mol_per_m3`, `sd_mol_per_m3` of one measurement),
        all optional; `loads` in mol/m^3; `quenchers` as they were when it was calibrated."""
        self._seed = seed
        self._stated = stated
        self._loads = loads
        self._calibrated = dict(quenchers)
        self._channels: dict[str, Channel] = {}
        self._noise: dict[str, Stream] = {}
        self.outlier = 0.0
        """A fault: this share of the full scale is added to what is measured next."""
        self.outliers_left = 0
        """... so many times; negative: to all."""
        self.drift = 1.0
        """A fault: the lamp, or the detector, gives so much of what it did."""

    def channel(self, species: str) -> Channel:
        """The true channel of a species."""
        if species not in self._channels:
            self._channels[species] = self._drawn(species)
        return self._channels[species]

    def measured(
        self, species: str, there_mol_per_m3: float, quenchers: Mapping[str, float]
    ) -> float:
        """One measurement, with noise."""
        channel = self.channel(species)
        noise = self._noise.setdefault(species, Stream(self._seed, f"assay/{species}"))
        full = channel.slope * channel.full_scale_mol_per_m3
        seen = channel.signal(there_mol_per_m3, quenchers.get(channel.quencher, 0.0))
        seen = channel.offset + self.drift * (seen - channel.offset)
        seen += channel.noise * full * noise.normal()
        if self.outliers_left:
            self.outliers_left -= self.outliers_left > 0
            seen += self.outlier * full
        return seen

    def _drawn(self, species: str) -> Channel:
        said = self._stated.get(species)
        stated: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
        slope = float(stated.get("slope") or 1e4)
        slope_sd = float(stated.get("slope_sd") or 0.01 * slope)
        full = float(stated.get("range_mol_per_m3") or self._loads.get(species) or 0.1)
        draw = Stream(self._seed, f"draw/assay/{species}")
        true_slope = draw.near(slope, abs(slope_sd), at_most_sd=2.5)
        noise = draw.uniform(0.02, 0.03)
        if stated.get("sd_mol_per_m3"):
            noise = draw.uniform(0.9, 1.1) * float(stated["sd_mol_per_m3"]) / full
        quencher, constant = _QUENCHED.get(species, ("", 0.0))
        return Channel(
            slope=true_slope,
            offset=float(stated.get("offset") or 0.0),
            full_scale_mol_per_m3=full,
            noise=noise,
            inner_filter=_INNER.get(species, 0.0),
            quencher=quencher,
            quench_m3_per_mol=constant,
            calibrated_with_mol_per_m3=self._calibrated.get(quencher, 0.0),
        )
