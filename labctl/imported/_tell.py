"""A curve and its analysis as the events of a journal. The same file, inputs and version give the
same events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

import labctl
from labctl.analysis import Analysis, Given, as_plain, line_of
from labctl.clock import NS
from labctl.events import (
    Alarm,
    Analysed,
    Assessment,
    Beam,
    Emission,
    Event,
    FilesKept,
    Imported,
    Invalid,
    Mode,
    PriorsFixed,
    Reading,
    RunBegun,
    RunEnded,
    Sample,
    Verdict,
)
from labctl.photothermal import Record, edges, restart_row
from labctl.record import finite

NAME = "imported"
"""Stands where a run's protocol stands."""
OUTCOME = "imported"
"""How an imported record ends. Not `completed`: nothing that counts runs counts it."""
HOW = "said by the imported file"
_DAY_S = 86400.0
_LATEST_S, _LONGEST_S = 1e10, 1e9
"""Beyond these nothing is a time of a file, or the length of a record."""
_NO_BEAM = "an imported file; labctl lit nothing"


def events_of(
    analysis: Analysis, given: Given, about: Imported, files: Mapping[str, Any]
) -> Iterator[Event]:
    """From the first to the last. `files` are those that the record stands on, with their hashes;
    `about` lacks what only the readings tell, and gets it here."""
    loaded = analysis.loaded
    places, zero_s = placed(loaded.record)
    left_out = np.setdiff1d(np.arange(len(loaded.record)), places)
    specimen, bench = given.specimen, given.bench
    yield RunBegun(
        0,
        mode=Mode.IMPORTED,
        protocol=NAME,
        protocol_digest=about.sha256,
        bench="" if bench is None else bench.name,
        bench_digest="" if bench is None else bench.digest,
        sample="" if specimen is None else specimen.name,
        sample_digest="" if specimen is None else specimen.digest,
        seed=None,
        version=labctl.__version__,
        parameters={"file": about.file},
    )
    yield replace(
        about,
        rows=len(loaded.record),
        left_out=len(left_out),
        first_left_out=line_of(loaded, int(left_out[0])) if len(left_out) else None,
        zero_s=zero_s,
    )
    yield FilesKept(0, dict(files))
    check = analysis.check
    if check is not None:
        yield PriorsFixed(0, check.priors.to_plain(), analysis.assumptions)
    last_ns, samples = 0, 0
    for event in _readings(analysis, given, places, zero_s):
        last_ns = max(last_ns, event.t_ns)
        samples += isinstance(event, Sample)
        yield event
    plain = as_plain(analysis)
    yield Analysed(
        last_ns,
        findings=tuple(plain["findings"]),
        methods=tuple(plain["methods"]),
        asked_for=tuple(plain["asked_for"]),
        one_node_fails=analysis.one_node,
    )
    found = None if check is None else check.verdict
    yield Verdict(
        last_ns,
        verdict=analysis.verdict,
        reasons=analysis.reasons,
        criteria=tuple(replace(one, value=finite(one.value)) for one in analysis.criteria),
        results={} if found is None else _sound(found.results),
        assumptions=analysis.assumptions,
        budget=_sound(analysis.budget),
        improve="" if found is None else found.improve,
    )
    yield RunEnded(
        last_ns,
        outcome=OUTCOME,
        why=f"imported from {about.file}",
        exit_code=int(analysis.exit_code),
        verdict=analysis.verdict,
        beam=Beam.UNKNOWN,
        beam_how=_NO_BEAM,
        samples=samples,
        energy_j=energy_j(analysis.used, given),
    )


