"""What the retained topics say, folded from the events of a run.

`fold` is pure and runs on the engine's thread, so that no state is lost when a queue spills. Where
nothing is known of the emission it says `unknown`: from the moment an emission is intended until it
is told, and for a laser that cannot be read back. What the source reads back at each tick keeps
what was told fresh or contradicts it, and then only to the worse: after a contradiction nothing but
the next word of the guard can make it better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, cast

from labctl.events import (
    COIL,
    HEATER,
    LASER,
    Alarm,
    Beam,
    Dose,
    Emission,
    EmissionIntent,
    Event,
    Reading,
    RunBegun,
    RunEnded,
    Sample,
    StateChanged,
    StepBegun,
    Tripped,
    Verdict,
)

Facts: TypeAlias = Mapping[str, Any]

CONFIRMING = frozenset({"read back", "power meter", "shutter reads closed"})
"""The ways in which off is confirmed while labctl controls the laser."""

EMISSION, INTERLOCK = "laser.emission", "laser.interlock"
"""Channels of what the source reads back: 1 is ON or closed, 0 is OFF or open; not there where it
cannot be read."""
_FED = {"heater.emission": HEATER, "coil.emission": COIL}

_WORDS = {
    "READY": "ready",
    "ARMED": "armed",
    "WARNING": "armed",
    "DARK": "running",
    "EMITTING": "running",
    "WAITING": "running",
    "ENDING": "stopping",
    "ENDED": "ready",
}


@dataclass(frozen=True, slots=True)
class BenchState:
    """All that `$state` and the alarms are made of. Two that differ in nothing but how fresh they
    are compare equal."""

    word: str = "init"
    """`init`, `ready`, `armed`, `running`, `stopping`, `fault`, `offline` or `lost`."""
    engine: str = ""
    """The engine's own word."""
    beam: Beam = Beam.UNKNOWN
    readback: str = "none"
    """`ok`, `mismatch` or `none`."""
    how: str = "nothing told yet"
    told_ns: int = field(default=0, compare=False)
    """Real time at which this was last told of the emission, or read back."""
    commanded_w: float = 0.0
    lease_ns: int = 0
    interlock: str = "unknown"
    """`closed`, `open` or `unknown`."""
    heater: Facts | None = None
    """What is known of the calibration resistor; None until a run uses it."""
    coil: Facts | None = None
    """The same of the coil around the cell."""
    run: Facts = field(default_factory=dict)
    """The run in hand, or the last one with its outcome."""
    alarms: Mapping[str, Facts] = field(default_factory=dict)
    t_ns: int = field(default=0, compare=False)
    """The run's clock at the newest event folded in."""

    @property
    def known_off(self) -> bool:
        """Whether off was confirmed."""
        return self.beam is Beam.OFF and self.readback == "ok"


def fold(state: BenchState, event: Event, heard_ns: int) -> BenchState:
    """`state` after `event`, which was heard at `heard_ns` of real time."""
    if isinstance(event, Sample):
        # Ten times a second and more: only what must be is made anew.
        return _sample(state, event, heard_ns)
    step = _STEPS.get(type(event))
    if step is None:
        return state
    return replace(step(state, event, heard_ns), t_ns=event.t_ns)


def _begun(state: BenchState, event: RunBegun, heard_ns: int) -> BenchState:
    return replace(
        state,
        run={
            **state.run,
            "protocol": event.protocol,
            "sample": event.sample,
            "seed": event.seed,
            "version": event.version,
            "ended": False,
        },
    )


def _changed(state: BenchState, event: StateChanged, heard_ns: int) -> BenchState:
    # A fault stays until the process ends: it is latched in the guard as well.
    word = state.word if state.word == "fault" else _WORDS.get(event.new, "running")
    return replace(state, word=word, engine=str(event.new))


def _sample(state: BenchState, event: Sample, heard_ns: int) -> BenchState:
    lit: bool | None = None
    interlock = "unknown"
    for reading in event.readings:
        channel = reading.channel
        if channel == EMISSION and isinstance(reading, Reading):
            lit = reading.value != 0.0
        elif channel == INTERLOCK and isinstance(reading, Reading):
            interlock = "closed" if reading.value else "open"
        elif channel in _FED and isinstance(reading, Reading):
            state = _fed_reads(state, _FED[channel], reading.value)
    light = None if lit is None else _reads_on(state) if lit else _reads_off(state)
    if light is not None:
        beam, word, how = light
        return replace(
            state,
            beam=beam,
            readback=word,
            how=how,
            interlock=interlock,
            told_ns=heard_ns,
            t_ns=event.t_ns,
        )
    if interlock != state.interlock:
        return replace(state, interlock=interlock, t_ns=event.t_ns)
    return state


def _fed_reads(state: BenchState, source: str, value: float) -> BenchState:
    """Heater or coil reads so: as it was told, or worse."""
    facts = state.coil if source == COIL else state.heater
    if facts is None:
        return state
    if value and facts["emission"] == Beam.OFF.value:
        beam, how = Beam.ON, "OFF was told, it reads ON"
    elif not value and (facts["emission"], facts["readback"]) == (Beam.ON.value, "ok"):
        beam, how = Beam.UNKNOWN, "ON was told, it reads OFF"
    else:
        return state
    said = {**facts, "emission": beam.value, "readback": "mismatch", "how": how}
    return _with_fed(state, source, said)


