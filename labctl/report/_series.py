"""Charts that are not over the run's time: cooling, cycles laid over each other, powers, budget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from labctl.events import LASER
from labctl.figure import Curve
from labctl.report._html import Child, table, tag
from labctl.report._numbers import cell
from labctl.report._plot import Plot, limits
from labctl.report._sound import number
from labctl.report._story import Story

_LAST_S = 15.0
"""At the end of the light, averaged for the temperature that cooling begins from."""
_BEFORE_S = 30.0


def cooling(story: Story) -> tuple[Plot | None, list[str]]:
    """The line of the field, t against -ln theta, and what is to be said of it."""
    found = _line(story)
    if isinstance(found, str):
        return None, [f"No cooling line: {found}."]
    t, y, tau, sd, r2, floor, by_floor = found
    own = story.results.get("time_constant")
    plot = Plot(
        "cooling", "Cooling, as the field draws it",
        f"A line of slope {tau:.4g} s, R² {r2:.5f}.",
        (0.0, max(max(y), -math.log(floor)) * 1.05), (0.0, max(t) * 1.03),
        "−ln θ, θ = (T − T_s)/(T_max − T_s)", "time since laser off / s", height=260,
        caption=f"Readings down to θ = {floor:g} and the line through them.",
    )  # fmt: skip
    plot.dots(y, t, "measured", "a reading")
    end = -math.log(floor)
    plot.line([0.0, end], [0.0, tau * end], "model", f"slope {tau:.4g} s")
    moved = ", ".join(f"{other:.4g} s down to θ = {least:g}" for least, other in by_floor)
    said = [
        f"Log-linear cooling fit (Roper, Ahn, Hoepfner 2007): time constant {tau:.4g} s, "
        f"R² {r2:.5f}; white residuals alone would give it ± {sd:.2g} s. It moves with the "
        f"least θ that is used: {moved}."
    ]
    if isinstance(own, Mapping) and number(own.get("value")) is not None:
        said.append(
            "The verdict does not use it: its time constant is that of the whole curve with wall "
            "and surroundings, in the table of results. What that model left over of the cooling "
            "is in the chart of residuals above."
        )
    return plot, said


def _line(story: Story) -> str | tuple[Any, ...]:
    import numpy as np

    from labctl.photothermal import Record, UnusableError, branches, log_linear_cooling

    lights = [light for light in story.lights() if light.known and light.source == LASER]
    probe = story.curves.probe
    if not lights or not probe.value:
        return "the laser was not on, or nothing was read"
    t = np.asarray(probe.t_s)
    temperature = np.asarray(probe.value)
    good = np.isfinite(temperature)
    t, temperature = t[good], temperature[good]
    on = np.zeros(len(t), dtype=bool)
    for light in lights:
        on |= (t >= light.begin_s) & (t < light.end_s)
    first = lights[0]
    before = temperature[(t < first.begin_s) & (t >= first.begin_s - _BEFORE_S)]
    last = temperature[(t < first.end_s) & (t >= first.end_s - _LAST_S)]
    if not len(before) or not len(last):
        return "there are no readings just before the light, or at its end"
    try:
        record = Record(t, temperature, on)
        cut = branches(record)
        surroundings, hottest = float(before.mean()), float(last.mean())
        fit = log_linear_cooling(record, cut, surroundings, hottest)
    except (UnusableError, ValueError) as error:
        return str(error)
    rows = slice(cut.cooling.start, cut.cooling.start + fit.rows)
    theta = (temperature[rows] - surroundings) / (hottest - surroundings)
    x, y = t[rows] - float(cut.off_s or 0.0), -np.log(theta)
    r2 = float(np.corrcoef(x, y)[0, 1] ** 2) if len(x) > 2 else float("nan")
    kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), 1000)).round().astype(int))
    return (
        x[kept].tolist(), y[kept].tolist(), fit.time_constant_s, fit.sd_s, r2, fit.floor,
        fit.by_floor,
    )  # fmt: skip


def rows_of(story: Story, name: str) -> list[Mapping[str, Any]]:
    """The table of a result of several lights, `cycles` or `powers`."""
    entry = story.results.get(name)
    rows = entry.get("table") if isinstance(entry, Mapping) else None
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def cycles(story: Story) -> Plot | None:
    """Each light laid over the first, from its laser-on."""
    return _overlay(story, "cycles", "Cycles, aligned at laser on") if rows_of(
        story, "cycles") else None  # fmt: skip


def lights(story: Story) -> Plot | None:
    """The same of a series of powers."""
    return _overlay(story, "lights", "Lights of the series, aligned at laser on") if rows_of(
        story, "powers") else None  # fmt: skip


def powers(story: Story) -> Plot | None:
    """Rise of temperature against power, with a line through the origin for the eye."""
    points = [
        (power, rise)
        for row in rows_of(story, "powers")
        if (power := number(row.get("power_w"))) is not None
        and power > 0.0
        and (rise := number(row.get("rise_k"))) is not None
    ]
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    squares = sum(x * x for x in xs)
    slope = sum(x * y for x, y in points) / squares if squares else 0.0
    plot = Plot(
        "powers", "Rise of temperature against power",
        f"{len(xs)} powers; a line through the origin has {slope:.4g} K/W.",
        (0.0, 1.08 * max(xs)), limits(ys, [0.0]), "power at the sample / W",
        "rise at the end of the light / K", height=260,
        caption="With the least-squares line through the origin, for the eye.",
    )  # fmt: skip
    plot.line([0.0, 1.08 * max(xs)], [0.0, 1.08 * slope * max(xs)], "model", f"{slope:.4g} K/W")
    plot.dots(xs, ys, "measured big", "a light")
    return plot


def _overlay(story: Story, key: str, title: str) -> Plot | None:
    probe = story.curves.probe
    begins = [x.begin_s for x in story.lights() if x.known and x.source == LASER]
    if len(begins) < 2:
        return None
    laid: list[Curve] = []
    for begin, end in zip(begins, [*begins[1:], story.curves.end_s + _BEFORE_S], strict=True):
        inside = [(t, v) for t, v in zip(probe.t_s, probe.value, strict=True)
                  if begin - _BEFORE_S <= t < end - _BEFORE_S]  # fmt: skip
        start = [v for t, v in inside if t < begin and math.isfinite(v)]
        zero = sum(start) / len(start) if start else 0.0
        curve = Curve()
        for t, v in inside:
            curve.add((t - begin) / 60.0, v - zero)
        if inside:
            laid.append(curve)
    plot = Plot(
        key, title, f"{len(laid)} lights, each from its own start.",
        (-_BEFORE_S / 60, max(c.t_s[-1] for c in laid)), limits(*(c.value for c in laid)),
        "time since laser on / min", "rise / K", height=300,
        caption="Each less its mean of the 30 s before it; a later one begins warmer than the "
        "surroundings.",
    )  # fmt: skip
    looks = ("first", "second", "third", "fourth")
    for place, curve in enumerate(laid):
        plot.curve(curve, looks[place % len(looks)], f"light {place + 1}")
    return plot


_TITLES = {
    "cycle": "cycle", "power_w": "power / W", "rise_k": "rise / K", "ratio": "of the first",
    "rise_k_per_w": "rise / (K/W)", "against_the_cell": "against what this cell would do",
}  # fmt: skip


def table_of(story: Story, name: str, caption: str) -> Element | None:
    """What the verdict says of each light."""
    rows = rows_of(story, name)
    if not rows:
        return None
    keys = list(dict.fromkeys(key for row in rows for key in row))
    head = tuple(_TITLES.get(key, key.replace("_", " ")) for key in keys)
    body: list[tuple[Child, ...]] = [tuple(_value(row.get(key)) for key in keys) for row in rows]
    return table(head, body, caption)


def _value(value: object) -> Child:
    return cell(value, "", None) if number(value) is not None else str(value or "–")


def budget(story: Story) -> Child:
    """What each input adds to the deviation of the efficiency, the largest first."""
    said = story.verdict.budget if story.verdict is not None else {}
    parts = {name: number(share) for name, share in said.items()}
    known = sorted(((v, n) for n, v in parts.items() if v is not None), reverse=True)
    if not known:
        return None
    most = max(known[0][0], 1e-12)
    rows: list[tuple[Child, ...]] = []
    for share, name in known:
        bar = tag("svg", tag("rect", class_="bar", height="14", width=f"{96 * share / most:.2f}%"),
                  class_="bars", width="100%", height="14", aria_hidden="true")  # fmt: skip
        rows.append((name, tag("data", f"{100 * share:.2g}\u00a0%", value=repr(share)), bar))
    total = math.sqrt(sum(share**2 for share, _ in known))
    improve = story.verdict.improve if story.verdict is not None else ""
    return tag(
        "div",
        tag("p", "One relative standard deviation of the efficiency from each input; squares add, "
                 f"to {100 * total:.2g} % in all. Statistics of the readings come on top."),
        table(("input", "adds", "share"), rows, "Uncertainty budget of the efficiency"),
        tag("p", f"What would help most: {improve}.") if improve else None,
    )  # fmt: skip
