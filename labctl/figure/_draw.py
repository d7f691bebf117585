"""Draws a run: temperature with the model's band, what the model left over, and the power.

Sizes are those of a 9 cm column with print of 7 points or more, all scaled by the width, so that
the picture reads alike at 9 and at 18 cm. Colours are Okabe and Ito's, and every line differs from
the others in more than its colour. The same journal gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labctl.errors import RecordError
from labctl.events import LASER
from labctl.figure import _panels as panels
from labctl.figure import _words as words
from labctl.figure._curves import Curves, read_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN_CM = 9.0
SMALL, LARGE = 7.0, 8.0
"""Points, in a column."""
_CM_PER_INCH = 2.54
_PANEL_CM = {"temperature": 4.2, "residual": 1.7, "power": 1.7}
_TITLE_CM, _LINE_CM = 0.55, 0.33
_BELOW_CM, _BETWEEN_CM, _EDGE_CM = 1.1, 0.22, 0.12
_LEFT_CM, _RIGHT_CM = 1.4, 0.3
_LEGEND_COLUMNS = 3
_PNG_DPI, _PRINT_DPI = 200, 600


def draw(folder: Path, *, width_cm: float = 18.0, png: bool = False) -> Path:
    """Draw the run in `folder` into its `figure.svg` (with `png` also `figure.png`); returns the
    SVG's path. Works for any journal, also that of a run that was cut off.

    RecordError when there is no journal, or the picture cannot be written.
    """
    curves = read_curves(folder / "journal.jsonl")
    path = folder / "figure.svg"
    scale = width_cm / COLUMN_CM
    with style(scale):
        figure = _figure(curves, width_cm, scale)
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


def draw_files(
    folder: Path, out: Path, formats: Sequence[str], width_mm: float = 84.0
) -> list[Path]:
    """Draw the run in `folder` into the folder `out`, once a format (`svg`, `pdf`, `png`), at the
    width of a journal's column, in print of 7 points: `run-84mm.svg` and so on; returns their
    paths. The same journal gives the same bytes.

    RecordError when there is no journal, or a picture cannot be written.
    """
    curves = read_curves(folder / "journal.jsonl")
    paths = [out / f"run-{width_mm:g}mm.{kind}" for kind in formats]
    try:
        out.mkdir(exist_ok=True)
        with style(1.0):
            figure = _figure(curves, width_mm / 10, 1.0)
            for kind, path in zip(formats, paths, strict=True):
                figure.savefig(path, format=kind, dpi=_PRINT_DPI, metadata=_metadata(kind, curves))
    except OSError as error:
        raise RecordError(
            "the figures cannot be written", where=str(out), seen=error.strerror or ""
        ) from error
    return paths


def _metadata(kind: str, curves: Curves) -> dict[str, Any]:
    """The title, and nothing of the moment."""
    dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    return {**dated.get(kind, {}), "Title": words.title(curves)}


_PANELS: dict[str, Callable[[Axes, Curves, float], None]] = {
    "temperature": panels.temperature,
    "residual": panels.residual,
    "power": panels.power,
}


@contextmanager
def style(scale: float) -> Iterator[None]:
    """Letters, lines and colours of every picture; `scale` 1 is print of 7 points."""
    import matplotlib

    settings: dict[Any, Any] = {
        "svg.hashsalt": "labctl",
        "svg.fonttype": "none",
        # Letters, not paths: journals ask for them.
        "pdf.fonttype": 42,
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
        "hatch.color": panels.GREY,
    }
    with matplotlib.rc_context(settings):
        yield


def _figure(curves: Curves, width_cm: float, scale: float) -> Figure:
    # Not through pyplot: no window system is looked for, and nothing is kept alive.
    from matplotlib.figure import Figure

    column_cm = width_cm / scale
    """Before everything is scaled."""
    characters = int(words.WIDTH * column_cm / COLUMN_CM)
    names = ["temperature"]
    if curves.residual.value:
        names.append("residual")
    if curves.measured_power.value or any(curves.asked_power.value):
        names.append("power")
    verdict = words.verdict(curves, characters)
    above_cm = _TITLE_CM + _LINE_CM * (verdict.count("\n") + 1 + _legend_rows(curves)) + 0.15
    footer = words.footer(curves, characters)
    below_cm = _BELOW_CM + _LINE_CM * footer.count("\n")
    height_cm = above_cm + below_cm + sum(_PANEL_CM[name] + _BETWEEN_CM for name in names)
    figure = Figure(figsize=(width_cm / _CM_PER_INCH, height_cm * scale / _CM_PER_INCH))
    unit, unit_s = time_unit(curves.end_s)
    top_cm = height_cm - above_cm
    shown: list[Axes] = []
    for name in names:
        bottom_cm = top_cm - _PANEL_CM[name]
        panel = figure.add_axes(
            (
                _LEFT_CM / column_cm,
                bottom_cm / height_cm,
                (column_cm - _LEFT_CM - _RIGHT_CM) / column_cm,
                _PANEL_CM[name] / height_cm,
            ),
            sharex=shown[0] if shown else None,
        )
        shown.append(panel)
        _PANELS[name](panel, curves, unit_s)
        panels.show_light(panel, curves, unit_s)
        panels.show_marks(panel, curves, unit_s, scale, named=name == "temperature")
        panel.tick_params(labelbottom=name == names[-1])
        top_cm = bottom_cm - _BETWEEN_CM
    shown[-1].set_xlabel(f"time / {unit}")
    shown[0].set_xlim(0.0, max(curves.end_s, 1.0) / unit_s)
    figure.align_ylabels(shown)
    _show_words(figure, (words.title(curves), verdict, footer), scale, (column_cm, height_cm))
    _show_legend(figure)
    return figure


def _show_words(
    figure: Figure, said: tuple[str, str, str], scale: float, size_cm: tuple[float, float]
) -> None:
    title, verdict, footer = said
    column_cm, height_cm = size_cm
    left, edge = _EDGE_CM / column_cm, _EDGE_CM / height_cm
    figure.text(left, 1 - edge, title, va="top", fontweight="bold", fontsize=LARGE * scale)
    figure.text(left, 1 - _TITLE_CM / height_cm, verdict, va="top", linespacing=1.15)
    figure.text(left, edge, footer, va="bottom", color=panels.GREY, linespacing=1.15)


def _legend_rows(curves: Curves) -> int:
    entries = [
        curves.probe.value,
        curves.predicted.value,
        curves.ambient.value,
        any(light.known and light.source == LASER for light in curves.light),
        any(light.known and light.source != LASER for light in curves.light),
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
    order = sorted(handles, key=lambda label: label not in (panels.MEASURED, panels.MODEL))
    figure.axes[0].legend(
        [tuple(handles[label][-2:]) for label in order], order,
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=_LEGEND_COLUMNS, frameon=False,
        borderaxespad=0.1, handlelength=1.8, columnspacing=1.2, handletextpad=0.5,
        labelspacing=0.25, borderpad=0.1,
    )  # fmt: skip


def time_unit(end_s: float) -> tuple[str, float]:
    if end_s > 3 * 3600:
        return "h", 3600.0
    return ("min", 60.0) if end_s > 300 else ("s", 1.0)
