"""The charts over the time of a run: temperature, residuals, power, dose, release."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from typing import Any

from labctl.clock import NS
from labctl.events import LASER, Assayed, ReleaseAssessed
from labctl.report._plot import POINTS, Plot, limits
from labctl.report._story import Story

TIME = "time"
"""Charts over the run's time are zoomed together."""
_MARKS_NAMED = 6
_LOOKS = ("first", "second", "third", "fourth")


def time_unit(story: Story) -> tuple[str, float]:
    """Unit of the time axis and its seconds."""
    end_s = story.curves.end_s
    if end_s > 3 * 3600:
        return "h", 3600.0
    return ("min", 60.0) if end_s > 300 else ("s", 1.0)


def over_time(
    story: Story, key: str, title: str, describes: str, y: tuple[float, float], y_label: str,
    **more: Any,
) -> Plot:  # fmt: skip
    """An empty chart over the run's time, with the light behind it."""
    unit, unit_s = time_unit(story)
    end = max(story.curves.end_s, 1.0) / unit_s
    plot = Plot(
        key, title, describes, (0.0, end), y, f"time / {unit}", y_label, linked=TIME, **more
    )
    for light in reversed(story.lights()):
        look = ("light" if light.source == LASER else "heater") if light.known else "unknown"
        name = f"{light.source} on" if light.known else "emission unknown"
        plot.stretch(light.begin_s / unit_s, light.end_s / unit_s, look, name)
    return plot


