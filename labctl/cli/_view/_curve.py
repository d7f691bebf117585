"""A curve in braille dots: two across and four down in every letter.

Pure: values in, rows of (text, what it is) out. The caller chooses the colours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from labctl.cli._view._history import History, Point
from labctl.clock import NS
from labctl.events import Beam

GUTTER = 7
"""Letters left of the curve, for the temperature axis."""

_MIN_SPAN_K = 1.0
"""A quiet reading must not look like a storm."""

TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200)
_AXIS_ENDS_S = (60, 120, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200)
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BLANK = 0x2800


class Ink(StrEnum):
    """What a piece of the picture is."""

    NONE = "none"
    MEASURED = "measured"
    AMBIENT = "ambient"
    BAND = "band"
    LASER = "laser"
    HEATER = "heater"
    UNKNOWN = "unknown"
    AXIS = "axis"


Row = list[tuple[str, Ink]]
Series = tuple[int, float | None, float | None]
"""Time in ns, lowest and highest value."""
Span = tuple[float, float]
"""Lowest and highest value in one column of dots."""


def axis_end_ns(now_ns: int, worst_case_ns: int | None) -> int:
    """Where the time axis ends: a round time a little ahead, never beyond what the run can
    last."""
    wanted_s = max(now_ns / NS * 1.05, 1.0)
    end_s = next((end for end in _AXIS_ENDS_S if end >= wanted_s), 0)
    if not end_s:
        end_s = math.ceil(wanted_s / 3600) * 3600
    end_ns = end_s * NS
    return end_ns if worst_case_ns is None else max(min(end_ns, worst_case_ns), now_ns, NS)


def curve(history: History, width: int, height: int, end_ns: int) -> list[Row]:
    """`height` rows of `width` letters: the temperature axis, the measured curve over the model's
    band (mean +- 2 sd), and the surroundings."""
    across, down = 2 * (width - GUTTER), 4 * height
    points = history.points
    low, high = _range(points)

    def dot(value: float) -> int:
        """Row of dots from the top, outside the picture when the value is."""
        return math.floor((high - value) / (high - low) * (down - 1) + 0.5)

    canvas = _Canvas(width - GUTTER, height)
    for column, (bottom, top) in columns(_band(points), across, end_ns).items():
        for y in range(max(dot(top), 0), min(dot(bottom), down - 1) + 1):
            if (column + y) % 2 == 0 or y in (dot(top), dot(bottom)):
                canvas.set(column, y, Ink.BAND)
    for column, (bottom, _) in columns(_ambient(points), across, end_ns).items():
        if column % 4 == 0:
            canvas.set(column, dot(bottom), Ink.AMBIENT)
    for column, (bottom, top) in connected(columns(_measured(points), across, end_ns)):
        for y in range(dot(top), dot(bottom) + 1):
            canvas.set(column, y, Ink.MEASURED)
    named = labels(low, high, height)
    return [
        [(f"{named.get(y, ''):>{GUTTER - 1}}", Ink.AXIS), ("│", Ink.AXIS), *canvas.row(y)]
        for y in range(height)
    ]


def laser_bar(history: History, width: int, end_ns: int, now_ns: int) -> Row:
    """One row that marks when the laser was on, or the calibration resistor, and when nobody
    knew."""
    label = "heat" if history.heater else "laser"
    row: Row = [(f"{label:>{GUTTER - 1}}", Ink.AXIS), ("│", Ink.AXIS)]
    letters = width - GUTTER
    for column in range(letters):
        begin_ns, stop_ns = (end_ns * edge // letters for edge in (column, column + 1))
        known = _beam_between(history.beam, begin_ns, min(stop_ns, now_ns))
        heated = _beam_between(history.heater, begin_ns, min(stop_ns, now_ns))
        ink = Ink.LASER
        if heated is not None and known is not Beam.ON:
            known, ink = (heated, Ink.HEATER) if heated is not Beam.OFF else (known or heated, ink)
        if begin_ns >= now_ns or known is None:
            row.append((" ", Ink.NONE))
        elif known is Beam.ON:
            row.append(("█" if ink is Ink.LASER else "▒", ink))
        elif known is Beam.UNKNOWN:
            row.append(("?", Ink.UNKNOWN))
        else:
            row.append(("─", Ink.AXIS))
    return row


def time_axis(width: int, end_ns: int) -> Row:
    """One row of times below the curve."""
    letters = width - GUTTER
    end_s = end_ns / NS
    tick_s = next((tick for tick in TICKS_S if end_s / tick <= letters / 10), TICKS_S[-1])
    unit_s, unit = (1, "s") if tick_s < 60 else (60, "min") if tick_s < 3600 else (3600, "h")
    line = [" "] * letters
    for number in range(math.floor(end_s / tick_s) + 1):
        at = round(number * tick_s / end_s * (letters - 1))
        text = f"{number * tick_s / unit_s:g}"
        if number == 1:
            text += f" {unit}"
        at = min(at, letters - len(text))
        line[at : at + len(text)] = text
    return [(" " * GUTTER, Ink.NONE), ("".join(line[:letters]), Ink.AXIS)]


class _Canvas:
    """Letters of dots; a letter has one ink, that of the most important thing in it."""

    _RANK = (Ink.NONE, Ink.BAND, Ink.AMBIENT, Ink.MEASURED)

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._bits = [[0] * width for _ in range(height)]
        self._rank = [[0] * width for _ in range(height)]

    def set(self, x: int, y: int, ink: Ink) -> None:
        """Set a dot; outside the picture nothing happens."""
        column, row = x // 2, y // 4
        if not (0 <= column < self._width and 0 <= row < self._height):
            return
        rank = self._RANK.index(ink)
        if rank > self._rank[row][column]:
            self._rank[row][column] = rank
            self._bits[row][column] = 0
        if rank == self._rank[row][column]:
            self._bits[row][column] |= DOTS[x % 2][y % 4]

    def row(self, y: int) -> Iterator[tuple[str, Ink]]:
        for bits, rank in zip(self._bits[y], self._rank[y], strict=True):
            yield (chr(_BLANK + bits) if bits else " "), self._RANK[rank]


def _measured(points: Sequence[Point]) -> Iterator[Series]:
    return ((p.t_ns, p.measured, p.measured) for p in points)


def _ambient(points: Sequence[Point]) -> Iterator[Series]:
    return ((p.t_ns, p.ambient, p.ambient) for p in points)


def _band(points: Sequence[Point]) -> Iterator[Series]:
    for p in points:
        if p.predicted is None or p.predicted_sd is None:
            yield p.t_ns, None, None
        else:
            yield p.t_ns, p.predicted - 2 * p.predicted_sd, p.predicted + 2 * p.predicted_sd


def columns(series: Iterable[Series], across: int, end_ns: int) -> dict[int, Span]:
    """Lowest and highest value in each column of dots, straight lines between the points; a point
    without a value is a gap."""
    spans: dict[int, Span] = {}

    def widen(column: int, low: float, high: float) -> None:
        was = spans.get(column, (low, high))
        spans[column] = (min(was[0], low), max(was[1], high))

    previous: tuple[float, float, float] | None = None
    for t_ns, low, high in series:
        if low is None or high is None:
            previous = None
            continue
        x = t_ns / end_ns * (across - 1)
        if previous is not None and x > previous[0]:
            x0, low0, high0 = previous
            for column in range(math.ceil(x0), math.floor(x) + 1):
                share = (column - x0) / (x - x0)
                widen(column, low0 + share * (low - low0), high0 + share * (high - high0))
        widen(round(x), low, high)
        previous = (x, low, high)
    return spans


def connected(spans: dict[int, Span]) -> Iterator[tuple[int, Span]]:
    """Each column's span stretched to meet the one before it: a line without holes."""
    before: tuple[int, Span] | None = None
    for column, (low, high) in sorted(spans.items()):
        if before is not None and before[0] == column - 1:
            yield column, (min(low, before[1][1]), max(high, before[1][0]))
        else:
            yield column, (low, high)
        before = (column, (low, high))


