"""A campaign in lines of text: its plan, where it stands, what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labctl.campaign._order import Unit
from labctl.campaign._results import OutcomeTable, Results
from labctl.campaign._state import Act, CampaignState, Made
from labctl.campaign._statistics import Comparison, Group
from labctl.campaign._study import Study
from labctl.campaign._variance import Component
from labctl.clock import NS


def plan_lines(study: Study, state: CampaignState) -> list[str]:
    """What is declared, and every run in its order."""
    campaign = study.campaign
    blind = campaign.blind and state.unblinded is None
    analysis = campaign.analysis
    hours = study.at_most_ns / NS / 3600
    lines = [
        f"campaign {campaign.name}   {campaign.title}".rstrip(),
        f"hypothesis  {campaign.hypothesis}",
        f"declared    {study.digest[:16]}   seed {campaign.seed}"
        + (f"   on {state.declared[:10]}" if state.digest else "   no run yet"),
        f"bench       {study.bench.name}" + (" (REAL parts)" if study.real else " (SIMULATED)"),
        f"outcome     {analysis.primary}"
        + (f", then {', '.join(analysis.secondary)}" if analysis.secondary else ""),
        f"runs        {len(study.units)}, one after the other, at most {hours:.3g} h in all; "
        f"{len(study.units)} sample changes, disarmed",
        *_of_the_samples(study),
        "",
    ]
    if blind:
        lines += [
            "BLIND: labels stand for the arms. The campaign's file says which is which; who reads "
            "it, knows.",
            "",
        ]
    else:
        rows = [["arm", "label", "role", "sample", "protocol", "at most"]]
        for arm in campaign.arms:
            for lot in arm.lots:
                plan = study.plans[arm.name, lot]
                unit = next(u for u in study.units if u.arm == arm.name)
                rows.append([
                    arm.name, unit.label, arm.role,
                    study.specimens[arm.name, lot].name + (f", lot {lot}" if lot else ""),
                    " ".join([plan.name, *arm.parameters]), _length(plan.at_most_ns),
                ])  # fmt: skip
        lines += [*_table(rows), ""]
    rows = [["run", "block", "arm", "lot", "replicate"]]
    for unit in study.units:
        rows.append([
            unit.id, str(unit.block), study.shown(unit, blind=blind), unit.lot or "-",
            str(unit.replicate),
        ])  # fmt: skip
    return lines + _table(rows)


def status_lines(study: Study, state: CampaignState) -> list[str]:
    """Every run begun with its outcome, and what is still to be made."""
    blind = study.campaign.blind and state.unblinded is None
    if not state.digest:
        return [f"campaign {study.campaign.name}: no run yet; {len(study.units)} to make"]
    by_id = {unit.id: unit for unit in study.units}
    rows = [["run", "arm", "lot", "state", "verdict", "record"]]
    for made in state.made.values():
        unit = by_id[made.unit]
        rows.append([
            made.name, study.shown(unit, blind=blind), unit.lot or "-", _state(made),
            made.verdict or "-", made.run or "-",
        ])  # fmt: skip
    standing = sum(state.standing(unit.id) is not None for unit in study.units)
    left = [unit.id for unit in study.units if state.standing(unit.id) is None]
    lines = [
        f"campaign {study.campaign.name}, declared {state.declared[:10]}, {study.digest[:16]}",
        *_table(rows),
        "",
        f"{standing} of {len(study.units)} made; next: {left[0]}"
        if left
        else f"all {standing} made",
    ]
    crashed = [made.name for made in state.made.values() if made.state == "crashed" and made.stands]
    if crashed:
        lines.append(
            f"crashed after light was given, and not made again: {', '.join(crashed)}; with a "
            "fresh sample by `labctl campaign replace`"
        )
    cut_short = [f"{made.name} ({made.outcome})" for made in state.made.values() if made.broken]
    if cut_short:
        lines.append(
            f"not completed: {', '.join(cut_short)}; with a fresh sample by `labctl campaign "
            "replace`"
        )
    return lines


def _of_the_samples(study: Study) -> list[str]:
    """Placeholders and hazards of all samples together, so that a blind plan gives no arm away."""
    specimens = study.specimens.values()
    stand_in = dict.fromkeys(name for it in specimens for name in it.placeholders)
    hazards = dict.fromkeys(words for it in specimens for words in it.hazards)
    lines = [f"HAZARD      {words}" for words in hazards]
    if stand_in:
        lines.insert(0, f"placeholders in the samples, not measurements: {', '.join(stand_in)}")
    return lines


def key_lines(study: Study, state: CampaignState) -> list[str]:
    """Which vessel is of what: for the person who fills them."""
    rows = [["vessel", "arm", "sample", "lot"]]
    for unit in study.units:
        standing = state.standing(unit.id)
        portion = standing.portion if standing else state.next_portion(unit.id)
        specimen = study.specimens[unit.arm, unit.lot]
        rows.append([study.vessel(unit, portion), unit.arm, specimen.name, unit.lot or "-"])
    return _table(rows)


def report_lines(study: Study, state: CampaignState, results: Results) -> list[str]:
    """Groups, comparisons, repeatability, and every run that was begun."""
    campaign, percent = study.campaign, f"{100 * study.campaign.analysis.confidence:.4g} %"
    lines = [
        f"campaign {campaign.name}   {campaign.title}".rstrip(),
        f"hypothesis  {campaign.hypothesis}",
        f"declared    {(state.digest or study.digest)[:16]} on "
        f"{state.declared[:10] or 'no day yet'}, before the first run",
        f"intervals   {percent}; of several outcomes or arms at once, each as if it were alone",
    ]
    if state.digest not in ("", study.digest):
        lines.append(
            "CHANGED     a protocol, sample or bench file says something else than when it was "
            "declared; each record has what was done"
        )
    lines.append(_blindness(results.blind, campaign.blind, state))
    lines += [f"key read    {_act(act)}" for act in state.keys_read]
    lines += _held(study, results)
    for table in results.tables:
        lines += ["", *_outcome(table, results, percent)]
    lines += ["", "every run that was begun"]
    rows = [["run", "arm", "lot", "day", "bench", "outcome", "verdict", "light", "counts"]]
    for row in results.runs:
        made = row.made
        light = "-" if row.energy_j is None else f"{row.energy_j:.4g} J"
        rows.append([
            made.name, study.shown(row.unit, blind=results.blind), row.unit.lot or "-", row.day,
            made.bench, made.outcome or made.state, made.verdict or "-", light,
            "yes" if row.counts else "no",
        ])  # fmt: skip
    lines += _table(rows)
    for row in results.runs:
        if not row.counts:
            lines.append(f"  {row.made.name} does not count: {row.why_not}")
    failed = [row.made.name for row in results.runs if row.counts and row.made.verdict == "fail"]
    if failed:
        lines.append(f"  count though their check failed: {', '.join(failed)}")
    if results.not_begun:
        names = ", ".join(unit.id for unit in results.not_begun)
        lines.append(f"  not begun: {names}")
    if results.placeholders:
        lines += ["", "rests on placeholders, which no conclusion does:"]
        lines += [f"  {words}" for words in results.placeholders]
    return lines


def _held(study: Study, results: Results) -> list[str]:
    """A mean of runs that a gate held is not one of the treatment."""
    ended: dict[str, list[str]] = {}
    for row in results.runs:
        if row.counts:
            word = study.shown(row.unit, blind=results.blind)
            ended.setdefault(word, []).append(row.made.outcome)
    held = [
        f"{word} {outcomes.count('held')} of {len(outcomes)}"
        for word, outcomes in sorted(ended.items())
        if "held" in outcomes
    ]
    if not held:
        return []
    return [f"held        {', '.join(held)}: not treated further, and counted as declared"]


def _blindness(blind: bool, was: bool, state: CampaignState) -> str:
    if blind:
        return "BLIND       labels stand for the arms"
    if state.unblinded is not None:
        return f"unblinded   {_act(state.unblinded)}"
    return "not blind" if not was else "not blind any more"


def _act(act: Act) -> str:
    return f"{act.utc[:16].replace('T', ' ')} UTC by {act.by} (account {act.user}): {act.reason}"


def _outcome(table: OutcomeTable, results: Results, percent: str) -> list[str]:
    unit = f" [{table.unit}]" if table.unit else ""
    lines = [f"{table.name}{unit}" + ("   primary outcome" if table.primary else "")]
    rows = [["arm", "n", "mean", "sd", percent]]
    for arm, found in table.groups.items():
        rows.append([arm, str(found.n), *_group(found)])
    lines += _table(rows)
    lines += [
        f"  {arm}: {_runs(count)} that count have no {table.name}"
        for arm, count in table.lacking.items()
        if count
    ]
    if table.comparisons:
        rows = [[f"less {results.compare_to}", "difference", percent, "Hedges' g", percent]]
        for arm, comparison in table.comparisons.items():
            rows.append([arm, *_comparison(comparison)])
        lines += _table(rows)
    rows = [["repeatability", "levels", "within, sd", "between, sd", f"between/within, {percent}"]]
    for each in table.components:
        rows.append([each.factor, str(each.levels), *_component(each)])
    lines += _table(rows)
    lines += [f"  {words} come together: they cannot be told apart" for words in table.together]
    return lines


def _group(found: Group) -> list[str]:
    if found.mean is None:
        return ["no run", "", ""]
    if found.sd is None:
        return [f"{found.mean:.4g}", "-", "cannot tell: one run"]
    return [f"{found.mean:.4g}", f"{found.sd:.2g}", _span(found.low, found.high)]


def _comparison(found: Comparison | None) -> list[str]:
    if found is None:
        return ["cannot tell: an arm without a run", "", "", ""]
    if found.low is None:
        return [f"{found.difference:+.4g}", "cannot tell: none differ, or too few", "", ""]
    return [
        f"{found.difference:+.4g}", _span(found.low, found.high),
        "-" if found.g is None else f"{found.g:+.3g}", _span(found.g_low, found.g_high),
    ]  # fmt: skip


def _component(found: Component) -> list[str]:
    within = "-" if found.within_sd is None else f"{found.within_sd:.3g}"
    if found.between_sd is None:
        return [within, f"cannot tell: {found.why}", ""]
    span = _span(found.ratio_low, found.ratio_high)
    return [within, f"{found.between_sd:.3g}", span or f"cannot tell: {found.why}"]


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}"


def _state(made: Made) -> str:
    words = made.outcome or made.state
    if made.excluded is not None:
        words += ", excluded"
    return f"{words}, replaced" if made.replaced is not None else words


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _length(duration_ns: int) -> str:
    hours = duration_ns / NS / 3600
    return f"{hours:.3g} h" if hours >= 2 else f"{hours * 60:.3g} min"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    return list(_aligned(rows))


def _aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield ("  " + "  ".join(cells)).rstrip()


def unit_words(study: Study, unit: Unit, number: int, *, blind: bool) -> str:
    """One line before a run."""
    lot = f", lot {unit.lot}" if unit.lot else ""
    arm = study.shown(unit, blind=blind)
    return f"{unit.id}, {number} of {len(study.units)}: {arm}{lot}, replicate {unit.replicate}"
