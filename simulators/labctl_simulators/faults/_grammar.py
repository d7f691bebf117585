"""Reading what was typed: `NAME[:WHERE][=SIZE]@ONSET[+DURATION]`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from labctl.clock import ns
from labctl.instruments import InputError
from labctl_simulators.faults._kinds import BY_NAME, KINDS
from labctl_simulators.faults._scene import Fault

_SYNTAX = re.compile(
    r"(?P<name>[a-z][a-z-]*)(:(?P<where>[\w.-]+))?(=(?P<size>[^@]+))?(@(?P<when>.+))?"
)
_WHEN = re.compile(r"(?P<laser>laser\+)?(?P<onset>[^+]+)(\+(?P<duration>[^+]+))?")
_QUANTITY = re.compile(r"(?P<number>[+-]?\d+(\.\d+)?)\s*(?P<unit>%|[A-Za-z/]*)")
_SECONDS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_UNITS = {
    "relative": {"%": 0.01},
    "kelvin": {"K": 1.0, "K/W": 1.0},
    "time": _SECONDS,
    "power": {"W": 1.0, "mW": 1e-3},
}


def describe() -> str:
    """All kinds of fault, for the command line's help."""
    lines = ["NAME[:WHERE][=SIZE]@ONSET[+DURATION]; ONSET such as 120s, 2min or laser+60s", ""]
    for kind in KINDS:
        where = "[:WHERE]" if kind.target else ""
        size = f"={kind.shown}" if kind.size else ""
        lines.append(f"  {kind.name + where + size:<30} {kind.help}")
    return "\n".join(lines)


def parse(texts: Iterable[str]) -> tuple[Fault, ...]:
    """All faults asked for; InputError names everything that is wrong with any of them."""
    faults: list[Fault] = []
    problems: list[str] = []
    for text in texts:
        try:
            faults.append(_parse_one(text.strip()))
        except ValueError as problem:
            problems.append(f"{text!r}: {problem}")
    if problems:
        raise InputError(
            "cannot inject " + "; ".join(problems),
            where="--fault",
            fix="Write NAME[:WHERE][=SIZE]@ONSET[+DURATION], e.g. power-step=-10%@120s.",
        )
    return tuple(faults)


def _parse_one(text: str) -> Fault:
    match = _SYNTAX.fullmatch(text)
    if match is None:
        raise ValueError("not of the form NAME[:WHERE][=SIZE]@ONSET[+DURATION]")
    kind = BY_NAME.get(match["name"])
    if kind is None:
        near = difflib.get_close_matches(match["name"], BY_NAME, 1)
        meant = f", did you mean {near[0]!r}" if near else ""
        raise ValueError(f"no such fault{meant} (there are {', '.join(k.name for k in KINDS)})")
    if match["where"] and not kind.target:
        raise ValueError(f"{kind.name} takes no ':{match['where']}'")
    if match["size"] and not kind.size:
        raise ValueError(f"{kind.name} takes no size")
    size = _quantity(match["size"], _UNITS[kind.size], "size") if match["size"] else kind.default
    if kind.size == "relative" and size < -1.0:
        raise ValueError("a loss of more than 100 % is none")
    if kind.size in ("time", "power") and size < 0.0:
        raise ValueError("the size must not be negative")
    after_light, onset_s, duration_s = _parse_when(match["when"])
    return Fault(
        text=text,
        kind=kind,
        where=match["where"] or "",
        size=size,
        onset_ns=ns(onset_s),
        after_light=after_light,
        duration_ns=None if duration_s is None else ns(duration_s),
    )


def _parse_when(text: str | None) -> tuple[bool, float, float | None]:
    if not text:
        raise ValueError("when does it begin? Add an onset, e.g. @120s or @0s")
    match = _WHEN.fullmatch(text)
    if match is None:
        raise ValueError(f"onset {text!r} is not of the form [laser+]TIME[+DURATION]")
    onset_s = _quantity(match["onset"], _SECONDS, "onset")
    duration_s = None
    if match["duration"]:
        duration_s = _quantity(match["duration"], _SECONDS, "duration")
    if onset_s < 0.0 or (duration_s is not None and duration_s <= 0.0):
        raise ValueError("onset and duration must not be negative")
    return match["laser"] is not None, onset_s, duration_s


def _quantity(text: str, units: Mapping[str, float], what: str) -> float:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{what} {text!r} is not a number with a unit")
    if match["unit"] not in units:
        raise ValueError(f"{what} {text!r} needs one of the units {', '.join(units)}")
    return float(match["number"]) * units[match["unit"]]
