"""What counts as a step, and what a detector says of one it found."""

from __future__ import annotations

import math
from dataclasses import dataclass

HEAT, BEAD_STEP, HEAT_RAMP, OFFSET, BEAD_OUT, SHIFT = range(6)
"""Shapes of a fault, as one thermocouple can tell them apart at best.

- HEAT: a step of the heat that the liquid takes up or loses. Power, overlap, efficiency, heat
  loss, surroundings and evaporation at a plateau are this one shape: what they leave in the
  innovations is alike to 0.993 and more (correlation; two-node cell, 10 to 160 s after the onset),
  so that a shape for each would find nothing sooner and tell nothing apart. Size: relative to the
  heat. Less than -1 under light is no heat, whatever the ratio says.
- BEAD_STEP: the bead's target jumps against the liquid, the bead follows with its own lag: light
  on the bead. Size: K.
- HEAT_RAMP: the heat grows or shrinks steadily: bleaching, a drift of power or of surroundings.
  Alike to a step to 0.89 after 160 s. Size: relative, per minute.
- OFFSET: the reading jumps at once, without the bead's lag: wiring, cold junction. Alike to
  BEAD_STEP to 0.99 at 1 Hz and a lag of 1 s. Size: K.
- BEAD_OUT: the bead leaves the liquid and goes towards something else with a slower lag. Size:
  how far, K.
- SHIFT: none of these in particular; the innovations have another mean than 0 (the CUSUM pair).
  Size: in deviations of one innovation.
"""
SHAPES = 5
"""How many of them are likelihood ratios over the onset: all but SHIFT."""
NOT_TOLD_APART = math.log(20.0)
"""Shapes whose log ratios are closer than this are not told apart. Of step and ramp the step is
then named."""


@dataclass(frozen=True, slots=True)
class StepRules:
    """What counts as a step. Declared before the run."""

    false_alarms_per_1000_h: float = 0.5
    """Of the whole bank of shapes and onsets together, in white innovations."""
    ln_looks: float = 1.0
    """What the shapes and onsets add to the logarithmic threshold of a single test a reading. Found
    by simulation (benchmarks/check/false_alarms.py): without it 20 000 h at 1 Hz had 15 alarms,
    with it 10 000 h had 2. Less than ln of the number of shapes: they are much alike."""
    smallest_heat: float = 0.05
    """Relative; smaller steps are not told from what the model leaves out. Of a ramp: what it has
    come to."""
    smallest_bead_k: float = 0.15
    """Of BEAD_STEP and OFFSET."""
    largest_heat: float = 1.25
    """Relative to the heat now or at the last edge, whichever is more; what seems to be a greater
    change is no heat."""
    smallest_out_k: float = 1.0
    """A bead that leaves the liquid is on its way farther than this."""
    onset_every_s: float = 0.25
    """Onsets are tried no closer than this, nor closer than the readings."""
    quiet_after_edge_s: float = 12.0
    """No onsets so soon after an edge: the liquid is not mixed yet."""
    settle_s: float = 6.0
    """Between telling of a step and saying for good which shape it has: by then the shapes have
    drawn apart."""
    settle_readings: int = 4
    """At least so many readings lie between the two."""
    out_lag_s: float = 8.0
    """With which a bead that left the liquid goes on."""
    shift_sd: float = 1.4
    """Of the innovations' mean: what the CUSUM pair is best at."""

    def threshold(self, every_s: float) -> float:
        """Log likelihood ratio above which there is a step, for a reading every `every_s`.

        First-order theory (Lorden 1971): one test a reading passes ln(gamma) once in gamma
        readings, and a bank of tests passes it that much oftener than the best of them.
        """
        readings = 1000.0 * 3600.0 / every_s / self.false_alarms_per_1000_h
        return math.log(readings) + self.ln_looks


@dataclass(frozen=True, slots=True)
class Step:
    """A step found."""

    shape: int
    onset_s: float
    size: float
    """In the unit of its shape, with its standard deviation `sd`."""
    sd: float
    log_ratio: float
    """Log likelihood ratio of this shape, at its best onset and size, against no step."""
    by_shape: tuple[float, ...] = ()
    """The same of each of the shapes HEAT to BEAD_OUT. Those within NOT_TOLD_APART of the best are
    not told apart by these readings."""
    settled: bool = True
    """False when the step was detected just now, so that its shape may still change; the detector
    then speaks once more, with True."""
