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
VERMILION, YELLOW, GREY = "#D55E00", "#F0E442", "#666666"

COLUMN_CM = 9.0
SMALL, LARGE = 7.0, 8.0
"""Points, in a column."""
_CM_PER_INCH = 2.54
_PANEL_CM = {"temperature": 4.2, "residual": 1.7, "power": 1.7}
_TITLE_CM, _LINE_CM = 0.55, 0.33
_BELOW_CM, _BETWEEN_CM, _EDGE_CM = 1.1, 0.22, 0.12
_LEFT_CM, _RIGHT_CM = 1.4, 0.3
_LEGEND_COLUMNS = 3
_NAMED_MARKS = 3
"""Written out; every one has its line."""
_PNG_DPI = 200
_MEASURED, _MODEL = "measured", "model ± 2 sd"


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
    verdict = words.verdict(curves)
    above_cm = _TITLE_CM + _LINE_CM * (verdict.count("\n") + 1 + _legend_rows(curves)) + 0.15
    height_cm = above_cm + _BELOW_CM + sum(_PANEL_CM[name] + _BETWEEN_CM for name in names)
    figure = Figure(figsize=(width_cm / _CM_PER_INCH, height_cm * scale / _CM_PER_INCH))
    unit, unit_s = _time_unit(curves.end_s)
    top_cm = height_cm - above_cm
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
    _show_words(figure, curves, verdict, scale, height_cm)
    _show_legend(figure)
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
            label=_MODEL, zorder=2,
        )  # fmt: skip
        panel.plot(t, mean, color=VERMILION, linestyle=(0, (4, 1.5)), label=_MODEL, zorder=4)
    for curve, color, style, label, order in (
        (curves.ambient, GREEN, ":", "ambient", 3),
        (curves.probe, BLUE, "-", _MEASURED, 3.5),
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
    # The names of marks stand below the curves.
    rows = min(len(curves.marks), _NAMED_MARKS)
    panel.set_ylim(low - margin - rows * 0.09 * (high - low + 2 * margin), high + margin)


def _residual(panel: Axes, curves: Curves, unit_s: float) -> None:
    import numpy as np

    from labctl.figure._thin import thin_evenly

    t, value = np.asarray(curves.residual.t_s), np.asarray(curves.residual.value)
    # Evenly, so that the scatter looks as it is, and with every point that stands out.
    kept = np.union1d(thin_evenly(len(value)), np.flatnonzero(np.abs(value) > 3))
    panel.axhspan(-2, 2, color=ORANGE, alpha=0.3, linewidth=0, zorder=1)
    panel.axhline(0, color=VERMILION, linewidth=panel.spines["left"].get_linewidth(), zorder=2)
    panel.plot(t[kept] / unit_s, value[kept], linestyle="", marker=".", color=BLUE, zorder=3)
    most = max(4.0, float(np.abs(value).max()) * 1.08)
    panel.set_ylim(-most, most)
    panel.locator_params(axis="y", nbins=4, integer=True, steps=[2, 4, 5, 10])
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
            color=BLACK, linestyle=(0, (4, 1.5)), label="asked for", zorder=3,
        )  # fmt: skip
        highest = max(value)
    measured = curves.measured_power
    if measured.value:
        times, values = thin_line(measured.t_s, measured.value)
        panel.plot(times / unit_s, values, color=BLUE, label=_MEASURED, zorder=2)
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
    # A trip is named before an alarm is.
    first = sorted(curves.marks, key=lambda mark: not mark.trip)[:_NAMED_MARKS]
    for mark in curves.marks:
        x = mark.t_s / unit_s
        color = VERMILION if mark.trip else BLACK
        panel.axvline(x, color=color, linestyle="-" if mark.trip else "-.", zorder=5,
                      linewidth=0.8 * scale, clip_on=False)  # fmt: skip
        if named and mark in first:
            left = mark.t_s < curves.end_s / 2
            panel.annotate(
                f"{'TRIP ' if mark.trip else ''}{mark.text}",
                (x, 0.02 + 0.09 * first.index(mark)),
                xycoords=("data", "axes fraction"),
                xytext=((2 if left else -2) * scale, 0),
                textcoords="offset points",
                ha="left" if left else "right",
                va="bottom",
                color=color,
                fontweight="bold" if mark.trip else "normal",
                zorder=6,
            )


def _show_words(
    figure: Figure, curves: Curves, verdict: str, scale: float, height_cm: float
) -> None:
    left = _EDGE_CM / COLUMN_CM
    figure.text(
        left, 1 - _EDGE_CM / height_cm, words.title(curves), va="top", fontweight="bold",
        fontsize=LARGE * scale,
    )  # fmt: skip
    figure.text(left, 1 - _TITLE_CM / height_cm, verdict, va="top", linespacing=1.15)
    figure.text(left, _EDGE_CM / height_cm, words.footer(curves), va="bottom", color=GREY)


def _legend_rows(curves: Curves) -> int:
    entries = [
        curves.probe.value,
        curves.predicted.value,
        curves.ambient.value,
        any(light.known for light in curves.light),
        any(not light.known for light in curves.light),
        any(curves.asked_power.value),
    ]
    return -(-sum(map(bool, entries)) // _LEGEND_COLUMNS)


def _show_legend(figure: Figure) -> None:
    """One for all panels: what looks the same means the same in each of them."""
    handles: dict[str, list[Any]] = {}
    for panel in figure.axes:
        found: dict[str, list[Any]] = {}
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            found.setdefault(label, []).append(handle)
        handles = found | handles
    order = sorted(handles, key=lambda label: label not in (_MEASURED, _MODEL))
    figure.axes[0].legend(
        [tuple(handles[label][-2:]) for label in order], order,
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=_LEGEND_COLUMNS, frameon=False,
        borderaxespad=0.1, handlelength=1.8, columnspacing=1.2, handletextpad=0.5,
        labelspacing=0.25, borderpad=0.1,
    )  # fmt: skip


def _time_unit(end_s: float) -> tuple[str, float]:
    if end_s > 3 * 3600:
        return "h", 3600.0
    return ("min", 60.0) if end_s > 300 else ("s", 1.0)
