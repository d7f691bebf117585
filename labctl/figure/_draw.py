"""Draws a run: temperature with the model's band, what the model left over, and the power.

Sizes are those of a 9 cm column with print of 7 points or more, all scaled by the width, so that
the picture reads alike at 9 and at 18 cm. Colours are Okabe and Ito's, and every line differs from
the others in more than its colour. The same journal gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labctl.errors import RecordError
from labctl.figure import _words as words
from labctl.figure._curves import Curves, read_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLACK, ORANGE, BLUE, GREEN = "#000000", "#E69F00", "#0072B2", "#009E73"
VERMILION, PURPLE, YELLOW, GREY = "#D55E00", "#CC79A7", "#F0E442", "#666666"

COLUMN_CM = 9.0
SMALL, LARGE = 7.0, 8.0
"""Points, in a column."""
_CM_PER_INCH = 2.54
_PANEL_CM = {"temperature": 4.2, "residual": 1.7, "power": 1.7}
_ABOVE_CM, _BELOW_CM, _BETWEEN_CM = 1.75, 1.35, 0.22
_LEFT_CM, _RIGHT_CM = 1.25, 0.25
_PNG_DPI = 200


def draw(folder: Path, *, width_cm: float = 18.0, png: bool = False) -> Path:
    """Draw the run in `folder` into its `figure.svg` (with `png` also `figure.png`); returns the
    SVG's path. Works for any journal, also that of a run that was cut off.

    RecordError when there is no journal, or the picture cannot be written.
    """
    curves = read_curves(folder / "journal.jsonl")
    path = folder / "figure.svg"
    with _style(width_cm / COLUMN_CM):
        figure = _figure(curves, width_cm)
        try:
            # Without a date, and with ids that depend on the picture alone.
            figure.savefig(
                path, format="svg", metadata={"Date": None, "Title": words.title(curves)}
            )
            if png:
                figure.savefig(folder / "figure.png", format="png", dpi=_PNG_DPI)
        except OSError as error:
            raise RecordError(
                "the figure cannot be written", where=str(path), seen=error.strerror or ""
            ) from error
    return path


@contextmanager
def _style(scale: float) -> Iterator[None]:
    import matplotlib

    settings: dict[Any, Any] = {
        "svg.hashsalt": "labctl",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": SMALL * scale,
        "axes.labelsize": SMALL * scale,
        "xtick.labelsize": SMALL * scale,
        "ytick.labelsize": SMALL * scale,
        "legend.fontsize": SMALL * scale,
        "axes.linewidth": 0.5 * scale,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.labelpad": 2 * scale,
        "xtick.major.width": 0.5 * scale,
        "ytick.major.width": 0.5 * scale,
        "xtick.major.size": 2.5 * scale,
        "ytick.major.size": 2.5 * scale,
        "xtick.major.pad": 2 * scale,
        "ytick.major.pad": 2 * scale,
        "lines.linewidth": 0.8 * scale,
        "lines.markersize": 1.2 * scale,
        "hatch.linewidth": 0.5 * scale,
        "hatch.color": GREY,
    }
    with matplotlib.rc_context(settings):
        yield


def _figure(curves: Curves, width_cm: float) -> Figure:
    # Not through pyplot: no window system is looked for, and nothing is kept alive.
    from matplotlib.figure import Figure

    scale = width_cm / COLUMN_CM
    names = ["temperature"]
    if curves.residual.value:
        names.append("residual")
    if curves.measured_power.value or any(curves.asked_power.value):
        names.append("power")
    height_cm = _ABOVE_CM + _BELOW_CM + sum(_PANEL_CM[name] + _BETWEEN_CM for name in names)
    figure = Figure(figsize=(width_cm / _CM_PER_INCH, height_cm * scale / _CM_PER_INCH))
    unit, unit_s = _time_unit(curves.end_s)
    top_cm = height_cm - _ABOVE_CM
    panels: list[Axes] = []
    for name in names:
        bottom_cm = top_cm - _PANEL_CM[name]
        panel = figure.add_axes(
            (
                _LEFT_CM / COLUMN_CM,
                bottom_cm / height_cm,
                (COLUMN_CM - _LEFT_CM - _RIGHT_CM) / COLUMN_CM,
                _PANEL_CM[name] / height_cm,
            ),
            sharex=panels[0] if panels else None,
        )
        panels.append(panel)
        _PANELS[name](panel, curves, unit_s)
        _show_light(panel, curves, unit_s)
        _show_marks(panel, curves, unit_s, scale, named=name == "temperature")
        panel.tick_params(labelbottom=name == names[-1])
        top_cm = bottom_cm - _BETWEEN_CM
    panels[-1].set_xlabel(f"time / {unit}")
    panels[0].set_xlim(0.0, max(curves.end_s, 1.0) / unit_s)
    figure.align_ylabels(panels)
    _show_words(figure, panels[0], curves, scale, height_cm)
    return figure


def _temperature(panel: Axes, curves: Curves, unit_s: float) -> None:
    from labctl.figure._thin import thin_evenly, thin_line

    if curves.predicted.value:
        import numpy as np

        kept = thin_evenly(len(curves.predicted.value))
        t = np.asarray(curves.predicted.t_s)[kept] / unit_s
        mean = np.asarray(curves.predicted.value)[kept]
        sd = np.asarray(curves.predicted_sd)[kept]
        panel.fill_between(
            t, mean - 2 * sd, mean + 2 * sd, color=ORANGE, alpha=0.55, linewidth=0,
            label="model ± 2 sd", zorder=2,
        )  # fmt: skip
        panel.plot(t, mean, color=VERMILION, linestyle=(0, (4, 1.5)), label="model", zorder=4)
    for curve, color, style, label, order in (
        (curves.ambient, GREEN, ":", "ambient", 3),
        (curves.probe, BLUE, "-", "measured", 3.5),
    ):
        if curve.value:
            t, value = thin_line(curve.t_s, curve.value)
            panel.plot(t / unit_s, value, color=color, linestyle=style, label=label, zorder=order)
    panel.set_ylabel("temperature / °C")
    _fit_to_readings(panel, curves)


def _fit_to_readings(panel: Axes, curves: Curves) -> None:
    """What was measured fills the panel; a band that is wide at first may leave it."""
    import numpy as np

    values = np.concatenate([np.asarray(c.value) for c in (curves.probe, curves.ambient)])
    values = values[np.isfinite(values)]
    if not values.size:
        return
    low, high = float(values.min()), float(values.max())
    margin = max(0.08 * (high - low), 0.1)
    panel.set_ylim(low - margin, high + margin)


def _residual(panel: Axes, curves: Curves, unit_s: float) -> None:
    from labctl.figure._thin import thin_line

    t, value = thin_line(curves.residual.t_s, curves.residual.value)
    panel.axhspan(-2, 2, color=ORANGE, alpha=0.3, linewidth=0, zorder=1)
    panel.axhline(0, color=VERMILION, linewidth=panel.spines["left"].get_linewidth(), zorder=2)
    panel.plot(t / unit_s, value, linestyle="", marker=".", color=BLUE, zorder=3)
    most = max(4.0, float(abs(value).max()) * 1.08)
    panel.set_ylim(-most, most)
    panel.set_ylabel("residual / sd")


def _power(panel: Axes, curves: Curves, unit_s: float) -> None:
    from labctl.figure._thin import thin_line

    highest = 0.0
    asked = curves.asked_power
    if any(asked.value):
        t = [0.0, *asked.t_s, curves.end_s]
        value = [0.0, *asked.value, asked.value[-1]]
        panel.plot(
            [moment / unit_s for moment in t], value,
            color=BLACK, linestyle=(0, (4, 1.5)), label="power asked for", zorder=3,
        )  # fmt: skip
        highest = max(value)
    measured = curves.measured_power
    if measured.value:
        times, values = thin_line(measured.t_s, measured.value)
        panel.plot(times / unit_s, values, color=PURPLE, label="power measured", zorder=2)
        highest = max([highest, *values[values == values]])
    panel.set_ylim(-0.06 * highest or -0.1, 1.15 * highest or 0.1)
    panel.set_ylabel("power at\nsample / W")


_PANELS: dict[str, Any] = {"temperature": _temperature, "residual": _residual, "power": _power}


def _show_light(panel: Axes, curves: Curves, unit_s: float) -> None:
    for light in curves.light:
        begin, end = light.begin_s / unit_s, light.end_s / unit_s
        if light.known:
            panel.axvspan(begin, end, color=YELLOW, alpha=0.35, linewidth=0, zorder=0,
                          label="laser on")  # fmt: skip
        else:
            panel.axvspan(begin, end, facecolor="none", edgecolor=GREY, hatch="////", linewidth=0,
                          zorder=0, label="emission unknown")  # fmt: skip


def _show_marks(panel: Axes, curves: Curves, unit_s: float, scale: float, *, named: bool) -> None:
    for number, mark in enumerate(curves.marks):
        x = mark.t_s / unit_s
        color = VERMILION if mark.trip else BLACK
        panel.axvline(x, color=color, linestyle="-" if mark.trip else "-.", zorder=5,
                      linewidth=0.8 * scale)  # fmt: skip
        if named:
            left = mark.t_s < curves.end_s / 2
            panel.annotate(
                f"{'TRIP ' if mark.trip else ''}{mark.text}",
                (x, 0.03 + 0.09 * (number % 4)),
                xycoords=("data", "axes fraction"),
                xytext=(2 * scale if left else -2 * scale, 0),
                textcoords="offset points",
                ha="left" if left else "right",
                va="bottom",
                color=color,
                fontweight="bold" if mark.trip else "normal",
                bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none",
                      "alpha": 0.8},
                zorder=6,
            )  # fmt: skip


def _show_words(
    figure: Figure, panel: Axes, curves: Curves, scale: float, height_cm: float
) -> None:
    left = 0.2 / COLUMN_CM
    figure.text(
        left, 1 - 0.12 / height_cm, words.title(curves), va="top", fontweight="bold",
        fontsize=LARGE * scale,
    )  # fmt: skip
    figure.text(left, 1 - 0.5 / height_cm, words.verdict(curves), va="top")
    figure.text(left, 0.1 / height_cm, words.footer(curves), va="bottom", color=GREY)
    handles: dict[str, Any] = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    panel.legend(
        handles.values(), handles.keys(), loc="lower left", bbox_to_anchor=(0.0, 1.0),
        ncols=4, frameon=False, borderaxespad=0.1, handlelength=1.6, columnspacing=0.9,
        handletextpad=0.4, labelspacing=0.2, borderpad=0.1,
    )  # fmt: skip


def _time_unit(end_s: float) -> tuple[str, float]:
    if end_s > 3 * 3600:
        return "h", 3600.0
    return ("min", 60.0) if end_s > 300 else ("s", 1.0)
