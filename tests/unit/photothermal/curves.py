"""Curves of a cell of one node, in closed form, for the methods that take a cell to be one."""

from __future__ import annotations

import numpy as np

from labctl.photothermal import Inputs, Known, Record, Setting

HEAT_J_PER_K = 4.167
LOSS_W_PER_K = 0.0189
TAU_S = HEAT_J_PER_K / LOSS_W_PER_K
ABSORBANCE = 1.0
POWER_W = 1.0
INPUTS = Inputs(
    volume_m3=Known(1e-6, 1e-8),
    density_kg_per_m3=Known(997.0, 1.0),
    specific_heat_j_per_kg_k=Known(HEAT_J_PER_K / 997.0 * 1e6, 4.0),
    absorbance=Known(ABSORBANCE, 0.005),
    wall_transmission=Known(1.0, 0.0),
    solvent_absorption_per_m=None,
)
SETTING = Setting(INPUTS, Known(POWER_W, 0.03))


def curve(
    *,
    efficiency: float = 0.4,
    baseline_s: float = 60.0,
    heating_s: float = 600.0,
    cooling_s: float = 900.0,
    every_s: float = 1.0,
    noise_k: float = 0.0,
    surroundings_degc: float = 24.0,
    tau_s: float = TAU_S,
    seed: int = 1,
) -> Record:
    """One node, no wall, no solvent heat; the light is on for the rows between the edges."""
    times = np.arange(0.0, baseline_s + heating_s + cooling_s + 1e-9, every_s)
    off_s = baseline_s + heating_s
    rate = efficiency * POWER_W * (1.0 - 10.0**-ABSORBANCE) / HEAT_J_PER_K
    lit = np.maximum(times - baseline_s, 0.0)
    dark = np.maximum(times - off_s, 0.0)
    rise = rate * tau_s * (np.exp(-dark / tau_s) - np.exp(-lit / tau_s))
    noise = np.random.default_rng(seed).normal(0.0, noise_k, len(times)) if noise_k else 0.0
    # Half a row late: the edges lie between the rows.
    light = (times > baseline_s + 1e-9) & (times <= off_s + 1e-9)
    return Record(times, surroundings_degc + rise + noise, light)
