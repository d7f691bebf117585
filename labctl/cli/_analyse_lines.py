"""An analysis as lines for people.

Marks are letters and words, no colours: `!!` wrong, ` ?` doubtful, ` .` a note.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from labctl.analysis import line_of

if TYPE_CHECKING:
    from labctl.analysis import Analysis, Row
    from labctl.photothermal import Bias, Estimate, Finding

_MARKS = {"wrong": "!!", "doubtful": " ?", "note": " ."}
_NONE = "-"


def lines(found: Analysis, width: int) -> Iterator[str]:
    """No line wider than `width`, but for paths and names that cannot be broken."""
    yield f"ANALYSIS  {found.loaded.where}"
    yield from _wrapped("; ".join(found.loaded.recognised), width, "  ")
    yield from _extent(found)
    yield from _block("findings", _findings(found, width))
    # Numbers are quoted without the findings above them.
    wrong = any(finding.severity.value == "wrong" for finding in found.findings)
    methods = "methods, of a record that is wrong as it stands" if wrong else "methods"
    yield from _block(methods, _methods(found, width))
    yield from _block("known bias", _biases(found, width))
    yield from _block("asked for", _asked(found, width))
    yield from _block("assumed", _bullets(found.assumptions, width))
    yield from _block("budget", _budget(found, width))
    yield ""
    yield f"{found.verdict.upper()}"
    yield from _bullets(found.reasons, width)


def _extent(found: Analysis) -> Iterator[str]:
    used = found.used
    if used is None or used.light is None:
        return
    lit = used.time_s[used.light]
    times = int((used.light[1:] & ~used.light[:-1]).sum()) + int(used.light[0])
    yield (
        f"  {len(used)} readings used, {used.time_s[0]:.6g} to {used.time_s[-1]:.6g} s; light "
        f"between {lit[0]:.6g} and {lit[-1]:.6g} s" + (f", {times} times" if times > 1 else "")
    )


def _block(title: str, content: Iterator[str]) -> Iterator[str]:
    begun = False
    for line in content:
        if not begun:
            yield ""
            yield title.upper()
            begun = True
        yield line


def _findings(found: Analysis, width: int) -> Iterator[str]:
    for finding in found.findings:
        place = _place(found, finding)
        may = "perhaps: " if finding.hypothesis else "do: "
        mark = f"  {_MARKS[finding.severity]} "
        yield from _wrapped(f"{place}{finding.seen}", width, mark, "     ")
        yield from _wrapped(f"{may}{finding.fix}", width, "       ", "       ")
    if not found.findings:
        yield "  none"


def _place(found: Analysis, finding: Finding) -> str:
    line = line_of(found.loaded, finding.row)
    parts = [] if line is None else [f"line {line}"]
    if finding.time_s is not None:
        parts.append(f"{finding.time_s:.6g} s")
    return f"{finding.severity.value}, {', '.join(parts)}: " if parts else f"{finding.severity}: "


_HEAD = ("", "efficiency", "bias %", "tau / s", "hS / mW/K", "rate / mK/s")


def _methods(found: Analysis, width: int) -> Iterator[str]:
    if not found.rows:
        return
    table = [_HEAD, *(_cells(row) for row in found.rows)]
    widths = [max(len(cells[i]) for cells in table) for i in range(len(_HEAD))]
    if sum(widths) + len(_HEAD) + 1 > width:
        table = [tuple(cell.replace(" ±", "±") for cell in cells) for cells in table]
        widths = [max(len(cells[i]) for cells in table) for i in range(len(_HEAD))]
    gap = "  " if sum(widths) + 12 <= width else " "
    for cells in table:
        shown = [cells[0].ljust(widths[0])]
        shown += [cell.rjust(size) for cell, size in zip(cells[1:], widths[1:], strict=True)]
        yield f"  {gap.join(shown)}".rstrip()
    yield from _wrapped(
        "± one standard deviation: of the efficiency statistical, then of the inputs; of the "
        "others both together, for the classical ones statistical only. These hold for white "
        "noise: on a real bench they are a floor. rate: at the first moment of light. hS of the "
        "full model: at its plateau. bias %: of what is known of a method, the part that has a "
        "number in this record; the rest is below, and comes on top of it.",
        width,
        "  ",
    )
    yield from _grouped(
        [
            (text, row.name)
            for row in found.rows
            for text in (*row.notes, *((f"not computed: {row.why}",) if row.why else ()))
        ],
        width,
    )


def _grouped(told: list[tuple[str, str]], width: int) -> Iterator[str]:
    """What is said of methods, each saying once, with the methods that it is said of."""
    by_text: dict[str, list[str]] = {}
    for text, name in told:
        by_text.setdefault(text, []).append(name)
    for text, names in by_text.items():
        yield from _wrapped(f"{'; '.join(names)}: {text}", width, "  - ", "    ")


def _cells(row: Row) -> tuple[str, ...]:
    bias = row.bias_percent if row.efficiency is not None else None
    return (
        row.name,
        _efficiency(row.efficiency),
        "" if bias is None else f"{bias:+.0f}",
        _with_sd(row.time_constant, 1.0),
        _with_sd(row.heat_loss, 1e3),
        _with_sd(row.rate, 1e3),
    )


def _efficiency(estimate: Estimate | None) -> str:
    if estimate is None:
        return _NONE
    parts = (estimate.value, estimate.sd_statistical, estimate.sd_inputs)
    return " ±".join(f"{part:.3f}" for part in parts)


def _with_sd(estimate: Estimate | None, factor: float) -> str:
    if estimate is None:
        return _NONE
    value, sd = estimate.value * factor, estimate.sd_total * factor
    places = min(_places(sd), 3)
    return f"{value:.{places}f} ±{sd:.{places}f}"


def _places(sd: float) -> int:
    """Decimals that show a deviation: two figures where the first is a 1 or a 2."""
    if not (sd > 0.0 and math.isfinite(sd)):
        return 3
    first = math.floor(math.log10(sd))
    return max(0, (1 if sd / 10.0**first < 3.0 else 0) - first)


def _biases(found: Analysis, width: int) -> Iterator[str]:
    """Each thing that is done wrong once, with the methods that do it."""
    by_what: dict[str, list[tuple[str, Bias]]] = {}
    for row in found.rows:
        for bias in row.biases:
            by_what.setdefault(bias.what, []).append((row.name, bias))
    told = [
        (f"{_percent([bias for _, bias in pairs])}{what}", name)
        for what, pairs in by_what.items()
        for name, _ in pairs
    ]
    yield from _grouped(told, width)


def _percent(biases: list[Bias]) -> str:
    known = sorted(bias.percent for bias in biases if bias.percent is not None)
    if not known:
        return ""
    low, high = f"{known[0]:+.0f}", f"{known[-1]:+.0f}"
    return f"{low} %: " if low == high else f"{low} to {high} %: "


def _asked(found: Analysis, width: int) -> Iterator[str]:
    if found.asked and all(row.efficiency is None for row in found.rows):
        yield "  no efficiency is computed without these:"
    for name, how in found.asked:
        yield from _wrapped(f"{name}: {how}", width, "  - ", "    ")


def _budget(found: Analysis, width: int) -> Iterator[str]:
    parts: Mapping[str, float] = found.budget
    shown = sorted(parts.items(), key=lambda pair: -pair[1])
    text = ", ".join(f"{name} {100.0 * share:.1f} %" for name, share in shown if share >= 5e-4)
    if text:
        yield from _wrapped(f"of the efficiency's inputs: {text}", width, "  ")


def _bullets(texts: tuple[str, ...], width: int) -> Iterator[str]:
    for text in texts:
        yield from _wrapped(text, width, "  - ", "    ")


def _wrapped(text: str, width: int, first: str, rest: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        width=width,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
