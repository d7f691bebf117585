"""A ledger for people: one sentence at the start of a run, a table when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from labctl.ledger._ledger import SampleLedger
from labctl.ledger._run_dose import RunDose
from labctl.photothermal import CEM43, OF_LIQUID, Bounded, Cem43

_CM2 = 1e-4


def ledger_sentence(ledger: SampleLedger) -> str:
    """`this sample (pda, lot A25) has had 2 runs: 1180 J (...), 2360 J/cm² (...), ...`."""
    many = "1 run" if len(ledger.runs) == 1 else f"{len(ledger.runs)} runs"
    parts = [f"{_span(ledger.energy)} J at the sample", _fluence(ledger)]
    parts.append(f"{_span(ledger.cem43_min)} CEM43 min {OF_LIQUID}")
    text = f"this sample ({ledger.identity}) has had {many}: {', '.join(filter(None, parts))}"
    open_ones = sum(run.state != "closed" for run in ledger.runs)
    if open_ones:
        text += f"; {open_ones} of them did not close in order and may have had more"
    if ledger.unreadable:
        text += f"; {len(ledger.unreadable)} more could not be counted"
    return text


def ledger_table(ledger: SampleLedger, convention: Cem43 = CEM43) -> Iterator[str]:
    """A line a run, the sums, and what they are of."""
    yield f"{ledger.mode}  {ledger.identity}"
    rows: list[tuple[str, ...]]
    rows = [("run", "state", "light", "energy J", "fluence J/cm²", "CEM43 min", "highest °C")]
    rows += [_row(run) for run in ledger.runs]
    many = "1 run" if len(ledger.runs) == 1 else f"{len(ledger.runs)} runs"
    peak = "" if ledger.peak_degc is None else f"{ledger.peak_degc:.1f}"
    rows.append(
        (f"sum of {many}", "", f"{ledger.lit_s:.0f} s", _span(ledger.energy),
         _span(ledger.fluence, _CM2), _span(ledger.cem43_min), peak)
    )  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
    for run in ledger.runs:
        for note in run.notes:
            yield f"{_name(run)}: {note}"
    for what in ledger.unreadable:
        yield f"not counted: {what}"
    if ledger.without_fluence:
        yield f"fluence: {ledger.without_fluence} of the runs on benches that state no spot area"
    yield f"{convention.words}; {OF_LIQUID}"
    yield "fluence is the mean over the spot; bounds add up, because they have one cause"


def _row(run: RunDose) -> tuple[str, ...]:
    return (
        _name(run),
        run.state,
        f"{run.lit_s:.0f} s",
        _span(run.energy),
        "no spot area" if run.fluence is None else _span(run.fluence, _CM2),
        _span(run.cem43_min),
        "" if run.peak_degc is None else f"{run.peak_degc:.1f}",
    )


def _name(run: RunDose) -> str:
    return f"{run.path.parent.name}/{run.path.name}"


def _fluence(ledger: SampleLedger) -> str:
    known = len(ledger.runs) - ledger.without_fluence
    if not known:
        return "fluence not known"
    lacking = f" ({ledger.without_fluence} runs lack it)" if ledger.without_fluence else ""
    return f"{_span(ledger.fluence, _CM2)} J/cm² mean over the spot{lacking}"


def _span(bounded: Bounded, factor: float = 1.0) -> str:
    """`1180 (1110 to 1250)`."""
    value, low, high = (_number(end * factor) for end in (bounded.value, bounded.low, bounded.high))
    return value if low == high else f"{value} ({low} to {high})"


def _number(value: float) -> str:
    short = float(f"{value:.3g}")
    return f"{short:.0f}" if 1000.0 <= short < 1e7 else f"{short:.3g}"
