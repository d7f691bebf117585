"""Several runs as one picture: their curves over each other, and below what each differs from the
first by. Sizes, letters and colours are those of a run's own picture; every curve has its own dash
beside its colour, and its letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labctl.errors import InputError, RecordError
from labctl.figure import _panels as panels
from labctl.figure._draw import style, time_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "pdf", "png")
_COLORS = (panels.BLACK, panels.BLUE, panels.VERMILION, panels.GREEN, panels.ORANGE, "#56B4E9",
           "#CC79A7", panels.GREY)  # fmt: skip
_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1)), (0, (6, 1)),
                            (0, (2, 1)), (0, (5, 1, 1, 1, 1, 1)), (0, (3, 3)))  # fmt: skip
_WIDTH_CM, _SCALE = 17.4, 1.0
_TOP_CM, _LOW_CM, _EDGE_CM, _LINE_CM = 6.0, 2.6, 0.15, 0.36
_LEFT_CM, _RIGHT_CM, _BELOW_CM, _BETWEEN_CM = 1.4, 0.3, 1.0, 0.25
_CM_PER_INCH = 2.54
_DPI = 300
_SHORT = 52
"""Characters of a name, two of which stand beside each other in the legend."""


@dataclass(frozen=True, slots=True)
class Overlaid:
    """A curve. NaN breaks the line."""

    name: str
    """In the legend: `A  2026-01-31/001-heating-curve-water`."""
    t_s: Sequence[float]
    """Since the light came on."""
    value: Sequence[float]


def draw_overlay(
    path: Path,
    curves: Sequence[Overlaid],
    differences: Sequence[Overlaid],
    *,
    label: str,
    words: Sequence[str] = (),
) -> Path:
    """Draw `curves`, and below them `differences`, of which the first belongs to the second curve
    and so on, into `path`, in the format that its ending names; returns it. `label` is of the upper
    axis, `words` stand below the picture. The same curves give the same bytes. InputError for
    another ending, RecordError when it cannot be written."""
    kind = path.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise InputError(
            f"there are no figures as {path.suffix or path.name!r}", where=str(path),
            fix=f"Let its name end in one of {', '.join('.' + name for name in FORMATS)}.",
        )  # fmt: skip
    dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with style(_SCALE):
        figure = _figure(curves, differences, label, words)
        try:
            figure.savefig(path, format=kind, dpi=_DPI, metadata=dated.get(kind, {}))
        except OSError as error:
            raise RecordError(
                "the figure cannot be written", where=str(path), seen=error.strerror or ""
            ) from error
    return path


def _figure(
    curves: Sequence[Overlaid], differences: Sequence[Overlaid], label: str, words: Sequence[str]
) -> Figure:
    from matplotlib.figure import Figure

    beside = 2 if max((len(curve.name) for curve in curves), default=0) <= _SHORT else 1
    rows = -(-len(curves) // beside)
    above_cm, below_cm = _EDGE_CM + _LINE_CM * (rows + 0.6), _BELOW_CM + _LINE_CM * len(words)
    low_cm = _LOW_CM if differences else 0.0
    height_cm = above_cm + _TOP_CM + _BETWEEN_CM + low_cm + below_cm
    figure = Figure(figsize=(_WIDTH_CM / _CM_PER_INCH, height_cm / _CM_PER_INCH))

    def axes(bottom_cm: float, tall_cm: float, under: Axes | None) -> Axes:
        return figure.add_axes(
            (_LEFT_CM / _WIDTH_CM, bottom_cm / height_cm,
             (_WIDTH_CM - _LEFT_CM - _RIGHT_CM) / _WIDTH_CM, tall_cm / height_cm),
            sharex=under,
        )  # fmt: skip

    top = axes(height_cm - above_cm - _TOP_CM, _TOP_CM, None)
    end_s = max((max(curve.t_s, default=0.0) for curve in curves), default=0.0)
    unit, unit_s = time_unit(end_s)
    for number, curve in enumerate(curves):
        _line(top, curve, number, unit_s)
        _letter(top, curve, number, unit_s)
    top.set_ylabel(label)
    lowest = top
    if differences:
        lowest = axes(below_cm, _LOW_CM, top)
        for number, curve in enumerate(differences, start=1):
            _line(lowest, curve, number, unit_s)
        lowest.axhline(0.0, color=panels.GREY, linewidth=0.5, zorder=1)
        lowest.set_ylabel("less the first / K")
        top.tick_params(labelbottom=False)
    for panel in figure.axes:
        panel.axvline(0.0, color=panels.GREY, linewidth=0.5, zorder=1)
    lowest.set_xlabel(f"time since the light came on / {unit}")
    figure.align_ylabels(figure.axes)
    figure.legend(*top.get_legend_handles_labels(), loc="upper left", ncols=beside, frameon=False,
                  bbox_to_anchor=(_EDGE_CM / _WIDTH_CM, 1.0), borderaxespad=0.3,
                  handlelength=2.8, columnspacing=1.5, labelspacing=0.25)  # fmt: skip
    figure.text(_EDGE_CM / _WIDTH_CM, _EDGE_CM / height_cm, "\n".join(words), va="bottom",
                color=panels.GREY, linespacing=1.2)  # fmt: skip
    return figure


def _letter(panel: Axes, curve: Overlaid, number: int, unit_s: float) -> None:
    """At its highest point."""
    known = [(value, t_s) for t_s, value in zip(curve.t_s, curve.value, strict=True)
             if value == value]  # fmt: skip
    if known:
        value, t_s = max(known)
        panel.annotate(curve.name[:1], (t_s / unit_s, value), xytext=(0, 2), ha="center",
                       textcoords="offset points", color=_COLORS[number % len(_COLORS)],
                       fontweight="bold", annotation_clip=False)  # fmt: skip


def _line(panel: Axes, curve: Overlaid, number: int, unit_s: float) -> None:
    from labctl.figure._thin import thin_line

    t_s, value = thin_line(curve.t_s, curve.value)
    panel.plot(t_s / unit_s, value, color=_COLORS[number % len(_COLORS)],
               linestyle=_DASHES[number % len(_DASHES)], label=curve.name, zorder=3)  # fmt: skip
