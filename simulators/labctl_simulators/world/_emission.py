"""The world's own log of light: when the laser truly emitted and how much.

It is written by the physics, from the optical power, and from nothing that an instrument says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Edge = Callable[[dict[str, Any]], None]
"""Called at every edge with a plain JSON object."""


@dataclass(slots=True)
class _Emission:
    on_ns: int
    energy_at_on_j: float
    off_ns: int | None = None
    energy_j: float = 0.0


class EmissionLog:
    """Emissions in order; at most the last one is open."""

    def __init__(self) -> None:
        self._entries: list[_Emission] = []
        self.on_edge: Edge | None = None

    @property
    def lit(self) -> bool:
        """True while light comes out."""
        return bool(self._entries) and self._entries[-1].off_ns is None

    @property
    def first_on_ns(self) -> int | None:
        """When the first light came, if it did."""
        return self._entries[0].on_ns if self._entries else None

    def edge(self, lit: bool, t_ns: int, energy_j: float, power_w: float) -> None:
        """Note a change; `energy_j` is all optical energy since the world began."""
        if lit:
            self._entries.append(_Emission(t_ns, energy_j))
            fact: dict[str, Any] = {"edge": "on", "t_ns": t_ns, "power_w": power_w}
        else:
            entry = self._entries[-1]
            entry.off_ns = t_ns
            entry.energy_j = energy_j - entry.energy_at_on_j
            fact = {
                "edge": "off",
                "t_ns": t_ns,
                "on_ns": entry.on_ns,
                "mean_power_w": _mean(entry, t_ns),
            }
        if self.on_edge is not None:
            self.on_edge(fact)

    def plain(self, now_ns: int, energy_j: float) -> list[dict[str, Any]]:
        """For `truth.json`: an emission still going on has `off_ns` null."""
        listed = []
        for entry in self._entries:
            until = entry.off_ns
            if until is None:
                entry.energy_j = energy_j - entry.energy_at_on_j
            listed.append(
                {
                    "on_ns": entry.on_ns,
                    "off_ns": until,
                    "mean_power_w": _mean(entry, now_ns if until is None else until),
                }
            )
        return listed


def _mean(entry: _Emission, until_ns: int) -> float:
    duration_s = (until_ns - entry.on_ns) / 1e9
    return entry.energy_j / duration_s if duration_s > 0.0 else 0.0
