"""Batch release: lots of one sample against limits that were declared before, with the reference
sample first and all lots on one control chart. Read from finished records; none of them is changed.
"""

from labctl.batch._chart import Lines, Signal, lines_of, signals
from labctl.batch._combine import Mean, Measurement, mean_of
from labctl.batch._judge import Answer, Bounds, judge, together
from labctl.batch._limits import (
    ReleaseLimits,
    Wanted,
    find_limits,
    limits_schema,
    load_limits,
    loads_limits,
)
from labctl.batch._lot import Attribute, Lot, load_lot, loads_lot, lot_schema
from labctl.batch._release import release
from labctl.batch._retention import retention
from labctl.batch._runs import BatchRun, find_runs
from labctl.batch._verdict import BatchVerdict, ControlChart, Criterion, LotVerdict, ReferenceRun
from labctl.batch._words import batch_json, batch_lines
from labctl.photothermal import two_sided

__all__ = [
    "Answer",
    "Attribute",
    "BatchRun",
    "BatchVerdict",
    "Bounds",
    "ControlChart",
    "Criterion",
    "Lines",
    "Lot",
    "LotVerdict",
    "Mean",
    "Measurement",
    "ReferenceRun",
    "ReleaseLimits",
    "Signal",
    "Wanted",
    "batch_json",
    "batch_lines",
    "find_limits",
    "find_runs",
    "judge",
    "limits_schema",
    "lines_of",
    "load_limits",
    "load_lot",
    "loads_limits",
    "loads_lot",
    "lot_schema",
    "mean_of",
    "release",
    "retention",
    "signals",
    "together",
    "two_sided",
]
