"""The power at the sample as a known input: when by the commanded edges, how much by the meter."""

from __future__ import annotations

from labctl.events import Beam, Emission

_SETTLE_S = 2.0
"""After light came on, a meter still rises; until then the commanded power counts."""


class PowerInput:
    """Knows the power between two readings. Times in seconds of the run."""

    def __init__(self, nominal_power_w: float) -> None:
        self._commanded_w = nominal_power_w
        self.lit = False
        self.lit_since_s: float | None = None
        """Of the present or latest emission."""
        self._unknown = False
        self._edges: list[tuple[float, Emission]] = []
        self._before_w: float | None = None
        self._now_w: float | None = None
        self._ratio = 1.0

    @property
    def commanded_w(self) -> float:
        """Of the present or latest emission."""
        return self._commanded_w

    def tell(self, t_s: float, emission: Emission) -> None:
        """An edge, or a repeated word about the beam; it takes effect at its own time."""
        self._edges.append((t_s, emission))

    def next_edge_s(self, until_s: float) -> float | None:
        """When the next told edge is due, if that is by `until_s`."""
        if self._edges and self._edges[0][0] <= until_s:
            return self._edges[0][0]
        return None

    def pass_edge(self, now_s: float) -> bool:
        """Let the next told edge take effect; True when the light changed."""
        _, emission = self._edges.pop(0)
        was_lit = self.lit
        self._unknown = emission.beam is Beam.UNKNOWN
        if emission.beam is not Beam.UNKNOWN:
            self.lit = emission.beam is Beam.ON
        changed = self.lit != was_lit
        if self.lit:
            if emission.power_w is not None:
                changed = changed or emission.power_w != self._commanded_w
                self._commanded_w = emission.power_w
            if changed:
                self.lit_since_s = now_s
        if changed:
            self._before_w = self._now_w = None
        return changed

    def measured(self, power_w: float | None) -> None:
        """The meter's reading that came with the next sample; None without one."""
        self._before_w, self._now_w = self._now_w, power_w

    def mean_w(self, from_s: float, to_s: float) -> float:
        """Mean power between two times with no edge between them."""
        now = self._now_w
        if self._unknown and now is not None:
            return max(0.0, now)
        if not self.lit:
            return 0.0
        since = self.lit_since_s if self.lit_since_s is not None else from_s
        if now is None or to_s - since < _SETTLE_S:
            return self._commanded_w * self._ratio
        before = self._before_w if self._before_w is not None else now
        mean = max(0.0, 0.5 * (before + now))
        if self._commanded_w > 0.0:
            self._ratio = mean / self._commanded_w
        return mean
