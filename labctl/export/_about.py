"""What every export says of the run that it was made from."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

import labctl
from labctl.events import Mode
from labctl.observations import read_observations
from labctl.record import RunDescription

SCHEMA = "labctl.export/1"


def name(run: RunDescription) -> str:
    """Date and folder of the run, as one name for files; one that nobody takes for a measurement
    where the bench was simulated."""
    folder = run.path.resolve()
    mark = "" if run.begun is None or run.begun.mode is Mode.REAL else f"-{run.begun.mode.value}"
    return whole(f"{folder.parent.name}-{folder.name}{mark}")


def about(run: RunDescription) -> dict[str, str]:
    """Names and words; `run_json` is run.json as it stands. Nothing of the moment of the export or
    the machine that it is made on, so that the same record gives the same bytes."""
    begun = run.begun
    told = {
        "schema": SCHEMA,
        "made_by": f"labctl {labctl.__version__}",
        "run": name(run),
        "state": run.words,
        "head_hash": run.head_hash,
        "verdict": run.verdict.verdict if run.verdict else "none was reached",
        "run_json": json.dumps(dict(run.facts), ensure_ascii=False),
    }
    if begun is not None:
        told |= {
            "mode": begun.mode.value,
            "protocol": begun.protocol,
            "bench": begun.bench,
            "sample": begun.sample,
            "version": begun.version,
        }
    observed = read_observations(run.path).standing
    if observed:
        told["observations"] = json.dumps([asdict(one) for one in observed], ensure_ascii=False)
    for key in ("run_id", "begun", "ended"):
        if isinstance(run.facts.get(key), str):
            told[key] = run.facts[key]
    return {key: whole(text) for key, text in told.items()}


def whole(text: str) -> str:
    """With half characters written out, which no format takes, as in the name of a folder that is
    not UTF-8; within JSON they are what JSON has for them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def begun_at(facts: Any) -> float | None:
    """Seconds since 1970 when the run began, by run.json; None where that does not say."""
    try:
        return datetime.fromisoformat(facts["begun"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None
