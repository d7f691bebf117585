"""The power at the sample as a known input: when by the commanded edges, how much by the meter."""

from __future__ import annotations

from labctl.events import Beam, Emission

_SETTLE_S = 2.0
"""After light came on, a meter still rises; until then the commanded power counts."""
_EDGE_SHARE = 0.25
"""A change of the commanded power under light by more than this share of the larger is an edge as
any; by less it is an adjustment, as a hold of temperature makes them all the time."""
_ADJUSTED_S = 0.2
"""An adjusted light has come by then, and the meter's next reading is of it."""
_SAME_S = 1e-3
"""Times are rounded to a millisecond."""
_RATIO_KEEP = 0.8
"""Of measured over commanded power, at each reading between adjustments: a slow head is behind."""


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
        self._adjusted_s: float | None = None
        self.adjusted_w = 0.0
        """By how much the last edge that was passed has only adjusted the light; 0 of any other."""

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
        """Let the next told edge take effect; True when the light changed, other than by an
        adjustment (`adjusted_w`)."""
        _, emission = self._edges.pop(0)
        was_lit, before_w = self.lit, self._commanded_w
        self.adjusted_w = 0.0
        self._unknown = emission.beam is Beam.UNKNOWN
        if emission.beam is not Beam.UNKNOWN:
            self.lit = emission.beam is Beam.ON
        changed = self.lit != was_lit
        if self.lit:
            if emission.power_w is not None:
                by_w = emission.power_w - before_w
                if not changed and abs(by_w) <= _EDGE_SHARE * max(before_w, emission.power_w):
                    self.adjusted_w = by_w
                    self._adjusted_s = now_s if by_w else self._adjusted_s
                changed = changed or by_w != self.adjusted_w
                self._commanded_w = emission.power_w
            if changed:
                self.lit_since_s, self._adjusted_s = now_s, None
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
        if self._edges and self._edges[0][0] <= to_s + _SAME_S:
            # The latest reading was taken behind the edge that ends this stretch.
            now = self._before_w
        if now is None or to_s - since < _SETTLE_S:
            return self._commanded_w * self._ratio
        if self._adjusted_s is not None and to_s - self._adjusted_s < _SETTLE_S:
            if not self._edges and to_s - self._adjusted_s >= _ADJUSTED_S:
                ratio = now / self._commanded_w if self._commanded_w > 0.0 else 1.0
                self._ratio += (1.0 - _RATIO_KEEP) * (max(0.0, ratio) - self._ratio)
            return self._commanded_w * self._ratio
        before = self._before_w if self._before_w is not None else now
        mean = max(0.0, 0.5 * (before + now))
        if self._commanded_w > 0.0:
            self._ratio = mean / self._commanded_w
        return mean
