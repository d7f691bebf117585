"""A bench file -> a connected, identified Bench; calibrations."""

from labctl.bench._behind import check_behind, today, waived
from labctl.bench._check import check_instruments
from labctl.bench._connect import Bench, OnTrouble, Reach, connect, reach
from labctl.bench._devices import Device, Scan, scan
from labctl.bench._dump import SCHEMA
from labctl.bench._fields import limit_field
from labctl.bench._file import json_schema, load, loads
from labctl.bench._latency import OffLatency, check_latency, latency_lines, off_latency
from labctl.bench._look import look
from labctl.bench._lookup import BenchChoice, find_bench
from labctl.bench._model import (
    BenchFile,
    CalibrationHeater,
    Declaration,
    InstrumentEntry,
    PickOff,
    PowerAtSample,
    ProbeTolerance,
    Role,
    Vessel,
    Vigilance,
    Waiver,
)
from labctl.bench._tripped import Latched, latched, reset_latched
from labctl.bench._unwatched import unwatched
from labctl.instruments import GATES

__all__ = [
    "GATES",
    "SCHEMA",
    "Bench",
    "BenchChoice",
    "BenchFile",
    "CalibrationHeater",
    "Declaration",
    "Device",
    "InstrumentEntry",
    "Latched",
    "OffLatency",
    "OnTrouble",
    "PickOff",
    "PowerAtSample",
    "ProbeTolerance",
    "Reach",
    "Role",
    "Scan",
    "Vessel",
    "Vigilance",
    "Waiver",
    "check_behind",
    "check_instruments",
    "check_latency",
    "connect",
    "find_bench",
    "json_schema",
    "latched",
    "latency_lines",
    "limit_field",
    "load",
    "loads",
    "look",
    "off_latency",
    "reach",
    "reset_latched",
    "scan",
    "today",
    "unwatched",
    "waived",
]
