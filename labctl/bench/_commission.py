"""Writing the record of a commissioning; what it is judged by stands in `_commissioning`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import labctl
from labctl import platform
from labctl.bench._commissioning import record_path, safety_digest
from labctl.bench._model import BenchFile
from labctl.bench._walk import Step, StepState
from labctl.clock import iso, wall_utc_ns
from labctl.errors import RecordError
from labctl.events import Mode

SCHEMA = "labctl.commissioning/1"
_OPEN = (StepState.FAILED, StepState.NOT_TRIED)


def passed(steps: Sequence[Step]) -> bool:
    """Whether nothing failed and nothing was left out. What a bench has not, or cannot read, does
    not count against it: the record names it."""
    return bool(steps) and not any(step.state in _OPEN for step in steps)


def keep_record(bench: BenchFile, mode: Mode, steps: Sequence[Step], who: str) -> Path:
    """Write `commissioning.json` beside the bench file, in the place of an earlier one; returns the
    file. RecordError where it cannot be written: the earlier one stands then."""
    now = iso(wall_utc_ns())
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "bench": bench.name,
        "mode": mode.value,
        "who": who,
        "date": now[:10],
        "utc": now,
        "passed": passed(steps),
        "safety_digest": safety_digest(bench),
        "bench_digest": bench.digest,
        "version": labctl.__version__,
        "steps": [asdict(step) for step in steps],
    }
    path = record_path(bench)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(fresh, "w", encoding="utf-8") as file:
            file.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
            file.flush()
            platform.sync_data(file.fileno())
        os.replace(fresh, path)
        platform.sync_folder(path.parent)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise RecordError(
            f"the record of this commissioning cannot be written: {error.strerror}",
            where=str(path),
            fix="Put the bench file into a folder that you may write to.",
        ) from error
    return path
