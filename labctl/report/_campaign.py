"""A campaign's report: what was declared, what came of it, and every run that was begun."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element

from labctl.campaign import (
    Act,
    CampaignState,
    Comparison,
    Component,
    Group,
    OutcomeTable,
    Results,
    Study,
)
from labctl.errors import RecordError
from labctl.report._html import Child, bullets, page, section, table, tag
from labctl.report._plot import Plot, limits


def campaign_html(study: Study, state: CampaignState, results: Results) -> str:
    """The page. While the campaign is blind, labels stand for the arms and no record is named."""
    campaign = study.campaign
    begun, counted = len(results.runs), sum(row.counts for row in results.runs)
    head = tag(
        "header",
        tag("p", tag("strong", "REAL parts" if study.real else "SIMULATED", class_="mode"),
            " campaign ", campaign.name, class_="over"),
        tag("h1", campaign.title or campaign.name),
        tag("div",
            tag("p", f"{begun} runs begun, {counted} count, {len(results.not_begun)} not begun",
                class_="headline"),
            bullets([f"hypothesis: {campaign.hypothesis}", _blindness(study, state, results)]),
            class_="verdict ended", role="note", aria_label="outcome"),
        tag("dl", *(tag("div", tag("dt", name), tag("dd", said)) for name, said in (
            ("declared", f"{state.declared[:10] or 'no day yet'}, before the first run"),
            ("digest of what was declared", study.digest),
            ("seed", str(campaign.seed)),
            ("bench", study.bench.name),
            ("intervals", f"{100 * campaign.analysis.confidence:.4g} %, each as if it were alone"),
        ))),
        _placeholders(results),
    )  # fmt: skip
    parts = [
        *(_outcome(study, outcome, results, number)
          for number, outcome in enumerate(results.tables)),
        _runs(study, results),
        _acts(state),
    ]  # fmt: skip
    return page(f"{campaign.name} – labctl campaign report", head, tag("main", *parts))


def write_campaign_report(study: Study, state: CampaignState, results: Results, out: Path) -> Path:
    """Write the page to `out`; RecordError when it cannot be written."""
    try:
        out.write_text(campaign_html(study, state, results), encoding="utf-8")
    except OSError as error:
        raise RecordError(
            "the report cannot be written", where=str(out), seen=error.strerror or "",
            fix="Name another file with --out.",
        ) from error  # fmt: skip
    return out


def _blindness(study: Study, state: CampaignState, results: Results) -> str:
    if results.blind:
        return "blind: labels stand for the arms"
    if state.unblinded is not None:
        return f"unblinded {_act(state.unblinded)}"
    return "not blind any more" if study.campaign.blind else "not blind"


def _act(act: Act) -> str:
    return f"{act.utc[:16].replace('T', ' ')} UTC by {act.by} (account {act.user}): {act.reason}"


def _placeholders(results: Results) -> Child:
    if not results.placeholders:
        return None
    return tag("div", tag("p", "Placeholders, not measurements; no conclusion may rest on them:"),
               bullets(results.placeholders), class_="placeholder", role="note",
               aria_label="placeholders")  # fmt: skip


def _outcome(study: Study, outcome: OutcomeTable, results: Results, number: int) -> Element:
    percent = f"{100 * study.campaign.analysis.confidence:.4g} %"
    title = outcome.name.replace("_", " ") + (" (primary outcome)" if outcome.primary else "")
    groups: list[tuple[Child, ...]] = [
        (arm, str(found.n), *_group(found)) for arm, found in outcome.groups.items()
    ]
    lacking = [
        f"{arm}: {count} that count have no {outcome.name}"
        for arm, count in outcome.lacking.items()
        if count
    ]
    compared: list[tuple[Child, ...]] = [
        (arm, *_comparison(found)) for arm, found in outcome.comparisons.items()
    ]
    repeated: list[tuple[Child, ...]] = [
        (each.factor, str(each.levels), *_component(each)) for each in outcome.components
    ]
    unit = f" [{outcome.unit}]" if outcome.unit else ""
    return section(
        f"outcome-{number}", title, _dots(study, outcome, results),
        table(("arm", "n", f"mean{unit}", "sd", percent), groups, f"Arms: {title}"),
        bullets(lacking) if lacking else None,
        table((f"less {results.compare_to}", "difference", percent, "Hedges' g", percent), compared,
              f"Comparisons: {title}") if compared else None,
        table(("repeatability", "levels", "within, sd", "between, sd",
               f"between/within, {percent}"), repeated, f"Repeatability: {title}")
        if repeated else None,
        bullets([f"{words} come together: they cannot be told apart" for words in outcome.together])
        if outcome.together else None,
    )  # fmt: skip


def _dots(study: Study, outcome: OutcomeTable, results: Results) -> Child:
    """Every run that has this outcome, by arm; those that do not count in another colour."""
    arms = list(outcome.groups)
    shown: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for row in results.runs:
        arm = study.shown(row.unit, blind=results.blind)
        if outcome.name in row.values and arm in arms:
            place = arms.index(arm) + 1 + 0.04 * ((row.unit.replicate % 7) - 3)
            shown[row.counts].append((place, row.values[outcome.name]))
    values = [value for points in shown.values() for _, value in points]
    if not values:
        return None
    ends = [e for g in outcome.groups.values() for e in (g.low, g.high) if e is not None]
    spread = max(values) - min(values) or abs(values[0]) or 1.0
    plot = Plot(
        outcome.name, f"Every run: {outcome.name.replace('_', ' ')}",
        f"{len(values)} values in {len(arms)} arms.",
        (0.5, len(arms) + 0.5), limits(values, ends, least=0.05 * spread),
        "arm",
        f"{outcome.name.replace('_', ' ')}" + (f" / {outcome.unit}" if outcome.unit else ""),
        caption="One dot a run; bars are the means with their intervals.", x_names=tuple(arms),
    )  # fmt: skip
    known = [(n, g) for n, g in enumerate(outcome.groups.values(), 1) if g.low is not None]
    plot.bars([n + 0.25 for n, _ in known], [g.low or 0.0 for _, g in known],
              [g.high or 0.0 for _, g in known])  # fmt: skip
    plot.dots([n + 0.25 for n, _ in known], [g.mean or 0.0 for _, g in known], "first", "mean")
    for counts, look, name in ((True, "measured big", "counts"), (False, "second", "does not")):
        points = shown[counts]
        plot.dots([x for x, _ in points], [y for _, y in points], look, name)
    return plot.element()


def _runs(study: Study, results: Results) -> Element:
    rows: list[tuple[Child, ...]] = []
    for row in results.runs:
        made = row.made
        rows.append((
            made.name, study.shown(row.unit, blind=results.blind), row.unit.lot or "–", row.day,
            made.bench, made.outcome or made.state, made.verdict or "–",
            "–" if row.energy_j is None else f"{row.energy_j:.4g} J",
            tag("span", "counts", class_="filled") if row.counts
            else tag("span", "does not count", class_="missing"), row.why_not,
            tag("code", made.head_hash[:12]) if made.head_hash else "–",
        ))  # fmt: skip
    for unit in results.not_begun:
        arm = study.shown(unit, blind=results.blind)
        rows.append((unit.id, arm, unit.lot or "–", *["–"] * 5, "not begun", "", "–"))
    head = ("run", "arm", "lot", "day", "bench", "outcome", "verdict", "light", "counts",
            "why not", "head hash")  # fmt: skip
    return section(
        "runs", "Every run that was begun",
        tag("p", "None is left out: what does not count is listed with the reason."),
        table(head, rows, "Runs"),
    )  # fmt: skip


def _acts(state: CampaignState) -> Element:
    said = [f"key read {_act(act)}" for act in state.keys_read]
    if state.unblinded is not None:
        said.append(f"unblinded {_act(state.unblinded)}")
    for made in state.made.values():
        for word, act in (("excluded", made.excluded), ("replaced", made.replaced)):
            if act is not None:
                said.append(f"{made.name} {word} {_act(act)}")
    return section("acts", "Acts of people", bullets(said) if said else tag("p", "None."))


def _group(found: Group) -> tuple[str, str, str]:
    if found.mean is None:
        return "no run", "", ""
    if found.sd is None:
        return f"{found.mean:.4g}", "–", "cannot tell: one run"
    return f"{found.mean:.4g}", f"{found.sd:.2g}", _span(found.low, found.high)


def _comparison(found: Comparison | None) -> tuple[str, str, str, str]:
    if found is None:
        return "cannot tell: an arm without a run", "", "", ""
    if found.low is None:
        return f"{found.difference:+.4g}", "cannot tell: too few runs, or none differ", "", ""
    size = "–" if found.g is None else f"{found.g:+.3g}"
    return (f"{found.difference:+.4g}", _span(found.low, found.high), size,
            _span(found.g_low, found.g_high))  # fmt: skip


def _component(found: Component) -> tuple[str, str, str]:
    within = "–" if found.within_sd is None else f"{found.within_sd:.3g}"
    if found.between_sd is None:
        return within, f"cannot tell: {found.why}", ""
    span = _span(found.ratio_low, found.ratio_high)
    return within, f"{found.between_sd:.3g}", span or f"cannot tell: {found.why}"


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"
