"""What happened in a run and who did what: faults, people, steps, medium, limits, assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl.clock import NS
from labctl.events import (
    Alarm,
    Assayed,
    Dosed,
    GateLooked,
    MediumSet,
    PortTrouble,
    StepBegun,
    StepEnded,
    Tripped,
)
from labctl.report._html import Child, bullets, section, table, tag
from labctl.report._numbers import cell, clock, length, shown_unit, span
from labctl.report._sound import number
from labctl.report._story import Story


def faults(story: Story) -> Child:
    """Trips, alarms of the check, ports and readings that failed."""
    rows: list[tuple[Child, ...]] = []
    for event in story.events:
        at = clock(event.t_ns / NS)
        if isinstance(event, Tripped):
            rows.append((at, "trip of the guard", event.rule, event.message))
        elif isinstance(event, Alarm):
            causes = " or ".join(event.causes)
            split = f"; told apart by: {event.split_by}" if event.split_by else ""
            rows.append((at, "alarm of the check", event.name,
                         f"{event.size}, from {clock(event.onset_ns / NS)}; class "
                         f"{event.fault_class}: {causes}{split}"))  # fmt: skip
        elif isinstance(event, PortTrouble):
            rows.append((at, "port", f"{event.instrument}: {event.what}", event.detail))
    begun = story.begun
    injected = None
    if begun is not None and begun.faults:
        injected = tag("p", f"Injected into the simulated world: {', '.join(begun.faults)}.")
    lost = [f"{channel}: {count} readings gave no number ({reason})"
            for (channel, reason), count in sorted(story.invalid.items())]  # fmt: skip
    return section(
        "faults", "Faults", injected,
        table(("time", "what", "name", "words"), rows, "Trips, alarms and ports")
        if rows else tag("p", "No trip, no alarm, no trouble at a port."),
        bullets(lost) if lost else None,
    )  # fmt: skip


def people(story: Story) -> Child:
    """Who started and armed it, what was asked and answered, notes, what was waived, and what was
    done about it afterwards, as `labctl runs audit` has it."""
    facts = story.facts
    said: list[str] = []
    if facts.get("armed_by"):
        said.append(f"armed by: {facts['armed_by']}")
    for key, words in (("waived", "waived"), ("expired", "expired calibrations used")):
        found = facts.get(key)
        if isinstance(found, list):
            said.append(f"{words}: " + (", ".join(map(str, found)) if found else "nothing"))
    acts = story.trail.acts if story.trail is not None else ()
    rows: list[tuple[Child, ...]] = [
        # The command that started it has paths of a computer in it; it stands in run.json.
        (clock(act.t_s) if act.t_s is not None else act.utc[:19].replace("T", " "), act.by,
         act.what, "" if act.what == "started" else act.text, act.source)
        for act in acts
    ]  # fmt: skip
    return section(
        "people", "People and acts", bullets(said) if said else None,
        table(("time", "who", "what", "words", "stands in"), rows, "Acts of people")
        if rows else tag("p", "No act of a person stands on record."),
        tag("p", "Times with a date are those of the computer's clock, others count from the "
                 "beginning of the run.") if rows else None,
    )  # fmt: skip


def steps(story: Story) -> Child:
    """What was done, in order."""
    ends = {event.index: event for event in story.all(StepEnded)}
    rows: list[tuple[Child, ...]] = []
    for step in story.all(StepBegun):
        end = ends.get(step.index)
        lasted = length((end.t_ns - step.t_ns) / NS) if end is not None else "–"
        power = f"{step.power_w:.4g} W" if step.power_w is not None else "–"
        rows.append((step.name or step.verb, step.verb, clock(step.t_ns / NS), lasted, power,
                     end.why if end is not None else "did not end"))  # fmt: skip
    if not rows:
        return None
    head = ("step", "verb", "begun", "lasted", "power", "ended by")
    return section("steps", "What was done", table(head, rows, "Steps of the protocol"))


def medium(story: Story) -> Child:
    """What was added, measured and waited for."""
    rows: list[tuple[Child, ...]] = []
    for event in story.events:
        at = clock(event.t_ns / NS)
        match event:
            case Dosed():
                rows.append(
                    (
                        at,
                        "added",
                        f"{event.volume_m3 * 1e9:.4g} µL of {event.agent}"
                        + (f", pH {event.ph:.2f}" if event.ph is not None else ""),
                    )
                )
            case MediumSet():
                ph = f", pH {event.ph:.2f}" if event.ph is not None else ""
                rows.append((at, "medium set", f"{event.volume_m3 * 1e6:.4g} mL{ph}, {event.how}"))
            case GateLooked():
                odds = "; ".join(f"{name}: {p:.3f}" for name, p in event.probabilities.items()
                                 if number(p) is not None)  # fmt: skip
                state = "opened" if event.opened else "held"
                rows.append((at, f"gate of {event.step} {state}", f"{event.why} {odds}".strip()))
            case Assayed() if event.trouble:
                rows.append((at, f"assay of {event.species}", f"no number: {event.trouble}"))
            case _:
                pass
    table_ = table(("time", "what", "words"), rows, "Medium and gates") if rows else None
    return table_


def dose(story: Story) -> Child:
    """What the run added up to, in light and in heat, as the record says it."""
    told = story.dose
    if told is None:
        return None
    rows: list[tuple[Child, ...]] = []
    for name, result in told.results.items():
        if not isinstance(result, Mapping) or number(result.get("value")) is None:
            continue
        unit = str(result.get("unit", ""))
        # Bounds of a dose may lie decades apart: no deviation says how many digits it has.
        rows.append((name.replace("_", " "), cell(result["value"], unit, None),
                     span(result, None), shown_unit(unit)[1] or "1",
                     str(result.get("of", ""))))  # fmt: skip
    return tag(
        "div",
        table(("quantity", "value", "bounds", "unit", "of"), rows, "Dose of this run")
        if rows else None,
        bullets(told.words),
    )  # fmt: skip


def limits(story: Story) -> Child:
    """The limits that held, how near the run came, and what the light is beside a person's skin."""
    bench, protocol = story.bench.get("limits"), story.protocol.get("limits")
    bench_limits = bench if isinstance(bench, Mapping) else {}
    own_limits = protocol if isinstance(protocol, Mapping) else {}
    reached = _reached(story)
    rows: list[tuple[Child, ...]] = [
        (name.replace("_", " "), str(bench_limits.get(name, "–")), str(own_limits.get(name, "–")),
         reached.get(name, "–"))
        for name in dict.fromkeys((*bench_limits, *own_limits))
    ]  # fmt: skip
    beside = None
    skin = story.dose.results.get("skin_exposure") if story.dose is not None else None
    if isinstance(skin, Mapping) and number(skin.get("value")) is not None:
        irradiance = story.dose.results.get("irradiance", {}) if story.dose is not None else {}
        beside = tag(
            "p", "Mean irradiance over the exposure limit of a person's skin: ",
            tag("strong", cell(skin["value"], "", None), " times"), ". ",
            str(irradiance.get("words", "")) if isinstance(irradiance, Mapping) else "",
            class_="exposure",
        )  # fmt: skip
    else:
        beside = tag("p", "Exposure ratio: not known (no light, or the bench states no spot area).")
    return section(
        "limits", "Limits and exposure", beside,
        table(("limit", "bench", "protocol", "reached in this run"), rows,
              "Limits that the guard held") if rows
        else tag("p", "The record has no copy of the bench's limits."),
        tag("p", "Readings decide what was reached; the sample between two of them, and away from "
                 "the probe, may have been hotter. labctl is not a safety device."),
    )  # fmt: skip


