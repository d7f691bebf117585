"""Charts as inline SVG that fits any width: curves in a stretched box, print beside it.

The box of the curves is 1000 by 1000 and stretched to the room there is, with strokes that do not
stretch; ticks and words stand outside it in per cent of the width, so that they keep their size.
The page's script zooms by moving the box's `viewBox`. It reads the limits of the axes from the
figure's attributes; nothing is drawn by it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from labctl.figure import Curve
from labctl.report._html import tag

POINTS = 2000
"""At most about so many of a curve stand in the page: the lowest and highest of each stretch."""
_HEIGHT = 240
_BOX = 1000.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """Something in a chart, in the chart's own numbers: for whoever draws it elsewhere."""

    kind: str
    """`line`, `band`, `dots`, `bars`, `stretch`, `level`, `moment`."""
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    highs: tuple[float, ...]
    """Upper ends of a band or of bars."""
    look: str
    name: str


@dataclass(slots=True)
class Plot:
    """One chart as it is put together; `element` makes it for the page."""

    key: str
    """Short name, of its file where it gets one."""
    title: str
    describes: str
    """What there is to see, in a sentence, for who does not see it."""
    x: tuple[float, float]
    y: tuple[float, float]
    x_label: str
    y_label: str
    height: int = _HEIGHT
    linked: str = ""
    """Charts with the same word are zoomed together."""
    caption: str = ""
    x_names: tuple[str, ...] = ()
    """Instead of numbers: what stands at 1, 2, 3; such a chart is not zoomed."""
    drawn: list[Drawn] = field(default_factory=list)
    layers: list[Element] = field(default_factory=list)
    legend: list[Element] = field(default_factory=list)

    def _place(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.x[0]) / (self.x[1] - self.x[0]) * _BOX
        up = (self.y[1] - y) / (self.y[1] - self.y[0]) * _BOX
        # What leaves the chart by far would only be digits.
        return across, min(max(up, -9 * _BOX), 10 * _BOX)

    def line(self, xs: Sequence[float], ys: Sequence[float], look: str, name: str = "") -> None:
        """A line; NaN breaks it. `look` is a class of the style sheet."""
        self.drawn.append(Drawn("line", tuple(xs), tuple(ys), (), look, name))
        for stretch in _unbroken(xs, ys):
            points = " ".join("{:.1f},{:.1f}".format(*self._place(*point)) for point in stretch)
            if len(stretch) == 1:
                points += f" {points}"
            self.layers.append(tag("polyline", class_=f"{look} scale", points=points))
        self._name(name, look)

    def curve(self, curve: Curve, look: str, name: str = "", factor: float = 1.0) -> None:
        """A line through a curve, thinned; times are divided by `factor`."""
        if curve.value:
            t_s, values = curve.thinned(POINTS)
            self.line([t / factor for t in t_s], values, look, name)

    def band(
        self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], look: str,
        name: str = "",
    ) -> None:  # fmt: skip
        """The area between two lines."""
        self.drawn.append(Drawn("band", tuple(xs), tuple(low), tuple(high), look, name))
        edge = [*zip(xs, high, strict=True), *reversed(list(zip(xs, low, strict=True)))]
        points = " ".join("{:.1f},{:.1f}".format(*self._place(*point)) for point in edge)
        self.layers.append(tag("polygon", class_=look, points=points))
        self._name(name, look)

    def dots(self, xs: Sequence[float], ys: Sequence[float], look: str, name: str = "") -> None:
        """Round dots, which stay round in a stretched box."""
        self.drawn.append(Drawn("dots", tuple(xs), tuple(ys), (), look, name))
        path = "".join(
            "M{:.1f} {:.1f}h0".format(*self._place(x, y))
            for x, y in zip(xs, ys, strict=True)
            if math.isfinite(y)
        )
        if path:
            self.layers.append(tag("path", class_=f"dots {look}", d=path))
            self._name(name, f"dots {look}")

    def bars(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float]) -> None:
        """Upright error bars."""
        self.drawn.append(Drawn("bars", tuple(xs), tuple(low), tuple(high), "errors", ""))
        path = ""
        for x, a, b in zip(xs, low, high, strict=True):
            (left, bottom), (_, top) = self._place(x, a), self._place(x, b)
            path += f"M{left:.1f} {bottom:.1f}V{top:.1f}"
        if path:
            self.layers.append(tag("path", class_="errors", d=path))

    def stretch(self, begin: float, end: float, look: str, name: str = "") -> None:
        """A stretch of the x axis, over the whole height."""
        self.drawn.insert(0, Drawn("stretch", (begin, end), (), (), look, name))
        left, right = self._place(begin, self.y[0])[0], self._place(end, self.y[0])[0]
        # High enough that a zoom never sees its end.
        area = tag("rect", class_=look, x=f"{left:.1f}", y="-9000", height="19000",
                   width=f"{max(right - left, 0.5):.1f}")  # fmt: skip
        self.layers.insert(0, area)
        self._name(name, look)

    def level(self, y: float, look: str, name: str = "") -> None:
        """A line across the whole chart."""
        self.drawn.append(Drawn("level", (), (y,), (), look, name))
        _, up = self._place(self.x[0], y)
        self.layers.append(tag("path", class_=look, d=f"M0 {up:.1f}H1000"))
        self._name(name, look)

    def moment(self, x: float, look: str, name: str = "") -> None:
        """A line from top to bottom."""
        self.drawn.append(Drawn("moment", (x,), (), (), look, name))
        left, _ = self._place(x, self.y[0])
        self.layers.append(tag("path", class_=look, d=f"M{left:.1f} -9000V10000"))
        self._name(name, look)

    def _name(self, name: str, look: str) -> None:
        if not name or any("".join(item.itertext()) == name for item in self.legend):
            return
        kind = look.split()[0]
        swatch = tag("svg", class_="swatch", width="28", height="12", aria_hidden="true")
        if kind in ("band", "light", "heater", "unknown", "between"):
            swatch.append(tag("rect", class_=look, width="28", height="12"))
        elif kind == "dots":
            swatch.append(tag("path", class_=look, d="M14 6h0"))
        else:
            swatch.append(tag("path", class_=look, d="M0 6H28"))
        self.legend.append(tag("li", swatch, name))

    def x_ticks(self) -> list[tuple[float, str]]:
        """Place and words of each tick of the x axis."""
        if self.x_names:
            return [(float(place), name) for place, name in enumerate(self.x_names, 1)]
        return [(value, plain(value)) for value in ticks(*self.x, 6)]

    def element(self) -> Element:
        """The chart with its legend and caption."""
        wide = tag(
            "svg", class_="plot", height=self.height, width="100%", role="img",
            aria_label=f"{self.title}. {self.describes}",
        )  # fmt: skip
        grid, upright = (
            tag("g", class_="grid"),
            tag("svg", class_="upright", width="56", height=self.height + 22, aria_hidden="true"),
        )
        for value in ticks(*self.y, 5):
            share = (self.y[1] - value) / (self.y[1] - self.y[0])
            y = f"{share * self.height:.1f}"
            grid.append(tag("line", x1="0", x2="100%", y1=y, y2=y))
            upright.append(tag("text", plain(value), x="50", y=y, dy="0.35em"))
        below = tag("svg", class_="below", width="100%", height="22", aria_hidden="true")
        for value, text in self.x_ticks():
            share = 100 * (value - self.x[0]) / (self.x[1] - self.x[0])
            grid.append(tag("line", x1=f"{share:.3f}%", x2=f"{share:.3f}%", y1="0", y2="100%"))
            anchor = "start" if share < 2 else "end" if share > 98 else "middle"
            below.append(tag("text", text, x=f"{share:.3f}%", y="16", text_anchor=anchor))
        box = tag(
            "svg", *self.layers, class_="data", x="0", y="0", width="100%", height="100%",
            viewBox="0 0 1000 1000", preserveAspectRatio="none",
        )  # fmt: skip
        wide.extend([grid, box])
        figure = tag(
            "figure",
            tag("figcaption", tag("strong", self.title), " ", self.caption),
            tag("ul", *self.legend, class_="legend") if self.legend else None,
            tag("p", self.y_label, class_="y-label"),
            tag("div", upright, tag("div", wide, below, class_="across"), class_="axes"),
            tag("p", self.x_label, class_="x-label"),
            class_="chart", data_x0=repr(self.x[0]), data_x1=repr(self.x[1]),
            data_y0=repr(self.y[0]), data_y1=repr(self.y[1]), data_linked=self.linked or None,
            data_name=self.title, data_fixed="yes" if self.x_names else None,
        )  # fmt: skip
        return figure


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers from `low` to `high`, about so many."""
    step = 10 ** math.floor(math.log10((high - low) / about))
    for times in (1, 2, 5, 10):
        if (high - low) / (step * times) <= about + 0.5:
            step *= times
            break
    first = math.ceil(low / step - 1e-9)
    return [count * step for count in range(first, math.floor(high / step + 1e-9) + 1)]


def plain(value: float) -> str:
    """A tick's number without noise in its last digits."""
    return f"{value + 0.0:.6g}".replace("-", "−")


def limits(*many: Sequence[float], margin: float = 0.06, least: float = 0.2) -> tuple[float, float]:
    """What holds all finite values, with a margin."""
    finite = [v for values in many for v in values if math.isfinite(v)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    room = max((high - low) * margin, least)
    return low - room, high + room


def _unbroken(xs: Sequence[float], ys: Sequence[float]) -> list[list[tuple[float, float]]]:
    found: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(xs, ys, strict=True):
        if math.isfinite(y):
            found[-1].append((x, y))
        elif found[-1]:
            found.append([])
    return [stretch for stretch in found if stretch]
