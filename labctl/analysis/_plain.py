"""An analysis as one plain value: for `--json`, and for the record of an imported curve."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from labctl.analysis._analysis import Analysis
from labctl.analysis._load import line_of
from labctl.analysis._row import Row
from labctl.clock import NS
from labctl.photothermal import Estimate, Finding

SCHEMA = "labctl.analysis/1"


def as_plain(found: Analysis) -> dict[str, Any]:
    """For JSON: SI units, None for what is not known."""
    plain = {
        "schema": SCHEMA,
        "file": found.loaded.where,
        "recognised": list(found.loaded.recognised),
        "readings": 0 if found.used is None else len(found.used),
        "findings": [_plain_finding(found, finding) for finding in found.findings],
        "methods": [_plain_row(row) for row in found.rows],
        "one_node_fails": list(found.one_node),
        "alarms": [
            {
                "name": alarm.name,
                "fault_class": alarm.fault_class,
                "causes": list(alarm.causes),
                "onset_s": alarm.onset_ns / NS,
                "size": alarm.size,
                "split_by": alarm.split_by,
            }
            for alarm in found.alarms
        ],
        "asked_for": [{"input": name, "give": how} for name, how in found.asked],
        "assumptions": list(found.assumptions),
        "budget": dict(found.budget),
        "criteria": [asdict(criterion) for criterion in found.criteria],
        "verdict": found.verdict,
        "reasons": list(found.reasons),
        "exit_code": int(found.exit_code),
    }
    cleaned: dict[str, Any] = _finite(plain)
    return cleaned


def _finite(value: Any) -> Any:
    """JSON has no infinity: what is not a number is not known."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value


def _plain_finding(found: Analysis, finding: Finding) -> dict[str, Any]:
    plain = asdict(finding)
    plain["severity"] = finding.severity.value
    plain["line"] = line_of(found.loaded, finding.row)
    return plain


def _plain_row(row: Row) -> dict[str, Any]:
    return {
        "method": row.name,
        "about": row.about,
        "efficiency": _plain_estimate(row.efficiency),
        "time_constant": _plain_estimate(row.time_constant),
        "heat_loss_coefficient": _plain_estimate(row.heat_loss),
        "heating_rate": _plain_estimate(row.rate),
        "bias_percent": row.bias_percent,
        "biases": [asdict(bias) for bias in row.biases],
        "notes": list(row.notes),
        "why_not": row.why,
    }


def _plain_estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {
        "value": estimate.value,
        "sd_statistical": estimate.sd_statistical,
        "sd_inputs": estimate.sd_inputs,
        "low": estimate.low,
        "high": estimate.high,
        "unit": estimate.unit,
    }