def _reached(story: Story) -> dict[str, str]:
    curves, told = story.curves, story.dose
    found: dict[str, str] = {}
    probe = [v for v in curves.probe.value if v == v]
    if probe:
        found["temperature"] = f"{max(probe):.2f} °C"
        found["min_temperature"] = f"{min(probe):.2f} °C"
    if curves.asked_power.value:
        found["power"] = f"{max(curves.asked_power.value):.4g} W asked for"
    measured = [v for v in curves.measured_power.value if v == v]
    if measured:
        found["measured_power"] = f"{max(measured):.4g} W"
    energy: Mapping[str, Any] = told.results.get("energy", {}) if told is not None else {}
    if number(energy.get("value")) is not None:
        found["energy"] = f"{energy['value']:.4g} J"
    if number(energy.get("lit_s")) is not None:
        found["exposure"] = f"{energy['lit_s']:.4g} s"
    if story.ended is not None:
        found["total"] = f"{story.ended.t_ns / NS:.4g} s"
    return found


def assumptions(story: Story) -> Child:
    """What the results take for granted, placeholders marked."""
    verdict = story.verdict
    said = list(verdict.assumptions) if verdict is not None else []
    if not said and story.priors is not None:
        said = list(story.priors.assumptions)
    if not said:
        return None
    items = [
        tag("li", tag("strong", "placeholder ") if "placeholder" in words else None, words)
        for words in said
    ]
    return section("assumptions", "Assumptions", tag("ul", *items))
