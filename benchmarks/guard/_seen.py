"""Whether a fault of the list was seen, and how soon after it began to matter."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.guard._drawn import Acting, Told
from benchmarks.guard._judged import GUARDED
from benchmarks.guard._list import ENDED, Listed
from labctl.clock import NS
from labctl.errors import Exit
from labctl.events import (
    Beam,
    Emission,
    EmissionIntent,
    PortTrouble,
    Reading,
    Sample,
    StateChanged,
    Tripped,
)

AMBIENT = "ambient.temperature"
_SLACK_S = 0.1
_SOON_S = 1e-6


@dataclass(frozen=True)
class Judged:
    """One fault of one run that mattered for long enough."""

    listed: Listed
    seen: bool
    after_s: float | None
    """From when it mattered to the end of the light that it met, else of the run's plan; None where
    that light did not end."""
    alone: bool
    why: str
    """In words, where it was not seen."""


def judge(told: Told, fault: Acting) -> Judged | None:
    """None where it did not matter, or not for long enough to have to be seen."""
    listed = fault.listed
    if listed is None or told.ended is None:
        return None
    end_s = _end_of_plan_s(told)
    begin_s, mattered_s = _mattered(told, fault, listed, end_s)
    if mattered_s <= 0.0:
        return None
    alone = len(told.shape.faults) == 1
    code = told.ended.exit_code
    allowed_s = listed.within_s(told.shape.period_s)
    if listed.harmless:
        seen = not alone or told.ended.outcome == "completed"
        return Judged(listed, seen, 0.0, alone, "" if seen else told.ended.why)
    seen = code in listed.ends
    if seen and code is Exit.PASS:
        # An off drops by itself what else is on the line: what counts is that it was read back.
        off = (told.ended.beam, told.ended.beam_how) == (Beam.OFF, "read back")
        seen = off or bool(told.of(PortTrouble))
    if listed.when == "emission delay" and told.light:
        seen = False
    in_time = (
        listed.long
        or Exit.PASS in listed.ends
        or code not in ENDED
        or mattered_s <= allowed_s + _SLACK_S
    )
    if mattered_s < allowed_s and not (seen and alone and code in ENDED):
        return None
    why = "" if seen and in_time else f"{code.name} {told.ended.why[:60]} after {mattered_s:.1f} s"
    return Judged(listed, seen and in_time, _after_s(told, listed, begin_s, end_s), alone, why)


def _after_s(told: Told, listed: Listed, begin_s: float, end_s: float) -> float | None:
    for entry in told.truth["emission"]:
        off_ns = entry["off_ns"]
        if entry["on_ns"] / NS <= begin_s and (off_ns is None or off_ns / NS >= begin_s):
            return None if off_ns is None else off_ns / NS - begin_s
    return 0.0 if listed.when == "off due" else end_s - begin_s


def _end_of_plan_s(told: Told) -> float:
    """When the run left its plan, or came to its end."""
    assert told.ended is not None
    times = [event.t_ns for event in told.of(Tripped)]
    times += [event.t_ns for event in told.of(StateChanged) if event.new == "ENDING"]
    return min([*times, told.ended.t_ns]) / NS


def _mattered(told: Told, fault: Acting, listed: Listed, end_s: float) -> tuple[float, float]:
    """(from when, for how long)."""
    from_s = told.done_ns.get(fault.text, round(fault.from_s * NS)) / NS
    if fault.text.startswith("!") and fault.text not in told.done_ns:
        return 0.0, 0.0
    until_s = min(fault.until_s, end_s)
    light = [(on_ns / NS, off_ns / NS) for on_ns, off_ns in told.light]
    match listed.when:
        case "lit":
            spans = [(max(from_s, on), min(until_s, off)) for on, off in light]
        case "dark":
            # Its own light begins with it.
            dark = not any(on < from_s <= off for on, off in light)
            spans = [(from_s, until_s)] if dark else []
        case "off due":
            due = [
                t_s
                for t_s in _offs_due(told, end_s)
                if from_s <= t_s - _SLACK_S and t_s <= fault.until_s
            ]
            spans = [(due[0], max(min(fault.until_s, end_s), due[0] + _SOON_S))] if due else []
        case "emission delay":
            delay_s = told.shape.delay_s
            inside = any(t_s <= from_s <= t_s + delay_s for t_s in _commanded_s(told))
            spans = [(from_s, max(until_s, from_s + _SOON_S))] if inside else []
        case _:
            spans = [(from_s, until_s)]
    spans = [(a, b) for a, b in spans if b > a]
    if listed.rise_k:
        spans = [(a, b) for a, b in spans if _rise_k(told, a) >= listed.rise_k]
    if not spans:
        return 0.0, 0.0
    return spans[0][0], spans[0][1] - spans[0][0]


def _offs_due(told: Told, end_s: float) -> list[float]:
    """When each emission was to end: as declared, or with the run."""
    declared = [e.at_most_ns for e in told.of(EmissionIntent)]
    begun = _commanded_s(told)
    return [
        min(on_s + at_most_ns / NS, end_s)
        for on_s, at_most_ns in zip(begun, declared, strict=False)
    ]


def _commanded_s(told: Told) -> list[float]:
    return [e.t_ns / NS for e in told.of(Emission) if "commanded" in e.how and e.beam is Beam.ON]


def _rise_k(told: Told, at_s: float) -> float:
    """Of the sample above the air, as last read before."""
    last: dict[str, float] = {}
    for sample in told.of(Sample):
        if sample.t_ns / NS > at_s:
            break
        for reading in sample.readings:
            if isinstance(reading, Reading):
                last[reading.channel] = reading.value
    return last.get(GUARDED, 0.0) - last.get(AMBIENT, 0.0)
