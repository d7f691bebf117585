"""Light, dark and persons: rows of a file -> steps of a plan."""

from __future__ import annotations

from typing import Any

from labctl import clock
from labctl.protocol._checks import Checks
from labctl.protocol._conditions import FluenceReached, simple_parts
from labctl.protocol._fields import (
    AT_MOST,
    BETWEEN,
    DRIFT,
    ELECTRICAL_POWER,
    FIELD,
    FOR,
    IF_LATE,
    IRRADIANCE,
    POWER,
    POWER_LIMIT,
    TEXT,
    UNTIL,
    WITH_SOURCE,
)
from labctl.protocol._steps import (
    ApplyField,
    Baseline,
    Cool,
    Heat,
    HoldTemperature,
    Irradiate,
    Log,
    Prompt,
    Step,
)
from labctl.yamlfile import Row

_LASER = "Add 'laser: laser' (or 'laser: manual') to `needs`."
_HEATER = "Add 'heater: heater' to `needs`; light is `irradiate`."
_COIL = "Add 'coil: coil' to `needs`, and 'probe: thermometer': a fibre."


def baseline(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    checks.probe(row, "a baseline")
    duration = row[FOR]
    if duration is None:
        if not row.meant(FOR):
            checks.for_missing(row, "a baseline")
        return None
    return Baseline(**common, duration_ns=clock.ns(duration), drift_k=row[DRIFT])


def irradiate(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    checks.probe(row, "an irradiation")
    checks.role(row, "laser", "an irradiation needs a laser", _LASER)
    power, irradiance = row[POWER], row[IRRADIANCE]
    if row.meant(POWER) == row.meant(IRRADIANCE):
        both = row.meant(POWER)
        checks.reader.add(
            row.key(IRRADIANCE),
            "P041",
            "power and irradiance are both given" if both else "how strong? no power is given",
            "Give one: 'power: 1.0 W' at the sample, or 'irradiance: 1 W/cm^2'.",
        )
    bounds = checks.bounds(row, "an irradiate step")
    if bounds is None or (power is None and irradiance is None):
        return None
    return Irradiate(
        **common,
        stated_power_w=power,
        irradiance_w_per_m2=irradiance,
        at_most_ns=bounds[1],
        until=bounds[0],
        if_late=row[IF_LATE] or "stop",
    )


def heat(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    checks.probe(row, "heating")
    checks.role(row, "heater", "heating needs a calibration resistor", _HEATER)
    power = row[ELECTRICAL_POWER]
    bounds = checks.bounds(row, "a heat step")
    if bounds is None or power is None:
        return None
    return Heat(
        **common,
        power_w=power,
        at_most_ns=bounds[1],
        until=bounds[0],
        if_late=row[IF_LATE] or "stop",
    )


def apply_field(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    checks.probe(row, "a field")
    checks.role(row, "coil", "a field needs a coil", _COIL)
    strength = row[FIELD]
    bounds = checks.bounds(row, "an apply_field step")
    if bounds is None or strength is None:
        return None
    return ApplyField(
        **common,
        field_a_per_m=strength,
        at_most_ns=bounds[1],
        until=bounds[0],
        if_late=row[IF_LATE] or "stop",
    )


def hold_temperature(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    checks.probe(row, "holding a temperature")
    source = row[WITH_SOURCE] or "laser"
    held_by = "a laser" if source == "laser" else "a calibration resistor"
    fix = f"Add '{source}: {source}' to `needs`."
    checks.role(row, source, f"holding a temperature with the {source} needs {held_by}", fix)
    if source == "laser" and checks.needs.get("laser") == "manual":
        checks.reader.add(
            row.node,
            "P046",
            "a laser that a person switches cannot hold a temperature",
            "Write 'laser: laser' in `needs`, or irradiate with one power.",
        )
    bounds = checks.bounds(row, "a hold_temperature step")
    ends = _band(checks, row)
    limit = row[POWER_LIMIT]
    if bounds is None or ends is None or limit is None:
        return None
    until = bounds[0]
    if source == "heater" and any(isinstance(it, FluenceReached) for it in simple_parts(until)):
        checks.reader.add(
            row.at(UNTIL),
            "P044",
            "`fluence` cannot end a hold with the heater: there is no light",
            "Use `cem43` or `elapsed`.",
        )
        return None
    return HoldTemperature(
        **common,
        low_degc=ends[0],
        high_degc=ends[1],
        power_limit_w=limit,
        at_most_ns=bounds[1],
        until=until,
        if_late=row[IF_LATE] or "stop",
        source=source,
    )


def _band(checks: Checks, row: Row) -> tuple[float, float] | None:
    between = row[BETWEEN]
    if between is None:
        return None
    if len(between) != 2:
        # One that could not be read has told its own problem.
        if len(getattr(row.at(BETWEEN), "items", ())) != 2:
            checks.reader.add(
                row.at(BETWEEN),
                "P048",
                f"a band has two ends, and here stand {len(getattr(row.at(BETWEEN), 'items', ()))}",
                "Write 'between: [43 degC, 48 degC]'.",
            )
        return None
    low, high = between
    if low >= high:
        checks.reader.add(
            row.at(BETWEEN),
            "P048",
            f"the lower end, {low:g} degC, is not below the upper one, {high:g} degC",
            "Write the lower end first.",
        )
        return None
    return low, high


def cool(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    checks.probe(row, "cooling")
    bounds = checks.bounds(row, "a cool step")
    if bounds is None:
        return None
    until, at_most_ns = bounds
    return Cool(**common, at_most_ns=at_most_ns, until=until, if_late=row[IF_LATE] or "continue")


def log(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    duration, at_most = row[FOR], row[AT_MOST]
    if row.has(FOR) and row.has(AT_MOST):
        checks.reader.add(
            row.key(AT_MOST),
            "P043",
            "for and at_most are both given",
            "`for` is how long; `at_most` bounds a log that a person ends. Keep one.",
        )
    if not row.meant(FOR) and not row.meant(AT_MOST):
        checks.for_ever(row, "a log step", "Add 'for: 10 min', or 'at_most: 24 h'.")
    length = at_most if duration is None else duration
    if length is None:
        return None
    return Log(**common, at_most_ns=clock.ns(length), until_stopped=duration is None)


def prompt(checks: Checks, row: Row, common: dict[str, Any]) -> Step | None:
    text, at_most = row[TEXT], row[AT_MOST]
    if text is None:
        return None
    return Prompt(**common, text=text, at_most_ns=None if at_most is None else clock.ns(at_most))
