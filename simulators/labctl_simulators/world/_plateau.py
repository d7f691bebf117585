"""Where a cell would come to rest, holder and surroundings held where they are."""

from __future__ import annotations

from typing import Any

from labctl_simulators.world._cell import Cell


def plateau(cell: Cell, power_w: float, heat_w: float) -> dict[str, Any]:
    """Steady state of the liquid that gets `heat_w` of the `power_w` that is told with it, and the
    conductance there, linearised."""
    around, holder = cell.around, cell.holder
    wires = 0.0 if cell.heater is None else cell.heater.loss_w_per_k
    humidity = cell.humidity
    low, high = around - 5.0, around + 200.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        lost_w = cell.losses.total_w(middle, around, humidity, holder)
        if lost_w + wires * (middle - around) < heat_w:
            low = middle
        else:
            high = middle
    liquid = 0.5 * (low + high)
    return {
        "power_w": power_w,
        "heat_w": heat_w,
        "temperature_degc": liquid,
        "rise_k": liquid - around,
        "heat_loss_w_per_k": cell.losses.conductance(liquid, around, humidity, holder) + wires,
    }
