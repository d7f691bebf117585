"""What the guard knows: phase, lease, newest readings. Kept up to date by the functions below.

Nothing here decides; the rules that look at it are in `_decide`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from labctl.clock import NS
from labctl.events import Beam
from labctl.guard._rise import Rise
from labctl.instruments import GateState, SourceState
from labctl.talk import GuardSpec, Heartbeat, Phase

_AHEAD_NS = NS // 20
SETTLE_NS = 2 * NS
"""After an edge, source and meter may take this long to agree with the command."""
DARK_W = 0.010
"""Light below this is not told from none."""
LIT = frozenset({Phase.EMISSION_DELAY, Phase.EMITTING})
LIVE = LIT | {Phase.ARMED}


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """What the guard last read from the source and the meter."""

    taken_ns: int
    said: SourceState
    measured_power_w: float | None = None
    """At the sample, by a meter or by the source's own measurement; None without either."""
    meter_ns: int = 0


@dataclass(frozen=True, slots=True)
class GateSeen:
    """What a gate last said, and what it had been told by then."""

    taken_ns: int
    state: GateState
    through: bool
    """Told to let pass."""
    since_ns: int
    """When it was last told anything."""


@dataclass(slots=True)
class GuardState:
    """All that the rules look at. The host keeps it up to date through the functions below."""

    phase: Phase = Phase.DISARMED
    commanded_w: float = 0.0
    lit_ns: int = 0
    """When the present emission was commanded."""
    light_ns: int = 0
    """When light may have come: `lit_ns`, or when the source last said that it was still starting
    and no meter saw light."""
    dark_ns: int = 0
    """When off was last commanded."""
    at_most_ns: int = 0
    lease_until_ns: int = 0
    energy_j: float = 0.0
    """By all sources of the run, as far as this one has been told."""
    given_j: float = 0.0
    """By this source."""
    beat: Heartbeat | None = None
    seen: SourceSeen | None = None
    meter_saw_it: bool = False
    """The meter has seen the present (or last) emission on, or light that nobody asked for."""
    temperatures: deque[tuple[int, float]] = field(default_factory=deque)
    """(taken_ns, degC) over the rate window."""
    identical: int = 0
    """How many guarded readings in a row were bit-identical."""
    rise: Rise = field(default_factory=Rise)
    energy_to_ns: int = 0
    earlier: list[tuple[int, float]] = field(default_factory=list)
    """Powers of this emission that were in force before, as far back as a rule looks: (until when,
    W). While another is being written, both it and the one before are here, without an end."""
    most_w: float = 0.0
    """The highest power of this emission."""
    held_back: bool = False
    """Lit behind a closed shutter: nothing has reached the sample yet."""
    gates: dict[str, GateSeen] = field(default_factory=dict)


def note_heartbeat(spec: GuardSpec, state: GuardState, beat: Heartbeat, now_ns: int) -> None:
    """Take in the newest guarded reading; renew the lease if it is one and is newer. One that was
    taken later than now is none: its time is wrong, and it would never be old."""
    if beat.taken_ns > now_ns + _AHEAD_NS:
        return
    window = state.temperatures
    # Against the newest valid one: neither an old reading nor an invalid one between may make a
    # repeated value look new.
    newest_ns, newest = window[-1] if window else (None, None)
    state.beat = beat
    if beat.temperature_degc is None or (newest_ns is not None and beat.taken_ns <= newest_ns):
        return
    lit_ns = state.lit_ns if state.phase in LIT else None
    state.rise.take(spec, beat.taken_ns, beat.temperature_degc, lit_ns, state.given_j)
    state.identical = state.identical + 1 if newest == beat.temperature_degc else 1
    if state.identical == 1:
        # The highest so far: where the power was lowered, what it comes back to is no rise yet.
        state.rise.same_k = state.rise.peak_k
    window.append((beat.taken_ns, beat.temperature_degc))
    horizon = beat.taken_ns - round(spec.rate_window_s * NS)
    # Three at least, or a rate over a window shorter than the readings are apart is never seen.
    while len(window) > 3 and window[1][0] <= horizon:
        window.popleft()
    # A lease that has run out stays so: a machine that was suspended must not renew it.
    if state.phase in LIT and now_ns <= state.lease_until_ns:
        state.lease_until_ns = now_ns + round(spec.lease_s * NS)


def note_source(state: GuardState, seen: SourceSeen) -> None:
    """Take in what source and meter say; integrate the energy and complete the emission delay."""
    state.seen = seen
    _note_light(state, seen.measured_power_w)
    if state.phase is Phase.EMISSION_DELAY and not state.held_back:
        if seen.said.starting and not state.meter_saw_it:
            state.light_ns = seen.taken_ns
        elif seen.said.beam is Beam.ON or state.meter_saw_it:
            state.phase = Phase.EMITTING
    note_meter(state, seen.measured_power_w, seen.taken_ns)


def note_meter(state: GuardState, measured_w: float | None, taken_ns: int) -> None:
    """Take in what the meter says (None: nothing), also while a source is being lit and its own
    port is busy; without a meter the commanded power counts as given, from ON for the limit, and
    for what the sample must have felt of it from when light may have come."""
    _note_light(state, measured_w)
    if state.phase in LIT and not state.held_back:
        power_w = max(0.0, state.commanded_w if measured_w is None else measured_w)
        for_limit_ns = taken_ns - max(state.energy_to_ns, state.lit_ns)
        for_sample_ns = taken_ns - max(state.energy_to_ns, state.light_ns)
        state.energy_j += power_w * max(0, for_limit_ns) / NS
        state.given_j += power_w * max(0, for_sample_ns) / NS
    state.energy_to_ns = taken_ns


def _note_light(state: GuardState, measured_w: float | None) -> None:
    if measured_w is not None and measured_w > meter_threshold_w(state):
        state.meter_saw_it = True


def meter_threshold_w(state: GuardState) -> float:
    """Measured power above this is emission: a tenth of what was asked, at least 10 mW."""
    return max(DARK_W, 0.1 * state.commanded_w)


def powers_since(state: GuardState, since_ns: int) -> list[float]:
    """Every power, W, that was in force at any time from then on."""
    return [state.commanded_w, *(w for until_ns, w in state.earlier if until_ns >= since_ns)]
