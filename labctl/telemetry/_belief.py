"""What may still be said of a bench when time has passed: only ever worse than what was told.

Off that was read back is off for three seconds, no longer: after that somebody may have lit the
laser by hand. Where nothing at all is told any more, by a run that hangs or because there is none,
nothing is known of anything. Both are published, so that a reader who looks at nothing but the
retained state is not told more than is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from labctl import clock
from labctl.events import Beam
from labctl.telemetry._fold import BenchState

HEARTBEAT_S = 1.0
"""Seconds of real time between heartbeats."""
FRESH_S = 3 * HEARTBEAT_S
"""For which off that was read back is published as off."""


REPLAYED = "a record is replayed: no bench is looked at"


def believed(state: BenchState, now_ns: int, *, quiet: str) -> BenchState:
    """`state` at `now_ns` of real time; `quiet` says why nothing is told any more, '' if it is."""
    if quiet:
        return replace(
            state,
            beam=Beam.UNKNOWN,
            readback="none",
            how=quiet,
            interlock="unknown",
            heater=_unknown(state.heater, quiet),
            coil=_unknown(state.coil, quiet),
        )
    if state.known_off and now_ns - state.told_ns >= clock.ns(FRESH_S):
        words = f"OFF by {state.how}, longer ago than {FRESH_S:g} s"
        return replace(state, beam=Beam.UNKNOWN, readback="none", how=words)
    return state


def of_replay(state: BenchState) -> BenchState:
    """What is published while a record is replayed: of a bench nothing is known, whatever the
    record says was lit. What it says stands in the run's `replayed`, where nobody takes it for
    light that is on now."""
    recorded = {
        "emission": state.beam.value,
        "readback": state.readback,
        "how": state.how,
        "commanded_w": state.commanded_w,
        "interlock": state.interlock,
        **({} if state.heater is None else {"heater": state.heater}),
        **({} if state.coil is None else {"coil": state.coil}),
    }
    return replace(
        believed(state, 0, quiet=REPLAYED),
        word="running" if state.word == "armed" else state.word,
        told_ns=0,
        commanded_w=0.0,
        lease_ns=0,
        run={**state.run, "replayed": recorded},
    )


def _unknown(fed: Mapping[str, Any] | None, quiet: str) -> Mapping[str, Any] | None:
    if fed is None:
        return None
    return {**fed, "emission": Beam.UNKNOWN.value, "readback": "none", "how": quiet}
