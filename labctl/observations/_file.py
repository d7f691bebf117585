"""Reads and appends to `observations.jsonl`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from labctl.clock import iso, wall_utc_ns
from labctl.errors import InputError, Problem, RecordError, RefusedError
from labctl.observations._observation import Draft, Observation
from labctl.observations._table import Sheet
from labctl.platform import append_synced, is_locked, locked
from labctl.sealed import FIRST, hash_of, opened, seal

FILE = "observations.jsonl"
SCHEMA = "labctl.observations/1"
_KEPT = tuple(field.name for field in fields(Draft) if field.name not in ("run", "line"))


@dataclass(frozen=True, slots=True)
class Observations:
    """All that was attached to a run."""

    lines: tuple[Observation, ...] = ()
    trouble: tuple[str, ...] = ()
    """In words: each line that is not as it was written."""

    @property
    def standing(self) -> tuple[Observation, ...]:
        """Those that no other one corrects."""
        return tuple(line for line in self.lines if line.corrected_by is None)

    def of(self, quantity: str) -> tuple[Observation, ...]:
        """The standing ones of a quantity."""
        return tuple(line for line in self.standing if line.quantity == quantity)


def read_observations(folder: Path) -> Observations:
    """What was attached to the run in `folder`, as far as it is as it was written; nothing where
    there is no file. RecordError when the file cannot be read at all."""
    return _read(_bytes(folder / FILE))


def attach(
    folder: Path, sheet: Sheet, rows: Sequence[Draft], *, by: str
) -> tuple[Observation, ...]:
    """Append `rows` of `sheet` to the run in `folder`; all are on the disk when this returns, or
    none is there. `by` is who attaches.

    RefusedError while the run goes on, and for a file that is attached already. InputError for
    a correction that corrects nothing that stands. RecordError where the disk does not take it, or
    what is there already is not as it was written.
    """
    path = folder / FILE
    if is_locked(folder / "journal.jsonl"):
        raise RefusedError("the run goes on; nothing was observed after it", where=str(folder))
    try:
        with locked(folder):
            data = _bytes(path)
            have = _read(data)
            if have.trouble:
                raise RecordError(
                    "nothing is attached to observations that are not as they were written",
                    where=str(path),
                    seen=have.trouble[0],
                    fix="Keep the file aside, and attach the sheets again.",
                )
            if any(line.sha256 == sheet.sha256 for line in have.lines):
                raise RefusedError(
                    f"{sheet.name} is attached to this run already",
                    where=str(path),
                    fix="Attach a sheet with what is new; a correction names the old one in "
                    "`corrects`.",
                )
            _check_corrections(have, sheet, rows)
            append_synced(path, _made(data, sheet, rows, by), new=not data, undo=True)
    except OSError as error:
        raise RecordError(
            "the observations cannot be written",
            where=str(path),
            seen=error.strerror or str(error),
            fix="Free the disk, or see to it that this account may write there.",
        ) from error
    return read_observations(folder).lines[-len(rows) :]


def _check_corrections(have: Observations, sheet: Sheet, rows: Sequence[Draft]) -> None:
    standing = {line.number: line for line in have.standing}
    problems = []
    for row in rows:
        if row.corrects is None:
            continue
        old = standing.pop(row.corrects, None)
        if old is None:
            words = f"observation {row.corrects} is not there, or is corrected already"
        elif old.quantity != row.quantity:
            words = f"observation {row.corrects} is of {old.quantity}, not of {row.quantity}"
        else:
            continue
        problems.append(Problem("P023", words, sheet.name, row.line))
    if problems:
        raise InputError(
            problems[0].message,
            problems=problems,
            where=f"{sheet.name}:{problems[0].line}",
            fix="`labctl runs attach RUN` shows the numbers of those that stand.",
        )


def _made(data: bytes, sheet: Sheet, rows: Sequence[Draft], by: str) -> bytes:
    lines = data.splitlines()
    before = hash_of(lines[-1]) if lines else FIRST
    out = b""
    for number, row in enumerate(rows, start=len(lines) + 1):
        body = {
            "n_line": number,
            **({"schema": SCHEMA} if number == 1 else {}),
            "utc": iso(wall_utc_ns()),
            "by": by,
            "source": sheet.name,
            "sha256": sheet.sha256,
            "line": row.line,
            **{name: getattr(row, name) for name in _KEPT},
            "before": before,
        }
        line = seal(body, spaced=False, allow_nan=False)
        before = hash_of(line)
        out += line + b"\n"
    return out


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise RecordError(
            "the observations of a run cannot be read", where=str(path), seen=error.strerror or ""
        ) from error


def _read(data: bytes) -> Observations:
    found: list[Observation] = []
    trouble: list[str] = []
    before = FIRST
    for number, text in enumerate(data.splitlines(), start=1):
        body = opened(text, spaced=False)
        if body is None or body.get("n_line") != number or body.get("before") != before:
            trouble.append(f"line {number} is not as it was written; it and what follows are left")
            break
        before = hash_of(text)
        try:
            found.append(_observation(number, body))
        except (KeyError, TypeError, ValueError):
            trouble.append(f"line {number} is of another version; it and what follows are left")
            break
    if data and not data.endswith(b"\n"):
        trouble.append("the last line has no end: writing was cut off")
    corrected = {line.corrects: line.number for line in found if line.corrects is not None}
    return Observations(
        tuple(replace(line, corrected_by=corrected.get(line.number)) for line in found),
        tuple(trouble),
    )


def _observation(number: int, body: Mapping[str, Any]) -> Observation:
    names = [f.name for f in fields(Observation) if f.name not in ("number", "corrected_by")]
    made = Observation(number, **{name: body[name] for name in names})
    float(made.value)
    return made
