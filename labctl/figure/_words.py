"""What the picture says in words: mode, protocol, verdict, efficiency with its interval."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

from labctl.errors import Exit
from labctl.figure._curves import Curves
from labctl.record import JournalState

WIDTH = 62
"""Characters of the smallest print in a line of the narrowest figure."""
LINES = 2


def title(curves: Curves) -> str:
    """Mode, protocol, sample."""
    begun = curves.begun
    if begun is None:
        return "mode unknown: the journal has no beginning"
    return " · ".join(filter(None, (begun.mode.value, begun.protocol, begun.sample)))


def verdict(curves: Curves) -> str:
    """The verdict in words, in at most two lines."""
    wrapped = textwrap.wrap(_verdict(curves), WIDTH)
    if len(wrapped) > LINES:
        wrapped = [*wrapped[: LINES - 1], wrapped[LINES - 1][: WIDTH - 4].rstrip() + " ..."]
    return "\n".join(wrapped)


def footer(curves: Curves) -> str:
    """What identifies the record."""
    begun = curves.begun
    if begun is None:
        return ""
    seed = "" if begun.seed is None else f", seed {begun.seed}"
    faults = f", injected: {' '.join(begun.faults)}" if begun.faults else ""
    words = f"{begun.bench}{seed}, labctl {begun.version}, head {curves.head_hash[:8]}{faults}"
    return textwrap.shorten(words, WIDTH + 12, placeholder=" ...")


def _verdict(curves: Curves) -> str:
    if curves.state is JournalState.DAMAGED:
        return f"DAMAGED RECORD, good up to {curves.end_s:.0f} s; no verdict"
    ended, said = curves.ended, curves.verdict
    if ended is None:
        return f"CUT OFF at {curves.end_s:.0f} s: no closing event, no verdict"
    if ended.exit_code == Exit.BEAM_NOT_CONFIRMED_OFF:
        return _list(f"BEAM NOT CONFIRMED OFF ({ended.beam_how})", ended.outcome, ended.why)
    efficiency = _efficiency(said.results if said is not None else {})
    if ended.outcome != "completed":
        return _list(f"no verdict: {ended.outcome}", ended.why, efficiency)
    if said is None or said.verdict == "none":
        return "nothing was to be checked"
    if said.verdict == "pass":
        return f"pass: {efficiency}" if efficiency else "pass"
    reason = said.reasons[0] if said.reasons else ""
    first = f"{said.verdict}: {efficiency}" if efficiency else said.verdict
    return f"{first}; {reason}" if reason else first


def _list(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def _efficiency(results: Mapping[str, Any]) -> str:
    result = results.get("efficiency")
    if not isinstance(result, Mapping) or result.get("value") is None:
        return ""
    low, high = result.get("low"), result.get("high")
    if low is None or high is None or not high > low:
        return f"efficiency {result['value']:.3g}"
    # Two digits of the standard deviation, which is a quarter of the interval.
    places = max(0, 1 - math.floor(math.log10((high - low) / 4)))
    return f"efficiency {result['value']:.{places}f}, 95 % {low:.{places}f} to {high:.{places}f}"
