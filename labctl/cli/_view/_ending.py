"""The last words of a run: what came out, why, what is known of the beam, what to do next.

Made once, as labels and sentences; the plain and the terminal view only set them out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from labctl.cli._view._numbers import interval, number, plain, span, uncertainty, with_sd
from labctl.cli._view._seen import Seen
from labctl.cli._view._summary import Summary
from labctl.cli._view._words import alarm_words, trip_words
from labctl.errors import Exit
from labctl.events import Beam, Mode, RunEnded, Verdict

ASSUMPTIONS_SHOWN = 4
"""The record has all of them."""


class Tone(Enum):
    """How an ending is set out; the words alone must be enough."""

    GOOD = auto()
    BAD = auto()
    UNSURE = auto()
    ENDED = auto()
    """Nothing was checked, or a person ended it."""
    LOUD = auto()
    """The beam is not confirmed off."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A headline, then labels with a sentence each, then commands to try."""

    tone: Tone
    headline: str
    facts: tuple[tuple[str, str], ...]
    next_commands: tuple[str, ...]


_NEXT_ACTION: dict[str, str] = {
    "held": "Look at the assays, and repeat with a fresh sample; a run is never resumed.",
    "tripped": "Find what tripped it before anything else. The next run arms from the beginning.",
    "stopped": "The data so far are kept. A run is never resumed; to repeat it, run again.",
    "instrument-lost": "Look at the instrument's cable and power, then run again.",
    "data-fault": "Free space or name another folder with --runs DIR, then run again.",
    "refused": "Mend what is named above, and repeat with a fresh sample; a run is never resumed.",
    "fault": "This is a fault in labctl itself. Please report it with the record's folder.",
}
"""Outcome -> the one next action."""

_HEATER_ACTION = (
    "Pull the plug of the calibration resistor's supply, and see that the sample cools before you "
    "touch it."
)
_COIL_ACTION = (
    "Pull the plug of the coil's supply and of its inverter. Metal near the coil may be hot, and "
    "the field itself is not seen."
)
_ACTIONS = {"HEATER": _HEATER_ACTION, "COIL": _COIL_ACTION}
_BEAM_ACTION = (
    "Do not open the enclosure. Turn the key off or open the interlock at the laser itself, and "
    "see with a meter that the beam is gone."
)

_HEADLINES: dict[str, tuple[Tone, str]] = {
    "held": (Tone.UNSURE, "HELD: a gate did not open, and nothing more was done"),
    "stopped": (Tone.ENDED, "STOPPED"),
    "tripped": (Tone.BAD, "TRIPPED: a safety rule ended the run"),
    "instrument-lost": (Tone.BAD, "INSTRUMENT LOST"),
    "data-fault": (Tone.BAD, "DATA COULD NOT BE WRITTEN"),
    "refused": (Tone.BAD, "REFUSED: what was asked for cannot be done"),
    "fault": (Tone.BAD, "FAULT IN LABCTL"),
}

_VERDICTS: dict[str, tuple[Tone, str]] = {
    "pass": (Tone.GOOD, "PASS: the readings agree with the model"),
    "fail": (Tone.BAD, "FAIL: the readings contradict the model or a hard rule"),
    "cannot tell": (Tone.UNSURE, "CANNOT TELL: the data do not decide"),
    "none": (Tone.ENDED, "COMPLETED: there was nothing to check"),
}

EFFICIENCY = "efficiency"
DO_NOW = "do now"
PLACEHOLDER = "placeholder"
_STANDS_IN = "placeholder: "

_RESULTS: dict[str, str] = {
    "efficiency": EFFICIENCY,
    "specific_absorption_rate": "SAR, of iron",
    "intrinsic_loss_power": "ILP",
    "time_constant": "time constant",
    "heat_loss_coefficient": "heat loss",
    "temperature_rise": "temperature rise",
}
"""Results in the order in which people ask for them; any others follow."""

_FOR_LATER_RUNS = frozenset({"flutter", "lag"})
"""What a blank tells the runs that name it: in the record, and no answer to a person's question."""


