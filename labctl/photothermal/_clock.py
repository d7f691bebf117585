"""Does the clock of a record run evenly forward? And where does one record end and another begin?

A row whose time is not later than all before it is out of order. If the rows behind it soon run
ahead again, single rows were swapped or repeated; if they do not, the clock was set back, or a
second record was glued on: what follows has another zero of time, and is no part of the first.
"""

from __future__ import annotations

import numpy as np

from labctl.photothermal._discretise import Floats
from labctl.photothermal._finding import Finding, Severity
from labctl.photothermal._record import Record, noise_sd_k, restart_row, usable

_GAP = 5.0
"""Median intervals that are a gap."""
_LONG_GAP_S = 120.0
_ROWS = 10
"""Of either side, whose slopes tell a gap from a clock that jumped."""
_FEW = 20


def audit_clock(record: Record) -> tuple[Finding, ...]:
    """Missing, repeated and backward times, restarts, gaps, jumps, and too few rows."""
    found = [*_order(record)]
    part, places = usable(record)
    found += _gaps(part, places)
    if len(part) < _FEW:
        found.append(
            Finding(
                "few-rows",
                Severity.DOUBTFUL,
                f"{len(part)} rows can be used",
                "A curve needs some dozen readings over heating and cooling.",
            )
        )
    return tuple(found)


def _order(record: Record) -> list[Finding]:
    t = record.time_s
    found = []
    missing = np.flatnonzero(~np.isfinite(t))
    if len(missing):
        found.append(
            Finding(
                "time-missing",
                Severity.DOUBTFUL,
                f"{_rows(len(missing))} without a time, left out",
                "Look at the first of them in the file.",
                int(missing[0]),
            )
        )
    places = np.flatnonzero(np.isfinite(t))
    times = t[places]
    restart = restart_row(times)
    if restart is not None:
        found.append(_restart(times, int(places[restart]), restart))
        times = times[:restart]
    back = np.flatnonzero(np.diff(times) < 0.0) + 1
    same = np.flatnonzero(np.diff(times) == 0.0) + 1
    if len(back):
        i = int(back[0])
        found.append(
            Finding(
                "time-backwards",
                Severity.WRONG,
                f"time runs backwards {_times(len(back))}, first from {times[i - 1]:g} to "
                f"{times[i]:g} s; those rows are left out",
                "Sort the rows if they were swapped; if the clock was set, say so beside the data.",
                int(places[i]),
                float(times[i]),
            )
        )
    if len(same):
        i = int(same[0])
        found.append(
            Finding(
                "time-repeats",
                Severity.DOUBTFUL,
                f"the same time stands in two rows {_times(len(same))}, first {times[i]:g} s; the "
                "second is left out",
                "Export the time with more digits, or remove what was written twice.",
                int(places[i]),
                float(times[i]),
            )
        )
    return found


def _restart(times: Floats, row: int, restart: int) -> Finding:
    first, before, after = times[0], times[restart - 1], times[restart]
    if after - first < 0.1 * (before - first):
        return Finding(
            "records-glued",
            Severity.WRONG,
            f"time begins anew at {after:g} s after {before:g} s: two records in one file; what "
            "follows is left out",
            "Split the file there and analyse each part.",
            row,
            float(after),
        )
    return Finding(
        "clock-jumps",
        Severity.WRONG,
        f"the clock was set back by {before - after:g} s; what follows is left out",
        "Correct the times behind this row, or cut the file there.",
        row,
        float(after),
    )


def _gaps(part: Record, places: np.ndarray) -> list[Finding]:
    steps = np.diff(part.time_s)
    if len(steps) < 4:
        return []
    usual = float(np.median(steps))
    wide = np.flatnonzero(steps > _GAP * usual)
    jumps = [int(i) for i in wide if _jumped(part, int(i), usual)]
    gaps = [int(i) for i in wide if int(i) not in jumps]
    found = []
    if jumps:
        i = jumps[0]
        found.append(
            Finding(
                "clock-jumps",
                Severity.WRONG,
                f"the clock jumps ahead by {steps[i]:.4g} s and the temperature goes on as if "
                "nothing had passed",
                "Take the jump off the times behind this row.",
                int(places[i + 1]),
                float(part.time_s[i + 1]),
            )
        )
    if gaps:
        i = max(gaps, key=lambda k: float(steps[k]))
        severity = Severity.DOUBTFUL if steps[i] > _LONG_GAP_S else Severity.NOTE
        found.append(
            Finding(
                "gap",
                severity,
                f"no reading for {steps[i]:.4g} s (usually every {usual:.3g} s), "
                f"{_times(len(gaps))}",
                "Nothing, if the light did not change in it.",
                int(places[i + 1]),
                float(part.time_s[i + 1]),
            )
        )
    return found


def _jumped(part: Record, i: int, usual_s: float) -> bool:
    """True where the curve went on behind a gap as if it had lasted one usual interval: the slope
    is the same on both sides and the temperature did not move by what that slope asks for."""
    t, y = part.time_s, part.temperature_degc
    left, right = slice(max(0, i + 1 - _ROWS), i + 1), slice(i + 1, i + 1 + _ROWS)
    if left.stop - left.start < 4 or len(t[right]) < 4:
        return False
    before, after = (
        float(np.polyfit(t[side] - t[side].mean(), y[side], 1)[0]) for side in (left, right)
    )
    gap_s = float(t[i + 1] - t[i])
    noise = noise_sd_k(part) or 0.01
    slope = 0.5 * (before + after)
    due = slope * gap_s
    alike = abs(before - after) < 0.3 * abs(slope)
    return alike and abs(due) > 10.0 * noise and abs(y[i + 1] - y[i]) < 0.3 * abs(due)


def _rows(n: int) -> str:
    return "1 row" if n == 1 else f"{n} rows"


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"
