"""The first words of a report: what came out and why, whether the record holds, what is known of
the light; then the numbers and the tests behind them."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from labctl.errors import Exit
from labctl.events import Beam
from labctl.record import Outcome
from labctl.report._html import Child, bullets, section, table, tag
from labctl.report._imported import origin_words
from labctl.report._numbers import cell, length, sd_of, shown_unit, span
from labctl.report._sound import number
from labctl.report._story import Story

NAMES = {
    "efficiency": "photothermal conversion efficiency η",
    "external_efficiency": "external efficiency (η times the absorbed share)",
    "heat_loss_coefficient": "heat loss hS",
    "time_constant": "time constant τ",
    "temperature_rise": "rise of temperature",
    "heating_rate": "heating rate at the start",
    "flutter": "heat flutter",
    "lag": "lag of the probe",
    "solvent_share": "share of the light that the solvent absorbs",
    "retention": "retention over the cycles",
    "efficiency_trend": "trend of the efficiency over the series",
}
"""Result -> the field's words."""


def headline(story: Story) -> tuple[str, str, list[str]]:
    """(tone, words, reasons). A run that did not complete has no verdict, whatever it had found."""
    checked, ended, verdict = story.checked, story.ended, story.verdict
    if checked.outcome is Outcome.CHANGED:
        where = f" at {checked.where}" if checked.where else ""
        return "bad", f"Record changed{where}: no verdict stands", list(checked.why)
    if ended is None:
        going = checked.outcome is Outcome.RUNNING
        words = "The run goes on: no verdict yet" if going else "Cut off: no verdict"
        return "bad", words, list(checked.why)
    if ended.exit_code == Exit.BEAM_NOT_CONFIRMED_OFF:
        return "loud", "Emission not confirmed off", [f"{ended.outcome}: {ended.why}"]
    if not story.completed:
        return "bad", f"No verdict: {ended.outcome}", [ended.why]
    if verdict is None or verdict.verdict == "none":
        return (
            "ended",
            "Completed; nothing was to be checked",
            list(verdict.reasons if verdict is not None else ()),
        )
    tone = {"pass": "good", "fail": "bad"}.get(verdict.verdict, "unsure")
    return tone, verdict.verdict.capitalize(), list(verdict.reasons)


def top(story: Story) -> Element:
    """Mode, name, verdict, why, the light, the record."""
    begun, ended, facts = story.begun, story.ended, story.facts
    tone, words, reasons = headline(story)
    mode = begun.mode.value if begun is not None else "MODE UNKNOWN"
    title = f"{begun.protocol} on {begun.sample or 'no sample'}" if begun else story.name
    if story.imported is not None:
        title = f"Imported curve: {begun.sample if begun and begun.sample else story.imported.file}"
    lines: list[tuple[str, str]] = [("record", _checked(story))]
    if ended is not None:
        what = "run"
        if story.imported is not None:
            what = "curve"
            lines.append(("from", origin_words(story.imported)))
        else:
            lines.append(("light at the end", _light(story)))
        lines.append((what, f"{length(ended.t_ns / 1e9)}, {ended.samples} samples"))
    if isinstance(facts.get("begun"), str):
        lines.insert(0, ("imported" if story.imported else "begun", facts["begun"]))
    if begun is not None and begun.faults:
        lines.append(("injected faults", ", ".join(begun.faults)))
    return tag(
        "header",
        tag("p", tag("strong", mode, class_="mode"), " ", story.name, class_="over"),
        tag("h1", title),
        tag(
            "div", tag("p", words, class_="headline"), bullets(reasons) if reasons else None,
            class_=f"verdict {tone}", role="note", aria_label="verdict",
        ),
        tag("dl", *(tag("div", tag("dt", name), tag("dd", said)) for name, said in lines)),
        _placeholders(story),
    )  # fmt: skip


def _checked(story: Story) -> str:
    checked = story.checked
    against = f", held against {checked.held_against}" if checked.held_against else ""
    why = "" if checked.outcome is Outcome.INTACT else f" ({'; '.join(checked.why)})"
    return f"{checked.outcome.value}{against}{why}"


def _light(story: Story) -> str:
    ended = story.ended
    if ended is None:
        return "unknown"
    parts = [("laser", ended.beam, ended.beam_how), ("heater", ended.heater, ended.heater_how),
             ("coil", ended.coil, ended.coil_how)]  # fmt: skip
    said = [
        f"{name} {'UNKNOWN' if state is Beam.UNKNOWN else state.value}" + (how and f", {how}")
        for name, state, how in parts if state is not None
    ]  # fmt: skip
    return "; ".join(said)


def placeholders(story: Story) -> list[str]:
    """What the results rest on that nobody has measured."""
    said = story.verdict.assumptions if story.verdict is not None else ()
    return [words for words in said if "placeholder" in words]


def _placeholders(story: Story) -> Child:
    found = placeholders(story)
    if not found:
        return None
    return tag(
        "div", tag("p", "Placeholders, not measurements; no conclusion may rest on them:"),
        bullets(found),
        class_="placeholder", role="note", aria_label="placeholders",
    )  # fmt: skip


def results(story: Story) -> Child:
    """Every number of the verdict, as the verdict has it."""
    if story.verdict is None or not story.results:
        return None
    rows: list[tuple[Child, ...]] = []
    for name, result in story.results.items():
        if not isinstance(result, Mapping) or number(result.get("value")) is None:
            continue
        unit, sd = str(result.get("unit", "")), sd_of(result)
        statistical, inputs = (
            cell(result.get(key), unit, number(result.get(key)))
            for key in ("sd_statistical", "sd_inputs")
        )
        of = f" ({result['of']})" if isinstance(result.get("of"), str) else ""
        rows.append((
            NAMES.get(name, name.replace("_", " ")) + of, cell(result["value"], unit, sd),
            span(result, sd), statistical, inputs, shown_unit(unit)[1] or "1",
        ))  # fmt: skip
    if not rows:
        return None
    head = ("quantity", "value", "95 % interval", "sd, readings", "sd, inputs", "unit")
    doubt = None
    if not story.completed or headline(story)[0] in ("bad", "loud"):
        doubt = tag("p", "No passed verdict stands behind these numbers.", class_="doubt")
    return section(
        "results", "Results", doubt, table(head, rows, "Results of the check"),
        tag("p", "Deviations are one standard deviation: of the readings alone, and of what was "
                 "put in (power, absorbance, volume, heat capacity, vessel)."),
        _equation() if "efficiency" in story.results else None,
    )  # fmt: skip


def _equation() -> Element:
    return tag(
        "p", "η = Q/(I(1 − 10", tag("sup", "−A"), ")): Q from a fit of liquid, wall, probe and "
        "surroundings to heating and cooling together, I the power at the sample, A the decadic "
        "absorbance.",
    )  # fmt: skip


def criteria(story: Story) -> Child:
    """The tests that were declared before the run, and how each came out."""
    verdict = story.verdict
    if verdict is None or not verdict.criteria:
        return None
    rows: list[tuple[Child, ...]] = [
        (each.name, tag("span", each.outcome, class_=f"outcome {each.outcome.replace(' ', '-')}"),
         cell(each.value, "", None), each.threshold, each.why)
        for each in verdict.criteria
    ]  # fmt: skip
    return section(
        "criteria", "What was tested",
        tag("p", "Declared before the run; nothing else goes into the verdict.")
        if story.imported is None
        else tag("p", "Tests of the readings; the findings of the audit go into the verdict too."),
        table(("test", "outcome", "value", "threshold", "why"), rows, "Tests of the verdict"),
    )  # fmt: skip
