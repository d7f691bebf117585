"""A cell that obeys the check's own equations, integrated another way (Runge-Kutta, 20 ms).

For tests of the inference alone: a world that is richer than the model is in the simulators.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """SI units; temperatures above the surroundings."""

    liquid_j_per_k: float = 4.18
    wall_j_per_k: float = 1.1
    coupling_w_per_k: float = 0.15
    loss_w_per_k: float = 0.024
    curve_per_k: float = 0.0
    wall_loss_share: float = 0.8
    lag_s: float = 1.0
    heat_per_watt: float = 0.38
    light_k_per_w: float = 0.0

    def _rates(self, x: tuple[float, float, float], power_w: float) -> tuple[float, float, float]:
        liquid, wall, bead = x
        steep = 1.0 + self.curve_per_k * liquid
        across = self.coupling_w_per_k * (liquid - wall)
        loss_l = (1.0 - self.wall_loss_share) * self.loss_w_per_k * liquid * steep
        loss_w = self.wall_loss_share * self.loss_w_per_k * wall * steep
        return (
            (self.heat_per_watt * power_w - across - loss_l) / self.liquid_j_per_k,
            (across - loss_w) / self.wall_j_per_k,
            (liquid + self.light_k_per_w * power_w - bead) / self.lag_s,
        )

    def step(
        self, x: tuple[float, float, float], power_w: float, dt_s: float
    ) -> tuple[float, float, float]:
        """Classical Runge-Kutta."""

        def moved(k: tuple[float, float, float], by: float) -> tuple[float, float, float]:
            return (x[0] + by * k[0], x[1] + by * k[1], x[2] + by * k[2])

        k1 = self._rates(x, power_w)
        k2 = self._rates(moved(k1, dt_s / 2), power_w)
        k3 = self._rates(moved(k2, dt_s / 2), power_w)
        k4 = self._rates(moved(k3, dt_s), power_w)
        return tuple(  # type: ignore[return-value]
            x[i] + dt_s / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]) for i in range(3)
        )


@dataclass(frozen=True, slots=True)
class Point:
    """One reading, with the power from the reading before it until it."""

    t_s: float
    power_w: float
    degc: float


def curve(
    cell: Cell,
    *,
    seed: int,
    every_s: float = 1.0,
    baseline_s: float = 60.0,
    heat_s: float = 300.0,
    cool_s: float = 300.0,
    power_w: float = 1.0,
    noise_k: float = 0.03,
    ambient_degc: float = 22.0,
    absorbed_step: tuple[float, float] = (1e9, 1.0),
    bead_jump: tuple[float, float] = (1e9, 0.0),
) -> list[Point]:
    """Baseline, heating, cooling. `absorbed_step`: (time, factor on the heat); `bead_jump`:
    (time, K)."""
    rng = random.Random(seed)
    x = (0.0, 0.0, 0.0)
    points: list[Point] = []
    fine = max(1, round(every_s / 0.05))
    t = 0.0
    while t < baseline_s + heat_s + cool_s - 1e-9:
        lit = power_w if baseline_s <= t < baseline_s + heat_s else 0.0
        heat = lit * (absorbed_step[1] if t >= absorbed_step[0] else 1.0)
        for _ in range(fine):
            x = cell.step(x, heat, every_s / fine)
        t += every_s
        jump = bead_jump[1] if t > bead_jump[0] else 0.0
        points.append(Point(t, lit, ambient_degc + x[2] + jump + rng.gauss(0.0, noise_k)))
    return points
