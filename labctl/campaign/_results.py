"""What the runs of a campaign came to: every run begun, groups, comparisons, repeatability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl.campaign._order import Unit
from labctl.campaign._state import CRASHED, ENDED, CampaignState, Made
from labctl.campaign._statistics import Comparison, Group, compare, group
from labctl.campaign._study import Study
from labctl.campaign._variance import Component, component, confounded
from labctl.errors import LabctlError
from labctl.observations import read_observations
from labctl.record import Outcome, finite, read_facts, verify_run


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run that was begun, and what of it counts."""

    unit: Unit
    made: Made
    counts: bool
    why_not: str
    """Why it does not; '' for one that does."""
    values: Mapping[str, float]
    """Outcome -> value; those that the run has."""
    units: Mapping[str, str]
    day: str
    energy_j: float | None
    placeholders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutcomeTable:
    """One outcome over the arms."""

    name: str
    unit: str
    primary: bool
    groups: Mapping[str, Group]
    """Arm as it is shown -> what it came to."""
    lacking: Mapping[str, int]
    """Arm -> runs that count, and do not have this outcome."""
    comparisons: Mapping[str, Comparison | None]
    components: tuple[Component, ...]
    together: tuple[str, ...]
    """Factors that cannot be told apart, in words."""


@dataclass(frozen=True, slots=True)
class Results:
    """Of a whole campaign."""

    runs: tuple[RunRow, ...]
    not_begun: tuple[Unit, ...]
    tables: tuple[OutcomeTable, ...]
    blind: bool
    compare_to: str
    """As it is shown."""
    placeholders: tuple[str, ...]


def gather(study: Study, state: CampaignState, runs_dir: Path) -> Results:
    """Read every run's record; each must verify to count. Nothing is written."""
    blind = study.campaign.blind and state.unblinded is None
    by_id = {unit.id: unit for unit in study.units}
    rows = [_row(study, by_id[made.unit], made, runs_dir) for made in state.made.values()]
    named = {arm: _shown(study, arm, blind) for arm in dict.fromkeys(u.arm for u in study.units)}
    shown = dict(sorted(named.items(), key=lambda item: item[1])) if blind else named
    begun = {made.unit for made in state.made.values()}
    analysis = study.campaign.analysis
    return Results(
        runs=tuple(rows),
        not_begun=tuple(unit for unit in study.units if unit.id not in begun),
        tables=tuple(_table(study, name, rows, shown) for name in analysis.outcomes),
        blind=blind,
        compare_to=shown.get(analysis.compare_to, ""),
        placeholders=tuple(dict.fromkeys(words for row in rows for words in row.placeholders)),
    )


def _shown(study: Study, arm: str, blind: bool) -> str:
    unit = next(unit for unit in study.units if unit.arm == arm)
    return study.shown(unit, blind=blind)


def _row(study: Study, unit: Unit, made: Made, runs_dir: Path) -> RunRow:
    facts: Mapping[str, Any] = {}
    trouble = ""
    if made.run:
        folder = runs_dir / made.run
        try:
            facts = read_facts(folder / "run.json")
        except (LabctlError, OSError) as error:
            trouble = f"its record cannot be read: {error}"
        if not trouble and made.state == ENDED:
            trouble = _unfit(folder, made)
    why_not = _why_not(study, made, trouble)
    values, units = _values(study, facts)
    if made.run:
        _add_observed(study, runs_dir / made.run, values, units)
    said = facts.get("assumptions")
    lines = [str(words) for words in said] if isinstance(said, list) else []
    return RunRow(
        unit=unit,
        made=made,
        counts=not why_not,
        why_not=why_not,
        values=values,
        units=units,
        day=str(facts.get("begun", made.begun))[:10],
        energy_j=finite(facts.get("energy_j")),
        placeholders=tuple(words for words in lines if "placeholder" in words),
    )


def _unfit(folder: Path, made: Made) -> str:
    """Why a record says nothing; the head hash in the campaign's log is held against it."""
    try:
        found = verify_run(folder, made.head_hash or None)
    except (LabctlError, OSError) as error:
        return f"its record cannot be read: {error}"
    if found.outcome is Outcome.INTACT:
        return ""
    return f"its record is not intact: {found.outcome.value} {'; '.join(found.why)}".rstrip()


def _why_not(study: Study, made: Made, trouble: str) -> str:
    if made.excluded is not None:
        return f"excluded by {made.excluded.by}: {made.excluded.reason}"
    if made.replaced is not None:
        return f"{made.outcome or made.state}; replaced by {made.replaced.by}: " + (
            made.replaced.reason
        )
    if made.state == CRASHED:
        return f"crashed: {made.why}"
    if made.state != ENDED:
        return f"{made.state}: {made.why}".rstrip(": ")
    if trouble:
        return trouble
    if made.outcome not in study.campaign.analysis.count:
        return f"{made.outcome}: {made.why}"
    return ""


def _values(study: Study, facts: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, str]]:
    values: dict[str, float] = {}
    units: dict[str, str] = {}
    for name in study.campaign.analysis.outcomes:
        for place in ("results", "dose"):
            section = facts.get(place)
            entry = section.get(name) if isinstance(section, dict) else None
            found = finite(entry.get("value")) if isinstance(entry, dict) else None
            if found is not None and isinstance(entry, dict):
                values[name], units[name] = found, str(entry.get("unit") or "")
                break
        else:
            found = finite(facts.get(name))
            if found is not None:
                values[name] = found
    return values, units


def _add_observed(
    study: Study, folder: Path, values: dict[str, float], units: dict[str, str]
) -> None:
    """Outcomes that were measured afterwards: the mean of those that stand. None are taken from a
    file that is not as it was written."""
    try:
        found = read_observations(folder)
    except LabctlError:
        return
    if found.trouble:
        return
    for name in study.campaign.analysis.outcomes:
        observed = found.of(name)
        if name not in values and len({one.unit for one in observed}) == 1:
            values[name] = sum(one.value for one in observed) / len(observed)
            units[name] = observed[0].unit


def _table(study: Study, name: str, rows: list[RunRow], shown: Mapping[str, str]) -> OutcomeTable:
    analysis = study.campaign.analysis
    counted = [row for row in rows if row.counts]
    having = [row for row in counted if name in row.values]
    per_arm = {
        arm: [row.values[name] for row in having if row.unit.arm == arm] for arm in shown
    }  # fmt: skip
    comparisons = {}
    if analysis.compare_to:
        comparisons = {
            word: compare(per_arm[arm], per_arm[analysis.compare_to], analysis.confidence)
            for arm, word in shown.items()
            if arm != analysis.compare_to
        }
    factors = {
        "lot": [row.unit.lot for row in having],
        "day": [row.day for row in having],
        "bench": [row.made.bench for row in having],
    }
    values, arms = [row.values[name] for row in having], [row.unit.arm for row in having]
    pairs = (("lot", "day"), ("lot", "bench"), ("day", "bench"))
    return OutcomeTable(
        name=name,
        unit=next((row.units[name] for row in having if row.units.get(name)), ""),
        primary=name == analysis.primary,
        groups={word: group(per_arm[arm], analysis.confidence) for arm, word in shown.items()},
        lacking={
            word: sum(row.unit.arm == arm and name not in row.values for row in counted)
            for arm, word in shown.items()
        },
        comparisons=comparisons,
        components=tuple(
            component(factor, values, arms, levels, analysis.confidence)
            for factor, levels in factors.items()
        ),
        together=tuple(
            f"{one} and {two}" for one, two in pairs if confounded(factors[one], factors[two])
        ),
    )
