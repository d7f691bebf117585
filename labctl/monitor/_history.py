"""What the verdict needs of a run besides the bank: innovations, edges, estimates on the way."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from labctl.monitor._estimates import Estimates, Snapshot


@dataclass(frozen=True, slots=True)
class Kept:
    """Estimates as they were at a time."""

    t_s: float
    estimates: Snapshot


FAR_K = 3.0
"""A sample may begin so far from its surroundings and the ambient probe is not doubted."""
_KEPT = 1024
"""Estimates kept at most: some 3 MB."""


class History:
    """Grows by sixteen bytes a reading."""

    def __init__(self) -> None:
        self.innovations_k = array("d")
        self.spreads_k2 = array("d")
        """Variance of each prediction without the probe's noise, which is known best at the end."""
        self.begins_over_ambient_k = 0.0
        """The first reading of the probe over that of the ambient probe; 0 without one."""
        self.lit_s = 0.0
        self.energy_j = 0.0
        self.invalid = 0
        self.left_out = 0
        """Readings that stood alone, far from all others."""
        self.gaps = 0
        """Times without a reading so long that the temperatures started anew."""
        self.lost = 0
        """How often no filter followed the readings any longer."""
        self.edges: list[int] = []
        """How many innovations there were at each edge of the light."""
        self.last_edge_s: float | None = None
        self.kept: list[Kept] = []
        self.at_first_off: Kept | None = None
        """When the light went off for the first time."""
        self.dark_after_s = 0.0
        self._dark_since_s: float | None = None
        self.now_s = 0.0

    def add(self, t_s: float, innovation_k: float, spread_k2: float) -> None:
        """One reading's innovation."""
        self.innovations_k.append(innovation_k)
        self.spreads_k2.append(spread_k2)
        if self._dark_since_s is not None:
            self.dark_after_s += t_s - max(self.now_s, self._dark_since_s)
        self.now_s = t_s

    def edge(self, t_s: float, lit: bool, was_lit: bool, estimates: Estimates) -> None:
        """The light changed."""
        self.last_edge_s = t_s
        self.edges.append(len(self.innovations_k))
        if was_lit and not lit:
            if self.at_first_off is None:
                self.at_first_off = Kept(t_s, estimates.snapshot())
            self._dark_since_s = t_s
        elif lit:
            self._dark_since_s = None

    def keep(self, t_s: float, estimates: Estimates) -> None:
        """Keep the estimates of now. Where there are too many, every second one of the older half
        goes: what is asked for are mostly those of a while ago."""
        self.kept.append(Kept(t_s, estimates.snapshot()))
        if len(self.kept) > _KEPT:
            del self.kept[1 : _KEPT // 2 : 2]

    def before(self, t_s: float) -> Kept | None:
        """The latest estimates kept before `t_s`."""
        for kept in reversed(self.kept):
            if kept.t_s < t_s:
                return kept
        return None
