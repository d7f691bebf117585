"""A run's report: one HTML page that asks for nothing from anywhere."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from labctl.errors import RecordError
from labctl.report import _charts as charts
from labctl.report import _series as series
from labctl.report import _told as told
from labctl.report import _verdict as verdict
from labctl.report._checklist import checklist
from labctl.report._html import Child, page, section, tag
from labctl.report._imported import imported
from labctl.report._methods import methods
from labctl.report._observed import observed
from labctl.report._origin import origin, record
from labctl.report._packed import packed
from labctl.report._plot import POINTS, Plot
from labctl.report._story import Story, read_story


def report_html(folder: Path) -> str:
    """The report on the run in `folder`, whatever became of it. The same record gives the same
    page. RecordError when there is no journal that this version can read."""
    return _html(read_story(folder))


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Write the report to `out`, else to `report.html` in the folder; returns its path.
    RecordError when it cannot be written."""
    path = folder / "report.html" if out is None else out
    text = report_html(folder)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RecordError(
            "the report cannot be written",
            where=str(path),
            seen=error.strerror or "",
            fix="Name another file with --out.",
        ) from error
    return path


def _html(story: Story) -> str:
    line, said = series.cooling(story) if story.curves.light else (None, [])
    parts = [
        imported(story),
        verdict.results(story),
        _some("curves", "Heating and cooling", _chart(charts.heating_curve(story)),
              _chart(charts.residuals(story)), _chart(charts.power(story)), _thinned(story)),
        _some("cooling", "Cooling line", _chart(line), *(tag("p", text) for text in said)),
        _some("budget", "Uncertainty budget", series.budget(story)),
        _some("cycles", "On/off cycles", _chart(series.cycles(story)),
              series.table_of(story, "cycles", "Cycles")),
        _some("powers", "Power series", _chart(series.powers(story)),
              _chart(series.lights(story)), series.table_of(story, "powers", "Powers")),
        _some("release", "Release", _chart(charts.release(story)), told.medium(story)),
        _some("dose", "Dose", _chart(charts.thermal_dose(story)), told.dose(story)),
        observed(story),
        packed(story),
        verdict.criteria(story),
        told.faults(story),
        told.people(story),
        told.limits(story),
        told.steps(story),
        told.assumptions(story),
        section("methods", "Methods, to paste",
                tag("div", *(tag("p", text) for text in methods(story)), class_="methods")),
        checklist(story),
        record(story),
        origin(story),
    ]  # fmt: skip
    shown = [part for part in parts if isinstance(part, Element)]
    begun = story.begun
    title = f"{begun.mode.value} {begun.protocol} {begun.sample}" if begun else story.name
    return page(
        f"{title} – labctl report", verdict.top(story), _contents(shown), tag("main", *shown)
    )


def _chart(plot: Plot | None) -> Child:
    return None if plot is None else plot.element()


def _some(name: str, title: str, *children: Child) -> Child:
    return section(name, title, *children) if any(c is not None for c in children) else None


def _thinned(story: Story) -> Child:
    count = len(story.curves.probe.value)
    if count <= POINTS:
        return None
    return tag("p", f"Of {count} readings the lowest and highest of each of {POINTS // 2} "
                    "stretches are drawn; all of them are in data.csv.")  # fmt: skip


def _contents(sections: list[Element]) -> Element:
    links = [
        tag("li", tag("a", "".join(part[0].itertext()), href=f"#{part.get('id')}"))
        for part in sections
    ]
    return tag("nav", tag("ul", *links), aria_label="Contents")
