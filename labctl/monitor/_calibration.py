"""Electrical calibrations of a bench's cell: from the run's folder to a file beside the bench, and
from there to the run that it fits.

The file is labctl's own, JSON, one a calibration; nobody's YAML is rewritten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from labctl.errors import InputError
from labctl.monitor._earlier import read_earlier
from labctl.monitor._handed_on import (
    calibration_from_plain,
    calibration_of,
    calibration_to_plain,
)
from labctl.monitor._priors import Kind
from labctl.monitor._refit import cell_of
from labctl.photothermal import ElectricalCalibration, RecordError

SCHEMA = "labctl.calibration/1"
OLDEST_DAYS = 90
"""Beyond this a calibration is not taken by itself, where the vessel does not say otherwise: cells
are cleaned, swapped and broken."""
_CHOOSE = "Name the folder of a run of `cell-calibration` that passed its check."
_AGAIN = "Run `labctl calibrate` on the run again, or remove the file."


def read_calibration(folder: Path) -> ElectricalCalibration:
    """What the calibration run in `folder` found, from its whole record; InputError where it holds
    no closed run, no calibration, or one that did not pass."""
    found = read_earlier(
        folder, Kind.ELECTRICAL, what="calibration",
        no_such="no resistor heated the cell in this run", choose=_CHOOSE,
    )  # fmt: skip
    try:
        cell = cell_of(found.events, found.priors)
        calibration = calibration_of(
            cell, found.priors, bench=found.bench, date=found.date, head_hash=found.head_hash
        )
    except (RecordError, ValueError) as error:
        raise InputError(str(error), where=str(folder), fix=_CHOOSE) from error
    return replace(calibration, world=found.world)


def store_calibration(calibration: ElectricalCalibration, folder: Path) -> Path:
    """Write it into `folder`, named by its date and its record; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{calibration.date or 'undated'}-{calibration.head_hash[:12] or 'none'}.json"
    told = {"schema": SCHEMA, **calibration_to_plain(calibration)}
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return path


def load_calibration(path: Path) -> ElectricalCalibration:
    """From a file that `store_calibration` wrote, or from a run's folder; InputError for anything
    else."""
    if path.is_dir():
        return read_calibration(path)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told.pop("schema") != SCHEMA:
            raise ValueError("its schema is another")
        return calibration_from_plain(told)
    except OSError as error:
        raise InputError(
            f"the calibration cannot be read: {error.strerror}", where=str(path), fix=_CHOOSE
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"this is no calibration of this version of labctl ({error})",
            where=str(path),
            fix=_AGAIN,
        ) from error


def fitting_calibration(
    paths: Iterable[Path],
    *,
    vessel: str,
    volume_m3: float | None,
    today: date,
    world: str | None = "",
    days_at_most: int = OLDEST_DAYS,
) -> tuple[ElectricalCalibration | None, tuple[str, ...]]:
    """The youngest one of this vessel and volume, and in words what was left aside and why."""
    said: list[str] = []
    fits: list[tuple[str, ElectricalCalibration]] = []
    for path in sorted(paths):
        found = load_calibration(path)
        why = why_not_used(
            found, vessel=vessel, volume_m3=volume_m3, today=today, world=world,
            days_at_most=days_at_most,
        )  # fmt: skip
        if why:
            said.append(f"calibration {path.name} is not used: {why}")
        else:
            fits.append((found.date, found))
    if not fits:
        return None, tuple(said)
    return max(fits, key=lambda pair: pair[0])[1], tuple(said)


def why_not_used(
    found: ElectricalCalibration,
    *,
    vessel: str,
    volume_m3: float | None,
    today: date,
    world: str | None = "",
    days_at_most: int = OLDEST_DAYS,
) -> str:
    """Why a calibration is not one of this cell as it is now; '' when it is. `world`: see
    `ElectricalCalibration`; None for any."""
    if world is not None and found.world != world:
        return f"it is of {_cell_of(found.world)}, and this run of {_cell_of(world)}"
    if not vessel or found.vessel != vessel:
        return f"it is of {found.vessel or 'a vessel without a name'}"
    if volume_m3 is None:
        return "the sample's volume is not known"
    if not found.fits_volume(volume_m3):
        return f"it is of {found.volume_m3 * 1e6:.3g} mL, this sample of {volume_m3 * 1e6:.3g} mL"
    try:
        days = (today - date.fromisoformat(found.date)).days
    except ValueError:
        return "it has no date"
    if days > days_at_most:
        return f"it is {days} days old, and {days_at_most} days are the most"
    return ""


def _cell_of(world: str) -> str:
    return f"the simulated cell of {world}" if world else "a real cell"


def files_in(folders: Sequence[Path]) -> list[Path]:
    """The calibrations that lie in these folders."""
    return [path for folder in folders if folder.is_dir() for path in folder.glob("*.json")]
