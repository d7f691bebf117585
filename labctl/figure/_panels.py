"""What each panel of the picture shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labctl.events import LASER
from labctl.figure._curves import Curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLACK, ORANGE, BLUE, GREEN = "#000000", "#E69F00", "#0072B2", "#009E73"
VERMILION, YELLOW, GREY = "#D55E00", "#F0E442", "#666666"
"""Okabe and Ito's, and a grey."""
MEASURED, MODEL = "measured", "model ± 2 sd"
NAMED_MARKS = 3
"""Written out; every one has its line."""


def temperature(panel: Axes, curves: Curves, unit_s: float) -> None:
    from labctl.figure._thin import thin_evenly, thin_line

    if curves.predicted.value:
        import numpy as np

        kept = thin_evenly(len(curves.predicted.value))
        t = np.asarray(curves.predicted.t_s)[kept] / unit_s
        mean = np.asarray(curves.predicted.value)[kept]
        sd = np.asarray(curves.predicted_sd)[kept]
        panel.fill_between(
            t, mean - 2 * sd, mean + 2 * sd, color=ORANGE, alpha=0.55, linewidth=0,
            label=MODEL, zorder=2,
        )  # fmt: skip
        panel.plot(t, mean, color=VERMILION, linestyle=(0, (4, 1.5)), label=MODEL, zorder=4)
    for curve, color, style, label, order in (
        (curves.ambient, GREEN, ":", "ambient", 3),
        (curves.probe, BLUE, "-", MEASURED, 3.5),
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
    rows = min(len(curves.marks), NAMED_MARKS)
    panel.set_ylim(low - margin - rows * 0.09 * (high - low + 2 * margin), high + margin)


def residual(panel: Axes, curves: Curves, unit_s: float) -> None:
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


def power(panel: Axes, curves: Curves, unit_s: float) -> None:
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
        panel.plot(times / unit_s, values, color=BLUE, label=MEASURED, zorder=2)
        highest = max([highest, *values[values == values]])
    panel.set_ylim(-0.06 * highest or -0.1, 1.15 * highest or 0.1)
    panel.set_ylabel("power at\nsample / W")


def show_light(panel: Axes, curves: Curves, unit_s: float) -> None:
    for light in curves.light:
        begin, end = light.begin_s / unit_s, light.end_s / unit_s
        if light.known:
            color = YELLOW if light.source == LASER else VERMILION
            panel.axvspan(begin, end, color=color, alpha=0.35 if light.source == LASER else 0.2,
                          linewidth=0, zorder=0, label=f"{light.source} on")  # fmt: skip
        else:
            panel.axvspan(begin, end, facecolor="none", edgecolor=GREY, hatch="////", linewidth=0,
                          zorder=0, label="emission unknown")  # fmt: skip


def show_marks(panel: Axes, curves: Curves, unit_s: float, scale: float, *, named: bool) -> None:
    # A trip is named before an alarm is.
    first = sorted(curves.marks, key=lambda mark: not mark.trip)[:NAMED_MARKS]
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
