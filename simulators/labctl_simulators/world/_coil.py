"""A coil around the cell: its alternating field heats magnetic particles, and a metal thermocouple.

Heat of the particles is the iron's mass times the intrinsic loss power of the batch times the
square of the field times the frequency; it arises in all of the liquid alike. A metal thermocouple
in the field warms by itself, in the same proportion, and reads as much too high; a fibre probe
(`World.fit_coil(fibre=True)`) does not. The loss power is a placeholder of the simulator.

For a wire personality: `World.fit_coil()` once; then `drive`, `output_on` (and `switch_off`), and
`World.settle()` after each change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

REFERENCE_FIELD_A_PER_M = 15e3
REFERENCE_HZ = 300e3


@dataclass(frozen=True, slots=True)
class Magnetism:
    """What a field does to one sample and its probe."""

    iron_kg: float
    """In the vessel."""
    loss_h_m2_per_kg: float
    """Intrinsic loss power of the iron."""
    bead_k: float
    """Self-heating of a metal thermocouple in the liquid at 15 kA/m and 300 kHz."""


class Feed(Protocol):
    """What turns the watts of a supply into this coil's field."""

    def force_w(self, power_w: float) -> None:
        """Let so much flow now, whoever asked for it."""
        ...


class Coil:
    """Field in, watts into the liquid out."""

    __slots__ = (
        "broken",
        "feed",
        "fibre",
        "field_a_per_m",
        "frequency_hz",
        "ignores_off",
        "lied_to_off",
        "output_on",
        "true",
    )

    def __init__(self, true: Magnetism, *, fibre: bool) -> None:
        self.true = true
        self.fibre = fibre
        """The probe in the liquid is a fibre: nothing in it is metal."""
        self.field_a_per_m = 0.0
        """Amplitude at the sample, with the output on."""
        self.frequency_hz = REFERENCE_HZ
        self.output_on = False
        self.ignores_off = False
        """A fault: the output no longer obeys off, and the source knows."""
        self.lied_to_off = False
        """A fault: the output stays on, and the source says that it is off."""
        self.feed: Feed | None = None
        """What stands before it."""
        self.broken = False
        """A fault: no current flows in it."""

    def drive(self, field_a_per_m: float, frequency_hz: float | None = None) -> None:
        """Take a new field; an output that is stuck on keeps the one it has."""
        if self.output_on and (self.ignores_off or self.lied_to_off):
            return
        self.field_a_per_m = field_a_per_m
        if frequency_hz is not None:
            self.frequency_hz = frequency_hz

    def switch_off(self) -> bool:
        """Off as commanded; False when a fault holds it on."""
        if self.ignores_off or self.lied_to_off:
            return False
        self.output_on = False
        return True

    @property
    def strength(self) -> float:
        """Square of the field times the frequency now [A^2 Hz/m^2]."""
        lit = self.output_on and not self.broken
        return self.field_a_per_m**2 * self.frequency_hz if lit else 0.0

    @property
    def absorption_w_per_kg(self) -> float:
        """Specific absorption rate of the iron now, true."""
        return self.true.loss_h_m2_per_kg * self.strength

    def power_w(self) -> float:
        """Heat in the liquid now."""
        return self.absorption_w_per_kg * self.true.iron_kg

    def bead_k(self) -> float:
        """What a thermocouple in the liquid has over it, by the field alone."""
        if self.fibre:
            return 0.0
        return self.true.bead_k * self.strength / (REFERENCE_FIELD_A_PER_M**2 * REFERENCE_HZ)
