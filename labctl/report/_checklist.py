"""The items that MIRIBEL asks a paper to report, filled from the record or named as missing.

The three parts are those of Faria et al., Nature Nanotechnology 13, 777 (2018),
doi 10.1038/s41565-018-0246-4; the wording of the items, and those on light and heat, are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labctl.report._html import Child, section, table, tag
from labctl.report._methods import roles, sampling_s
from labctl.report._sound import number
from labctl.report._stated import stated
from labctl.report._story import Story


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to report."""

    part: str
    name: str
    found: str
    """What the record says; '' where it does not."""

    @property
    def state(self) -> str:
        """`in the record`, `placeholder` (nobody has measured it), or `missing`."""
        if not self.found:
            return "missing"
        return "placeholder" if "placeholder" in self.found else "in the record"


MATERIAL, BIOLOGY, PROTOCOL = "material", "biology", "protocol"
_ELSEWHERE: tuple[tuple[str, str], ...] = (
    (MATERIAL, "synthesis and composition"),
    (MATERIAL, "size, shape and their spread"),
    (MATERIAL, "aggregation, and size in the medium used"),
    (MATERIAL, "surface charge"),
    (MATERIAL, "absorption spectrum before and after"),
    (MATERIAL, "labelling and targeting"),
    (BIOLOGY, "cells or animals, and why these"),
    (BIOLOGY, "passage, mycoplasma, seeding"),
    (BIOLOGY, "controls: untreated, light alone, particles alone"),
    (BIOLOGY, "toxicity, and how it was read"),
    (PROTOCOL, "stirring"),
    (PROTOCOL, "place of the probe in the vessel"),
    (PROTOCOL, "replicates and statistics"),
)
"""What no record of a run has; the authors must say it."""


def items(story: Story) -> list[Item]:
    """All of them, in the order of the three parts."""
    sample, bench, told = story.sample, story.bench, roles(story)
    solvent, wavelength = sample.get("solvent"), stated(bench.get("wavelength"))
    found = [
        Item(MATERIAL, "material and solvent", _both(sample.get("material"), solvent)),
        Item(MATERIAL, "lot", str(sample.get("lot") or "")),
        Item(MATERIAL, "concentration", stated(sample.get("concentration"))),
        Item(MATERIAL, "absorbance at the wavelength used", stated(sample.get("absorbance"))),
        Item(MATERIAL, "drug loads", _loads(sample.get("release"))),
        Item(PROTOCOL, "laser and wavelength", _both(told.get("laser"), wavelength)),
        Item(PROTOCOL, "power at the sample and how it was measured", _power(story, told)),
        Item(PROTOCOL, "spot area and how it was measured", stated(bench.get("spot_area"))),
        Item(PROTOCOL, "mean irradiance", _irradiance(story)),
        Item(PROTOCOL, "exposure: time and energy", _exposure(story)),
        Item(PROTOCOL, "volume", stated(sample.get("volume"))),
        Item(PROTOCOL, "mass and heat capacity", _both(stated(sample.get("density")),
                                                       stated(sample.get("specific_heat")))),
        Item(PROTOCOL, "vessel", _vessel(bench.get("vessel"))),
        Item(PROTOCOL, "sensor and its tolerance", _sensor(story, told)),
        Item(PROTOCOL, "temperature of the surroundings", _ambient(story)),
        Item(PROTOCOL, "sampling", f"every {every:.3g} s" if (every := sampling_s(story)) else ""),
        Item(PROTOCOL, "blank run", _blank(story)),
        Item(PROTOCOL, "raw data", f"journal.jsonl and data.csv of {story.name}"),
        Item(PROTOCOL, "version of the code that fits", _version(story)),
    ]  # fmt: skip
    found += [Item(part, name, "") for part, name in _ELSEWHERE]
    order = (MATERIAL, BIOLOGY, PROTOCOL)
    return sorted(found, key=lambda item: (order.index(item.part), not item.found))


