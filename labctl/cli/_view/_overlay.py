"""Several curves in braille dots, each with its letter on it, so that no colour is needed.

Pure: values in, rows of (text, which curve it is of) out. The caller chooses the colours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from labctl.cli._view._curve import DOTS, GUTTER, TICKS_S, Series, columns, connected, labels
from labctl.clock import NS

_BLANK = 0x2800
_BEFORE = 0.15
"""At most this share of the picture lies before the light."""
_LETTERS = 3
"""Times that a curve's letter stands on it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One curve. Times in seconds since the light; NaN is a gap."""

    letter: str
    t_s: Sequence[float]
    value: Sequence[float]


Row = list[tuple[str, int | None]]
"""Pieces of text, each with the number of its curve; None for axes."""


def overlay(lines: Sequence[Line], width: int, height: int) -> list[Row]:
    """`height` rows of `width` letters with the values' axis, and below them one of times."""
    begin_s, end_s = _extent(lines)
    low, high = _range(lines, begin_s)
    across, letters = 2 * (width - GUTTER), width - GUTTER
    bits = [[0] * letters for _ in range(height)]
    owner: list[list[int | None]] = [[None] * letters for _ in range(height)]
    paths: list[dict[int, int]] = []

    def dot(value: float) -> int:
        return math.floor((high - value) / (high - low) * (4 * height - 1) + 0.5)

    for number, line in enumerate(lines):
        shifted, span_ns = _from(line, begin_s), round((end_s - begin_s) * NS)
        path: dict[int, int] = {}
        for x, (bottom, top) in connected(columns(shifted, across, span_ns)):
            for y in range(max(dot(top), 0), min(dot(bottom), 4 * height - 1) + 1):
                if not 0 <= x < across:
                    continue
                bits[y // 4][x // 2] |= DOTS[x % 2][y % 4]
                if owner[y // 4][x // 2] is None:
                    owner[y // 4][x // 2] = number
            path[x // 2] = min(max(dot((bottom + top) / 2), 0), 4 * height - 1) // 4
        paths.append(path)
    text = [[chr(_BLANK + cell) if cell else " " for cell in row] for row in bits]
    for number, (line, path) in enumerate(zip(lines, paths, strict=True)):
        for column in _places(number, len(lines), letters):
            if column in path:
                text[path[column]][column], owner[path[column]][column] = line.letter, number
    named = labels(low, high, height)
    rows: list[Row] = [
        [(f"{named.get(y, ''):>{GUTTER - 1}}│", None), *zip(text[y], owner[y], strict=True)]
        for y in range(height)
    ]
    return [*rows, [(" " * GUTTER + _axis(begin_s, end_s, letters), None)]]


def _from(line: Line, begin_s: float) -> Iterator[Series]:
    for t_s, value in zip(line.t_s, line.value, strict=True):
        if t_s >= begin_s:
            known = None if value != value else value
            yield round((t_s - begin_s) * NS), known, known


def _places(number: int, of: int, letters: int) -> Iterator[int]:
    """Columns of the letters of one curve: between those of the others."""
    for time in range(_LETTERS):
        yield int(letters * (time + (number + 1) / (of + 1)) / _LETTERS)


def _extent(lines: Sequence[Line]) -> tuple[float, float]:
    end_s = max((line.t_s[-1] for line in lines if len(line.t_s)), default=1.0)
    first_s = min((line.t_s[0] for line in lines if len(line.t_s)), default=0.0)
    end_s = max(end_s, first_s + 1.0)
    return max(first_s, -_BEFORE * end_s) if end_s > 0 else first_s, end_s


def _range(lines: Sequence[Line], begin_s: float) -> tuple[float, float]:
    values = [v for line in lines for t_s, v in zip(line.t_s, line.value, strict=True)
              if v == v and t_s >= begin_s]  # fmt: skip
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    short = max(1.0 - (high - low), 0.1 * (high - low))
    return low - short / 2, high + short / 2


def _axis(begin_s: float, end_s: float, letters: int) -> str:
    """Times since the light; 0 is among them."""
    span_s = end_s - begin_s
    tick_s = next((tick for tick in TICKS_S if span_s / tick <= letters / 10), TICKS_S[-1])
    unit_s, unit = (1, "s") if tick_s < 60 else (60, "min") if tick_s < 3600 else (3600, "h")
    line = [" "] * letters
    for number in range(math.ceil(begin_s / tick_s), math.floor(end_s / tick_s) + 1):
        text = f"{number * tick_s / unit_s:g}" + (f" {unit}" if number == 1 else "")
        at = min(round((number * tick_s - begin_s) / span_s * (letters - 1)), letters - len(text))
        line[at : at + len(text)] = text
    return "".join(line[:letters]).rstrip()
