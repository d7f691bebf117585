"""What is known of one source: what it was told, and what has been seen of it since.

Readings become numbers that can be held against a limit: ages, energies, a row of equal values.
Nothing here decides, and nothing here knows an instrument.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from labctl.clock import NS
from labctl.events import Beam
from labctl.evidence._rise import Rise
from labctl.instruments import GateState, SourceState
from labctl.talk import LIT, GuardSpec, Heartbeat, Phase

_AHEAD_NS = NS // 20
_NO_END_NS = 1 << 62
SETTLE_NS = 2 * NS
"""After an edge, source and meter may take this long to agree with the command."""
DARK_W = 0.010
"""Light below this is not told from none."""


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """What was last read from the source and the meter."""

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
class Known:
    """Of one source. The first part is set by whoever lights it, except that an emission delay ends
    by what is seen; the rest is kept by the functions below."""

    phase: Phase = Phase.DISARMED
    lease_until_ns: int = 0
    at_most_ns: int = 0
    """So long the present emission may last, as declared."""
    commanded_w: float = 0.0
    lit_ns: int = 0
    """When the present emission was commanded."""
    dark_ns: int = 0
    """When off was last commanded."""
    held_back: bool = False
    """Lit behind a closed shutter: nothing has reached the sample yet."""
    ever_lit: bool = False
    light_ns: int = 0
    """When light may have come: `lit_ns`, or when the source last said that it was still starting
    and no meter saw light."""
    energy_j: float = 0.0
    """By all sources of the run, as far as this one has been told."""
    given_j: float = 0.0
    """By this source."""
    energy_to_ns: int = 0
    beat: Heartbeat | None = None
    seen: SourceSeen | None = None
    meter_saw_it: bool = False
    """The meter has seen the present (or last) emission on, or light that nobody asked for."""
    temperatures: deque[tuple[int, float]] = field(default_factory=deque)
    """(taken_ns, degC) over the rate window."""
    identical: int = 0
    """How many guarded readings in a row were bit-identical."""
    rise: Rise = field(default_factory=Rise)
    earlier: list[tuple[int, float]] = field(default_factory=list)
    """Powers of this emission that were in force before, as far back as anybody looks: (until when,
    W). While another is being written, both it and the one before are here, without an end."""
    most_w: float = 0.0
    """The highest power of this emission."""
    gates: dict[str, GateSeen] = field(default_factory=dict)
    told: dict[str, tuple[bool, int]] = field(default_factory=dict)
    """Of each gate: whether it was last told to let through, and when it was told."""

    def begin(self, power_w: float, at_most_ns: int, now_ns: int) -> None:
        """An emission is about to be commanded."""
        self.commanded_w = self.most_w = power_w
        self.at_most_ns = at_most_ns
        self.meter_saw_it, self.ever_lit = False, True
        self.identical, self.earlier = 0, []
        self.lit_now(now_ns)

    def lit_now(self, now_ns: int) -> None:
        """Its time begins."""
        self.lit_ns = self.light_ns = self.energy_to_ns = now_ns

    def go_dark(self, now_ns: int, phase: Phase | None = None) -> None:
        """Off is commanded. Without a phase, what was lit is armed and all else stays as it is. In
        the dark any light counts, not a tenth of what was asked before."""
        self.phase = phase or (Phase.ARMED if self.phase in LIT else self.phase)
        self.dark_ns, self.commanded_w, self.held_back = now_ns, 0.0, False


def note_heartbeat(spec: GuardSpec, known: Known, beat: Heartbeat, now_ns: int) -> bool:
    """Take in the newest guarded reading; whether it is a newer one, and valid. One that was taken
    later than now is none: its time is wrong, and it would never be old."""
    if beat.taken_ns > now_ns + _AHEAD_NS:
        return False
    window = known.temperatures
    # Against the newest valid one: neither an old reading nor an invalid one between may make a
    # repeated value look new.
    newest_ns, newest = window[-1] if window else (None, None)
    known.beat = beat
    if beat.temperature_degc is None or (newest_ns is not None and beat.taken_ns <= newest_ns):
        return False
    lit_ns = known.lit_ns if known.phase in LIT else None
    known.rise.take(spec, beat.taken_ns, beat.temperature_degc, lit_ns, known.given_j)
    known.identical = known.identical + 1 if newest == beat.temperature_degc else 1
    if known.identical == 1:
        # The highest so far: where the power was lowered, what it comes back to is no rise yet.
        known.rise.same_k = known.rise.peak_k
    window.append((beat.taken_ns, beat.temperature_degc))
    horizon = beat.taken_ns - round(spec.rate_window_s * NS)
    # Three at least, or a rate over a window shorter than the readings are apart is never seen.
    while len(window) > 3 and window[1][0] <= horizon:
        window.popleft()
    return True


def note_source(known: Known, seen: SourceSeen) -> None:
    """Take in what source and meter say, with the energy; an emission delay ends with the light."""
    known.seen = seen
    _note_light(known, seen.measured_power_w)
    if known.phase is Phase.EMISSION_DELAY and not known.held_back:
        if seen.said.starting and not known.meter_saw_it:
            known.light_ns = seen.taken_ns
        elif seen.said.beam is Beam.ON or known.meter_saw_it:
            known.phase = Phase.EMITTING
    note_meter(known, seen.measured_power_w, seen.taken_ns)


def note_meter(known: Known, measured_w: float | None, taken_ns: int) -> None:
    """Take in what the meter says (None: nothing), also while a source is being lit and its own
    port is busy; without a meter the commanded power counts as given, from ON for the limit, and
    for what the sample must have felt of it from when light may have come."""
    _note_light(known, measured_w)
    if known.phase in LIT and not known.held_back:
        power_w = max(0.0, known.commanded_w if measured_w is None else measured_w)
        for_limit_ns = taken_ns - max(known.energy_to_ns, known.lit_ns)
        for_sample_ns = taken_ns - max(known.energy_to_ns, known.light_ns)
        known.energy_j += power_w * max(0, for_limit_ns) / NS
        known.given_j += power_w * max(0, for_sample_ns) / NS
    known.energy_to_ns = taken_ns


def note_power(spec: GuardSpec, known: Known, power_w: float, now_ns: int, *,
               written: bool) -> None:  # fmt: skip
    """Take in that another power is about to be written, and then that it has been. In between
    either may be in force, and the greater counts as given where no meter tells."""
    note_meter(known, known.seen.measured_power_w if known.seen else None, now_ns)
    if not written:
        known.earlier += [(_NO_END_NS, known.commanded_w), (_NO_END_NS, power_w)]
        known.commanded_w = max(known.commanded_w, power_w)
        return
    *earlier, (_, before_w), _ = known.earlier
    oldest_ns = now_ns - round(spec.rate_window_s * NS) - 2 * SETTLE_NS
    known.earlier = [e for e in earlier if e[0] >= oldest_ns] + [(now_ns, before_w)]
    known.commanded_w, known.most_w = power_w, max(known.most_w, power_w)


def _note_light(known: Known, measured_w: float | None) -> None:
    if measured_w is not None and measured_w > meter_threshold_w(known):
        known.meter_saw_it = True


def meter_threshold_w(known: Known) -> float:
    """Measured power above this is emission: a tenth of what was asked, at least 10 mW."""
    return max(DARK_W, 0.1 * known.commanded_w)


def powers_since(known: Known, since_ns: int) -> list[float]:
    """Every power, W, that was in force at any time from then on."""
    return [known.commanded_w, *(w for until_ns, w in known.earlier if until_ns >= since_ns)]
