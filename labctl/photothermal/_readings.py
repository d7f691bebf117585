"""Are the readings those of a thermocouple in a warm liquid, in degC?"""

from __future__ import annotations

import numpy as np

from labctl.photothermal._discretise import Floats
from labctl.photothermal._finding import Finding, Severity
from labctl.photothermal._record import Record, noise_sd_k, usable

_COARSE_K = 0.09
"""Steps from which a reading is coarse."""
_TOO_COARSE_K = 0.4
"""Steps from which what the check finds in a curve may be the steps."""
_STUCK_ROWS = 8
_BOILING_DEGC = 105.0
_KELVIN = (250.0, 420.0)
_FAHRENHEIT_START = (55.0, 100.0)
"""A sample that starts so warm is not in a room, but in °F it would be."""


def audit_readings(record: Record) -> tuple[Finding, ...]:
    """Missing, constant, stuck and coarse readings, and units of temperature."""
    found = []
    missing = np.flatnonzero(~np.isfinite(record.temperature_degc))
    if len(missing):
        share = len(missing) / len(record)
        found.append(
            Finding(
                "temperature-missing",
                Severity.NOTE if share < 0.01 else Severity.DOUBTFUL,
                f"{len(missing)} of {len(record)} rows have no temperature and are left out",
                "Look at the first of them: an open thermocouple, or a comma that shifts columns?",
                int(missing[0]),
            )
        )
    part, places = usable(record)
    y = part.temperature_degc
    if len(y) > 1 and float(np.ptp(y)) == 0.0:
        found.append(
            Finding(
                "constant",
                Severity.WRONG,
                f"every reading is {y[0]:g}",
                "Is this the right column, and was the thermocouple connected?",
            )
        )
        return tuple(found)
    step = step_k(y)
    stuck = _stuck(part, step)
    if stuck is not None:
        begin, end = stuck
        found.append(
            Finding(
                "stuck",
                Severity.WRONG,
                f"the reading stands still at {y[begin]:g} for {end - begin} rows "
                f"({part.time_s[begin]:g} to {part.time_s[end - 1]:g} s) while the temperature "
                "must have changed",
                "Look for a logger that repeats its last value; leave those rows empty.",
                int(places[begin]),
                float(part.time_s[begin]),
            )
        )
    if step is not None and step >= _COARSE_K:
        found.append(
            Finding(
                "coarse",
                Severity.DOUBTFUL if step >= _TOO_COARSE_K else Severity.NOTE,
                f"the readings come in steps of {step:.3g} K: their errors are not white, and "
                "deviations are too small",
                "Log with more digits.",
            )
        )
    found += _unit(y)
    return tuple(found)


def step_k(values: Floats) -> float | None:
    """The step of which all readings are multiples, in K; None where they have none."""
    different = np.unique(values)
    if len(different) < 3 or len(different) > len(values) * 0.9:
        return None
    step = float(np.diff(different).min())
    off = (different - different[0]) / step
    return step if float(np.abs(off - np.round(off)).max()) < 0.01 else None


def _stuck(part: Record, step: float | None) -> tuple[int, int] | None:
    """(first row, one past the last) of readings that stand still though the curve moves: it jumps
    behind them, or its slope before them asks for more than they show."""
    t, y = part.time_s, part.temperature_degc
    least = 5.0 * max(step or 0.0, noise_sd_k(part) or 0.0, 0.02)
    starts = np.flatnonzero(np.r_[True, np.diff(y) != 0.0])
    ends = np.r_[starts[1:], len(y)]
    for begin, end in zip(starts.tolist(), ends.tolist(), strict=True):
        rows = end - begin
        if rows < _STUCK_ROWS:
            continue
        jump = abs(float(y[end] - y[end - 1])) if end < len(y) else 0.0
        if end + 1 < len(y) and jump < 3.0 * abs(float(y[end + 1] - y[end])):
            # It goes on as it began: the light came on, no value was held.
            jump = 0.0
        before = slice(max(0, begin - rows), begin + 1)
        due = 0.0
        if before.stop - before.start >= _STUCK_ROWS:
            line = np.polyfit(t[before] - t[begin], y[before], 1)
            due = abs(float(line[0])) * float(t[end - 1] - t[begin])
        if jump > least or due > 2.0 * least:
            return begin, end
    return None


def _unit(y: Floats) -> list[Finding]:
    low, high, start = float(y.min()), float(y.max()), float(np.median(y[:5]))
    if _KELVIN[0] < low and high < _KELVIN[1]:
        return [
            Finding(
                "kelvin",
                Severity.WRONG,
                f"readings of {low:.0f} to {high:.0f} are no temperatures of a liquid in degC",
                "They look like kelvin: name the unit in the column's header, or subtract 273.15.",
                hypothesis=True,
            )
        ]
    if _FAHRENHEIT_START[0] < start < _FAHRENHEIT_START[1]:
        celsius = (start - 32.0) / 1.8
        return [
            Finding(
                "fahrenheit",
                Severity.DOUBTFUL,
                f"the record starts at {start:.0f}, no room's temperature in degC",
                f"In degF it would be {celsius:.0f} degC: name the unit in the column's header.",
                hypothesis=True,
            )
        ]
    if high > _BOILING_DEGC:
        row = int(y.argmax())
        return [
            Finding(
                "above-boiling",
                Severity.DOUBTFUL,
                f"up to {high:.0f} degC",
                "Was the liquid boiled away, or the thermocouple out of it?",
                row,
            )
        ]
    return []
