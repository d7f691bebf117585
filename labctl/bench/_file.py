"""Bench files: `labctl.bench/1`. All problems of a file are told at once (InputError).

A bench file holds what belongs to a place and not to a protocol: which instruments there are and
what they are for, calibrations with their dates, the vessel, and the limits.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from labctl import yamlfile
from labctl.bench._dump import SCHEMA
from labctl.bench._fed import CalibrationHeater
from labctl.bench._fields import (
    ALLOWED_BY,
    BENCH,
    CALIBRATION_DAYS,
    COIL,
    DATE,
    DEAD_MAN,
    DECLARED_DATE,
    DEVIATION,
    ELECTRICAL_DEVIATION,
    FROZEN,
    HEATER,
    INSTRUMENTS,
    INTERLOCK,
    LIMIT_FIELDS,
    LIMITS,
    MAX_POWER,
    MISMATCH,
    NAME,
    OFF_CONFIRM,
    OFFICER,
    PATH,
    PICK_OFF,
    POWER_AT_SAMPLE,
    PROBE,
    RATIO,
    READABLE,
    REFERENCE,
    RESISTANCE,
    RESOLUTION,
    RISE_MARGIN,
    ROLES,
    SENSOR,
    SLOPE,
    SPOT_AREA,
    TESTED,
    THRESHOLD,
    TITLE,
    TOLERANCE,
    TOLERANCE_SOURCE,
    UNATTENDED,
    UNTIL,
    VESSEL,
    VESSEL_HEAT_LOSS,
    VESSEL_NAME,
    VIGILANCE,
    WAIVED_BY,
    WAIVED_DEAD_MAN,
    WAIVED_INTERLOCK,
    WAIVERS,
    WALL_HEAT_CAPACITY,
    WALL_TRANSMISSION,
    WAVELENGTH,
    WHAT,
    WHY,
    WINDOW,
    entry_of,
)
from labctl.bench._model import (
    DEFAULT_LIMITS,
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
from labctl.bench._needed import check_coil, check_heater, check_laser
from labctl.bench._read_arming import read_arming, read_driver_waivers
from labctl.bench._read_calibrations import read_calibrated, read_offsets
from labctl.bench._read_coil import read_coil
from labctl.bench._read_medium import calibrated_assays, read_medium
from labctl.limits import Limits
from labctl.quantities import Kind
from labctl.yamlfile import Reader, Row, Source

__all__ = ["BenchFile", "json_schema", "load", "loads"]


def load(path: Path) -> BenchFile:
    """Read a bench file; raises InputError with every problem."""
    return _read(yamlfile.open_source(path))


def loads(text: str, file: str = "bench.yaml") -> BenchFile:
    """The same from a text."""
    return _read(Source(file, text))


def json_schema() -> dict[str, Any]:
    """JSON Schema of a bench file, for editors."""
    return yamlfile.json_schema(SCHEMA, BENCH, {})


def _read(source: Source) -> BenchFile:
    node, problems = yamlfile.read_text(source)
    reader = Reader(problems)
    row = BENCH.read(node, reader)
    bench = None if row is None else _build(row, reader, source.file)
    what = f"{source.file} is not a valid bench file"
    reader.raise_any(what)
    if bench is None:
        raise RuntimeError(what)  # A field without a value has always told a problem.
    return bench


def _build(row: Row, reader: Reader, file: str) -> BenchFile | None:
    instruments = _instruments(row, reader, Path(file).parent)
    roles, limits = _roles(row, instruments, reader), _limits(row)
    laser = _laser(row[POWER_AT_SAMPLE], reader)
    waivers = _waivers(row, reader)
    if "laser" in roles:
        check_laser(row, limits, waivers, reader)
    if "heater" in roles:
        check_heater(row, limits, waivers, reader)
    if "coil" in roles:
        check_coil(row, limits, waivers, reader)
    if "meter" in roles and not row.has(PICK_OFF):
        reader.add(
            row.node,
            "P013",
            "a bench with a power meter must say what part of the beam it sees",
            "Add for example 'pick_off: {ratio: 2 %, deviation: 3 %, date: 2026-01-31}'.",
        )
    medium = read_medium(row, roles, limits, reader)
    interlock = row[INTERLOCK]
    readable = None if interlock is None else interlock[READABLE]
    name, unattended = row[NAME], row[UNATTENDED]
    return (
        None
        if name is None
        else BenchFile(
            name=name,
            title=row[TITLE] or "",
            instruments=instruments,
            roles=roles,
            wavelength_m=row[WAVELENGTH],
            spot_area=row[SPOT_AREA],
            power_at_sample=laser,
            pick_off=_pick_off(row[PICK_OFF]),
            vessel=_vessel(row[VESSEL]),
            limits=limits,
            vigilance=_vigilance(row[VIGILANCE]),
            interlock=_declaration(interlock),
            interlock_readable=readable is True,
            dead_man=_declaration(row[DEAD_MAN]),
            waivers=waivers,
            arming=read_arming(row),
            driver_waivers=read_driver_waivers(row),
            unattended_by="" if unattended is None else unattended[ALLOWED_BY] or "",
            heater=_heater(row[HEATER]),
            coil=read_coil(row[COIL], reader),
            probe=_probe(row[PROBE]),
            sensor=_sensor(row[PROBE]),
            calibrated=read_calibrated(row) | calibrated_assays(medium.assays),
            offsets=read_offsets(row, reader),
            max_bath_degc=medium.max_bath_degc,
            stocks=medium.stocks,
            assays=medium.assays,
            source_file=file,
        )
    )


def _probe(row: Row | None) -> ProbeTolerance | None:
    if row is None:
        return None
    tolerance, source = row[TOLERANCE], row[TOLERANCE_SOURCE]
    return None if tolerance is None or source is None else ProbeTolerance(tolerance, source)


def _sensor(row: Row | None) -> str:
    return "" if row is None else row[SENSOR] or ""


def _instruments(row: Row, reader: Reader, folder: Path) -> dict[str, InstrumentEntry]:
    out: dict[str, InstrumentEntry] = {}
    by_address: dict[str, str] = {}
    for key, item in (row[INSTRUMENTS] or {}).items():
        entry = entry_of(item.value, folder)
        if entry is None:
            continue
        other = by_address.setdefault(entry.address, key)
        if other != key:
            reader.add(
                item.key,
                "P063",
                f"'{key}' has the address of '{other}', {entry.address}",
                "Give each instrument an address of its own.",
            )
        out[key] = entry
    return out


def _roles(row: Row, instruments: dict[str, InstrumentEntry], reader: Reader) -> dict[str, Role]:
    out: dict[str, Role] = {}
    taken: dict[str, str] = {}
    declared = row[INSTRUMENTS] or {}
    for name, item in (row[ROLES] or {}).items():
        instrument, _, channel = item.value.partition(".")
        if instrument not in declared:
            reader.add(
                item.node,
                "P060",
                f"there is no instrument '{instrument}' for the role '{name}'",
                f"{yamlfile.did_you_mean(instrument, declared)}"
                f"There are: {', '.join(declared) or 'none'}.",
            )
            continue
        if instrument not in instruments:
            continue
        other = taken.setdefault(item.value, name)
        if other != name:
            reader.add(
                item.node,
                "P063",
                f"the role '{name}' has the place of the role '{other}', {item.value}",
                "Two roles on one instrument need channels of their own: 'scanner.101'.",
            )
        out[name] = Role(name, instrument, channel)
    return out


def _limits(row: Row) -> Limits:
    given = row[LIMITS]
    if given is None:
        return DEFAULT_LIMITS
    values = {limit.field: given[field] for limit, field in LIMIT_FIELDS}
    return dataclasses.replace(
        DEFAULT_LIMITS, **{name: value for name, value in values.items() if value is not None}
    )


def _laser(row: Row | None, reader: Reader) -> PowerAtSample | None:
    if row is None:
        return None
    threshold, slope = row[THRESHOLD], row[SLOPE]
    deviation, date = row[DEVIATION], row[DATE]
    if threshold is None or slope is None or deviation is None or date is None:
        return None
    by_current = slope.kind is Kind.SLOPE
    if (threshold.kind is Kind.CURRENT) != by_current:
        reader.add(
            row.at(THRESHOLD),
            "P062",
            f"a threshold in {threshold.unit} does not fit a slope in {slope.unit}",
            "Write A with W/A (a diode driven by current) or W with W/W (a laser driven by power).",
        )
        return None
    unit = "A" if by_current else "W"
    return PowerAtSample(threshold.value, slope.value, unit, deviation, date)


def _heater(row: Row | None) -> CalibrationHeater | None:
    if row is None:
        return None
    resistance, most = row[RESISTANCE], row[MAX_POWER]
    deviation, date = row[ELECTRICAL_DEVIATION], row[DATE]
    if resistance is None or most is None or deviation is None or date is None:
        return None
    return CalibrationHeater(resistance, most, deviation, date)


def _pick_off(row: Row | None) -> PickOff | None:
    if row is None:
        return None
    ratio, deviation, date = row[RATIO], row[DEVIATION], row[DATE]
    if ratio is None or deviation is None or date is None:
        return None
    return PickOff(ratio, deviation, date)


def _vessel(row: Row | None) -> Vessel | None:
    if row is None:
        return None
    name, path = row[VESSEL_NAME], row[PATH]
    wall, passed, loss = row[WALL_HEAT_CAPACITY], row[WALL_TRANSMISSION], row[VESSEL_HEAT_LOSS]
    if name is None or path is None or wall is None or passed is None or loss is None:
        return None
    return Vessel(name, path, wall, passed, loss, row[CALIBRATION_DAYS] or 90)


def _vigilance(row: Row | None) -> Vigilance:
    default = Vigilance()
    if row is None:
        return default
    window, frozen = row[WINDOW], row[FROZEN]
    resolution, margin, confirm = row[RESOLUTION], row[RISE_MARGIN], row[OFF_CONFIRM]
    return Vigilance(
        rate_window_s=default.rate_window_s if window is None else window,
        frozen_after=default.frozen_after if frozen is None else frozen,
        resolution_k=default.resolution_k if resolution is None else resolution,
        rise_margin_k=default.rise_margin_k if margin is None else margin,
        power_mismatch=row[MISMATCH],
        off_confirm_s=default.off_confirm_s if confirm is None else confirm,
    )


def _declaration(row: Row | None) -> Declaration | None:
    if row is None:
        return None
    what, tested, date = row[WHAT], row[TESTED], row[DECLARED_DATE]
    if what is None or tested is None or date is None:
        return None
    return Declaration(what, tested, date)


def _waivers(row: Row, reader: Reader) -> dict[str, Waiver]:
    """What is waived; nothing may be declared and waived at once."""
    given = row[WAIVERS]
    out: dict[str, Waiver] = {}
    if given is None:
        return out
    for field, who, declared in (
        (WAIVED_INTERLOCK, OFFICER, INTERLOCK),
        (WAIVED_DEAD_MAN, WAIVED_BY, DEAD_MAN),
    ):
        waiver = given[field]
        if waiver is None:
            continue
        if row.has(declared):
            reader.add(
                given.at(field),
                "P061",
                f"'{declared.name}' is declared and waived at once",
                "Keep the one that is true.",
            )
        by, until, why = waiver[who], waiver[UNTIL], waiver[WHY]
        reference = waiver[REFERENCE] if field is WAIVED_INTERLOCK else ""
        if by is not None and until is not None and why is not None and reference is not None:
            mark = given.at(field).mark
            where = f"{mark.file}:{mark.line}"
            out[declared.name] = Waiver(by, until, why, reference, where)
    return out