def heating_curve(story: Story) -> Plot | None:
    """What was measured, with the model's band, the surroundings and every alarm."""
    curves, (_, unit_s) = story.curves, time_unit(story)
    measured = [curves.probe.value, curves.ambient.value, story.thermostat.value]
    if not any(len(values) for values in measured):
        return None
    finite = [v for v in curves.probe.value if math.isfinite(v)]
    seen = f"From {finite[0]:.1f} °C, highest {max(finite):.1f} °C" if finite else "No reading"
    banded = len(curves.predicted.value) > 0
    plot = over_time(
        story, "temperature", "Temperature of the sample",
        f"{seen}; the laser was on "
        f"{sum(each.source == LASER and each.known for each in story.lights())} times"
        + ("; the band is the model's prediction of each reading, two standard deviations either "
           "way." if banded else "."),
        limits(*measured), "temperature / °C", height=340,
        caption="Measured, with the model's prediction of every reading before it came."
        if banded else "",
    )  # fmt: skip
    for low, high in _held(story):
        plot.band([0.0, plot.x[1]], [low, low], [high, high], "between",
                  f"to be held, {low:g} to {high:g} °C")  # fmt: skip
    plot.curve(curves.ambient, "ambient", "surroundings", unit_s)
    plot.curve(story.thermostat, "fourth", "thermostat", unit_s)
    plot.curve(curves.probe, "measured wide", "measured", unit_s)
    if banded:
        kept = range(0, len(curves.predicted.value), max(1, len(curves.predicted.value) // POINTS))
        t = [curves.predicted.t_s[i] / unit_s for i in kept]
        mean = [curves.predicted.value[i] for i in kept]
        reach = [2 * curves.predicted_sd[i] for i in kept]
        plot.band(
            t,
            [m - r for m, r in zip(mean, reach, strict=True)],
            [m + r for m, r in zip(mean, reach, strict=True)],
            "band",
            "model ± 2 sd",
        )
        plot.line(t, mean, "model", "model")
    for mark in curves.marks[:_MARKS_NAMED]:
        look = "trip" if mark.trip else "alarm"
        plot.moment(mark.t_s / unit_s, look, f"{'trip: ' if mark.trip else 'alarm: '}{mark.text}")
    return plot


def _held(story: Story) -> list[tuple[float, float]]:
    """The bands in degC between which the protocol held a temperature."""
    found = []
    steps = story.protocol.get("steps")
    for step in steps if isinstance(steps, list) else ():
        hold = step.get("hold_temperature") if isinstance(step, Mapping) else None
        ends = hold.get("between") if isinstance(hold, Mapping) else None
        match [str(end).split() for end in ends] if isinstance(ends, list) else ():
            case [[low, "degC"], [high, "degC"]]:
                with contextlib.suppress(ValueError):
                    found.append((float(low), float(high)))
            case _:
                pass
    return list(dict.fromkeys(found))


def residuals(story: Story) -> Plot | None:
    """Standardised innovations: white and mostly within two where the model holds."""
    curve, (_, unit_s) = story.curves.residual, time_unit(story)
    if not curve.value:
        return None
    count = len(curve.value)
    every = max(1, count // POINTS)
    kept = [i for i in range(count) if i % every == 0 or abs(curve.value[i]) > 3]
    inside = sum(abs(value) <= 2 for value in curve.value) / count
    most = max(4.0, max(abs(value) for value in curve.value) * 1.08)
    plot = over_time(
        story, "residuals", "What the model left over",
        f"{100 * inside:.1f} % of {count} readings lie within two standard deviations.",
        (-most, most), "residual / sd", height=170,
        caption=f"{100 * inside:.1f} % of {count} readings within ± 2 standard deviations.",
    )  # fmt: skip
    plot.band([0.0, plot.x[1]], [-2.0, -2.0], [2.0, 2.0], "between", "± 2 sd")
    plot.level(0.0, "zero")
    plot.dots([curve.t_s[i] / unit_s for i in kept], [curve.value[i] for i in kept], "measured",
              "a reading")  # fmt: skip
    return plot


def power(story: Story) -> Plot | None:
    """Power at the sample as asked for and as measured."""
    curves, (_, unit_s) = story.curves, time_unit(story)
    asked, measured = curves.asked_power, curves.measured_power
    if not measured.value and not any(asked.value):
        return None
    values = [v for v in (*asked.value, *measured.value) if math.isfinite(v)]
    highest = max(values, default=0.1) or 0.1
    plot = over_time(
        story, "power", "Power at the sample", f"Highest {highest:.3g} W.",
        (-0.05 * highest, 1.12 * highest), "power / W", height=170,
    )  # fmt: skip
    plot.curve(measured, "measured", "measured", unit_s)
    if any(asked.value):
        t = [0.0, *asked.t_s, curves.end_s]
        plot.line([moment / unit_s for moment in t], [0.0, *asked.value, asked.value[-1]],
                  "model", "asked for")  # fmt: skip
    return plot


def thermal_dose(story: Story) -> Plot | None:
    """CEM43 as it added up, by the same reckoning as the dose below."""
    _, unit_s = time_unit(story)
    if not story.cem43.value or story.dose is None or "cem43" not in story.dose.results:
        return None
    end = story.cem43.value[-1]
    if end <= 0.0:
        return None
    plot = over_time(
        story, "dose", "Thermal dose of the probed liquid",
        f"It comes to {end:.3g} equivalent minutes.",
        (0.0, max(1.06 * end, 1e-3)), "CEM43 / min", height=200,
        caption="Equivalent minutes at 43 °C as they added up, of the liquid, not of tissue.",
    )  # fmt: skip
    plot.curve(story.cem43, "measured", "CEM43", unit_s)
    return plot


def release(story: Story) -> Plot | None:
    """Released share of each species: assays with their deviations, the estimate with its band."""
    assays, told = story.all(Assayed), story.all(ReleaseAssessed)
    names = sorted({e.species for e in assays} | {n for e in told for n in e.results})
    if not names:
        return None
    _, unit_s = time_unit(story)
    shares = [e.fraction for e in assays if e.fraction is not None]
    bounds = list(_bounds(told))
    low, high = limits(shares, bounds, [0.0], margin=0.05, least=0.03)
    plot = over_time(
        story, "release", "Released share of the load",
        "; ".join(_released_words(told, name) for name in names) + ".",
        (low, high), "share of the load", height=320,
        caption="Assays with one standard deviation, and the estimate with its 95 % band."
        + (f" Not drawn: {', '.join(names[len(_LOOKS):])}." if len(names) > len(_LOOKS) else ""),
    )  # fmt: skip
    for name, look in zip(names, _LOOKS, strict=False):
        followed = [
            (e.t_ns / NS / unit_s, e.results[name])
            for e in told
            if name in e.results and e.results[name].get("fraction") is not None
        ]
        banded = [(t, r) for t, r in followed if None not in (r.get("low"), r.get("high"))]
        if banded:
            plot.band([t for t, _ in banded], [r["low"] for _, r in banded],
                      [r["high"] for _, r in banded], f"band {look}")  # fmt: skip
        plot.line([t for t, _ in followed], [r["fraction"] for _, r in followed], look, name)
        own = [e for e in assays if e.species == name and e.fraction is not None]
        t = [e.taken_ns / NS / unit_s for e in own]
        with_sd = [(x, e) for x, e in zip(t, own, strict=True) if e.sd_fraction is not None]
        plot.bars([x for x, _ in with_sd], [e.fraction - e.sd_fraction for _, e in with_sd],
                  [e.fraction + e.sd_fraction for _, e in with_sd])  # fmt: skip
        plot.dots(t, [e.fraction for e in own], look, f"{name}, assay")
    return plot


def _bounds(told: Iterable[ReleaseAssessed]) -> Iterable[float]:
    for event in told:
        for result in event.results.values():
            for key in ("low", "high", "fraction"):
                if result.get(key) is not None:
                    yield result[key]


def _released_words(told: list[ReleaseAssessed], name: str) -> str:
    last: Mapping[str, Any] = next(
        (e.results[name] for e in reversed(told) if name in e.results), {}
    )
    share = last.get("fraction")
    return f"{name}: {share:.2f} at the last estimate" if share is not None else f"{name}: unknown"
