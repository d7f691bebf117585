"""What a bench file says of thermostat, stocks and assays, from its rows to values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from labctl.bench._assays import AssayCalibration
from labctl.bench._calibrations import Calibrated
from labctl.bench._medium_fields import (
    ASSAYS,
    CHANNEL,
    DATE,
    DEVIATION,
    EXPIRES,
    HIGH,
    LOW,
    MAX_BATH,
    MEDIUM,
    NOISE,
    OFFSET,
    OFFSET_DEVIATION,
    PER_ML,
    PH,
    PLACEHOLDER,
    REMOVED,
    SLOPE,
    SLOPE_DEVIATION,
    SOURCE,
    STOCKS,
    STRENGTH,
    THERMOSTAT,
    TITRATED_MEDIUM,
    TITRATION,
)
from labctl.bench._stocks import Stock
from labctl.instruments import ASSAY, DOSER
from labctl.instruments import THERMOSTAT as THERMOSTAT_ROLE
from labctl.limits import Limits
from labctl.quantities import Kind, format
from labctl.yamlfile import Item, Node, Reader, Row

_PER_ML = 1e-6
_NEEDED = (
    (THERMOSTAT_ROLE, THERMOSTAT, "how warm it may be set",
     "thermostat: {max_temperature: 50 degC}"),
    (DOSER, STOCKS, "what it adds",
     "stocks: {glutathione: {channel: 0, concentration: 100 mM, date: ..., source: ...}}"),
    (ASSAY, ASSAYS, "what its signals mean",
     "assays: {quinidine: {medium: PBS, slope: 4200 counts/mM, ...}}"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Medium:
    """Of one bench file."""

    max_bath_degc: float | None
    stocks: Mapping[str, Stock]
    assays: Mapping[str, AssayCalibration]


def read_medium(row: Row, roles: Mapping[str, object], limits: Limits, reader: Reader) -> Medium:
    """What is stated; every problem is told to `reader`."""
    for role, field, what, example in _NEEDED:
        if role in roles and not row.has(field):
            reader.add(
                row.node,
                "P066",
                f"a bench with {'an' if role == ASSAY else 'a'} {role} must say {what}: "
                f"'{field.name}'",
                f"Add for example '{example}'.",
            )
    stocks = {n: _stock(n, i, reader) for n, i in (row[STOCKS] or {}).items()}
    assays = {n: _assay(n, i, reader) for n, i in (row[ASSAYS] or {}).items()}
    return Medium(
        _max_bath(row[THERMOSTAT], limits, reader),
        {name: stock for name, stock in stocks.items() if stock is not None},
        {name: assay for name, assay in assays.items() if assay is not None},
    )


def calibrated_assays(assays: Mapping[str, AssayCalibration]) -> dict[str, Calibrated]:
    """When and how each was calibrated, so that one that has ended is said."""
    return {
        f"{ASSAY} {name}": Calibrated(one.date, one.source, one.expires)
        for name, one in assays.items()
    }


def _max_bath(row: Row | None, limits: Limits, reader: Reader) -> float | None:
    if row is None:
        return None
    most, cap = row[MAX_BATH], limits.temperature_degc
    if most is not None and cap is not None and most > cap:
        reader.add(
            row.at(MAX_BATH),
            "P053",
            f"the thermostat may be set to {format(most, Kind.TEMPERATURE)}, above the limit "
            f"'temperature' of this bench, {format(cap, Kind.TEMPERATURE)}",
            "A thermostat never goes where the sample may not.",
        )
    return most


def _stock(agent: str, item: Item[Row], reader: Reader) -> Stock | None:
    row = item.value
    points = _titration(row, reader)
    if not (row.has(STRENGTH) or row.has(TITRATION)):
        reader.add(
            item.key,
            "P066",
            f"the stock '{agent}' must say its concentration, a titration, or both",
            "'concentration: 100 mM', or 'titration: [{pH: 7.4, per_mL: 0 uL}, "
            "{pH: 5.5, per_mL: 31 uL}]'.",
        )
        return None
    channel, date, source = row[CHANNEL], row[DATE], row[SOURCE]
    if channel is None or date is None or source is None or points is None:
        return None
    return Stock(
        agent, channel, row[STRENGTH], points, row[TITRATED_MEDIUM] or "", row[DEVIATION] or 0.0,
        date, source, row[PLACEHOLDER] is True,
    )  # fmt: skip


def _titration(row: Row, reader: Reader) -> tuple[tuple[float, float], ...] | None:
    """() where none is stated, None after a problem was told."""
    points: list[tuple[float, float]] = []
    for given in row[TITRATION] or ():
        ph, volume = given[PH], given[PER_ML]
        if ph is None or volume is None:
            return None
        points.append((ph, float(f"{volume / _PER_ML:.12g}")))
    if not points:
        return ()
    volumes, phs = [v for _, v in points], [p for p, _ in points]
    falls = [a > b for a, b in pairwise(phs)]
    rises = [a < b for a, b in pairwise(phs)]
    more = all(a < b for a, b in pairwise(volumes))
    if len(points) < 2 or volumes[0] != 0.0 or not more or not (all(falls) or all(rises)):
        reader.add(
            row.at(TITRATION),
            "P066",
            "a titration begins with the untouched medium, and goes one way with every addition",
            "Write at least [{pH: 7.4, per_mL: 0 uL}, {pH: 5.5, per_mL: 31 uL}].",
        )
        return None
    return tuple(points)


def _assay(species: str, item: Item[Row], reader: Reader) -> AssayCalibration | None:
    row = item.value
    medium, date, source = row[MEDIUM], row[DATE], row[SOURCE]
    slope, offset, spread, noise = row[SLOPE], row[OFFSET], row[OFFSET_DEVIATION], row[NOISE]
    relative, low, high = row[SLOPE_DEVIATION], row[LOW], row[HIGH]
    if slope is None or offset is None or spread is None or noise is None:
        return None
    if medium is None or date is None or source is None:
        return None
    if relative is None or low is None or high is None:
        return None
    wrong = False
    for field, given in ((OFFSET, offset), (OFFSET_DEVIATION, spread), (NOISE, noise)):
        if given[1] != slope[1]:
            wrong = _told(
                reader, row.at(field), "P062",
                f"a signal in {given[1]} does not fit a slope in {slope[1]}",
                "One assay has one unit.",
            )  # fmt: skip
    if slope[0] == 0.0:
        wrong = _told(reader, row.at(SLOPE), "P066", "a slope of 0 measures nothing")
    if noise[0] <= 0.0 or spread[0] < 0.0:
        place = row.at(NOISE if noise[0] <= 0.0 else OFFSET_DEVIATION)
        wrong = _told(reader, place, "P066", "this deviation must be greater than zero")
    if high <= low:
        wrong = _told(reader, row.at(HIGH), "P066", "the highest standard is not above the lowest")
    if wrong:
        return None
    return AssayCalibration(
        species=species,
        medium=medium,
        unit=slope[1],
        slope=slope[0],
        offset=offset[0],
        slope_deviation=relative,
        offset_deviation=spread[0],
        noise=noise[0],
        low_mol_per_m3=low,
        high_mol_per_m3=high,
        date=date,
        source=source,
        removed_m3=row[REMOVED] or 0.0,
        expires=row[EXPIRES] or "",
        placeholder=row[PLACEHOLDER] is True,
    )


def _told(reader: Reader, node: Node, code: str, what: str, fix: str = "") -> bool:
    reader.add(node, code, what, fix)
    return True
