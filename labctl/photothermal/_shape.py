"""Is the record whole, one record, and does its light column agree with its curve?"""

from __future__ import annotations

import math

import numpy as np

from labctl.photothermal._branches import Branches, Edge, branches, edges
from labctl.photothermal._discretise import Floats
from labctl.photothermal._finding import Finding, Severity, at
from labctl.photothermal._kinks import Kink, kinks
from labctl.photothermal._log_linear import log_linear_cooling
from labctl.photothermal._readings import step_k
from labctl.photothermal._record import Record, UnusableError, noise_sd_k, usable

_EARLY_S, _LATE_S = 6.0, 15.0
"""A bend may be so much before and behind the interval in which the light changed: the clock's and
the bead's share."""
_OF_EDGE = 0.75
"""Of the room that a bend needs: so near to an edge of the light it is the edge's."""
_SHORT = 3.0
"""Time constants of heating from which a plateau is within 5 %."""
_TAIL = 1.0
_UNSTABLE = 0.15
"""Of the time constant, over the floors of theta."""
_GAP_S = 10.0
"""Between the two rows of an edge, at least, and more than three rows' usual distance: the moment
of the switch is then open by more than a bench's own delays."""
_ROOM = 0.15
"""Of the record, that an edge must be from its ends where no bend says how much is needed."""
_RELAXES_S = 90.0
"""After an edge the wall follows, and the curve bends again."""
_SIDE = 4
"""Rows of either side that give a step its slopes."""
_BENDS = 25
"""Places between them at which a bend is tried instead."""
_STEP_SD, _STEP_K = 12.0, 0.4
"""A step is so many deviations of the readings' noise, and so large."""
_MOST_STEPS = 300
_FALL = 0.25
"""Of the whole range of the readings, from one row to the next."""


def audit_shape(record: Record) -> tuple[Finding, ...]:
    """Of a record with known light: glued curves, missing branches, edges of the light that the
    curve contradicts, and a time constant that hangs on the tail."""
    part, places = usable(record)
    found = [*_glued(part, places)]
    try:
        cut = branches(part)
    except UnusableError as error:
        never = Finding(
            "never-lit",
            Severity.DOUBTFUL,
            str(error),
            "Check the light's column and its words; heat of a resistor is not analysed here.",
        )
        return (*found, never)
    jumps = () if found else curve_steps(part)
    found += [_jump(part, places, jump) for jump in jumps]
    # A step bends the curve up and down again.
    bends = [
        bend
        for bend in kinks(part)
        if all(abs(bend.time_s - part.time_s[row]) > 2.0 * bend.window_s for row, _ in jumps)
    ]
    found += _edges(part, places, tuple(bends))
    found += _branches(part, cut)
    return tuple(found)


def audit_no_light(record: Record) -> tuple[Finding, ...]:
    """For a record whose light was found from its curve: says so, and where."""
    found = edges(record)
    words = ", ".join(f"{'on' if edge.on else 'off'} at {edge.time_s:.0f} s" for edge in found)
    return (
        Finding(
            "light-from-curve",
            Severity.DOUBTFUL,
            f"the record does not say when the light was on; by its bends: {words}",
            "Add a column with the light (0 or 1), or name it if it has an unusual name.",
        ),
    )


# -- parts -------------------------------------------------------------------------------------


def _glued(part: Record, places: np.ndarray) -> list[Finding]:
    """A fall from one row to the next back to where the record began: a second one was put behind
    it and its times made to go on."""
    t, y = part.time_s, part.temperature_degc
    whole = float(np.ptp(y))
    noise = noise_sd_k(part) or 0.0
    if len(y) < 8 or whole < 20.0 * max(noise, 0.01):
        return []
    start = float(np.median(y[:3]))
    steps = np.diff(y)
    usual = float(np.median(np.diff(t)))
    least = max(_FALL * whole, _STEP_SD * noise, 4.0 * (step_k(y) or 0.0))
    falls = (steps < -least) & (np.diff(t) < 5.0 * usual)
    falls &= np.abs(y[1:] - start) < 0.15 * whole
    # A single low reading is no second record.
    falls[:-1] &= np.abs(y[2:] - start) < 0.3 * whole
    rows = np.flatnonzero(falls) + 1
    if not len(rows):
        return []
    row, time_s = at(part, places, int(rows[0]))
    return [
        Finding(
            "records-glued",
            Severity.WRONG,
            f"the temperature falls by {-steps[rows[0] - 1]:.1f} K from one row to the next, back "
            "to where the record began: two records in one",
            "Split the file there and analyse each part.",
            row,
            time_s,
        )
    ]


