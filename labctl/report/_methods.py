"""A methods paragraph to paste. It says what the record says, and names what the record lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl.clock import NS
from labctl.events import Dosed, InstrumentFound, Mode, StepBegun, StepEnded
from labctl.report._numbers import length, words
from labctl.report._sound import number
from labctl.report._stated import friendly, stated
from labctl.report._story import Story

_SWITCH_SHORTEST_S = 1.0


def roles(story: Story) -> dict[str, str]:
    """Role -> what answered there, as it named itself."""
    found = {event.instrument: event for event in story.all(InstrumentFound)}
    places = story.bench.get("roles")
    told: dict[str, str] = {}
    for role, place in places.items() if isinstance(places, Mapping) else ():
        name = str(place).partition(".")[0]
        channel = str(place).partition(".")[2]
        if name in found:
            told[str(role)] = found[name].identity + (f", channel {channel}" if channel else "")
    return told


def sampling_s(story: Story) -> float | None:
    """Time between two samples as planned, or as seen."""
    if story.basis is not None and story.basis.sampling_s:
        return story.basis.sampling_s
    t = story.curves.probe.t_s
    return (t[-1] - t[0]) / (len(t) - 1) if len(t) > 1 else None


def methods(story: Story) -> list[str]:
    """Paragraphs."""
    begun = story.begun
    if begun is None:
        return ["The journal has no beginning: nothing can be said of the methods."]
    first = [*_sample(story), *_light(story), *_readings(story)]
    second = [*_course(story), *_medium(story)]
    third = [*_check(story), *_software(story)]
    return [" ".join(part) for part in (first, second, third) if part]


def _sample(story: Story) -> list[str]:
    sample, begun = story.sample, story.begun
    if begun is None or not begun.sample:
        return []
    title = str(sample.get("title") or begun.sample)
    lot = str(sample.get("lot") or "")
    said = [f"The sample was {title}" + (f", lot {lot}." if lot else " (lot not stated).")]
    volume, concentration = stated(sample.get("volume")), stated(sample.get("concentration"))
    vessel = story.bench.get("vessel")
    name = str(vessel.get("name", "")) if isinstance(vessel, Mapping) else ""
    if volume:
        said.append(f"A volume of {volume} was held in {name or 'a vessel that is not stated'}.")
    if concentration:
        said.append(f"Its concentration was {concentration}.")
    absorbance = stated(sample.get("absorbance"))
    if absorbance:
        at = f" at {friendly(sample.get('wavelength'))} over {stated(sample.get('path'))}"
        said.append(f"Its decadic absorbance{at} was {absorbance}.")
    return said


def _light(story: Story) -> list[str]:
    told, bench = roles(story), story.bench
    if not story.curves.light and "laser" not in told:
        return []
    if not story.curves.light:
        return ["No light was given."]
    said = []
    if "laser" in told:
        wavelength = stated(bench.get("wavelength"))
        said.append(f"Light{f' of {wavelength}' if wavelength else ''} came from {told['laser']}.")
    spot, power = stated(bench.get("spot_area")), bench.get("power_at_sample")
    said.append(f"The spot had an area of {spot}." if spot else "The spot area is not stated.")
    if isinstance(power, Mapping):
        said.append(
            f"The power at the sample was set by a calibration of {power.get('date', 'no date')}, "
            f"deviation {power.get('deviation', 'not stated')}."
        )
    if "meter" in told:
        said.append(f"It was followed by {told['meter']}.")
    return said


def _readings(story: Story) -> list[str]:
    told, every = roles(story), sampling_s(story)
    said = []
    if "probe" in told:
        probe = story.bench.get("probe")
        tolerance = probe.get("tolerance") if isinstance(probe, Mapping) else None
        rate = f" every {every:.3g} s" if every else ""
        said.append(
            f"The temperature of the liquid was read{rate} with {told['probe']}"
            + (f" (tolerance {tolerance})." if tolerance else " (tolerance not stated).")
        )
    if "ambient" in told:
        said.append(f"That of the surroundings was read with {told['ambient']}.")
    return said


def _course(story: Story) -> list[str]:
    ends = {event.index: event for event in story.all(StepEnded)}
    parts: list[str] = []
    for step in story.all(StepBegun):
        end = ends.get(step.index)
        if end is None:
            continue
        lasted = (end.t_ns - step.t_ns) / NS
        if lasted < _SWITCH_SHORTEST_S and step.power_w is None:
            continue
        power = f" at {step.power_w:.4g} W" if step.power_w is not None else ""
        parts.append(f"{step.name or step.verb} ({step.verb}{power}, {length(lasted)})")
    if len(parts) > 12:
        parts = [*parts[:11], f"and {len(parts) - 11} more steps"]
    return [f"The run went: {'; '.join(parts)}."] if parts else []


def _medium(story: Story) -> list[str]:
    return [
        f"{event.volume_m3 * 1e9:.4g} µL of {event.agent} was added after "
        f"{length(event.t_ns / NS)} ({event.how})."
        for event in story.all(Dosed)
    ]


def _check(story: Story) -> list[str]:
    said = []
    results: Mapping[str, Any] = story.results if story.completed else {}
    verdict = story.verdict.verdict if story.completed and story.verdict is not None else ""
    for name, term in (
        ("efficiency", "The photothermal conversion efficiency"),
        ("heat_loss_coefficient", "The heat-loss coefficient"),
        ("time_constant", "The time constant"),
    ):
        entry = results.get(name)
        if isinstance(entry, Mapping) and number(entry.get("value")) is not None:
            said.append(f"{term} was {words(entry)}.")
    if said:
        said.insert(0, (
            "Heating and cooling were fitted together by a model of liquid, wall, probe and "
            "surroundings (Kalman filter bank) with the uncertainty of every input propagated."
        ))  # fmt: skip
        blank = story.facts.get("blank")
        said.append("Solvent heat and heat loss came from a blank run." if blank else
                    "No blank run was taken into account.")  # fmt: skip
    if verdict and verdict != "none":
        what = "The check that had been declared before the run"
        if story.imported is not None:
            what = "The check and the audit of the file"
        said.append(f"{what} came out as: {verdict}.")
    return said


def _software(story: Story) -> list[str]:
    begun = story.begun
    if begun is None:
        return []
    if story.imported is not None:
        about = story.imported
        return [
            f"The curve was not taken by labctl: it was read from {about.file} (SHA-256 "
            f"{about.sha256[:12]}{f'; {about.source}' if about.source else ''}) and analysed by "
            f"labctl {begun.version}; the head hash of its record is {story.checked.head_hash}."
        ]
    said = [f"The run was carried out and checked by labctl {begun.version}, protocol "
            f"{begun.protocol} (SHA-256 {begun.protocol_digest[:12]}); the head hash of its "
            f"journal is {story.checked.head_hash}."]  # fmt: skip
    if begun.mode is Mode.SIMULATED:
        said.insert(0, "All instruments were simulated: these are no measurements.")
    return said
