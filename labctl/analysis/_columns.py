"""What a column is, by its name and the unit in it. Nothing else is guessed: a name that says
nothing is a column that is not used, and several that say the same are asked about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from labctl.analysis._units import UNITS, Role, normal
from labctl.errors import InputError

_BRACKETS = re.compile(r"[(\[{]\s*([^)\]}]*?)\s*[)\]}]")
_AMBIENT = re.compile(r"ambient|\broom|surround|environment|umgebung|\bt_?amb|\benv\b|raum")
_NOT_MEASURED = re.compile(
    r"predict|model|fit|residual|resid|simulat|calc|_sd\b|\bsd\b|sdev|error|constant|coefficient"
    r"|efficiency|current|voltage|slope|_per\b|setpoint|set[ _]point"
)
_DIFFERENCE = re.compile(r"(Δ|∆|delta|d)[ _]?(t|temp|temperature)\b|rise\b")
_LIGHT = re.compile(r"laser|light|beam|irradiat|\blamp|\bled\b|shutter|emission|on[/_ ]?off")
_POWER = re.compile(r"power|leistung|\bwatts?\b")
_TEMPERATURE = re.compile(r"temp|thermo|probe|celsius|kelvin|fahrenheit|\btc\d*\b|\bdeg\s?[ckf]\b")
_PROBE, _SECOND_PROBE = "probe_temperature", "probe2_temperature"
"""In a table of labctl's own: the second one is beside the first, never in its place."""
_TIME = re.compile(r"time|elapsed|\bzeit|timestamp|\bseconds?\b|\bminutes?\b|\bsec\b|date")
_IRRADIANCE = re.compile(r"irradiance|power[ _]density|intensity|fluence[ _]rate")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is used."""

    place: int
    name: str
    role: Role
    unit: str
    """As written; empty where the name has none, and then SI (degC) is taken and said."""
    factor: float
    offset: float

    @property
    def is_difference(self) -> bool:
        """True for a temperature above another one."""
        return _DIFFERENCE.search(_split(self.name)[0].lower()) is not None

    @property
    def words(self) -> str:
        """For people: what it was taken as."""
        default = {Role.TIME: "s", Role.TEMPERATURE: "degC", Role.AMBIENT: "degC", Role.POWER: "W"}
        if self.role in (Role.TEMPERATURE, Role.AMBIENT) and self.is_difference:
            unit = f" in {self.unit or 'K'}, a difference: the absolute temperature is not known"
        elif self.unit:
            unit = f" in {self.unit}"
        elif self.role in default:
            unit = f", no unit in its name, taken as {default[self.role]}"
        else:
            unit = ""
        return f"{self.role}: column '{self.name}'{unit}"


@dataclass(frozen=True, slots=True)
class Choice:
    """Columns that a person named, by their names in the file; empty where the names decide."""

    time: str = ""
    temperature: str = ""
    ambient: str = ""
    light: str = ""
    power: str = ""


def recognise(name: str, place: int) -> Column | None:
    """What a name says; None where it says nothing that is used here."""
    text, unit = _split(name)
    lower = text.lower()
    known = UNITS.get(normal(unit))
    by_unit = known[0] if known else None
    role = _role(text.strip(), lower, by_unit)
    if role is None:
        return None
    needs = {
        Role.AMBIENT: Role.TEMPERATURE,
        Role.LIGHT: None,
    }.get(role, role)
    if by_unit is not None and by_unit is needs and known is not None:
        offset = 0.0 if _DIFFERENCE.search(lower) else known[2]
        return Column(place, name, role, unit, known[1], offset)
    if by_unit is not None and needs is not None:
        # A name and a unit that contradict each other say nothing.
        return None
    return Column(place, name, role, "", 1.0, 0.0)


def _role(text: str, lower: str, by_unit: Role | None) -> Role | None:
    if _NOT_MEASURED.search(lower):
        return None
    if by_unit is Role.IRRADIANCE or _IRRADIANCE.search(lower):
        return Role.IRRADIANCE
    if by_unit is Role.POWER or (_POWER.search(lower) and by_unit is None):
        return Role.POWER
    if _LIGHT.search(lower) and by_unit is None:
        return Role.LIGHT
    if by_unit is Role.TIME or (by_unit is None and (_TIME.search(lower) or text == "t")):
        return Role.TIME
    if by_unit is Role.TEMPERATURE or _TEMPERATURE.search(lower) or text in ("T", "ΔT", "dT"):
        return Role.AMBIENT if _AMBIENT.search(lower) else Role.TEMPERATURE
    return None


def _split(name: str) -> tuple[str, str]:
    """(name without its unit, unit): `T (degC)`, `T [K]`, `t / s`, `time_s`, `laser_power_W`."""
    found = list(_BRACKETS.finditer(name))
    for match in reversed(found):
        if normal(match[1]) in UNITS:
            return (name[: match.start()] + name[match.end() :]).strip(), match[1]
    for separator in (" / ", "/ ", ", ", "/"):
        text, found_one, unit = name.rpartition(separator)
        if found_one and normal(unit) in UNITS:
            return text.strip(), unit.strip()
    parts = re.split(r"[_\s]+", name)
    for count in (3, 2, 1):
        tail = "_".join(parts[-count:])
        if len(parts) > count and normal(tail.replace("_per_", "/")) in UNITS:
            return "_".join(parts[:-count]), tail.replace("_per_", "/")
    if normal(name) in UNITS and len(normal(name)) > 1:
        return "", name
    return name, ""


def choose(names: Sequence[str], choice: Choice, where: str) -> dict[Role, Column]:
    """The columns to use. InputError where time or temperature is missing, where several would do,
    or where a named one is not there."""
    found = [column for i, name in enumerate(names) if (column := recognise(name, i)) is not None]
    used: dict[Role, Column] = {}
    for role, asked in (
        (Role.TIME, choice.time),
        (Role.TEMPERATURE, choice.temperature),
        (Role.AMBIENT, choice.ambient),
        (Role.LIGHT, choice.light),
        (Role.POWER, choice.power),
        (Role.IRRADIANCE, ""),
    ):
        if asked:
            used[role] = _named(names, asked, role, where)
            continue
        mine = [column for column in found if column.role is role]
        if any(column.name.startswith(_PROBE) for column in mine):
            mine = [c for c in mine if not c.name.startswith(_SECOND_PROBE)]
        if len(mine) == 1:
            used[role] = mine[0]
        elif len(mine) > 1:
            listed = ", ".join(f"'{column.name}'" for column in mine)
            raise InputError(
                f"{len(mine)} columns may be the {role}: {listed}",
                where=where,
                fix=_fix(role, f"'{mine[0].name}'"),
            )
        elif role in (Role.TIME, Role.TEMPERATURE):
            listed = ", ".join(f"'{name}'" for name in names[:12])
            raise InputError(
                f"no column is called like a {role}; there are {listed}",
                where=where,
                fix=_fix(role, "NAME"),
            )
    return used


_OPTION = {
    Role.TIME: "time",
    Role.TEMPERATURE: "temperature",
    Role.AMBIENT: "ambient",
    Role.LIGHT: "light",
    Role.POWER: "power-column",
    Role.IRRADIANCE: "light",
}


def _fix(role: Role, name: str) -> str:
    """For either verb that reads such a file."""
    option = _OPTION[role]
    column = option.removesuffix("-column")
    return (
        f"Name the one that is meant: `labctl analyse --{option} {name}`, "
        f"`labctl import --column {column}={name}`."
    )


def _named(names: Sequence[str], asked: str, role: Role, where: str) -> Column:
    places = [i for i, name in enumerate(names) if name == asked]
    if not places:
        listed = ", ".join(f"'{name}'" for name in names[:12])
        raise InputError(f"there is no column '{asked}'", where=where, fix=f"There are {listed}.")
    _, unit = _split(asked)
    known = UNITS.get(normal(unit))
    of = Role.TEMPERATURE if role is Role.AMBIENT else role
    if known is not None and known[0] is of:
        return Column(places[0], asked, role, unit, known[1], known[2])
    if known is not None and role is not Role.LIGHT:
        raise InputError(
            f"column '{asked}' is in {unit}, which is no unit of {role}",
            where=where,
            fix="Name another column, or correct the unit in its name.",
        )
    return Column(places[0], asked, role, "", 1.0, 0.0)
