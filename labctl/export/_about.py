"""What every export says of the run that it was made from."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import labctl
from labctl.export._tables import Tables

SCHEMA = "labctl.export/1"


def about(tables: Tables) -> dict[str, str]:
    """Names and words; `run_json` is run.json as it stands. Nothing of the machine or the moment
    of the export, so that the same record gives the same bytes."""
    run = tables.run
    begun = run.begun
    told = {
        "schema": SCHEMA,
        "made_by": f"labctl {labctl.__version__}",
        "run": tables.name,
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
    for key in ("run_id", "begun", "ended"):
        if isinstance(run.facts.get(key), str):
            told[key] = run.facts[key]
    return told


def begun_at(facts: Any) -> float | None:
    """Seconds since 1970 when the run began, by run.json; None where that does not say."""
    try:
        return datetime.fromisoformat(facts["begun"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None
