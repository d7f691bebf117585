"""Finished records with given results, as the engine leaves them, without a run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from labctl.clock import NS
from labctl.events import Beam, DoseBasis, Event, Mode, RunBegun, RunEnded, Verdict
from labctl.record import RunFolder

_DAY = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def result(
    value: float, statistical: float = 0.002, inputs: float = 0.005, unit: str = ""
) -> dict[str, object]:
    """One entry of a verdict's results."""
    wide = 2.0 * (statistical**2 + inputs**2) ** 0.5
    return {
        "value": value, "sd_statistical": statistical, "sd_inputs": inputs,
        "low": value - wide, "high": value + wide, "unit": unit,
    }  # fmt: skip


def record(
    runs: Path,
    lot: str,
    results: dict[str, dict[str, object]],
    *,
    sample: str = "pda",
    protocol: str = "heating-curve",
    hours: float = 1.0,
    verdict: str = "pass",
    outcome: str = "completed",
    mode: Mode = Mode.SIMULATED,
    assumptions: Sequence[str] = (),
    between: Sequence[Event] = (),
) -> Path:
    """A closed record of one run that was begun so many hours into the day."""
    begun = (_DAY + timedelta(hours=hours)).isoformat()
    facts = {"mode": mode.value, "begun": begun}
    folder = RunFolder.create(runs, protocol, sample, facts=facts)
    journal = folder.open_journal(real_time=False)
    for event in (
        RunBegun(0, mode, protocol, "p", "bench", "b", sample, "s", 7, "0.1.0"),
        DoseBasis(0, sample, lot, 0.5, 1.0, 0.5, "cem43", "skin", 0.03, 0.5, None, None, 0.0),
        *between,
        Verdict(9 * NS, verdict, (), (), results, tuple(assumptions)),
        RunEnded(9 * NS, outcome, "all steps done", 0, verdict, Beam.OFF, "read back", 18, 4.5),
    ):
        journal.append(event)
    folder.finish()
    return folder.path
