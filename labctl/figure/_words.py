"""What the picture says in words: mode, protocol, verdict, efficiency with its interval."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

from labctl.errors import Exit
from labctl.events import Beam
from labctl.figure._curves import Curves
from labctl.record import JournalState

WIDTH = 62
"""Characters of the smallest print in a line of the narrowest figure."""
LINES = 3
_TERMS = {
    "efficiency": "efficiency",
    "specific_absorption_rate": "absorption rate",
    "heat_loss_coefficient": "heat-loss coefficient",
}


def title(curves: Curves) -> str:
    """Mode, protocol, sample."""
    begun = curves.begun
    if begun is None:
        return "mode unknown: the journal has no beginning"
    return " · ".join(filter(None, (begun.mode.value, begun.protocol, begun.sample)))


def verdict(curves: Curves, width: int = WIDTH) -> str:
    """The verdict in words, in a few lines."""
    return _wrapped(_verdict(curves), width)


def footer(curves: Curves, width: int = WIDTH) -> str:
    """What identifies the record."""
    begun = curves.begun
    if begun is None:
        return ""
    seed = "" if begun.seed is None else f", seed {begun.seed}"
    faults = f", injected: {' '.join(begun.faults)}" if begun.faults else ""
    head = curves.head_hash[:8]
    bench = begun.bench or "bench not known"
    return _wrapped(f"{bench}{seed}, labctl {begun.version}, head {head}{faults}", width)


def _verdict(curves: Curves) -> str:
    if curves.state is JournalState.DAMAGED:
        return f"DAMAGED RECORD, good up to {curves.end_s:.0f} s; no verdict"
    ended, said = curves.ended, curves.verdict
    if ended is None:
        return f"CUT OFF at {curves.end_s:.0f} s: no closing event, no verdict"
    if ended.exit_code == Exit.BEAM_NOT_CONFIRMED_OFF:
        what, how = "BEAM", ended.beam_how
        if ended.heater is not None and ended.heater is not Beam.OFF:
            what, how = "HEATER", ended.heater_how
        if ended.coil is not None and ended.coil is not Beam.OFF:
            what, how = "COIL", ended.coil_how
        return _list(f"{what} NOT CONFIRMED OFF ({how})", ended.outcome, ended.why)
    if ended.outcome not in ("completed", "imported"):
        # A number that no verdict stands for is not shown.
        return _list(f"no verdict: {ended.outcome}", ended.why)
    if said is None or said.verdict == "none":
        return "nothing was to be checked"
    result = (
        _result(said.results, "efficiency")
        or _result(said.results, "specific_absorption_rate", 1e-3, " W/g of iron")
        or _result(said.results, "heat_loss_coefficient", 1e3, " mW/K")
    )
    if result and any("placeholder" in words for words in said.assumptions):
        result += ", on placeholders"
    first = f"{said.verdict}: {result}" if result else said.verdict
    reason = said.reasons[0] if said.reasons and said.verdict != "pass" else ""
    return f"{first}; {reason}" if reason else first


def _list(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def _wrapped(text: str, width: int) -> str:
    lines = textwrap.wrap(text, width)
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], lines[LINES - 1][: width - 4].rstrip() + " ..."]
    return "\n".join(lines)


def _result(results: Mapping[str, Any], name: str, factor: float = 1.0, unit: str = "") -> str:
    """A result with its interval, or nothing when there is none."""
    result = results.get(name)
    if not isinstance(result, Mapping) or result.get("value") is None:
        return ""
    words = _TERMS[name]
    value, low, high = (
        None if result.get(key) is None else result[key] * factor
        for key in ("value", "low", "high")
    )
    if low is None or high is None or not high > low:
        return f"{words} {value:.3g}{unit}"
    # Two digits of the standard deviation, which is a quarter of the interval.
    places = max(0, 1 - math.floor(math.log10((high - low) / 4)))
    return f"{words} {value:.{places}f}{unit}, 95 % {low:.{places}f} to {high:.{places}f}"
