"""The keys of a bench file: names, shapes, help. Messages and JSON Schema both come from here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labctl import limits
from labctl.bench._dump import SCHEMA
from labctl.bench._fed import SENSORS
from labctl.bench._medium_fields import MEDIUM_FIELDS
from labctl.bench._model import InstrumentEntry
from labctl.instruments import driver_from
from labctl.quantities import Kind
from labctl.yamlfile import (
    Amount,
    AnyPlain,
    Choice,
    Count,
    Date,
    Field,
    MapOf,
    Measured,
    Name,
    Row,
    StatedAmount,
    Table,
    Text,
    Truth,
)

_KEY = r"[a-z][a-z0-9_-]{0,31}"

NAME = Field("name", Name(example="bench-2"), "Short name of the bench", True)
TITLE = Field("title", Text(200), "One line for people")
_SCHEMA = Field("schema", Choice({SCHEMA: "a bench"}), f"Write `schema: {SCHEMA}`", True)

_DRIVER = Field(
    "driver",
    Name(r"(?:[a-z0-9][a-z0-9-]{0,63}|\S*[/\\]\S+)", "arroyo-laser"),
    "Which driver speaks to it: its name, or its file: ./acme.py:AcmeMeter, ./acme.yaml",
    True,
)
_ADDRESS = Field(
    "address", Text(200), "Where it is: /dev/ttyUSB0, TCPIP0::..., sim://name, ...", True
)
_SETTINGS = Field("settings", MapOf(AnyPlain(), r"[a-z][a-z0-9_]{0,31}"), "For the driver")
_MIN_PERIOD = Field(
    "min_period", Amount(Kind.TIME, 1e-3, 3600.0), "It cannot be read more often than this"
)
_INSTRUMENT = Table("instrument", (_DRIVER, _ADDRESS, _SETTINGS, _MIN_PERIOD))
INSTRUMENTS = Field("instruments", MapOf(_INSTRUMENT), "The instruments, by a key of yours", True)
_PLACE = Name(rf"{_KEY}(\.[A-Za-z0-9_-]{{1,16}})?", "scanner.101")
ROLES = Field(
    "roles",
    MapOf(_PLACE),
    "What they are for: laser, shutter, deadman, heater, coil, probe, probe2, ambient, meter, "
    "thermostat, doser, assay -> an instrument's key or key.channel",
    True,
)

WAVELENGTH = Field("wavelength", Amount(Kind.LENGTH, 100e-9, 20e-6), "Of the laser")
SPOT_AREA = Field("spot_area", StatedAmount(Kind.AREA), "Area of the beam at the sample")

THRESHOLD = Field("threshold", Measured((Kind.CURRENT, Kind.POWER), low=0.0),
                  "Drive level at which light begins", True)  # fmt: skip
SLOPE = Field("slope", Measured((Kind.SLOPE, Kind.TRANSFER), positive=True),
              "Power at the sample per drive level above it", True)  # fmt: skip
DEVIATION = Field("deviation", Amount(Kind.FRACTION, 0.0, 1.0),
                  "One relative standard deviation", True)  # fmt: skip
DATE = Field("date", Date(), "When it was measured", True)
METHOD = Field("method", Text(200), "How it was measured, and with what")
EXPIRES = Field("expires", Date(), "The last day on which it is taken without a warning")
COLLIMATOR = Field("collimator", Text(100), "With which collimator, fibre or lens it holds")
POWER_AT_SAMPLE = Field(
    "power_at_sample",
    Table("power_at_sample", (THRESHOLD, SLOPE, DEVIATION, DATE, METHOD, EXPIRES, COLLIMATOR)),
    "Calibration: power at the sample = slope (level - threshold)",
)
RATIO = Field("ratio", Amount(Kind.FRACTION, high=10.0, positive=True),
              "Power on the meter's head over power at the sample", True)  # fmt: skip
PICK_OFF = Field(
    "pick_off",
    Table("pick_off", (RATIO, DEVIATION, DATE, METHOD, EXPIRES)),
    "What part of the beam the meter sees",
)

RESISTANCE = Field("resistance", Amount(Kind.RESISTANCE, 0.1, 1e5),
                   "Of the resistor in the cell", True)  # fmt: skip
MAX_POWER = Field("max_power", Amount(Kind.POWER, positive=True),
                  "Highest electrical power that may be asked for", True)  # fmt: skip
ELECTRICAL_DEVIATION = Field("deviation", Amount(Kind.FRACTION, 0.0, 0.2, positive=True),
                             "One relative standard deviation of the electrical power as read back",
                             True)  # fmt: skip
HEATER = Field(
    "heater",
    Table("heater", (RESISTANCE, MAX_POWER, ELECTRICAL_DEVIATION, DATE, METHOD, EXPIRES)),
    "The calibration resistor in the cell, in every run of this bench",
)

INPUT_RESISTANCE = Field("resistance", Amount(Kind.RESISTANCE, 1e-4, 1e5),
                         "Volts over amperes of the supply; of an induction heater, the coil's",
                         True)  # fmt: skip
FIELD_REACHED = Field("field", Amount(Kind.FIELD, high=1e6, positive=True),
                      "Amplitude at the sample, as it was measured", True)  # fmt: skip
AT_POWER = Field("at_power", Amount(Kind.POWER, positive=True),
                 "What the supply gave meanwhile")  # fmt: skip
AT_CURRENT = Field("at_current", Amount(Kind.CURRENT, positive=True),
                   "Of an induction heater: the coil's current meanwhile, as told")  # fmt: skip
FIELD_DEVIATION = Field("field_deviation", Amount(Kind.FRACTION, 0.0, 0.5, positive=True),
                        "One relative standard deviation of that amplitude", True)  # fmt: skip
FIELD_FREQUENCY = Field("frequency", Amount(Kind.FREQUENCY, 10.0, 1e8),
                        "At which the inverter drives the coil", True)  # fmt: skip
MAX_FIELD = Field("max_field", Amount(Kind.FIELD, high=1e6, positive=True),
                  "Highest amplitude that may be asked for", True)  # fmt: skip
COIL = Field(
    "coil",
    Table(
        "coil",
        (
            INPUT_RESISTANCE, FIELD_REACHED, AT_POWER, AT_CURRENT, FIELD_DEVIATION,
            FIELD_FREQUENCY, MAX_FIELD, ELECTRICAL_DEVIATION, DATE, METHOD, EXPIRES,
        ),
    ),
    "The coil around the cell, with the inverter that a supply feeds",
)  # fmt: skip

VESSEL_NAME = Field("name", Text(100), "What it is", True)
PATH = Field("path", Amount(Kind.LENGTH, 10e-6, 1.0), "Way of the beam through the liquid", True)
SENSOR = Field("sensor", Choice(SENSORS), "What it is; beside a coil it must be a fibre")
TOLERANCE = Field("tolerance", Amount(Kind.TEMPERATURE_DIFFERENCE, 0.0, 20.0, positive=True),
                  "Bound either way, of the reading", True)  # fmt: skip
TOLERANCE_SOURCE = Field("source", Text(200), "Its class, or how it was calibrated", True)
PROBE = Field(
    "probe",
    Table("probe", (TOLERANCE, TOLERANCE_SOURCE, SENSOR)),
    "What the probe is, and how far it may be off; every dose carries that",
)

WALL_HEAT_CAPACITY = Field("wall_heat_capacity", StatedAmount(Kind.HEAT_CAPACITY),
                           "Of the wetted wall", True)  # fmt: skip
WALL_TRANSMISSION = Field("wall_transmission", StatedAmount(Kind.FRACTION),
                          "Part of the power that passes the entrance wall", True)  # fmt: skip
VESSEL_HEAT_LOSS = Field("heat_loss", StatedAmount(Kind.HEAT_LOSS),
                         "Heat-loss coefficient of the filled vessel", True)  # fmt: skip
CALIBRATION_DAYS = Field(
    "calibration_days",
    Count(1, 3650),
    "An electrical calibration of this cell is taken for so many days; 90 when left out",
)
VESSEL = Field(
    "vessel",
    Table(
        "vessel",
        (
            VESSEL_NAME,
            PATH,
            WALL_HEAT_CAPACITY,
            WALL_TRANSMISSION,
            VESSEL_HEAT_LOSS,
            CALIBRATION_DAYS,
        ),
    ),
    "The cell that holds the sample",
)

OFFSET = Field("offset", Amount(Kind.TEMPERATURE_DIFFERENCE, -10.0, 10.0),
               "It reads so much too high at the reference; taken off every reading",
               True)  # fmt: skip
OFFSET_DEVIATION = Field("deviation", Amount(Kind.TEMPERATURE_DIFFERENCE, 0.0, 5.0),
                         "One standard deviation of the offset", True)  # fmt: skip
OFFSET_REFERENCE = Field("reference", Text(200), "What it was held against, and at which "
                         "temperature", True)  # fmt: skip
THERMOCOUPLES = Field(
    "thermocouples",
    MapOf(Table("thermocouple", (OFFSET, OFFSET_DEVIATION, OFFSET_REFERENCE, DATE, EXPIRES)), _KEY),
    "By role (probe, probe2, ambient): what it reads too high",
)
_WHEN = (DATE, METHOD, EXPIRES)
MEASURED_SPOT = Field("spot_area", Table("spot_area", _WHEN), "The area of the beam")
MEASURED_VESSEL = Field("vessel", Table("vessel", _WHEN), "What is stated of the vessel")
MEASURED = Field(
    "measured",
    Table("measured", (MEASURED_SPOT, MEASURED_VESSEL)),
    "When and how what has no date of its own was measured",
)

_BOUNDS: dict[str, dict[str, Any]] = {
    "temperature": {"low": 0.0, "high": 150.0},
    "min_temperature": {"low": -50.0, "high": 100.0},
    "lease": {"low": 0.2, "high": 2.0},
    "staleness": {"low": 0.1, "high": 60.0},
    "least_heat": {"low": 0.0, "high": 1.0},
    "most_heat": {"low": 0.0, "high": 1.0, "positive": True},
}


def limit_field(limit: limits.Limit) -> Field[float]:
    """The key of one limit, as bench files and protocols have it."""
    bounds = _BOUNDS.get(limit.name, {"positive": True})
    return Field(limit.name, Amount(limit.kind, **bounds), limit.help)


LIMIT_FIELDS = tuple((limit, limit_field(limit)) for limit in limits.LIMITS)
LIMITS = Field(
    "limits",
    Table("limits", tuple(field for _, field in LIMIT_FIELDS)),
    "Hard limits; a protocol may only tighten them",
)

WINDOW = Field("rate_window", Amount(Kind.TIME, 0.5, 60.0), "Rise and fall are taken over this")
FROZEN = Field("frozen_after", Count(0, 1000),
               "So many identical readings in a row are a frozen value; 0: never")  # fmt: skip
RESOLUTION = Field("resolution", Amount(Kind.TEMPERATURE_DIFFERENCE, 0.0, 5.0, positive=True),
                   "Smallest step of the probe's reading")  # fmt: skip
RISE_MARGIN = Field("rise_margin", Amount(Kind.TEMPERATURE_DIFFERENCE, 0.0, 20.0, positive=True),
                    "The probe may differ so much from what the light explains")  # fmt: skip
MISMATCH = Field("power_mismatch", Amount(Kind.FRACTION, 0.0, 1.0, positive=True),
                 "Difference of measured and commanded power that is a trip; left out, three "
                 "deviations of both calibrations and 5 %")  # fmt: skip
OFF_CONFIRM = Field("off_confirm", Amount(Kind.TIME, 0.1, 10.0),
                    "Beam off is repeated this long before it counts as not confirmed")  # fmt: skip
VIGILANCE = Field(
    "vigilance",
    Table("vigilance", (WINDOW, FROZEN, RESOLUTION, RISE_MARGIN, MISMATCH, OFF_CONFIRM)),
    "How the guard looks, beside the limits",
)

WHAT = Field("what", Text(500), "What it is", True)
TESTED = Field("tested", Text(500), "How it was tried out, and what was seen", True)
DECLARED_DATE = Field("date", Date(), "When it was last tried out", True)
READABLE = Field("readable", Truth(), "Whether the laser can read it: it must then read closed")
INTERLOCK = Field(
    "interlock",
    Table("interlock", (WHAT, TESTED, DECLARED_DATE, READABLE)),
    "The hardware interlock; labctl is no safety device",
)
DEAD_MAN = Field(
    "dead_man",
    Table("dead_man", (WHAT, TESTED, DECLARED_DATE)),
    "What drops the beam when the computer dies",
)

WAIVED_BY = Field("by", Text(100), "Who answers for it", True)
OFFICER = Field("safety_officer", Text(100), "The laser safety officer's name", True)
REFERENCE = Field("reference", Text(200), "Where the officer's consent is kept", True)
UNTIL = Field("until", Date(), "The last day on which it holds", True)
WHY = Field("why", Text(500), "Why the bench does without", True)
WAIVED_DEAD_MAN = Field("dead_man", Table("dead_man", (WAIVED_BY, UNTIL, WHY)), "By a named person")
WAIVED_INTERLOCK = Field(
    "interlock",
    Table("interlock", (OFFICER, REFERENCE, UNTIL, WHY)),
    "By the laser safety officer alone",
)
WAIVED_DRIVERS = Field(
    "drivers",
    MapOf(Table("waiver of a driver", (WAIVED_BY, UNTIL, WHY))),
    "Drivers that labctl's own contract suite does not prove, by name",
)
WAIVERS = Field(
    "waivers",
    Table("waivers", (WAIVED_INTERLOCK, WAIVED_DEAD_MAN, WAIVED_DRIVERS)),
    "What this bench does without, and who answers for that until when",
)
ALLOWED_BY = Field("allowed_by", Text(100), "The laser safety officer's name", True)
UNATTENDED = Field(
    "unattended",
    Table("unattended", (ALLOWED_BY,)),
    "Emission with nobody at the bench; left out, it is not allowed",
)
ACT_HOLDS = Field("act_holds", Amount(Kind.TIME, 10.0, 3600.0),
                  "So long what was typed at the bench holds until the first light")  # fmt: skip
WARNING = Field("warning", Amount(Kind.TIME, 5.0, 60.0),
                "So long before each light of the laser people are warned")  # fmt: skip
SIMULATED_WARNING = Field("simulated_warning", Amount(Kind.TIME, 0.0, 60.0),
                          "The same while the bench is simulated; 0 s: none")  # fmt: skip
COMMISSIONED = Field("commissioned", Truth(),
                     "Whether a record of its commissioning must lie beside this file")  # fmt: skip
ARMING = Field(
    "arming",
    Table("arming", (ACT_HOLDS, WARNING, SIMULATED_WARNING, COMMISSIONED)),
    "What goes before light on this bench",
)

BENCH = Table(
    "bench file",
    (
        _SCHEMA, NAME, TITLE, INSTRUMENTS, ROLES, WAVELENGTH, SPOT_AREA, POWER_AT_SAMPLE, PICK_OFF,
        HEATER, COIL,
        PROBE, VESSEL, LIMITS, VIGILANCE, INTERLOCK, DEAD_MAN, WAIVERS, UNATTENDED,
        ARMING, THERMOCOUPLES, MEASURED, *MEDIUM_FIELDS,
    ),
)  # fmt: skip


def entry_of(row: Row, folder: Path) -> InstrumentEntry | None:
    """One instrument; None when a problem was told. A driver's file counts from `folder`."""
    driver, address = row[_DRIVER], row[_ADDRESS]
    if driver is None or address is None:
        return None
    settings = {key: item.value for key, item in (row[_SETTINGS] or {}).items()}
    return InstrumentEntry(driver_from(driver, folder), address, settings, row[_MIN_PERIOD])
