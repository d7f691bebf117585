"""What `labctl compare` prints: curves, a table, differences, and what speaks against them."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from labctl.cli._folded import folded
from labctl.cli._view import Line, overlay
from labctl.cli._visible import visible
from labctl.compare import QUANTITIES, Comparison, Difference, Side, Told, aligned
from labctl.settings import read_settings

_HEIGHT = 18
_WIDEST, _NARROWEST = 120, 60
_COLORS = (None, "bright_blue", "red", "green", "yellow", "cyan", "magenta", "blue")
_UNITS = {"W/K": (1e3, "mW/K"), "W/kg": (1e-3, "W/g")}
"""Unit in a record -> factor and unit for people."""
_LABEL = 21


def show(found: Comparison) -> None:
    """Print all of it."""
    width = min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
    for warning in found.warnings:
        _say(f"NOTE  {warning}", 6)
    for side in found.sides:
        click.echo(_paint(f"{side.letter}  {visible(side.run)}  {side.mode}".rstrip(), side, found))
    what = "rise over the baseline, K" if found.rise else "temperature, degC"
    click.echo(f"{what}, over the time since the light came on")
    for line in _picture(found, width):
        click.echo(line)
    for row in _table(found.sides, width):
        click.echo(row)
    click.echo("differences to A, 95 %")
    for row in _differences(found):
        _say(row, _LABEL + 2)
    for curves in found.curves:
        head = f"{'curve':<{_LABEL}}  {curves.second} - {curves.first}  "
        if curves.rms_k is None or curves.largest_k is None:
            _say(f"{head}never at the same time", _LABEL + 2)
            continue
        words = f"root mean square {curves.rms_k:.2f} K; most {curves.largest_k:+.2f} K"
        _say(f"{head}{words}, {curves.largest_at_s:.0f} s after the light came on", _LABEL + 2)
    for remark in found.remarks:
        _say(f"  {remark}", 2)
    for line in _assumptions(found.sides):
        _say(line, 4)


def _say(line: str, hang: int) -> None:
    for each in folded(visible(line), hang, sys.stdout):
        click.echo(each)


def _picture(found: Comparison, width: int) -> Iterator[str]:
    lines = []
    for side in found.sides:
        t_s, value = aligned(side, rise=found.rise)
        lines.append(Line(side.letter, t_s.tolist(), value.tolist()))
    for row in overlay(lines, width, _HEIGHT):
        yield "".join(
            text if number is None else _paint(text, found.sides[number], found)
            for text, number in row
        ).rstrip()


def _paint(text: str, side: Side, found: Comparison) -> str:
    if read_settings().no_color or not sys.stdout.isatty():
        return text
    return click.style(text, fg=_COLORS[found.sides.index(side) % len(_COLORS)])


def _table(sides: Sequence[Side], width: int) -> Iterator[str]:
    """Runs as columns, as many beside each other as fit."""
    rows = [(name, [visible(cell(side)) for side in sides]) for name, cell in _ROWS]
    for name, label in QUANTITIES.items():
        if any(side.result(name) for side in sides):
            rows.append((label, [visible(_result(side, name)) for side in sides]))
    rows = [row for row in rows if any(row[1])]
    sizes = [max(len(cells[at]) for _, cells in rows) for at in range(len(sides))]
    at = 0
    while at < len(sides):
        end, used = at, _LABEL
        while end < len(sides) and (end == at or used + 2 + max(sizes[end], 1) <= width):
            used += 2 + max(sizes[end], 1)
            end += 1
        yield _row("", [side.letter for side in sides[at:end]], sizes[at:end])
        for name, cells in rows:
            yield _row(name, cells[at:end], sizes[at:end])
        at = end


def _row(name: str, cells: Sequence[str], sizes: Sequence[int]) -> str:
    parts = [cell.ljust(size) for cell, size in zip(cells, sizes, strict=True)]
    return "  ".join([name.ljust(_LABEL), *parts]).rstrip()


def _power(side: Side) -> str:
    asked = "" if side.asked_w is None else f"asked for {side.asked_w:.4g} W"
    measured = "" if side.measured_w is None else f"{side.measured_w:.4g} W"
    return ", ".join(filter(None, (measured, asked))) or "none"


def _rise(side: Side) -> str:
    rise = side.highest_rise_k
    return "none" if rise is None else f"{rise:.2f} K from {side.baseline_degc:.2f} degC"


_ROWS = (
    ("protocol", lambda side: side.begun.protocol if side.begun is not None else ""),
    ("sample", lambda side: side.begun.sample if side.begun is not None else ""),
    ("lot", lambda side: side.lot or "not stated"),
    ("bench", lambda side: side.begun.bench if side.begun is not None else ""),
    ("outcome", lambda side: side.ended.outcome if side.ended is not None else side.state),
    ("verdict", lambda side: side.verdict.verdict if side.verdict is not None else "none"),
    ("power", _power),
    ("highest rise", _rise),
)


def _result(side: Side, name: str) -> str:
    found = side.result(name)
    if found is None:
        return "none"
    factor, unit = _UNITS.get(str(found.get("unit", "")), (1.0, str(found.get("unit", ""))))
    value, ends = float(found["value"]) * factor, _ends(found, factor)
    if ends is None:
        return f"{value:.4g} {unit}".rstrip()
    places = _places((ends[1] - ends[0]) / 4)
    return f"{value:.{places}f} ({ends[0]:.{places}f} to {ends[1]:.{places}f}) {unit}".rstrip()


def _ends(found: Mapping[str, Any], factor: float) -> tuple[float, float] | None:
    low, high = found.get("low"), found.get("high")
    if not isinstance(low, int | float) or not isinstance(high, int | float) or not high > low:
        return None
    return low * factor, high * factor


def _places(sd: float) -> int:
    """Decimals for two digits of a deviation."""
    return max(0, 1 - math.floor(math.log10(sd))) if sd > 0 else 3


def _assumptions(sides: Sequence[Side]) -> Iterator[str]:
    """What each result takes for granted, with the letters of those that do."""
    groups: dict[str, list[str]] = {}
    for words in dict.fromkeys(words for side in sides for words in side.assumptions):
        letters = " ".join(side.letter for side in sides if words in side.assumptions)
        groups.setdefault(letters, []).append(words)
    for letters, taken in groups.items():
        yield f"assumptions of {letters}"
        yield from (f"  {words}" for words in taken)


def _differences(found: Comparison) -> Iterator[str]:
    for each in found.differences:
        label = QUANTITIES[each.quantity]
        yield f"{label:<{_LABEL}}  {each.second} - {each.first}  {_words(each)}"


def _words(each: Difference) -> str:
    if each.value is None or each.low is None or each.high is None or each.sd is None:
        return f"{each.told.value}: {each.why}"
    factor, unit = _UNITS.get(each.unit, (1.0, each.unit))
    places = _places(each.sd * factor)

    def shown(value: float) -> str:
        # Without a minus before a zero.
        return f"{round(value * factor, places) + 0.0:+.{places}f}"

    ends = f"{shown(each.low)} to {shown(each.high)}"
    text = f"{shown(each.value)} ({ends}) {unit}".rstrip() + f": {each.told.value}"
    if each.told is Told.IF_SHARED:
        low, high = each.low_independent or 0.0, each.high_independent or 0.0
        text += f" (if not: {shown(low)} to {shown(high)})"
    return text
