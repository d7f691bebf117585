"""A batch against its declared limits: reference first, then lot by lot, then all on one chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from labctl.batch._chart import FEWEST, Lines, lines_of, signals
from labctl.batch._combine import Mean, mean_of
from labctl.batch._fields import unit_of
from labctl.batch._judge import Answer, judge
from labctl.batch._limits import Charted, Reference, ReleaseLimits, Wanted
from labctl.batch._lot import Attribute, Lot
from labctl.batch._retention import NAME as RETENTION
from labctl.batch._runs import CHANGED, FAILED, BatchRun, find_runs
from labctl.batch._verdict import (
    BatchVerdict,
    ChartPoint,
    ControlChart,
    Criterion,
    LotVerdict,
    ReferenceRun,
)
from labctl.errors import InputError
from labctl.quantities import Kind


def release(
    limits: ReleaseLimits, lots: Sequence[Lot], root: Path, *, mode: str | None = None
) -> BatchVerdict:
    """Judge lots by their files and by their runs in `root`. Without lot files every lot that has
    runs is judged, and nothing is known of its attributes.

    InputError for a lot file of another sample, two of one lot, or runs of both modes without a
    `mode`.
    """
    files = _by_lot(limits, lots)
    protocols = {wanted.protocol or limits.protocol for wanted in limits.measured.values()}
    protocols.add(limits.protocol)
    cycles = RETENTION in limits.measured
    runs, found = find_runs(root, limits.sample, protocols, mode=mode, cycles=cycles)
    reference: tuple[ReferenceRun, ...] = ()
    if limits.reference is not None:
        reference = _reference_runs(limits, limits.reference, root, mode or found)
        if reference and limits.reference.sample == limits.sample:
            # A reference of the same material is no lot to be judged.
            known = {each.run.path for each in reference}
            runs = [run for run in runs if run.path not in known]
    runs = [_suited(run, limits, reference) for run in runs]
    names = list(files) or list(dict.fromkeys(run.lot for run in runs))
    chart = None if limits.chart is None else _chart(limits, limits.chart, runs)
    judged = [_lot(name, files.get(name), runs, limits, chart) for name in names]
    return BatchVerdict(
        limits=limits,
        mode=found,
        reference=reference,
        lots=tuple(judged),
        chart=chart,
        notes=tuple(_notes(limits, runs, chart, files)),
    )


def _by_lot(limits: ReleaseLimits, lots: Sequence[Lot]) -> dict[str, Lot]:
    files: dict[str, Lot] = {}
    for lot in lots:
        if lot.sample != limits.sample:
            raise InputError(
                f"lot '{lot.lot}' is of '{lot.sample}', and the limits are for '{limits.sample}'",
                where=lot.source_file,
            )
        if lot.lot in files:
            raise InputError(
                f"two files are of lot '{lot.lot}'",
                where=f"{files[lot.lot].source_file}, {lot.source_file}",
                fix="Name one of them.",
            )
        files[lot.lot] = lot
    return files


def _reference_runs(
    limits: ReleaseLimits, reference: Reference, root: Path, mode: str | None
) -> tuple[ReferenceRun, ...]:
    protocols = {wanted.protocol or limits.protocol for wanted in reference.measured.values()}
    cycles = RETENTION in reference.measured
    runs, _ = find_runs(root, reference.sample, protocols, mode=mode, cycles=cycles)
    if reference.lot:
        runs = [run for run in runs if run.lot == reference.lot]
    return tuple(
        ReferenceRun(
            run,
            tuple(
                _measured(name, replace(wanted, runs=1), [run], limits)
                for name, wanted in reference.measured.items()
                if (wanted.protocol or limits.protocol) == run.protocol
            ),
        )
        for run in runs
    )


def _suited(run: BatchRun, limits: ReleaseLimits, reference: Sequence[ReferenceRun]) -> BatchRun:
    """The run; with the trouble told where no reference run that passed came before it."""
    if limits.reference is None or run.trouble not in ("", FAILED):
        return run
    within = timedelta(seconds=limits.reference.within_s)
    for protocol in {w.protocol or limits.protocol for w in limits.reference.measured.values()}:
        before = [
            each
            for each in reference
            if each.run.protocol == protocol
            and each.run.bench == run.bench
            and each.run.begun is not None
            and run.begun is not None
            and each.run.begun <= run.begun <= each.run.begun + within
        ]
        if not before:
            return replace(run, trouble="no run of the reference came before it in time")
        if before[-1].answer is not Answer.PASS:
            last = before[-1]
            return replace(run, trouble=f"the reference before it, {last.run.path}, did not pass")
    return run


def _lot(
    name: str,
    file: Lot | None,
    runs: Sequence[BatchRun],
    limits: ReleaseLimits,
    chart: ControlChart | None,
) -> LotVerdict:
    own = [run for run in runs if run.lot == name]
    criteria = [
        _measured(
            key,
            wanted,
            [run for run in own if run.protocol == (wanted.protocol or limits.protocol)],
            limits,
        )
        for key, wanted in limits.measured.items()
    ]
    criteria += [_attribute(key, wanted, file, limits) for key, wanted in limits.attributes.items()]
    if chart is not None and chart.lines is not None:
        criteria.append(_on_chart(name, chart))
    unused = tuple((run.path, run.trouble) for run in own if run.trouble)
    return LotVerdict(name, tuple(criteria), tuple(own), unused, file)


def _measured(
    name: str, wanted: Wanted, runs: Sequence[BatchRun], limits: ReleaseLimits
) -> Criterion:
    """A result of runs against its limits."""
    said = Criterion(name, Answer.CANNOT_TELL, "", wanted.kind, wanted.bounds)
    # A run whose check failed tells nothing but what rests on no model: its retention.
    used = [run for run in runs if name in run.results and run.trouble in ("", FAILED)]
    if len(used) < wanted.runs:
        return replace(said, why=_too_few(name, wanted, runs, len(used)))
    units = {run.results[name].unit for run in used}
    if units != {unit_of(wanted.kind)}:
        told = ", ".join(sorted(unit or "no unit" for unit in units))
        return replace(said, why=f"the runs tell it in {told}, and the limit is a {wanted.kind}")
    mean = mean_of([run.results[name] for run in used], limits.confidence)
    answer, why = judge(mean.low, mean.high, wanted.bounds), ""
    doubtful = [run for run in runs if _doubt(run)]
    if any(run.placeholders for run in used) and not limits.accept_placeholders:
        answer, why = Answer.CANNOT_TELL, "it rests on a placeholder"
    elif answer is Answer.PASS and doubtful:
        answer, why = Answer.CANNOT_TELL, f"{doubtful[0].path}: {doubtful[0].trouble}"
    return replace(
        said,
        answer=answer,
        why=why,
        value=mean.value,
        low=mean.low,
        high=mean.high,
        source=f"{mean.runs} {'run' if mean.runs == 1 else 'runs'}",
    )


def _doubt(run: BatchRun) -> bool:
    """A run that speaks against its lot or its bench: passing by the others would be choosing."""
    return run.trouble.startswith((FAILED, CHANGED))


def _too_few(name: str, wanted: Wanted, runs: Sequence[BatchRun], used: int) -> str:
    silent = sum(not run.trouble and name not in run.results for run in runs)
    words = f"{used} of {wanted.runs} {'run' if wanted.runs == 1 else 'runs'} tell it"
    if silent:
        words += f"; {silent} completed without it"
    troubled = next((run for run in runs if run.trouble), None)
    return words if troubled is None else f"{words}; {troubled.path}: {troubled.trouble}"


def _attribute(name: str, wanted: Wanted, file: Lot | None, limits: ReleaseLimits) -> Criterion:
    """What a lot file states against its limits."""
    said = Criterion(name, Answer.CANNOT_TELL, "", wanted.kind, wanted.bounds)
    found: Attribute | None = None if file is None else file.attributes.get(name)
    if found is None:
        return replace(said, why="no lot file" if file is None else "not in the lot file")
    if found.kind is not wanted.kind:
        return replace(said, why=f"stated as a {found.kind}, and the limit is a {wanted.kind}")
    low, high = found.interval(limits.confidence)
    answer, why = judge(low, high, wanted.bounds), ""
    if found.placeholder and not limits.accept_placeholders:
        answer, why = Answer.CANNOT_TELL, "a placeholder, not a measurement"
    elif wanted.method and found.method != wanted.method:
        answer = Answer.CANNOT_TELL
        why = f"measured by {found.method}, and the limit is for {wanted.method}"
    return replace(
        said,
        answer=answer,
        why=why,
        value=found.value,
        low=low,
        high=high,
        source=f"{found.method}, {found.date}, {found.source}",
    )


def _chart(limits: ReleaseLimits, charted: Charted, runs: Sequence[BatchRun]) -> ControlChart:
    name = charted.quantity
    wanted = limits.measured.get(name)
    protocol = (wanted.protocol if wanted else "") or limits.protocol
    by_lot: dict[str, list[BatchRun]] = {}
    for run in runs:
        if run.trouble in ("", FAILED) and run.protocol == protocol and name in run.results:
            by_lot.setdefault(run.lot, []).append(run)
    means: Mapping[str, Mean] = {
        lot: mean_of([run.results[name] for run in found], limits.confidence)
        for lot, found in by_lot.items()
    }
    points = tuple(ChartPoint(lot, m.value, m.low, m.high) for lot, m in means.items())
    values = [point.value for point in points]
    lines = lines_of(values)
    if charted.centre is not None and charted.sd is not None:
        lines = Lines(charted.centre, charted.sd, declared=True)
    kind = charted.kind or (wanted.kind if wanted else Kind.NUMBER)
    found = () if lines is None else tuple(signals(values, lines))
    return ControlChart(name, kind, points, lines, found)


def _on_chart(lot: str, chart: ControlChart) -> Criterion:
    """A lot at which the chart signals is looked into before it is released."""
    name = f"chart of {chart.quantity}"
    index = next((k for k, point in enumerate(chart.points) if point.lot == lot), None)
    if index is None:
        return Criterion(name, Answer.CANNOT_TELL, "not on the chart")
    rules = [signal.rule for signal in chart.signals if signal.index == index]
    if rules:
        return Criterion(name, Answer.CANNOT_TELL, "; ".join(rules))
    return Criterion(name, Answer.PASS, "no rule holds")


def _notes(
    limits: ReleaseLimits,
    runs: Sequence[BatchRun],
    chart: ControlChart | None,
    files: Mapping[str, Lot],
) -> list[str]:
    notes = []
    if limits.reference is None:
        notes.append("no reference sample is declared: nothing says that the bench was fit")
    if chart is not None and chart.lines is None:
        notes.append(
            f"no control limits: none are declared, and {len(chart.points)} of {FEWEST} lots are "
            "there"
        )
    if limits.accept_placeholders:
        held = dict.fromkeys(words for run in runs for words in run.placeholders)
        stated = [
            f"{name} of lot {lot.lot} is a placeholder, not a measurement"
            for lot in files.values()
            for name, attribute in lot.attributes.items()
            if attribute.placeholder
        ]
        notes.append("placeholders are accepted: this is a rehearsal and releases nothing")
        notes += [*held, *stated]
    return notes
