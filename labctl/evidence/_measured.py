"""What the readings come to, for a limit to be held against. Nothing here holds one."""

from __future__ import annotations

from labctl.clock import NS
from labctl.evidence._known import DARK_W, SETTLE_NS, Known, powers_since
from labctl.talk import GuardSpec

WARMER_THAN_LIQUID = 6.0
"""A bead in the light may be above the liquid by so many margins; that is for the check to tell."""
_MOST_OF_WINDOW = 0.6
"""Over less of it, noise alone is a rate."""


def rate_k_per_s(spec: GuardSpec, known: Known) -> tuple[float, float] | None:
    """How fast the guarded reading rises, and how much faster than `max_fall_k_per_s` it may fall
    because the power was lowered; both K/s. None while there are too few readings.

    Of this emission only: a hot sample in the dark may cool faster than a lit one ever does.
    """
    window = [reading for reading in known.temperatures if reading[0] >= known.lit_ns]
    span_s = (window[-1][0] - window[0][0]) / NS if len(window) > 2 else 0.0
    if span_s < _MOST_OF_WINDOW * spec.rate_window_s:
        return None
    falls = _fall_of_less_light(spec, known, window[0], span_s)
    return (window[-1][1] - window[0][1]) / span_s, falls


def _fall_of_less_light(
    spec: GuardSpec, known: Known, first: tuple[int, float], span_s: float
) -> float:
    """A bead loses what the light has just given to it, and the liquid cools by the part that is
    missing of the highest power that has heated it."""
    power_w, just_w = known.commanded_w, max(powers_since(known, first[0] - SETTLE_NS))
    most_w = max(known.most_w, power_w)
    if power_w >= most_w:
        return 0.0
    bead_k = WARMER_THAN_LIQUID * spec.rise_margin_k * (1.0 - power_w / just_w)
    return bead_k / span_s + known.rise.fades_k_per_s(spec, first[1]) * (1.0 - power_w / most_w)


def against_command(known: Known, now_ns: int) -> tuple[float, float] | None:
    """The measured power and the commanded one, W, where they differ by more than what cannot be
    told from none, and have had the time to agree. None otherwise, and without a measurement.

    Where the power has just been changed, a meter that lags shows what lies between the two.
    """
    seen = known.seen
    if seen is None or seen.measured_power_w is None:
        return None
    measured_w, settled_ns = seen.measured_power_w, min(now_ns, seen.meter_ns) - SETTLE_NS
    asked_w = powers_since(known, settled_ns)
    near_w = min(max(measured_w, min(asked_w)), max(asked_w))
    # Too little waits while the source says that it is starting, too much does not.
    since_ns = known.lit_ns if measured_w > near_w else known.light_ns
    if settled_ns < since_ns or abs(measured_w - near_w) <= DARK_W:
        return None
    return measured_w, near_w