def checklist(story: Story) -> Child:
    """The table, with how many are filled."""
    all_items = items(story)
    rows: list[tuple[Child, ...]] = [
        (item.name, item.part,
         tag("span", item.state,
             class_="filled" if item.state == "in the record" else "missing"),
         item.found or "not in this record: state it in the paper")
        for item in all_items
    ]  # fmt: skip
    filled = sum(item.state == "in the record" for item in all_items)
    taken = sum(item.state == "placeholder" for item in all_items)
    return section(
        "checklist", "Checklist for the paper (MIRIBEL)",
        tag("p", f"{filled} of {len(all_items)} items are in the record, {taken} only as a "
                 "placeholder. The three parts are those of Faria et al. 2018, doi "
                 "10.1038/s41565-018-0246-4; the wording of the items and those on light and heat "
                 "are labctl's."),
        table(("item", "part", "state", "what the record says"), rows, "Items to report"),
    )  # fmt: skip


def _both(*parts: object) -> str:
    said = [str(part) for part in parts if part]
    return ", ".join(said) if len(said) == len(parts) else ""


def _loads(release: object) -> str:
    if not isinstance(release, Mapping):
        return ""
    return "; ".join(f"{name} {stated(entry.get('load'))}" for name, entry in release.items()
                     if isinstance(entry, Mapping) and entry.get("load"))  # fmt: skip


def _power(story: Story, told: Mapping[str, str]) -> str:
    power = story.bench.get("power_at_sample")
    if not isinstance(power, Mapping) or not any(story.curves.asked_power.value):
        return ""
    highest = max(story.curves.asked_power.value)
    by = f", followed by {told['meter']}" if "meter" in told else ", not followed by a meter"
    return f"up to {highest:.4g} W, calibrated {power.get('date', '(no date)')}{by}"


def _result(story: Story, name: str) -> Mapping[str, Any]:
    found = story.dose.results.get(name) if story.dose is not None else None
    return found if isinstance(found, Mapping) else {}


def _irradiance(story: Story) -> str:
    entry = _result(story, "irradiance")
    value = number(entry.get("value"))
    return "" if value is None else f"{value * 1e-4:.4g} W/cm², {entry.get('of', '')}"


def _exposure(story: Story) -> str:
    entry = _result(story, "energy")
    lit_s, energy_j = number(entry.get("lit_s")), number(entry.get("value"))
    return "" if lit_s is None or energy_j is None else f"{lit_s:.4g} s, {energy_j:.4g} J"


def _vessel(vessel: object) -> str:
    if not isinstance(vessel, Mapping):
        return ""
    path = stated(vessel.get("path"))
    return str(vessel.get("name", "")) + (f", path {path}" if path else "")


def _sensor(story: Story, told: Mapping[str, str]) -> str:
    probe = story.bench.get("probe")
    tolerance = stated(probe.get("tolerance")) if isinstance(probe, Mapping) else ""
    return f"{told['probe']}, tolerance {tolerance}" if "probe" in told and tolerance else ""


def _ambient(story: Story) -> str:
    values = [v for v in story.curves.ambient.value if v == v]
    return f"{min(values):.1f} to {max(values):.1f} °C, measured" if values else ""


def _blank(story: Story) -> str:
    blank = story.facts.get("blank")
    # The folder's name alone: a path of somebody's computer is no part of a report.
    return "/".join(str(blank).replace("\\", "/").split("/")[-2:]) if blank else ""


def _version(story: Story) -> str:
    begun = story.begun
    if begun is None:
        return ""
    git = story.facts.get("git")
    commit = git.get("commit") if isinstance(git, Mapping) else None
    changed = " with changes" if isinstance(git, Mapping) and git.get("changed") else ""
    return f"labctl {begun.version}" + (f", commit {str(commit)[:12]}{changed}" if commit else "")
