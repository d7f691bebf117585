"""The laser's light: diode above threshold, warm-up sag, intensity noise, key and interlock.

The controller that drives it is a personality in `labctl_simulators.wire`; here is only what the
diode does with the drive it gets.
"""

from __future__ import annotations

from math import exp, sqrt

from labctl_simulators.world._noise import Stream
from labctl_simulators.world._product import Product
from labctl_simulators.world._truth import Beam


class Laser:
    """Drive level in, watts at the sample plane out."""

    __slots__ = (
        "_kick",
        "_noise",
        "_ramp",
        "_rin",
        "_rin_keep",
        "_step_s",
        "_warm",
        "beam",
        "drift_per_s",
        "drifted",
        "ignores_off",
        "key_on",
        "level",
        "lies_about_off",
        "lit",
        "open_contacts",
        "output_on",
        "readback_factor",
        "scale",
    )

    def __init__(self, beam: Beam, seed: int, step_s: float) -> None:
        self.beam = beam
        self.level = 0.0
        """A or W, as the controller drives it."""
        self.output_on = False
        """What the controller's output stage does."""
        self.lit = False
        """False during the controller's own emission delay."""
        self.key_on = True
        self.open_contacts: set[str] = set()
        """What holds the interlock loop open: `door`, `deadman`."""
        self.ignores_off = False
        """A fault: the output stage no longer obeys off."""
        self.lies_about_off = False
        """A fault: the output stage no longer obeys off, and the controller says that it does."""
        self.scale = Product()
        """Faults: light that is there over light that should be."""
        self.readback_factor = 1.0
        """A fault: what the controller says it measures over what flows."""
        self.drift_per_s = 0.0
        """A fault: how fast the light changes, of what it is, whatever the current."""
        self.drifted = 1.0
        """What has come of it."""
        self._step_s = step_s
        self._warm = 0.0
        self._rin = 0.0
        self._ramp = 1.0 - exp(-step_s / beam.sag_s)
        self._rin_keep = exp(-step_s / beam.rin_s)
        self._kick = beam.rin * sqrt(1.0 - self._rin_keep**2)
        self._noise = Stream(seed, "world/intensity").normal

    def power_w(self) -> float:
        """Optical power at the sample plane now."""
        if not self.lit:
            return 0.0
        beam = self.beam
        above = self.level - beam.threshold
        if above <= 0.0:
            return 0.0
        return (
            beam.slope
            * above
            * beam.power_factor
            * self.scale.value
            * self.drifted
            * (1.0 - beam.sag * self._warm)
            * (1.0 + self._rin)
        )

    def tick(self) -> float:
        """Let one internal step pass for the diode; returns the power from here on."""
        self._warm += self._ramp * ((1.0 if self.lit else 0.0) - self._warm)
        self._rin = self._rin * self._rin_keep + self._kick * self._noise()
        if self.drift_per_s:
            self.drifted *= exp(self.drift_per_s * self._step_s)
        return self.power_w() if self.lit else 0.0

    def rest(self, steps: int) -> None:
        """Let so many internal steps pass in the dark, at once."""
        self._warm *= (1.0 - self._ramp) ** steps
        keep = self._rin_keep**steps
        self._rin = self._rin * keep + self.beam.rin * sqrt(1.0 - keep**2) * self._noise()

    def drive(self, level: float) -> None:
        """Take a new level; an output stage that is stuck on keeps the one it has."""
        if not ((self.ignores_off or self.lies_about_off) and self.lit):
            self.level = level

    def switch_off(self) -> bool:
        """Off as commanded; False when the fault 'ignores off' holds it on."""
        if self.ignores_off:
            return False
        self.output_on = False
        self.lit = self.lit and self.lies_about_off
        return True

    @property
    def interlock_closed(self) -> bool:
        """Every contact of the loop is closed."""
        return not self.open_contacts

    def open_interlock(self, contact: str = "door") -> None:
        """The hardware takes the current away, whatever the controller wants."""
        self.open_contacts.add(contact)
        self.output_on = self.lit = False

    def close_interlock(self, contact: str = "door") -> None:
        """The output stays off: a closed interlock does not light a laser again."""
        self.open_contacts.discard(contact)
