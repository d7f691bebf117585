"""The cell of the table of delays at its plateau, many records at once, with and without a fault.

Inference alone: the records are drawn by the check's own forward model (one node), with the flutter
and the white noise that the filter is told. The filter knows every parameter and has forgotten its
start, as after a long plateau; what it estimates are the temperatures. So false alarms and delays
are those of the detectors, not of the estimator's learning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labctl.photothermal import (
    BankPrior,
    CellParameters,
    FilterBank,
    PowerSteps,
    SharedGains,
    Step,
    StepDetector,
    StepRules,
    solve_cell,
)

Floats = NDArray[np.float64]

AMBIENT_DEGC = 22.0
POWER_W = 1.0
NOISE_K = 0.05
FLUTTER_K2_PER_S = 1e-5
CAPACITY_J_PER_K = 4.18 + 1.1
LOSS_W_PER_K = 0.024
RISE_K = 23.8
HEAT_W = LOSS_W_PER_K * RISE_K

CELL = CellParameters(
    heat_capacity_j_per_k=CAPACITY_J_PER_K,
    heat_per_watt=HEAT_W / POWER_W,
    heat_loss_w_per_k=LOSS_W_PER_K,
    wall_j_per_k=1.0,
    coupling_w_per_k=1e-9,
    lag_s=1.0,
    wall_loss_share=0.0,
    liquid_k=RISE_K,
    wall_k=RISE_K,
    bead_k=RISE_K,
)
KNOWN = BankPrior(
    heat_capacity_j_per_k=CAPACITY_J_PER_K,
    heat_loss_w_per_k=LOSS_W_PER_K,
    heat_loss_relative_sd=0.0,
    wall_j_per_k=1.0,
    wall_relative_sd=0.0,
    coupling_w_per_k=1e-9,
    coupling_relative_sd=0.0,
    lag_s=1.0,
    lag_relative_sd=0.0,
    heat_per_watt=HEAT_W / POWER_W,
    heat_per_watt_sd=0.0,
    light_k_per_w=0.0,
    offset_sd_k=0.0,
    drift_k2_per_s=0.0,
    flutter_k2_per_s=(FLUTTER_K2_PER_S,),
    curve_per_k=0.0,
    curve_sd_per_k=0.0,
    holder_share=0.0,
    holder_share_sd=0.0,
    holder_start_sd_k=0.0,
    start_sd_k=0.1,
    dark_loss_sd=0.0,
    wall_loss_share=0.0,
)
RULES = replace(StepRules(), smallest_heat=0.0, smallest_bead_k=0.0)
"""As they ship, but for the smallest sizes: those are for what a model of a real cell leaves out,
and here it leaves nothing out."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What changes at the onset. `watts` maps seconds since it to the power that still heats."""

    cell: CellParameters = CELL
    ambient_degc: float = AMBIENT_DEGC
    watts: Callable[[Floats], Floats] | None = None
    shown: Callable[[float, Floats], Floats] | None = None
    """Maps seconds since the onset and what the bead would show to what is read."""


def readings(
    rng: np.random.Generator | None,
    records: int,
    chunks: tuple[int, ...],
    fault: Fault | None = None,
    every_s: float = 1.0,
) -> Iterator[Floats]:
    """Readings of all records, (records,) each. `chunks`: how many there are in each chunk; with a
    fault the last chunk begins with its onset, just behind a reading. Without `rng` there is
    neither flutter nor noise."""
    start = np.full(records, RISE_K)
    flutter = 0.0 if rng is None else FLUTTER_K2_PER_S
    liquid, bead = start, start
    for number, count in enumerate(chunks):
        faulty = fault if fault is not None and number == len(chunks) - 1 else None
        cell = CELL if faulty is None else faulty.cell
        times = np.arange(count + 1, dtype=float) * every_s
        power = PowerSteps(np.array([-1.0]), np.array([POWER_W]))
        if faulty is not None and faulty.watts is not None:
            power = PowerSteps(times[:-1], faulty.watts(times[:-1] + 0.5 * every_s))
        ambient = AMBIENT_DEGC if faulty is None else faulty.ambient_degc
        shift = AMBIENT_DEGC - ambient
        solved = solve_cell(
            replace(cell, liquid_k=liquid + shift, wall_k=start + shift, bead_k=bead + shift),
            times,
            power,
            ambient,
            flutter_k2_per_s=flutter,
            rng=rng,
        )
        for i in range(1, count + 1):
            shown = solved.bead_degc[:, i]
            if faulty is not None and faulty.shown is not None:
                shown = faulty.shown(times[i], shown)
            yield shown if rng is None else shown + rng.normal(0.0, NOISE_K, records)
        liquid = solved.liquid_degc[:, -1] - AMBIENT_DEGC
        bead = solved.bead_degc[:, -1] - AMBIENT_DEGC


class Watch:
    """The shipped filter and detector over many records, from the plateau on."""

    def __init__(self, records: int, rules: StepRules = RULES, every_s: float = 1.0) -> None:
        first = AMBIENT_DEGC + RISE_K
        self.filters = SharedGains(FilterBank(KNOWN, first, AMBIENT_DEGC), records)
        self.detector = StepDetector(rules, records)
        self.every_s = every_s
        self.readings = 0
        self.normalised: Floats = np.zeros(records)
        """The last innovations over their standard deviation."""

    @property
    def t_s(self) -> float:
        """Of the last reading."""
        return self.readings * self.every_s

    def edge(self) -> None:
        """As at a commanded edge: the detector starts anew."""
        self.detector.restart(self.t_s)

    def take(self, read_degc: Floats) -> list[tuple[int, Step]]:
        """The next reading of all records; each step that is told for the first time, with the
        number of its record."""
        self.readings += 1
        leading = self.filters.predict(self.every_s, POWER_W, AMBIENT_DEGC)
        self.detector.move(leading, HEAT_W / CAPACITY_J_PER_K)
        taken, innovations = self.filters.update(read_degc, NOISE_K**2)
        self.normalised = innovations / taken.variance_k2**0.5
        found = self.detector.update_all(self.t_s, taken, innovations)
        return [(record, step) for record, step in found if not step.settled]
