"""The dose of a run, folded from its events: light and heat as they add up.

Fed every event of a run in order, live or from its journal, it comes to the same: the ledger of a
sample rests on that. It never raises for what a run can say.
"""

from __future__ import annotations

import math
from typing import Any

from labctl.clock import NS
from labctl.events import (
    LASER,
    Beam,
    Dose,
    DoseBasis,
    Emission,
    Event,
    PriorsFixed,
    Reading,
    Sample,
    StepBegun,
)
from labctl.monitor import _dose_basis as basis_of
from labctl.monitor._dose_words import dose_words
from labctl.monitor._estimates import figures
from labctl.photothermal import (
    CEM43,
    CONVENTIONS,
    PAIRS,
    ArrheniusPair,
    Bounded,
    Cem43,
    DoseMeter,
    EnergyMeter,
    ProbeTrust,
    exposure,
    fluence_j_per_m2,
)

_LONGEST_GAP_S = 10.0
_GAP_SAMPLES = 3.0
"""A gap is longer than so many sampling periods, and than `_LONGEST_GAP_S`."""


class DoseWatch:
    """Dose of one run. `convention` and `pair` override what the run itself fixed, to see its
    readings by another law."""

    def __init__(self, convention: Cem43 | None = None, pair: ArrheniusPair | None = None) -> None:
        self._convention = convention
        self._pair = pair
        self.basis: DoseBasis | None = None
        """Of the run; None of one of before there was any, where defaults stand in."""
        self._priors: PriorsFixed | None = None
        self._meter: DoseMeter | None = None
        self._energy = EnergyMeter()
        self._emission: Emission | None = None
        self._measured_w: float | None = None
        self._stated_w: float | None = None
        """By the step that goes on: all there is where a hand switches a laser without a meter."""
        self._highest_w = 0.0
        self._last_t_s: float | None = None
        self._stated_s = self._unknown_s = 0.0
        """Seconds of light whose power was only stated, or is not known at all."""

    def feed(self, event: Event) -> None:
        """Take the run's next event."""
        kind = type(event)
        if kind is Sample:
            self._sample(event)  # type: ignore[arg-type]
        elif isinstance(event, Emission):
            if event.source == LASER:
                self._emission = event
        elif isinstance(event, StepBegun):
            self._stated_w = event.power_w if event.verb == "irradiate" else None
        elif isinstance(event, DoseBasis):
            self.basis = event
        elif isinstance(event, PriorsFixed):
            self._priors = event

    @property
    def cem43_min(self) -> float:
        """Equivalent minutes at 43 degC so far, of the probed liquid."""
        return 0.0 if self._meter is None else self._meter.cem43_min

    @property
    def energy_j(self) -> float:
        """Laser energy at the sample so far."""
        return self._energy.energy_j

    def told(self, t_ns: int) -> Dose:
        """All that the run added up to so far."""
        basis = self.basis or self._assumed(t_ns)
        heat = (self._meter or self._begin()).told()
        results: dict[str, Any] = {}
        light = self._energy
        if light.lit_s > 0.0:
            relative = basis.power_relative_sd
            results["energy"] = _plain(light.energy(relative), "J", lit_s=round(light.lit_s, 3))
            if self._stated_s > 0.0:
                results["energy"]["stated_s"] = round(self._stated_s, 3)
            if light.gaps:
                results["energy"]["gaps"] = light.gaps
                results["energy"]["gap_s"] = round(light.gap_s, 3)
            if basis.spot_area_m2 is not None:
                fluence = fluence_j_per_m2(
                    light.energy_j, relative, basis.spot_area_m2, basis.spot_area_sd_m2
                )
                results["fluence"] = _plain(fluence, "J/m2", of="mean over the spot")
                results |= self._beside_people(basis)
        if self._unknown_s > 0.0:
            unknown_s = round(self._unknown_s, 3)
            results["light_of_unknown_power"] = {"value": unknown_s, "unit": "s", "of": "the laser"}
        if heat.peak_degc is not None:
            peak, tolerance = heat.peak_degc, basis.probe_tolerance_k
            bounded = Bounded(peak, peak - tolerance, peak + tolerance)
            results["peak_temperature"] = _plain(bounded, "degC", of="the probe")
            results["cem43"] = _plain(
                heat.cem43_min,
                "min",
                of=heat.label,
                convention=heat.convention.words,
                probe_tolerance_k=tolerance,
                lag_s=figures(basis.lag_s),
                lag_sd_s=figures(basis.lag_sd_s),
                gaps=heat.gaps,
                gap_s=round(heat.gap_s, 3),
                left_out=heat.left_out,
            )
            for damage in heat.damage:
                results[f"arrhenius_{damage.pair.name}"] = _plain(
                    damage.omega,
                    "",
                    of=heat.label,
                    pair=damage.pair.words,
                    survival=_ends(damage.survival),
                )
        return Dose(
            t_ns, figures(light.energy_j, 9), results, (*dose_words(results), *basis.assumptions)
        )

    # -- events --------------------------------------------------------------------------------

    def _sample(self, sample: Sample) -> None:
        meter = self._meter or self._begin()
        t_s = sample.t_ns / NS
        for reading in sample.readings:
            if reading.channel == "probe.temperature":
                if isinstance(reading, Reading):
                    meter.add(reading.t_ns / NS, reading.value)
                else:
                    meter.left_out += 1
            elif reading.channel == "meter.power":
                self._measured_w = reading.value if isinstance(reading, Reading) else None
        self._light(t_s)

    def _light(self, t_s: float) -> None:
        """Add the light since the sample before, as far as its power is known."""
        emission = self._emission
        lit = emission is not None and emission.beam is not Beam.OFF
        since_s = t_s if self._last_t_s is None else self._last_t_s
        self._last_t_s = t_s
        power_w = self._measured_w
        if lit and emission is not None and power_w is None:
            power_w = emission.power_w
            if power_w is None:
                power_w = self._stated_w
                self._stated_s += t_s - since_s if power_w is not None else 0.0
            if power_w is None:
                self._unknown_s += t_s - since_s
                lit = False
        if lit and emission is not None:
            self._highest_w = max(self._highest_w, emission.power_w or self._stated_w or 0.0)
        self._energy.add(t_s, power_w or 0.0, lit)

    def _begin(self) -> DoseMeter:
        basis = self.basis or self._assumed(0)
        longest_s = max(_LONGEST_GAP_S, _GAP_SAMPLES * basis.sampling_s)
        self._energy.longest_gap_s = longest_s
        self._meter = DoseMeter(
            ProbeTrust(basis.probe_tolerance_k, basis.lag_s, basis.lag_sd_s),
            # A name that this version does not know gives way to ours, which is printed.
            convention=self._convention or CONVENTIONS.get(basis.convention, CEM43),
            pairs=(self._pair or PAIRS.get(basis.pair, PAIRS[basis_of.PAIR]),),
            longest_gap_s=longest_s,
        )
        return self._meter

    def _assumed(self, t_ns: int) -> DoseBasis:
        """For a record of before there was a basis."""
        lag_s, lag_sd_s = basis_of.lag_of(self._priors)
        return DoseBasis(
            t_ns, "", "", basis_of.OTHER_K, lag_s, lag_sd_s, basis_of.CONVENTION, basis_of.PAIR,
            basis_of.UNCALIBRATED_RELATIVE_SD, 0.0, None, None, 0.0,
            (f"this record states no basis of a dose: a probe of ± {basis_of.OTHER_K:g} K taken",),
        )  # fmt: skip

    def _beside_people(self, basis: DoseBasis) -> dict[str, Any]:
        """The beam beside the exposure limits of a person: at the highest power commanded, or the
        mean measured where that is more."""
        power_w = max(self._highest_w, self._energy.energy_j / self._energy.lit_s)
        if basis.wavelength_m is None or basis.spot_area_m2 is None or power_w <= 0.0:
            return {}
        beam = exposure(basis.wavelength_m, power_w, basis.spot_area_m2, self._energy.lit_s)
        told: dict[str, Any] = {
            "irradiance": {
                "value": figures(beam.irradiance_w_per_m2),
                "unit": "W/m2",
                "of": "mean over the spot",
                "words": beam.words,
            }
        }
        for name, value in (("skin_exposure", beam.skin), ("eye_exposure", beam.eye)):
            if value is not None:
                told[name] = {"value": figures(value, 3), "unit": "", "of": "times the limit"}
        return told


def _plain(bounded: Bounded, unit: str, **more: Any) -> dict[str, Any]:
    return {**_ends(bounded), "unit": unit, **more}


def _ends(bounded: Bounded) -> dict[str, float]:
    return {
        "value": _rounded(bounded.value),
        "low": _rounded(bounded.low),
        "high": _rounded(bounded.high),
    }


def _rounded(value: float) -> float:
    return figures(value, 9) if math.isfinite(value) else 0.0
