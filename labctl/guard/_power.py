"""What is refused of an emission, and of another power while lit; what counts while that is
written."""

from __future__ import annotations

from labctl.clock import NS
from labctl.errors import RefusedError, SafetyError
from labctl.guard._state import SETTLE_NS, GuardState, note_meter
from labctl.instruments import GuardedSource
from labctl.talk import GuardSpec

_NO_END_NS = 1 << 62


def refuse_outside(spec: GuardSpec, power_w: float, at_most_ns: int) -> None:
    """SafetyError for an emission outside the limits; nothing is clipped."""
    if not 0 < power_w <= spec.max_power_w:
        raise SafetyError(f"{power_w:g} W is outside the limit of {spec.max_power_w:g} W")
    if not 0 < at_most_ns <= round(spec.max_exposure_s * NS):
        raise SafetyError(
            f"an emission of {at_most_ns / NS:g} s is outside the limit of "
            f"{spec.max_exposure_s:g} s"
        )


def refuse_power(
    spec: GuardSpec, state: GuardState, source: GuardedSource, power_w: float, now_ns: int
) -> None:
    """SafetyError for a power outside the limits, and for more than the energy left allows until
    the declared end; less is never refused for what it still gives. RefusedError for a source that
    takes none while it is on."""
    if not source.takes_power_lit:
        raise RefusedError(
            "this source takes no other power while it is on",
            fix="Irradiate at one power, or use a source that can be told.",
        )
    refuse_outside(spec, power_w, state.at_most_ns)
    left_s = max(0, state.lit_ns + state.at_most_ns - now_ns) / NS
    if power_w > state.commanded_w and state.energy_j + power_w * left_s > spec.max_energy_j:
        raise SafetyError(
            f"{power_w:g} W for the {left_s:.1f} s that are left would come to more than the limit "
            f"of {spec.max_energy_j:g} J; {state.energy_j:.1f} J are given"
        )


def note_power(spec: GuardSpec, state: GuardState, power_w: float, now_ns: int, *,
               written: bool) -> None:  # fmt: skip
    """Take in that another power is about to be written, and then that it has been. In between
    either may be in force, and the greater counts as given where no meter tells."""
    note_meter(state, state.seen.measured_power_w if state.seen else None, now_ns)
    if not written:
        state.earlier += [(_NO_END_NS, state.commanded_w), (_NO_END_NS, power_w)]
        state.commanded_w = max(state.commanded_w, power_w)
        return
    *earlier, (_, before_w), _ = state.earlier
    oldest_ns = now_ns - round(spec.rate_window_s * NS) - 2 * SETTLE_NS
    state.earlier = [e for e in earlier if e[0] >= oldest_ns] + [(now_ns, before_w)]
    state.commanded_w, state.most_w = power_w, max(state.most_w, power_w)