def ending(summary: Summary, seen: Seen) -> Ending:
    """The last words of this run."""
    verdict = summary.verdict or seen.verdict
    ended = summary.run_ended or seen.ended
    tone, headline = _headline(summary, seen, ended, verdict)
    return Ending(
        tone=tone,
        headline=f"{seen.mode}  {headline}".lstrip(),
        facts=tuple(_facts(summary, seen, ended, verdict)),
        next_commands=summary.next_commands,
    )


def _loud(summary: Summary, seen: Seen) -> bool:
    known = seen.unconfirmed or seen.heater_unconfirmed or seen.coil_unconfirmed
    return known or summary.exit_code == Exit.BEAM_NOT_CONFIRMED_OFF


def _unconfirmed(seen: Seen) -> str:
    told = {"HEATER": seen.heater_unconfirmed, "COIL": seen.coil_unconfirmed}
    names = [name for name, is_so in told.items() if is_so]
    return " AND ".join((["BEAM"] if seen.unconfirmed or not names else []) + names)


def _headline(
    summary: Summary, seen: Seen, ended: RunEnded | None, verdict: Verdict | None
) -> tuple[Tone, str]:
    if _loud(summary, seen):
        return Tone.LOUD, f"{_unconfirmed(seen)} NOT CONFIRMED OFF"
    if ended is None:
        return Tone.BAD, "THE RUN DID NOT REACH ITS END"
    if ended.outcome != "completed":
        return _HEADLINES.get(ended.outcome, (Tone.BAD, ended.outcome.upper()))
    word = verdict.verdict if verdict else ended.verdict
    if word == "pass" and seen.release is not None and seen.assessment is None:
        return Tone.GOOD, "PASS: a release was followed; no reading was checked by the model"
    return _VERDICTS.get(word, (Tone.UNSURE, word.upper()))


def _facts(
    summary: Summary, seen: Seen, ended: RunEnded | None, verdict: Verdict | None
) -> Iterator[tuple[str, str]]:
    # While the beam may be on nothing else counts; the rest stands in the record.
    loud = _loud(summary, seen)
    completed = ended is not None and ended.outcome == "completed" and not loud
    if loud:
        yield DO_NOW, _ACTIONS.get(_unconfirmed(seen), _BEAM_ACTION)
        if seen.begun and seen.begun.mode is Mode.SIMULATED:
            yield "mode", "SIMULATED: no real beam exists here."
    if seen.tripped:
        yield "tripped", trip_words(seen.tripped)
    if ended and ended.why and not completed and ended.outcome != "tripped":
        yield "why", ended.why
    if ended and not completed:
        yield from _sources(ended)
    if verdict and not loud:
        yield from _results(verdict.results)
        said = ended.why if ended and ended.why and not completed else ""
        for reason in verdict.reasons:
            # Where it says why already, once is enough.
            if not said or said not in reason:
                yield "reason", reason
    for alarm in seen.alarms:
        yield "alarm", alarm_words(alarm)
    if ended and completed:
        yield from _sources(ended)
    if verdict and not loud:
        yield from _criteria(verdict, ended.why if ended else "")
        if verdict.improve:
            yield "to improve", verdict.improve
        yield from _assumptions(verdict.assumptions)
    for message in summary.messages:
        yield "note", message
    if seen.dose and not loud:
        for text in seen.dose.words:
            yield "dose", text
    if ended:
        energy = f", {plain(ended.energy_j, 'J', 1)} at the sample" if ended.energy_j else ""
        if ended.electrical_j:
            energy += f", {plain(ended.electrical_j, 'J', 1)} from the heater"
        if ended.coil_j:
            energy += f", {plain(ended.coil_j, 'J', 1)} from the coil's supply"
        yield "run", f"{span(ended.t_ns)}, {ended.samples} samples{energy}"
    if summary.record:
        yield "record", str(summary.record)
    if summary.figure:
        yield "figure", str(summary.figure)
    if summary.exit_code:
        yield "exit code", f"{summary.exit_code} ({_exit_words(summary.exit_code)})"
    if ended and ended.outcome in _NEXT_ACTION and not loud:
        yield "next", _NEXT_ACTION[ended.outcome]