def placed(record: Record) -> tuple[Any, float]:
    """Places of the rows that have one on a clock that only goes forward and does not begin anew,
    and what the file's clock says at the record's zero: 0, or the first time where that lies before
    or more than a day after, as seconds since 1970 do."""
    times = record.time_s
    with np.errstate(invalid="ignore"):
        timed = np.flatnonzero(np.abs(times) < _LATEST_S)
    timed = timed[: restart_row(times[timed])]
    if not len(timed):
        return timed, 0.0
    latest = np.maximum.accumulate(times[timed])
    forward = np.ones(len(timed), dtype=bool)
    forward[1:] = times[timed][1:] > latest[:-1]
    places = timed[forward]
    first_s = float(times[places[0]])
    zero_s = first_s if not 0.0 <= first_s <= _DAY_S else 0.0
    return places[times[places] - zero_s < _LONGEST_S], zero_s


def energy_j(used: Record | None, given: Given) -> float:
    """Light at the sample, from the file's power or the one that was given; 0 where neither is
    known (and then the record says that the power is asked for)."""
    if used is None or used.light is None or len(used) < 2:
        return 0.0
    steps_s = np.diff(used.time_s)
    if used.power_w is not None:
        power = np.where(np.isfinite(used.power_w), used.power_w, 0.0) * used.light
        return float(np.sum(0.5 * (power[1:] + power[:-1]) * steps_s))
    if given.power is None:
        return 0.0
    return given.power.value * float(np.sum(steps_s[used.light[:-1]]))


def _readings(analysis: Analysis, given: Given, places: Any, zero_s: float) -> Iterator[Event]:
    """Light, samples, and what the check said after each, in order."""
    record, loaded = analysis.loaded.record, analysis.loaded
    emissions = _emissions(analysis, given, zero_s)
    said = _said(analysis, zero_s)
    emission, word = next(emissions, None), next(said, None)
    for row in places.tolist():
        t_ns = _ns(float(record.time_s[row]) - zero_s)
        while emission is not None and emission.t_ns <= t_ns:
            yield emission
            emission = next(emissions, None)
        yield Sample(t_ns, t_ns, tuple(_of_row(record, row, t_ns, line_of(loaded, row))))
        while word is not None and word.t_ns <= t_ns:
            yield word
            word = next(said, None)


def _of_row(record: Record, row: int, t_ns: int, line: int | None) -> Iterator[Reading | Invalid]:
    columns = (
        ("ambient.temperature", record.ambient_degc, "degC"),
        ("probe.temperature", record.temperature_degc, "degC"),
        ("meter.power", record.power_w, "W"),
    )
    for channel, values, unit in columns:
        if values is None:
            continue
        value = float(values[row])
        if np.isfinite(value):
            yield Reading(channel, value, unit, t_ns)
        else:
            yield Invalid(channel, "device", f"no number in line {line} of the file", t_ns)


def _emissions(analysis: Analysis, given: Given, zero_s: float) -> Iterator[Emission]:
    used = analysis.used
    if used is None:
        return
    power_w = None if given.power is None else given.power.value
    off_w = None if power_w is None else 0.0
    for edge in edges(used):
        beam = Beam.ON if edge.on else Beam.OFF
        t_ns = max(0, _ns(edge.time_s - zero_s))
        yield Emission(t_ns, beam, HOW, power_w if edge.on else off_w)


def _said(analysis: Analysis, zero_s: float) -> Iterator[Event]:
    """What the check said, on the record's clock. Of means of several rows its forecasts stand
    beside no row, and only its alarms are told."""
    check = analysis.check
    if check is None:
        return
    shift_ns = _ns(check.zero_s - zero_s)
    words: list[Assessment | Alarm] = [*check.alarms]
    if analysis.neighbours == 1:
        words += check.assessed
    for word in sorted(words, key=lambda each: each.t_ns):
        if isinstance(word, Alarm):
            yield replace(word, t_ns=word.t_ns + shift_ns, onset_ns=word.onset_ns + shift_ns)
        else:
            yield replace(word, t_ns=word.t_ns + shift_ns)


def _sound(values: Any) -> Any:
    """A journal has no infinity: what is not a number is not known."""
    if isinstance(values, Mapping):
        return {name: _sound(value) for name, value in values.items()}
    return finite(values) if isinstance(values, float) else values


def _ns(time_s: float) -> int:
    return round(time_s * NS)
