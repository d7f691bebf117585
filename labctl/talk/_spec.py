"""What the guard enforces on one bench for one run: plain numbers, hashed."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GuardSpec:
    """The limits, from the bench file, tightened (never loosened) by the protocol.

    Times in seconds, powers in watts at the sample, temperatures in degC.
    """

    guarded_channel: str
    """The reading that must be fresh and inside limits while anything is lit."""
    max_power_w: float
    """Cap on commanded power."""
    max_measured_power_w: float
    """Cap on power at the sample as the meter sees it (commanded cap plus tolerance)."""
    max_temperature_degc: float
    """A bench without one cannot arm."""
    min_temperature_degc: float
    """Below this a thermocouple is reversed or not where it should be."""
    max_exposure_s: float
    """Longest single emission."""
    max_energy_j: float
    """Energy at the sample in this run."""
    lease_s: float
    """Emission ends this long after the last heartbeat (0.2 to 2 s)."""
    staleness_s: float
    """A guarded reading older than this is no reading."""
    max_rise_k_per_s: float
    max_fall_k_per_s: float
    """While emitting: faster than the liquid can, so the probe is not in it."""
    rate_window_s: float
    """The rates are taken over this long."""
    frozen_after: int
    """So many bit-identical guarded readings in a row, while the change to be expected over them
    exceeds three times `resolution_k`, are a frozen value; 0 switches the rule off."""
    power_mismatch: float
    """Relative difference between measured and commanded power that is a trip; 0 = no meter."""
    needs_interlock: bool
    """True when the source can read its interlock: it must then read closed."""
    least_k_per_j: float = 0.0
    """The guarded reading rises by at least so much a joule given, where nothing is lost; 0: nobody
    knows, and neither `follow` (too little) nor `frozen` can fire."""
    most_k_per_j: float = 0.0
    """And by at most so much; 0: nobody knows."""
    fades_s: float = 0.0
    """The shortest time constant with which the sample may lose heat; set where `least_k_per_j`
    is."""
    rise_margin_k: float = 0.5
    """What the reading may differ from a rise within both for other reasons: noise, a sample that
    was not quite level, surroundings that change."""
    resolution_k: float = 0.1
    """One quantum of the guarded reading."""
    starts_within_s: float = 2.0
    """So long the source may say that its own emission delay runs."""
    off_confirm_s: float = 1.0
    """How long `beam_off` repeats before the beam is declared not confirmed off."""

    def digest(self) -> str:
        """SHA-256 over all values, so that what the person saw is what the guard enforces."""
        text = repr(sorted(dataclasses.asdict(self).items()))
        return hashlib.sha256(text.encode()).hexdigest()