def curve_steps(part: Record) -> tuple[tuple[int, float], ...]:
    """(row, K) for each step of a usable record's curve from one row to the next, beyond what the
    slopes of both sides carry it, away from the edges of the light: (the first row behind it)."""
    t, y = part.time_s, part.temperature_degc
    noise = noise_sd_k(part)
    if noise is None or len(y) < 4 * _SIDE:
        return ()
    least = max(_STEP_SD * noise, _STEP_K, 4.0 * (step_k(y) or 0.0))
    rows = np.flatnonzero(np.abs(np.diff(y)) > 0.5 * least) + 1
    if len(rows) > _MOST_STEPS:
        rows = np.sort(rows[np.argsort(np.abs(y[rows] - y[rows - 1]))[-_MOST_STEPS:]])
    lit = np.array([edge.row for edge in edges(part)], dtype=int)
    found: list[tuple[int, float]] = []
    for row in rows.tolist():
        if row < _SIDE or row + _SIDE > len(y) or bool((np.abs(lit - row) <= _SIDE).any()):
            continue
        before, after = slice(row - _SIDE, row), slice(row, row + _SIDE)
        left = np.polyfit(t[before] - t[row - 1], y[before], 1)
        right = np.polyfit(t[after] - t[row], y[after], 1)
        due = 0.5 * float(left[0] + right[0]) * float(t[row] - t[row - 1])
        size = float(right[1] - left[1]) - due
        if abs(size) < max(least, 0.75 * abs(due)) or _is_bend(t, y, row, (left, right)):
            continue
        if found and row - found[-1][0] <= _SIDE:
            if abs(size) > abs(found[-1][1]):
                found[-1] = (row, size)
            continue
        found.append((row, size))
    return tuple(found)


def _is_bend(t: Floats, y: Floats, row: int, lines: tuple[Floats, Floats]) -> bool:
    """True where a curve that bends near a row, and goes on from where it was, is nearer to its
    readings than the two lines that a step there leaves: rows far apart make a bend look so."""
    before, after = slice(row - _SIDE, row), slice(row, row + _SIDE)
    stepped = sum(
        float(np.sum((y[side] - np.polyval(line, t[side] - t[side.start + at])) ** 2))
        for side, line, at in zip((before, after), lines, (_SIDE - 1, 0), strict=True)
    )
    both = slice(before.start, after.stop)
    times, values = t[both], y[both]
    for bend_s in np.linspace(times[1], times[-2], _BENDS):
        columns = np.stack([np.ones_like(times), times - bend_s, np.maximum(0.0, times - bend_s)])
        found = np.linalg.lstsq(columns.T, values, rcond=None)[0]
        if float(np.sum((values - found @ columns) ** 2)) <= stepped:
            return True
    return False


def _jump(part: Record, places: np.ndarray, jump: tuple[int, float]) -> Finding:
    row, size = jump
    before_s, after_s = float(part.time_s[row - 1]), float(part.time_s[row])
    return Finding(
        "curve-steps",
        Severity.DOUBTFUL,
        f"between {before_s:.6g} and {after_s:.6g} s the curve steps by {size:+.2g} K beyond its "
        "slope, and the light did not change",
        "A moved thermocouple, light on it, an offset, or a curve put together: the full model "
        "names what it may be.",
        int(places[row]),
        after_s,
    )


def _edges(part: Record, places: np.ndarray, bends: tuple[Kink, ...]) -> list[Finding]:
    found = []
    told = edges(part)
    usual = float(np.median(np.diff(part.time_s))) if len(part) > 1 else 0.0
    y = part.temperature_degc
    coarse = max(noise_sd_k(part) or 0.0, step_k(y) or 0.0)
    still = float(np.ptp(y)) < _STEP_SD * coarse
    taken: set[int] = set()
    for edge in told:
        if edge.row > 0 and edge.latest_s - edge.earliest_s > max(3.0 * usual, _GAP_S):
            found.append(_in_a_gap(edge, at(part, places, edge.row)[0]))
            continue
        near = _nearest(edge, bends)
        room_s = 2.0 * bends[0].window_s if bends else _ROOM * float(np.ptp(part.time_s))
        if near is not None and abs(bends[near].time_s - edge.time_s) <= _OF_EDGE * room_s:
            taken.add(near)
        begin, end = float(part.time_s[0]), float(part.time_s[-1])
        if edge.row == 0 or edge.earliest_s - begin < room_s or end - edge.latest_s < room_s:
            # A bend cannot be seen at the very ends.
            continue
        if near is None and not still:
            # Too little light, noise or few rows: no bend is seen where there is one.
            continue
        finding = _contradiction(edge, None if near is None else bends[near], usual)
        if finding is None:
            continue
        row, _ = at(part, places, edge.row)
        words, fix, severity = finding
        found.append(Finding("edge-contradicts", severity, words, fix, row, edge.time_s))
    if told and not found:
        found += [
            _bend(bend)
            for i, bend in enumerate(bends)
            if i not in taken
            and all(
                abs(bend.time_s - edge.time_s) > max(4.0 * bend.window_s, _RELAXES_S)
                for edge in told
            )
        ]
    return found


