"""Every chart of a report for print: matplotlib, at a journal's column width."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labctl.errors import RecordError
from labctl.figure import draw_files, style
from labctl.report import _charts as charts
from labctl.report import _series as series
from labctl.report._plot import Plot
from labctl.report._sound import number
from labctl.report._story import Story, read_story

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MM_PER_INCH = 25.4
_DPI = 600
_HEIGHT_MM = 62.0
_BLACK, _BLUE, _VERMILION, _GREEN = "#000000", "#0072B2", "#D55E00", "#009E73"
_PURPLE, _ORANGE, _YELLOW, _GREY = "#CC79A7", "#E69F00", "#F0E442", "#666666"
_LOOKS: dict[str, tuple[str, Any]] = {
    "measured": (_BLUE, "-"), "model": (_VERMILION, (0, (4, 1.5))), "ambient": (_GREEN, ":"),
    "first": (_BLUE, "-"), "second": (_VERMILION, (0, (5, 1.5))), "third": (_GREEN, ":"),
    "fourth": (_PURPLE, (0, (5, 1, 1, 1))), "zero": (_VERMILION, "-"),
    "alarm": (_BLACK, "-."), "trip": (_VERMILION, "-"), "errors": (_GREY, "-"),
    "light": (_YELLOW, "-"), "heater": (_VERMILION, "-"), "unknown": (_GREY, "-"),
    "band": (_ORANGE, "-"), "between": (_ORANGE, "-"),
}  # fmt: skip
"""Look -> colour of Okabe and Ito, and dashes: no line differs from others in its colour alone."""


def write_figures(
    folder: Path, out: Path, formats: Sequence[str], width_mm: float = 84.0
) -> list[Path]:
    """The run as one picture and each chart of its report, into the folder `out`, once a format
    (`svg`, `pdf`, `png`), in print of 7 points; returns their paths. The same record gives the same
    bytes.

    RecordError when there is no journal, or a picture cannot be written.
    """
    paths = draw_files(folder, out, formats, width_mm)
    story = read_story(folder)
    begun = story.begun
    mode = f"{begun.mode.value}, " if begun is not None else ""
    stamp = f"{mode}{story.name}, head {story.checked.head_hash[:8]}"
    with style(1.0):
        drawn = [(plot.key, _drawn(plot, stamp, width_mm)) for plot in _plots(story)]
        bars = _budget(story, stamp, width_mm)
        for key, figure in [*drawn, *([("budget", bars)] if bars is not None else [])]:
            for kind in formats:
                path = out / f"{key}-{width_mm:g}mm.{kind}"
                _save(figure, path, kind, f"{key}: {stamp}")
                paths.append(path)
    return paths


def _plots(story: Story) -> list[Plot]:
    line, _ = series.cooling(story) if story.curves.light else (None, [])
    found = (
        charts.heating_curve(story), line, series.cycles(story), series.powers(story),
        series.lights(story), charts.release(story), charts.thermal_dose(story),
    )  # fmt: skip
    return [plot for plot in found if plot is not None]


def _save(figure: Figure, path: Path, kind: str, title: str) -> None:
    dated: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    try:
        figure.savefig(path, format=kind, dpi=_DPI, metadata={**dated.get(kind, {}),
                                                              "Title": title})  # fmt: skip
    except OSError as error:
        raise RecordError(
            "the figures cannot be written", where=str(path), seen=error.strerror or ""
        ) from error


def _empty(stamp: str, width_mm: float, height_mm: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH), layout="constrained"
    )
    axes = figure.add_subplot()
    # What is simulated must say so wherever the picture goes.
    figure.supxlabel(stamp, fontsize=5, color=_GREY, x=0.01, ha="left", parse_math=False)
    return figure, axes


def _drawn(plot: Plot, stamp: str, width_mm: float) -> Figure:
    figure, axes = _empty(stamp, width_mm, _HEIGHT_MM)
    for order, each in enumerate(plot.drawn):
        words = each.look.split()
        color, dashes = _LOOKS.get(words[-1] if words[0] == "band" else words[0], (_BLACK, "-"))
        common: dict[str, Any] = {"color": color, "label": each.name or None, "zorder": 2 + order}
        match each.kind:
            case "line":
                axes.plot(each.xs, each.ys, linestyle=dashes, **common)
            case "dots":
                axes.plot(each.xs, each.ys, linestyle="", marker="o",
                          markersize=1.2 if each.look == "measured" else 3.0, **common)  # fmt: skip
            case "band":
                axes.fill_between(each.xs, each.ys, each.highs, alpha=0.3, linewidth=0, **common)
            case "bars":
                axes.vlines(each.xs, each.ys, each.highs, linewidth=0.8, **common)
            case "stretch":
                axes.axvspan(*each.xs, alpha=0.35, linewidth=0, **common | {"zorder": 0})
            case "level":
                axes.axhline(each.ys[0], linestyle=dashes, **common)
            case _:
                axes.axvline(each.xs[0], linestyle=dashes, **common)
    axes.set_xlim(*plot.x)
    axes.set_ylim(*plot.y)
    axes.set_xlabel(plot.x_label, parse_math=False)
    axes.set_ylabel(plot.y_label, parse_math=False)
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    if once:
        legend = figure.legend(once.values(), once, loc="outside upper left", ncols=3,
                               frameon=False, handlelength=1.8, columnspacing=1.2)  # fmt: skip
        for text in legend.get_texts():
            text.set_parse_math(False)
    return figure


def _budget(story: Story, stamp: str, width_mm: float) -> Figure | None:
    said = story.verdict.budget if story.verdict is not None else {}
    known = sorted((v, name) for name, share in said.items() if (v := number(share)) is not None)
    if not known:
        return None
    figure, axes = _empty(stamp, width_mm, 22.0 + 4.5 * len(known))
    places = range(len(known))
    axes.barh(places, [100 * share for share, _ in known], color=_BLUE, height=0.6)
    axes.set_yticks(places, [name for _, name in known], parse_math=False)
    axes.set_xlabel("adds to the efficiency's deviation / %")
    axes.tick_params(axis="y", length=0)
    return figure