def _reads_on(state: BenchState) -> tuple[Beam, str, str]:
    """Beam, readback and how, when the source reads ON."""
    if state.beam is Beam.OFF:
        return Beam.ON, "mismatch", "OFF was told, it reads ON"
    if state.readback == "mismatch":
        return Beam.ON, "mismatch", state.how
    return Beam.ON, "ok", "read back"


def _reads_off(state: BenchState) -> tuple[Beam, str, str] | None:
    """The same when it reads OFF; None when that says nothing new and makes nothing younger."""
    if state.known_off:
        return state.beam, state.readback, state.how
    if not state.told_ns or (state.beam is Beam.OFF and state.readback == "none"):
        # Nothing else was ever said of it, or the same without having looked.
        return Beam.OFF, "ok", "read back"
    if state.beam is Beam.ON and state.readback == "ok":
        return Beam.UNKNOWN, "mismatch", "ON was told, it reads OFF"
    # A laser on its way up is ON for everybody; and what is unknown is not off by one reading.
    return None


def _step(state: BenchState, event: StepBegun, heard_ns: int) -> BenchState:
    step = {"index": event.index, "of": event.of, "verb": event.verb, "name": event.name}
    return replace(state, run={**state.run, "step": step})


def _intended(state: BenchState, event: EmissionIntent, heard_ns: int) -> BenchState:
    if event.source != LASER:
        lease_ms = event.lease_ns // 1_000_000
        facts = _fed(Beam.UNKNOWN, "about to be energised", event.power_w)
        return _with_fed(state, event.source, {**facts, "lease_ms": lease_ms})
    return replace(
        state,
        beam=Beam.UNKNOWN,
        readback="none",
        how="about to be lit",
        told_ns=heard_ns,
        commanded_w=event.power_w,
        lease_ns=event.lease_ns,
    )


def _with_fed(state: BenchState, source: str, facts: Facts) -> BenchState:
    return replace(state, coil=facts) if source == COIL else replace(state, heater=facts)


def _fed(beam: Beam, how: str, power_w: float | None) -> dict[str, Any]:
    return {
        "emission": beam.value,
        "commanded_w": 0.0 if beam is Beam.OFF else power_w,
        "readback": readback(beam, how),
        "how": how,
    }


def _emission(state: BenchState, event: Emission, heard_ns: int) -> BenchState:
    if event.source != LASER:
        before = state.coil if event.source == COIL else state.heater
        facts = _fed(event.beam, event.how, event.power_w)
        return _with_fed(state, event.source, {**(before or {}), **facts})
    return replace(
        state,
        beam=event.beam,
        readback=readback(event.beam, event.how),
        how=event.how,
        told_ns=heard_ns,
        commanded_w=(event.power_w or 0.0) if event.beam is not Beam.OFF else 0.0,
    )


def _tripped(state: BenchState, event: Tripped, heard_ns: int) -> BenchState:
    facts = {
        "name": event.rule,
        "message": event.message,
        "value": event.value,
        "limit": event.limit,
        "unit": event.unit,
    }
    return replace(
        state, word="fault", alarms={**state.alarms, f"trip-{event.rule}": _at(event, facts)}
    )


def _alarm(state: BenchState, event: Alarm, heard_ns: int) -> BenchState:
    facts = {
        "name": event.name,
        "message": event.size,
        "fault_class": event.fault_class,
        "causes": list(event.causes),
        "onset_ns": event.onset_ns,
        "split_by": event.split_by,
    }
    # One that says more of an earlier one stands in its place, under its topic.
    key = event.refines or event.name
    return replace(state, alarms={**state.alarms, key: _at(event, facts)})


def _dose(state: BenchState, event: Dose, heard_ns: int) -> BenchState:
    return replace(state, run={**state.run, "dose": event.results})


def _verdict(state: BenchState, event: Verdict, heard_ns: int) -> BenchState:
    return replace(
        state,
        run={
            **state.run,
            "verdict": event.verdict,
            "reasons": list(event.reasons),
            "results": event.results,
        },
    )


def _ended(state: BenchState, event: RunEnded, heard_ns: int) -> BenchState:
    same = event.beam is state.beam
    return replace(
        state,
        word="fault" if event.outcome in {"tripped", "fault"} else state.word,
        beam=event.beam,
        readback=readback(event.beam, event.beam_how),
        how=event.beam_how,
        told_ns=state.told_ns if same else heard_ns,
        run={
            **state.run,
            "ended": True,
            "outcome": event.outcome,
            "why": event.why,
            "exit_code": event.exit_code,
            "verdict": event.verdict,
            "energy_j": event.energy_j,
        },
    )


def _at(event: Event, facts: Facts) -> Facts:
    return {**facts, "raised_ns": event.t_ns}


def readback(beam: Beam, how: str) -> str:
    """What `how` says about reading back: only the guard's own three ways confirm."""
    if how in CONFIRMING:
        return "ok"
    if beam is not Beam.OFF and ("it reads ON" in how or "still sees" in how):
        return "mismatch"
    return "none"


_Step: TypeAlias = Callable[[BenchState, Any, int], BenchState]

_STEPS = cast(
    "dict[type[Event], _Step]",
    {
        RunBegun: _begun,
        StateChanged: _changed,
        StepBegun: _step,
        EmissionIntent: _intended,
        Emission: _emission,
        Tripped: _tripped,
        Alarm: _alarm,
        Dose: _dose,
        Verdict: _verdict,
        RunEnded: _ended,
    },
)