def _in_a_gap(edge: Edge, row: int | None) -> Finding:
    word = "on" if edge.on else "off"
    return Finding(
        "edge-in-a-gap",
        Severity.DOUBTFUL,
        f"the light goes {word} somewhere between {edge.earliest_s:.6g} and {edge.latest_s:.6g} s, "
        "where there is no reading",
        "Add a row at the moment of the switch, with the light's column as from then on.",
        row,
        edge.time_s,
    )


def _nearest(edge: Edge, bends: tuple[Kink, ...]) -> int | None:
    same = [i for i, bend in enumerate(bends) if bend.on == edge.on]
    return min(same, key=lambda i: abs(bends[i].time_s - edge.time_s)) if same else None


def _contradiction(
    edge: Edge, bend: Kink | None, usual_s: float
) -> tuple[str, str, Severity] | None:
    word = "on" if edge.on else "off"
    if bend is None:
        return (
            f"the light goes {word} at {edge.time_s:.0f} s by its column, and the curve does not "
            "bend",
            "Check the light's column, and that this is the heated sample's thermocouple.",
            Severity.DOUBTFUL,
        )
    early = edge.earliest_s - bend.time_s - max(_EARLY_S, usual_s, 0.25 * bend.window_s)
    late = bend.time_s - edge.latest_s - max(_LATE_S, 1.5 * usual_s, 0.5 * bend.window_s)
    if early <= 0.0 and late <= 0.0:
        return None
    off_s = bend.time_s - edge.time_s
    behind = "later" if off_s > 0.0 else "earlier"
    return (
        f"the light goes {word} at {edge.time_s:.0f} s by its column, and the curve bends at "
        f"{bend.time_s:.0f} s, {abs(off_s):.0f} s {behind}",
        "Correct the light's column: an edge taken from the largest reading is such an error.",
        Severity.WRONG if max(early, late) > _LATE_S else Severity.DOUBTFUL,
    )


def _bend(bend: Kink) -> Finding:
    return Finding(
        "bend-without-light",
        Severity.DOUBTFUL,
        f"the slope changes by {bend.change_k_per_s:+.2g} K/s at about {bend.time_s:.0f} s, as at "
        "an edge of the light, and the light did not change",
        "The column of the light may be wrong (a shutter, or a laser told on and not lit). Else a "
        "step of power, a moved thermocouple, or a curve put together: the full model names the "
        "class.",
        None,
        bend.time_s,
    )


def _branches(part: Record, cut: Branches) -> list[Finding]:
    found = []
    if cut.before.stop < 3:
        found.append(
            Finding(
                "no-baseline",
                Severity.NOTE,
                "there is hardly a reading before the light: the surroundings are taken from the "
                "first one",
                "Log a minute in the dark first.",
            )
        )
    if cut.cycles > 1:
        found.append(
            Finding(
                "cycles",
                Severity.NOTE,
                f"the light came on {cut.cycles} times; the classical methods use the first",
                "Nothing.",
            )
        )
    if cut.off_s is None or cut.cooling.stop - cut.cooling.start < 3:
        found.append(
            Finding(
                "no-cooling",
                Severity.NOTE,
                "the record has no cooling: without it heat loss and surroundings are hardly told "
                "apart, and Roper's method has no time constant",
                "Log at least one time constant after switch-off.",
            )
        )
        return found
    return found + _tail(part, cut)


def _tail(part: Record, cut: Branches) -> list[Finding]:
    dark = part.temperature_degc[cut.before]
    surroundings = float(dark.mean()) if len(dark) >= 3 else float(part.temperature_degc[0])
    hottest = float(part.temperature_degc[cut.heating][-5:].mean())
    try:
        line = log_linear_cooling(part, cut, surroundings, hottest)
    except UnusableError as error:
        words = "Log at least one time constant after switch-off."
        return [Finding("no-cooling", Severity.NOTE, str(error), words)]
    found = []
    tau = line.time_constant_s
    ratio = (cut.heating_s or 0.0) / tau
    if ratio < _SHORT:
        found.append(
            Finding(
                "no-plateau",
                Severity.NOTE,
                f"heated for {ratio:.1f} time constants: {100.0 * math.exp(-ratio):.0f} % below "
                "its plateau",
                "Nothing for the full model; the steady-state form is low by as much.",
            )
        )
    cooled = (float(part.time_s[cut.cooling][-1]) - (cut.off_s or 0.0)) / tau
    if cooled < _TAIL:
        found.append(
            Finding(
                "short-tail",
                Severity.NOTE,
                f"cooled for {cooled:.1f} time constants only",
                "Log at least one time constant after switch-off.",
            )
        )
    if line.high_s - line.low_s > _UNSTABLE * tau:
        found.append(
            Finding(
                "tail-unstable",
                Severity.NOTE,
                f"the time constant of the cooling runs from {line.low_s:.0f} to {line.high_s:.0f} "
                "s with the least theta that is used: it is not one exponential",
                "Do not use one time constant; the full model has more than one.",
            )
        )
    return found
