"""A batch verdict for people, and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labctl.batch._chart import Lines
from labctl.batch._fields import unit_of
from labctl.batch._judge import Answer, Bounds
from labctl.batch._verdict import BatchVerdict, ControlChart, Criterion, LotVerdict
from labctl.quantities import Kind, format

SCHEMA = "labctl.batch/1"
_WIDTH = 41
"""Characters of a chart's line."""


def batch_lines(verdict: BatchVerdict) -> Iterator[str]:
    """The table, the chart and the verdict."""
    limits = verdict.limits
    yield f"batch release of {limits.sample} by {limits.name}   limits {limits.digest[:12]}"
    if verdict.mode == "SIMULATED":
        yield "SIMULATED: runs of a bench that is not there; nothing is released by them"
    for each in verdict.reference:
        yield f"reference  {each.run.path}  {each.answer.value}"
        if each.run.trouble:
            yield f"  {each.run.trouble}"
        yield from (f"  {line}" for line in _table(each.criteria))
    for lot in verdict.lots:
        yield ""
        yield f"lot {lot.lot or '(none)'}  {lot.answer.value.upper()}"
        yield from _lot_lines(lot)
    if verdict.chart is not None:
        yield ""
        yield from _chart_lines(verdict.chart)
    if verdict.notes:
        yield ""
        yield from verdict.notes
    yield ""
    if not verdict.lots:
        yield f"there is no lot of {limits.sample}: nothing to release"
    counted = [
        f"{sum(lot.answer is answer for lot in verdict.lots)} {answer.value}" for answer in Answer
    ]
    yield f"{verdict.answer.value.upper()}   {', '.join(counted)}"


def _lot_lines(lot: LotVerdict) -> Iterator[str]:
    if lot.file is not None:
        yield f"  made {lot.file.made}, {lot.file.scale}: {lot.file.process}"
        for name, words in lot.file.parameters.items():
            yield f"    {name}: {words}"
    yield from (f"  {line}" for line in _table(lot.criteria))
    counting = len(lot.runs) - len(lot.unused)
    yield f"  runs begun: {len(lot.runs)}, without trouble: {counting}"
    for path, why in lot.unused:
        yield f"    {path}: {why}"


def _table(criteria: tuple[Criterion, ...]) -> Iterator[str]:
    rows = [
        (
            c.name,
            c.answer.value,
            _interval(c),
            "" if c.bounds is None else _bounds(c.bounds, c.kind),
            "; ".join(part for part in (c.why, c.source) if part),
        )
        for c in criteria
    ]
    widths = [max((len(row[k]) for row in rows), default=0) for k in range(5)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _interval(criterion: Criterion) -> str:
    low, high, kind = criterion.low, criterion.high, criterion.kind
    if low is None or high is None or kind is None:
        return "-"
    if criterion.value is None:
        return f"below {_text(high, kind)}"
    return f"{_text(criterion.value, kind)} ({_text(low, kind)} to {_text(high, kind)})"


def _bounds(bounds: Bounds, kind: Kind | None) -> str:
    sides = []
    if kind is not None and bounds.low is not None:
        sides.append(f"above {format(bounds.low, kind)}")
    if kind is not None and bounds.high is not None:
        sides.append(f"below {format(bounds.high, kind)}")
    return " and ".join(sides)


def _text(value: float, kind: Kind) -> str:
    """Four digits are enough beside an interval."""
    return format(float(f"{value:.4g}"), kind)


def _chart_lines(chart: ControlChart) -> Iterator[str]:
    kind = chart.kind or Kind.NUMBER
    lines = chart.lines
    if lines is None:
        yield f"chart of {chart.quantity}, no control limits"
    else:
        how = "declared" if lines.declared else "from the moving range of the lots"
        yield (
            f"chart of {chart.quantity}: {_text(lines.low, kind)} | {_text(lines.centre, kind)} | "
            f"{_text(lines.high, kind)}, {how}"
        )
    width = max((len(point.lot) for point in chart.points), default=0)
    for index, point in enumerate(chart.points):
        rules = [signal.rule for signal in chart.signals if signal.index == index]
        drawn = "" if lines is None else f"  {_mark(point.value, lines)}"
        said = f"  {'; '.join(rules)}" if rules else ""
        yield f"  {point.lot.ljust(width)}{drawn}  {_text(point.value, kind)}{said}"


def _mark(value: float, lines: Lines) -> str:
    """A line of text from four deviations below the centre to four above, limits drawn."""
    cells = [" "] * _WIDTH
    middle = _WIDTH // 2
    scale = middle / 4.0
    for deviations, sign in ((-3.0, "|"), (0.0, "."), (3.0, "|")):
        cells[round(middle + deviations * scale)] = sign
    if lines.sd > 0:
        place = middle + (value - lines.centre) / lines.sd * scale
        cells[min(_WIDTH - 1, max(0, round(place)))] = "o"
    return "".join(cells)


def batch_json(verdict: BatchVerdict) -> dict[str, Any]:
    """The same as one object, SI units."""
    chart = verdict.chart
    return {
        "schema": SCHEMA,
        "limits": {"name": verdict.limits.name, "digest": verdict.limits.digest},
        "sample": verdict.limits.sample,
        "mode": verdict.mode,
        "verdict": verdict.answer.value,
        "reference": [
            {
                "run": each.run.path,
                "verdict": each.answer.value,
                "trouble": each.run.trouble,
                "criteria": [_criterion(c) for c in each.criteria],
            }
            for each in verdict.reference
        ],
        "lots": [
            {
                "lot": lot.lot,
                "verdict": lot.answer.value,
                "file": None if lot.file is None else lot.file.source_file,
                "criteria": [_criterion(c) for c in lot.criteria],
                "runs": [{"run": run.path, "trouble": run.trouble} for run in lot.runs],
            }
            for lot in verdict.lots
        ],
        "chart": None if chart is None else _chart_json(chart),
        "notes": list(verdict.notes),
    }


def _criterion(criterion: Criterion) -> dict[str, Any]:
    bounds, kind = criterion.bounds, criterion.kind
    return {
        "name": criterion.name,
        "verdict": criterion.answer.value,
        "why": criterion.why,
        "value": criterion.value,
        "low": criterion.low,
        "high": criterion.high,
        "above": None if bounds is None else bounds.low,
        "below": None if bounds is None else bounds.high,
        "unit": "" if kind is None else unit_of(kind),
        "source": criterion.source,
    }


def _chart_json(chart: ControlChart) -> dict[str, Any]:
    lines = chart.lines
    return {
        "quantity": chart.quantity,
        "points": [
            {"lot": p.lot, "value": p.value, "low": p.low, "high": p.high} for p in chart.points
        ],
        "lines": None
        if lines is None
        else {
            "centre": lines.centre,
            "sd": lines.sd,
            "low": lines.low,
            "high": lines.high,
            "declared": lines.declared,
        },
        "signals": [{"lot": chart.points[s.index].lot, "rule": s.rule} for s in chart.signals],
    }
