"""Whether a second laboratory found the same: differences in units of the joint uncertainty.

The joint uncertainty takes both results as independent. What both share, such as the absorbance
that came with the sample, would move both alike: then it is too wide, and agreement says less than
it seems to, never more than a disagreement does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labctl.events import Mode
from labctl.pack._pack import Pack
from labctl.record import Outcome, RunDescription, describe_run, finite, verify_run

AGREES, DIFFERS, CANNOT_TELL = "agrees", "differs", "cannot tell"
QUANTITIES = ("efficiency", "specific_absorption_rate", "heat_loss_coefficient", "time_constant",
              "temperature_rise", "heating_rate")  # fmt: skip
OF_THE_BENCH = ("heat_loss_coefficient", "time_constant", "temperature_rise", "heating_rate")
"""They are of cell and power, and differ between benches that are both right."""
WIDTH = 1.96
WIDEST = 0.25
"""Of the reference's value: a joint deviation above it lets almost anything agree."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One result of both."""

    quantity: str
    told: str
    """`agrees`, `differs`, `cannot tell`."""
    why: str
    unit: str = ""
    reference: float | None = None
    reference_sd: float | None = None
    here: float | None = None
    here_sd: float | None = None
    joint_sds: float | None = None
    """The difference, here less reference, in joint standard deviations."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of a run with a pack's reference."""

    told: str
    """Of the efficiency, or of what stands in its place; `cannot tell` where there is none."""
    why: str
    reference_mode: str
    mode: str
    head_hash: str
    """Of the reference's journal."""
    rows: tuple[Compared, ...] = ()
    remarks: tuple[str, ...] = ()
    """What one should know who reads the rows."""

    @property
    def words(self) -> str:
        """In a line, the reference's mode with it."""
        said = f"{self.told}: {self.why}" if self.why else self.told
        return f"REFERENCE ({self.reference_mode or 'none'}): {said}"


def agreement(pack: Pack, folder: Path) -> Agreement:
    """Hold the run in `folder` against the pack's reference. RecordError when there is no journal
    that this version can read. Never agrees where a verdict did not pass, a record is not intact,
    or one of both was simulated and the other not."""
    run, reference = describe_run(folder), pack.reference
    mode = run.begun.mode.value if run.begun is not None else ""
    if reference is None:
        return Agreement(CANNOT_TELL, "the pack has no reference", "", mode, "")
    its_mode, head = str(reference.get("mode", "")), str(reference.get("head_hash", ""))
    why = _why_not(reference, its_mode, run, mode) or _not_intact(folder)
    here = dict(run.verdict.results) if run.verdict is not None else {}
    its = reference.get("results")
    rows = tuple(_rows(its if isinstance(its, Mapping) else {}, here, why))
    remarks = tuple(_remarks(reference, run, rows))
    chief = next((row for row in rows if row.quantity not in OF_THE_BENCH), None)
    if chief is None:
        said = why or "the reference has no result that is the sample's own"
        return Agreement(CANNOT_TELL, said, its_mode, mode, head, rows, remarks)
    return Agreement(chief.told, chief.why, its_mode, mode, head, rows, remarks)


def _why_not(reference: Mapping[str, Any], its_mode: str, run: RunDescription, mode: str) -> str:
    if run.begun is None or run.ended is None or run.ended.outcome != "completed":
        return "this run did not complete"
    if its_mode != mode:
        return f"the reference was {its_mode or 'of no mode'} and this run {mode}"
    if run.begun.protocol != reference.get("protocol"):
        return f"the reference is of protocol {reference.get('protocol')}, and this run of another"
    for verdict, whose in ((reference.get("verdict"), "the reference's"),
                           (run.ended.verdict, "this run's")):  # fmt: skip
        if verdict != "pass":
            return f"{whose} check came to '{verdict}'"
    told = reference.get("assumptions")
    told = told if isinstance(told, list) else []
    own = run.verdict.assumptions if run.verdict is not None else ()
    if mode == "REAL" and any("placeholder" in str(words) for words in (*told, *own)):
        return "a result rests on a placeholder that nobody measured"
    return ""


def _remarks(
    reference: Mapping[str, Any], run: RunDescription, rows: tuple[Compared, ...]
) -> Iterator[str]:
    begun = run.begun
    if begun is None:
        return
    if begun.sample != reference.get("sample"):
        yield f"the sample here is {begun.sample or 'not named'}, there {reference.get('sample')}"
    elif begun.sample_digest != reference.get("sample_digest"):
        yield "the sample's file is another one here than there"
    if begun.mode is Mode.SIMULATED:
        same = begun.seed == reference.get("seed")
        yield (
            "both are one simulated world: this is no second measurement"
            if same
            else "each simulated world draws its own particles and its own bench"
        )
    if any(row.quantity in OF_THE_BENCH for row in rows):
        yield "heat loss, time constant, rise and rate are of a bench, not of the sample alone"


def _not_intact(folder: Path) -> str:
    found = verify_run(folder)
    return "" if found.outcome is Outcome.INTACT else f"this record is {found.outcome.value}"


def _rows(its: Mapping[str, Any], here: Mapping[str, Any], why: str) -> Iterator[Compared]:
    for name in QUANTITIES:
        one, other = _result(its.get(name)), _result(here.get(name))
        if one is None and other is None:
            continue
        yield _compared(name, one, other, why)


def _result(entry: Any) -> tuple[float, float, str] | None:
    """Value, standard deviation in all, unit."""
    if not isinstance(entry, Mapping):
        return None
    value = finite(entry.get("value"))
    parts = [finite(entry.get(key)) or 0.0 for key in ("sd_statistical", "sd_inputs")]
    if value is None or any(abs(part) > 1e60 for part in (value, *parts)):
        return None
    return value, math.hypot(*parts), str(entry.get("unit", ""))


def _compared(
    name: str,
    one: tuple[float, float, str] | None,
    other: tuple[float, float, str] | None,
    why: str,
) -> Compared:
    if one is None or other is None:
        whose = "the reference" if one is None else "this run"
        return Compared(name, CANNOT_TELL, f"{whose} has no {name.replace('_', ' ')}")
    numbers = (one[2], one[0], one[1], other[0], other[1])
    if why:
        return Compared(name, CANNOT_TELL, why, *numbers)
    if one[2] != other[2]:
        return Compared(name, CANNOT_TELL, f"units differ: {one[2]} and {other[2]}", *numbers)
    if not (one[1] > 0.0 and other[1] > 0.0):
        return Compared(name, CANNOT_TELL, "a result has no uncertainty", *numbers)
    joint = math.hypot(one[1], other[1])
    apart = (other[0] - one[0]) / joint
    said = f"{apart:+.1f} joint standard deviations apart"
    if abs(apart) > WIDTH:
        return Compared(name, DIFFERS, said, *numbers, apart)
    if joint > WIDEST * abs(one[0]):
        wide = f"the joint deviation is {100 * joint / abs(one[0]):.0f} % of it" if one[0] else (
            "the reference is 0"
        )  # fmt: skip
        return Compared(name, CANNOT_TELL, f"{said}, but {wide}", *numbers, apart)
    return Compared(name, AGREES, said, *numbers, apart)
