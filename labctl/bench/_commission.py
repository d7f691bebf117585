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
from labctl.bench._commissioning import not_commissioned, record_path, safety_digest
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
    """Write `commissioning.json` beside the bench file; returns the file. An earlier one is kept
    beside it under its time. A walk in which nothing failed and something was left out does not
    take the place of one that has passed, of the same bench: it is what has its time in its name.
    RecordError where it cannot be written: the earlier one stands then."""
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
    failed = any(step.state is StepState.FAILED for step in steps)
    if not told["passed"] and not failed and not not_commissioned(bench):
        path = _dated(path, now)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(fresh, "w", encoding="utf-8") as file:
            file.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
            file.flush()
            platform.sync_data(file.fileno())
        _keep_earlier(path)
        os.replace(fresh, path)
        platform.sync_folder(path.parent)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise _unwritable(path, error.strerror or repr(error)) from error
    return path


def refuse_unwritable(bench: BenchFile) -> None:
    """RecordError where no record could be kept: told before anybody has gone through anything."""
    folder = record_path(bench).parent
    if not os.access(folder, os.W_OK):
        raise _unwritable(record_path(bench), f"the folder {folder} is not to be written to")


def _unwritable(path: Path, why: str) -> RecordError:
    return RecordError(
        f"the record of this commissioning cannot be written: {why}",
        where=str(path),
        fix="Put the bench file into a folder that you may write to.",
    )


def _keep_earlier(path: Path) -> None:
    """A copy of the record that is about to be replaced, under its time."""
    try:
        old = path.read_bytes()
    except FileNotFoundError:
        return
    try:
        utc = str(json.loads(old)["utc"])
    except (ValueError, KeyError, TypeError):
        # One that cannot be read is kept all the same.
        utc = iso(path.stat().st_mtime_ns)
    _dated(path, utc).write_bytes(old)


def _dated(path: Path, utc: str) -> Path:
    """`commissioning-20261121T144526593417Z.json`"""
    stamp = "".join(c for c in utc if c.isascii() and c.isalnum())[:32]
    return path.with_name(f"{path.stem}-{stamp}{path.suffix}")
