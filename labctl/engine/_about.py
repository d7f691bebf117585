"""What run.json says of a run before it has begun: who, on what, calibrated when, from which world.

None of it enters the journal but what its own events say of the same: a simulated run's journal
depends on nothing outside it.
"""

from __future__ import annotations

import getpass
import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from labctl import clock
from labctl.bench import Bench, BenchFile, expired, off_latency, today, waived
from labctl.engine._request import RunRequest
from labctl.events import Mode
from labctl.instruments import Identity
from labctl.photothermal import ElectricalCalibration
from labctl.settings import read_settings


def facts(request: RunRequest, bench: Bench, utc_zero_ns: int) -> dict[str, Any]:
    """For run.json; `utc_zero_ns` is what the run's clock calls UTC at its beginning."""
    file, plan = request.bench_file, request.plan
    simulated = bench.mode is Mode.SIMULATED
    return {
        "mode": bench.mode.value,
        "seed": request.seed if simulated else None,
        "faults": list(request.faults),
        "speed": request.speed,
        "clock_zero_utc": clock.iso(utc_zero_ns),
        "bench": file.name,
        "operator": operator(request),
        "armed_by": armed_by(request, bench.mode),
        "waived": waived(file, today()),
        "expired": out_of_date(file),
        "instruments": _instruments(bench),
        "calibrations": list(_calibrations(request)),
        "off_latency": {
            source: worst.to_plain()
            for source in bench.sources
            if (worst := off_latency(file, source, plan.limits)) is not None
        },
        "blank": str(request.blank) if request.blank is not None else None,
        **{key: value for key, value in request.about.items() if key != "operator"},
    }


def operator(request: RunRequest) -> dict[str, str]:
    """Whose run it is, and who says so: whoever asked a service for it, `LABCTL_OPERATOR`, or else
    the one who is logged in. Nobody is asked to prove it."""
    by = request.about.get("by")
    if by:
        return {"name": str(by), "told_by": "the service"}
    named = read_settings().operator
    if named:
        return {"name": named, "told_by": "LABCTL_OPERATOR"}
    try:
        return {"name": getpass.getuser(), "told_by": "login"}
    except (KeyError, OSError):
        return {"name": "", "told_by": "nobody"}


def armed_by(request: RunRequest, mode: Mode) -> str:
    """Who lets it light."""
    if mode is Mode.SIMULATED:
        return "simulation"
    if request.unattended:
        return f"nobody at the bench, allowed by {request.bench_file.unattended_by}"
    return "nobody" if request.at_bench is None else request.at_bench.who


def out_of_date(file: BenchFile) -> list[str]:
    """Calibrations of the bench that have ended, a line each."""
    return expired(file.calibrated, file.offsets, today())


def _instruments(bench: Bench) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for key, instrument in bench.instruments.items():
        identity = instrument.identity or Identity("", "")
        found[key] = {
            "driver": instrument.spec.name,
            "make": identity.make,
            "model": identity.model,
            "serial": identity.serial,
            "firmware": identity.firmware,
            "address": str(instrument.address),
        }
    return found


def _calibrations(request: RunRequest) -> Iterator[dict[str, str]]:
    """Each with its id, date, the last day on which it is taken without a warning (`due`), and the
    SHA-256 of the file that states it; '' for what nobody said."""
    file = request.bench_file
    stated = {"file": Path(file.source_file).name, "sha256": _hash_of(file.source_file)}
    for name, one in file.calibrated.items():
        yield {"id": name, "date": one.date, "due": one.expires, "method": one.method, **stated}
    for role, offset in file.offsets.items():
        method = f"against {offset.reference}"
        yield {
            "id": f"offset of {role}", "date": offset.date, "due": offset.expires,
            "method": method, **stated,
        }  # fmt: skip
    if request.calibration is not None:
        yield _electrical(request.calibration, file)


def _electrical(calibration: ElectricalCalibration, file: BenchFile) -> dict[str, str]:
    due = ""
    if calibration.date and file.vessel is not None:
        end = date.fromisoformat(calibration.date) + timedelta(days=file.vessel.calibration_days)
        due = end.isoformat()
    return {
        "id": "electrical calibration of the cell",
        "date": calibration.date,
        "due": due,
        "method": f"calibration resistor, {calibration.world or 'the cell itself'}",
        "record_head_hash": calibration.head_hash,
    }


def _hash_of(source_file: str) -> str:
    try:
        return hashlib.sha256(Path(source_file).read_bytes()).hexdigest()
    except OSError:
        # A bench that was made in a program, or a file that was moved since it was read.
        return ""
