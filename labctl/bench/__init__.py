"""A bench file -> a connected, identified Bench; calibrations."""

from labctl.bench._armable import not_armable
from labctl.bench._assays import AssayCalibration, AssayResult
from labctl.bench._behind import today, waived
from labctl.bench._calibrations import Calibrated, Offset, expired
from labctl.bench._check import check_instruments
from labctl.bench._commission import keep_record, passed, refuse_unwritable
from labctl.bench._commissioning import not_commissioned, record_path, safety_digest
from labctl.bench._connect import Bench, OnTrouble, connect
from labctl.bench._devices import Device, Scan, scan
from labctl.bench._dump import SCHEMA
from labctl.bench._fed import FIBRE, CalibrationHeater, FieldCoil
from labctl.bench._fields import limit_field
from labctl.bench._file import json_schema, load, loads
from labctl.bench._init import starting_file
from labctl.bench._latency import OffLatency, latency_lines, off_latency
from labctl.bench._look import look
from labctl.bench._lookup import BenchChoice, find_bench
from labctl.bench._medium_roles import AssayRole, DoserRole, ThermostatRole
from labctl.bench._model import (
    Arming,
    BenchFile,
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
from labctl.bench._reach import Reach, reach
from labctl.bench._record_wire import record_wire
from labctl.bench._stocks import Stock, after_adding, volume_to_reach
from labctl.bench._tripped import RESETS, Latched, keep_trip, latched, reset_latched, resets_file
from labctl.bench._unwatched import unwatched
from labctl.bench._walk import Step, StepState, Walked, walk
from labctl.instruments import GATES

__all__ = [
    "FIBRE",
    "GATES",
    "RESETS",
    "SCHEMA",
    "Arming",
    "AssayCalibration",
    "AssayResult",
    "AssayRole",
    "Bench",
    "BenchChoice",
    "BenchFile",
    "Calibrated",
    "CalibrationHeater",
    "Declaration",
    "Device",
    "DoserRole",
    "FieldCoil",
    "InstrumentEntry",
    "Latched",
    "OffLatency",
    "Offset",
    "OnTrouble",
    "PickOff",
    "PowerAtSample",
    "ProbeTolerance",
    "Reach",
    "Role",
    "Scan",
    "Step",
    "StepState",
    "Stock",
    "ThermostatRole",
    "Vessel",
    "Vigilance",
    "Waiver",
    "Walked",
    "after_adding",
    "check_instruments",
    "connect",
    "expired",
    "find_bench",
    "json_schema",
    "keep_record",
    "keep_trip",
    "latched",
    "latency_lines",
    "limit_field",
    "load",
    "loads",
    "look",
    "not_armable",
    "not_commissioned",
    "off_latency",
    "passed",
    "reach",
    "record_path",
    "record_wire",
    "refuse_unwritable",
    "reset_latched",
    "resets_file",
    "safety_digest",
    "scan",
    "starting_file",
    "today",
    "unwatched",
    "volume_to_reach",
    "waived",
    "walk",
]
