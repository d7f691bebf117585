"""Where a bench's electrical calibrations lie, and which one a run takes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from labctl.clock import NS, wall_utc_ns
from labctl.errors import InputError

if TYPE_CHECKING:
    from labctl.bench import BenchFile
    from labctl.photothermal import ElectricalCalibration
    from labctl.protocol import Plan
    from labctl.sample import Specimen

NONE = "none"
"""What `--calibration` takes for a run without."""


def folders(bench: BenchFile) -> tuple[Path, Path]:
    """Beside the bench's file (`bench.calibrations/` for `bench.yaml`), and under here
    (`calibrations/<bench>/`), for benches whose place cannot be written to, as the shipped one."""
    file = Path(bench.source_file)
    return file.with_name(f"{file.stem}.calibrations"), Path("calibrations") / bench.name


def home(bench: BenchFile) -> Path:
    """Where a new one is put."""
    from labctl import bench as benches

    beside, here = folders(bench)
    shipped = benches.find_bench("simulated").path.parent
    return here if Path(bench.source_file).parent.resolve() == shipped.resolve() else beside


def today() -> date:
    """By this computer's clock, in its own zone."""
    return datetime.fromtimestamp(wall_utc_ns() // NS, UTC).astimezone().date()


def choose(
    asked: str | None, bench: BenchFile, specimen: Specimen | None, world: str | None
) -> tuple[ElectricalCalibration | None, tuple[str, ...]]:
    """The calibration that a run takes, and what to say of it: the one that was asked for, if it is
    of this cell (InputError otherwise), else the youngest that fits among the bench's. `world`:
    empty for a real bench, else which simulated one; None where that is not settled yet."""
    from labctl.monitor import (
        OLDEST_DAYS,
        files_in,
        fitting_calibration,
        load_calibration,
        why_not_used,
    )

    if asked == NONE:
        return None, ("no electrical calibration is used: --calibration none",)
    vessel = bench.vessel.name if bench.vessel else ""
    volume = specimen.volume_m3.value if specimen and specimen.volume_m3 else None
    days = bench.vessel.calibration_days if bench.vessel else OLDEST_DAYS
    if asked is None:
        found, said = fitting_calibration(
            files_in(folders(bench)), vessel=vessel, volume_m3=volume, today=today(), world=world,
            days_at_most=days,
        )  # fmt: skip
    else:
        found, said = load_calibration(Path(asked).expanduser()), ()
        why = why_not_used(
            found, vessel=vessel, volume_m3=volume, today=today(), world=world, days_at_most=days
        )
        if why:
            raise InputError(
                f"this calibration is not of this cell: {why}",
                where="--calibration",
                fix="Calibrate this cell with this volume in it, or give `--calibration none`.",
            )
    if found is None:
        return None, said
    words = (
        f"cell calibrated electrically on {found.date or 'an unknown day'}, record "
        f"{found.head_hash[:12]}"
    )
    return found, (*said, words)


def check_targets_of(plan: Plan, bench: BenchFile, specimen: Specimen | None) -> None:
    """InputError for targets that cannot be reached with what is known of the cell, a fitting
    calibration of the bench among it. Without a sample the default one stands in: the target is of
    what the readings leave open, which hardly depends on the sample."""
    from labctl import sample as samples
    from labctl.engine import check_targets, has_targets
    from labctl.ready._stand_ins import DEFAULT_SAMPLE

    if not has_targets(plan):
        return
    if specimen is None:
        specimen = samples.load(samples.find(DEFAULT_SAMPLE))
    found, _ = choose(None, bench, specimen, None)
    check_targets(plan, bench, specimen, calibration=found)
