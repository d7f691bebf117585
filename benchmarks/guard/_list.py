"""The faults that must not go unseen: when each one matters, and how it must show.

A fault matters while it acts on a run that is under way and in the state that it is about (lit,
dark, off being due). It is judged when it has mattered for as long as its row allows; what came of
it is taken from what the run said and from the world's own log, never from the fault's own name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.guard._deeds import STALL_S
from labctl.errors import Exit

ENDED = frozenset(
    {Exit.SAFETY, Exit.INSTRUMENT, Exit.BEAM_NOT_CONFIRMED_OFF, Exit.DATA, Exit.STOPPED}
)
"""The run did not go on to its planned end."""
NOT_PASSED = ENDED | {Exit.CHECK_FAILED, Exit.CANNOT_TELL}
ARROYO = ("simulated", "simulated-gates")
GATED = ("simulated-gates", "simulated-cni")
ALL = (*ARROYO, "simulated-cni")


@dataclass(frozen=True)
class Listed:
    """One fault of the list."""

    name: str
    """As people call it."""
    fault: str
    """As the simulator, or `_deeds`, is asked for it, without its time."""
    when: str
    """`lit`, `dark`, `off due`, `emission delay` or `any`."""
    within_s: Callable[[float], float]
    """So long may it matter unseen; takes the sampling period in seconds."""
    ends: frozenset[Exit]
    """The exit codes with which it counts as seen; with PASS only where off was read back at the
    end, or the port's trouble is on the record."""
    benches: tuple[str, ...] = ALL
    rise_k: float = 0.0
    """It can be told from a healthy reading only where the sample is so much above the air."""
    long: bool = False
    """Seen by the check: needs a run that is long enough for one, and is judged at its end."""
    harmless: bool = False
    """Nothing may come of it: the run goes on as if it had not been."""


def _reading(more_s: float, readings: int = 2) -> Callable[[float], float]:
    return lambda period_s: more_s + readings * period_s


LIST = (
    Listed("thermocouple unplugged", "open-thermocouple", "lit", _reading(0.5), ENDED),
    Listed(
        "thermocouple shorted", "shorted-thermocouple", "lit", _reading(6.0), ENDED, rise_k=1.5
    ),
    Listed(
        "thermocouple reversed", "reversed-thermocouple", "lit", _reading(6.0), ENDED, rise_k=1.5
    ),
    Listed(
        "thermocouple swapped", "swapped-thermocouples", "lit", _reading(6.0), ENDED, rise_k=1.5
    ),
    Listed("reading frozen", "frozen-reading", "lit", _reading(15.0, 14), ENDED),
    Listed("thermocouple fallen out", "bead-out", "lit", _reading(15.0), ENDED, rise_k=3.0),
    Listed("laser ignores off", "laser-ignores-off", "off due", _reading(2.0), ENDED),
    Listed("laser lies about off", "laser-lies-about-off", "off due", _reading(2.0), ENDED),
    Listed(
        "power 20 % above command", "power-step=+20%", "lit", _reading(60.0), NOT_PASSED,
        ("simulated",), long=True,
    ),
    Listed("interlock opened", "interlock-open", "lit", _reading(0.5), ENDED, ARROYO),
    Listed(
        "interlock opened in the emission delay", "interlock-open", "emission delay",
        _reading(0.5), ENDED, ARROYO,
    ),
    Listed("meter's port unplugged", "unplugged-port:meter", "lit", _reading(1.0), ENDED),
    Listed("scanner's port unplugged", "unplugged-port:scanner", "lit", _reading(1.0), ENDED),
    Listed("laser's port unplugged", "unplugged-port:diode", "lit", _reading(1.0), ENDED, ARROYO),
    Listed(
        "port out of step at stop", "late-reply:diode=700ms", "off due", _reading(1.0),
        NOT_PASSED | {Exit.PASS}, ARROYO,
    ),
    Listed("laser on by itself", "laser-on-by-itself", "dark", _reading(1.0), ENDED),
    Listed("shutter falls shut", "shutter-falls-shut", "lit", _reading(1.0), ENDED, GATED),
    Listed("shutter stuck", "shutter-stuck", "off due", _reading(2.0), ENDED, GATED),
    Listed(
        "dead-man drops", "deadman-drops", "lit", _reading(1.0), ENDED, ("simulated-gates",)
    ),
    Listed("clock stepped by an hour", "!clock-stepped", "any", _reading(0.0), ENDED,
           harmless=True),
    Listed("disk full", "!disk-full", "any", _reading(10.0), ENDED),
    Listed("disk read-only", "!disk-read-only", "any", _reading(10.0), ENDED),
    Listed("event loop stalled 2 s", "!stalled", "lit", _reading(STALL_S + 0.1, 0), ENDED),
    Listed("SIGINT twice", "!interrupted", "any", _reading(0.5), ENDED),
)  # fmt: skip
"""A frozen reading is one that the sample must have left by three steps of the instrument: on these
samples that takes some seconds at first and 12 s after a minute of light. Two engines on one bench
is not here: it takes processes, and is tried on a served bench. A disk
fails in real time, a tenth of a second of which is 2.5 s of such a run. A stall holds up the guard
too, which shares the loop in virtual time; with a process of its own see `kills`, SIGSTOP."""