def _range(points: Sequence[Point]) -> Span:
    """Lowest and highest temperature of the picture: all readings, and of the band what lies
    near them."""
    values = [v for p in points for v in (p.measured, p.ambient) if v is not None]
    if not values:
        return 20.0, 20.0 + _MIN_SPAN_K
    low, high = min(values), max(values)
    room = max(0.15 * (high - low), 0.1)
    edges = [v for _, *pair in _band(points) for v in pair if v is not None]
    if edges:
        low = max(min(low, min(edges)), low - room)
        high = min(max(high, max(edges)), high + room)
    short = max(_MIN_SPAN_K - (high - low), 0.1 * (high - low))
    return low - short / 2, high + short / 2


def labels(low: float, high: float, height: int) -> dict[int, str]:
    """Round temperatures by the row of letters that they stand in."""
    rough = (high - low) / max(min(height / 2, 6), 1)
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = magnitude * next(m for m in (1, 2, 5, 10) if m * magnitude >= rough)
    places = max(0, -math.floor(math.log10(step)))
    labels: dict[int, str] = {}
    for number in range(math.ceil(low / step), math.floor(high / step) + 1):
        value = number * step
        share = (high - value) / (high - low)
        labels[min(int(share * height), height - 1)] = f"{value:.{places}f}"
    return labels


def _beam_between(changes: Sequence[tuple[int, Beam]], begin_ns: int, end_ns: int) -> Beam | None:
    """The most that the beam was known to be in a time; None before anything was known."""
    known: set[Beam] = set()
    at_begin: Beam | None = None
    for t_ns, beam in changes:
        if t_ns <= begin_ns:
            at_begin = beam
        elif t_ns < end_ns:
            known.add(beam)
    if at_begin is not None:
        known.add(at_begin)
    return next((beam for beam in (Beam.ON, Beam.UNKNOWN, Beam.OFF) if beam in known), None)