def _sources(ended: RunEnded) -> Iterator[tuple[str, str]]:
    fed = ended.heater is not None or ended.coil is not None
    if not fed or ended.beam is not Beam.UNKNOWN or ended.energy_j:
        yield "beam", _beam(ended)
    if ended.heater is not None:
        yield "heater", f"{ended.heater.value.upper()}{_comma(ended.heater_how)}"
    if ended.coil is not None:
        yield "coil", f"{ended.coil.value.upper()}{_comma(ended.coil_how)}"


def _beam(ended: RunEnded) -> str:
    if ended.beam is Beam.UNKNOWN:
        return f"UNKNOWN{_comma(ended.beam_how)}"
    return f"{ended.beam.value.upper()}{_comma(ended.beam_how)}"


def _results(results: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    names = [name for name in _RESULTS if name in results]
    names += [name for name in results if name not in {*_RESULTS, *_FOR_LATER_RUNS}]
    for name in names:
        entry = results[name]
        label = _RESULTS.get(name, name.replace("_", " "))
        if not isinstance(entry, Mapping):
            yield label, str(entry)
        elif entry.get("value") is not None:
            yield label, _result(entry)
        elif entry.get("words"):
            yield label, str(entry["words"])


def _result(entry: Mapping[str, Any]) -> str:
    """`0.410 ± 0.021 (95 % 0.369 to 0.451; statistical ± 0.008, inputs ± 0.019)`."""
    unit = str(entry.get("unit", ""))
    parts = {
        "statistical": entry.get("sd_statistical"),
        "inputs": entry.get("sd_inputs"),
    }
    sd = math.hypot(*(part or 0.0 for part in parts.values()))
    text = with_sd(entry["value"], sd, unit)
    inside = []
    if entry.get("low") is not None and entry.get("high") is not None:
        inside.append(f"95 % {interval(entry['low'], entry['high'], sd, unit)}")
    # With the decimals of the whole, unless they would show a share as nothing.
    shares = [
        f"{name} ± {uncertainty(part, sd if part > sd / 10 else part, unit)}"
        for name, part in parts.items()
        if part
    ]
    if len(shares) > 1:
        inside.append(", ".join(shares))
    elif shares:
        inside.append(f"{shares[0].partition(' ')[0]} only")
    return f"{text} ({'; '.join(inside)})" if inside else text


def _criteria(verdict: Verdict, said: str) -> Iterator[tuple[str, str]]:
    for test in verdict.criteria:
        if test.outcome in ("pass", "not applicable") or (test.why and test.why == said):
            continue
        value = "no value" if test.value is None else number(test.value, None)
        why = f", {test.why}" if test.why else ""
        yield "test", f"{test.name}: {test.outcome} ({value}, must be {test.threshold}{why})"


def _assumptions(assumptions: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    # What only stands in for a measurement comes first, and none of it is left out.
    stand_ins = [text for text in assumptions if text.startswith(_STANDS_IN)]
    others = [text for text in assumptions if not text.startswith(_STANDS_IN)]
    if stand_ins:
        names = "; ".join(text.removeprefix(_STANDS_IN) for text in stand_ins)
        yield PLACEHOLDER, f"no measurement: {names}"
    ordered = sorted(others, key=lambda text: "placeholder" not in text)
    for text in ordered[:ASSUMPTIONS_SHOWN]:
        yield "assumed", text
    more = len(others) - ASSUMPTIONS_SHOWN
    if more > 0:
        yield "assumed", f"{more} more, in the record"


def _exit_words(code: int) -> str:
    try:
        return Exit(code).name.lower().replace("_", " ")
    except ValueError:
        return "unknown"


def _comma(text: str) -> str:
    return f", {text}" if text else ""
