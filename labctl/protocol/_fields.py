"""The keys of a protocol: names, shapes, help. Messages and JSON Schema both come from here."""

from __future__ import annotations

from typing import Any

from labctl.bench import limit_field
from labctl.limits import LIMITS as ALL_LIMITS
from labctl.protocol._dump import SCHEMA as SCHEMA_NAME
from labctl.quantities import Kind
from labctl.yamlfile import (
    Amount,
    AnyPlain,
    Choice,
    Chosen,
    Count,
    Field,
    ListOf,
    MapOf,
    Measured,
    Name,
    Node,
    OneKey,
    Reader,
    Ref,
    Row,
    Shape,
    Table,
    Text,
)

LONGEST_S = 30 * 24 * 3600.0
"""No step lasts longer than a month."""

_CHANNEL = Name(r"[a-z][a-z0-9_-]{0,31}( - [a-z][a-z0-9_-]{0,31})?", "probe - ambient")
_LONG = Amount(Kind.TIME, high=LONGEST_S, positive=True)
_DIFFERENCE = Amount(Kind.TEMPERATURE_DIFFERENCE, positive=True)

# Conditions.
WITHIN = Field("within", _DIFFERENCE, "The probe changes by no more than this", True)
STEADY_FOR = Field("for", _LONG, "... over this long", True)
STEADY_CHANNEL = Field("channel", Name(r"[a-z][a-z0-9_-]{0,31}", "probe"), "Role; `probe`")
CHANNEL = Field("channel", _CHANNEL, "A role, `probe`, or a difference, `probe - ambient`", True)
VALUE = Field("value", Measured((Kind.TEMPERATURE, Kind.TEMPERATURE_DIFFERENCE)),
              "degC for a temperature, K for a difference", True)  # fmt: skip
STEADY = Field("steady", Table("steady", (WITHIN, STEADY_FOR, STEADY_CHANNEL)),
               "The probe is steady")  # fmt: skip
ABOVE = Field("above", Table("above", (CHANNEL, VALUE)), "A temperature is above a value")
BELOW = Field("below", Table("below", (CHANNEL, VALUE)), "A temperature is below a value")
ELAPSED = Field("elapsed", _LONG, "So much time of the step has passed")
EFFICIENCY = Field(
    "efficiency_statistical",
    Amount(Kind.FRACTION, 0.001, 0.5),
    "The efficiency's relative deviation without the inputs, the wall's part included, is at most "
    "this and all checks hold; `irradiate` only",
)
TIME_CONSTANTS = Field(
    "time_constants", Count(1, 20), "So many time constants of the cell have passed in this step"
)
CONDITION = OneKey(
    "the condition",
    "condition",
    "P044",
    (STEADY, ABOVE, BELOW, ELAPSED, EFFICIENCY, TIME_CONSTANTS),
    later={
        "cem43": "Use a time: `for: 10 min`.",
        "released": "Use a time: `for: 10 min`.",
        "any": "Use one condition; `at_most` bounds it in time.",
        "all": "Use one condition; `at_most` bounds it in time.",
    },
)

# Steps.
FOR = Field("for", _LONG, "How long")
UNTIL = Field("until", Ref("condition", lambda: CONDITION), "End when this is met")
AT_MOST = Field("at_most", _LONG, "End at the latest after this long")
IF_LATE = Field(
    "if_late",
    Choice({"stop": "end the run", "continue": "go on"}, {"ask": "Use `stop` or `continue`."}),
    "When `until` is not met in time: `stop` the run or `continue`",
)
DRIFT = Field("drift", _DIFFERENCE, "The probe should drift by no more than this over the step")
POWER = Field("power", Amount(Kind.POWER, positive=True), "Power at the sample")
ELECTRICAL_POWER = Field("power", Amount(Kind.POWER, positive=True),
                         "Electrical power in the resistor", True)  # fmt: skip
IRRADIANCE = Field("irradiance", Amount(Kind.IRRADIANCE, positive=True),
                   "Power over area at the sample; the bench says the area")  # fmt: skip
TIMES = Field("times", Count(1, 1000), "How many times", True)
REPEATED: Field[list[Chosen]] = Field(
    "steps", ListOf(Ref("step", lambda: STEP)), "What is repeated", True
)
TEXT = Field("text", Text(500), "What the person is asked to do", True)
STEP_NAME = Field("name", Text(100), "A name for the step")

BASELINE = Field("baseline", Table("baseline step", (FOR, DRIFT)), "Log in the dark before light")
IRRADIATE = Field(
    "irradiate",
    Table("irradiate step", (POWER, IRRADIANCE, FOR, UNTIL, AT_MOST, IF_LATE)),
    "Laser on, for a time or until a condition",
)
HEAT = Field(
    "heat",
    Table("heat step", (ELECTRICAL_POWER, FOR, UNTIL, AT_MOST, IF_LATE)),
    "Calibration resistor on, for a time or until a condition",
)
COOL = Field("cool", Table("cool step", (FOR, UNTIL, AT_MOST, IF_LATE)),
             "Laser and heater off, for a time or until a condition")  # fmt: skip
LOG = Field("log", Table("log step", (FOR, AT_MOST)),
            "Only record, `for` a time, or until stopped but `at_most` so long")  # fmt: skip
REPEAT = Field("repeat", Table("repeat step", (TIMES, REPEATED)), "Do steps several times")
PROMPT = Field("prompt", Table("prompt step", (TEXT, AT_MOST)),
               "Ask a person, with the laser off")  # fmt: skip

_LATER_VERBS = {
    "hold_temperature": "Use `irradiate` with `until: {above: ...}` and `at_most`.",
    "wait": "Use `cool` or `log` with `for`.",
    "release": "Use a `prompt` that asks for it.",
    "sweep": "Write the steps one after the other.",
    "for_each_sample": "Run the protocol once a sample, with --sample.",
    "include": "Copy the steps into this file.",
    "plugin": "Write the steps out.",
}

STEP: OneKey = OneKey(
    "a step",
    "verb",
    "P040",
    (BASELINE, IRRADIATE, HEAT, COOL, LOG, REPEAT, PROMPT),
    (STEP_NAME,),
    _LATER_VERBS,
)

# Parameters.
DEFAULT = Field("default", Text(80), "Value when none is given", True)
LEAST = Field("min", Text(80), "Smallest value that is taken")
MOST = Field("max", Text(80), "Largest value that is taken")
HELP = Field("help", Text(300), "For people")
PARAMETERS_SHAPE: MapOf[Row] = MapOf(Table("parameter", (DEFAULT, LEAST, MOST, HELP)))


class _ReadBefore(AnyPlain):
    """Parameters are read before everything else, because everything else may refer to them."""

    def read(self, node: Node, reader: Reader) -> Any:
        return node

    def schema(self) -> dict[str, Any]:
        return PARAMETERS_SHAPE.schema()


# The file.
_SCHEMA = Field(
    "schema", Choice({SCHEMA_NAME: "a protocol"}), f"Write `schema: {SCHEMA_NAME}`", True
)
NAME = Field("name", Name(), "Short name, for files and topics", True)
TITLE = Field("title", Text(200), "One line for people")
PARAMETERS: Field[Any] = Field(
    "parameters", _ReadBefore(), "What `-p name=value` may change; referred to as `$name`"
)
CAPABILITY = Choice(
    {
        "laser": "a laser under labctl's control",
        "manual": "a laser that a person switches",
        "heater": "a calibration resistor in the cell, under labctl's control",
        "thermometer": "a thermometer",
        "power_meter": "a power meter",
    },
    {"assay": "Leave it out.", "doser": "Leave it out.", "camera": "Leave it out."},
)
NEEDS = Field(
    "needs",
    MapOf(CAPABILITY),
    "Roles that a bench must have: laser: laser (or manual), heater: heater, probe: thermometer, "
    "...",
    True,
)
LIMIT_FIELDS = tuple((limit, limit_field(limit)) for limit in ALL_LIMITS if limit.in_protocol)
LIMITS = Field(
    "limits",
    Table(
        "limits",
        tuple(field for _, field in LIMIT_FIELDS),
        later={"probe.max": "Write `temperature`: it is the guarded probe's."},
    ),
    "Limits of this protocol; they may only tighten the bench's",
)
EVERY = Field("every", Amount(Kind.TIME, 0.01, 3600.0), "Sampling period", True)
RECORD = Field(
    "record",
    Table("record", (EVERY,), {"channels": "Every channel of the bench is recorded."}),
    "What is recorded, and how often",
    True,
)
STEPS: Field[list[Chosen]] = Field(
    "steps", ListOf(Ref("step", lambda: STEP)), "What is done, in order", True
)

PROTOCOL = Table(
    "protocol",
    (_SCHEMA, NAME, TITLE, PARAMETERS, NEEDS, LIMITS, RECORD, STEPS),
    {"analyse": "The check runs by itself.", "samples": "Name the sample with --sample."},
)

DEFINITIONS: dict[str, Shape[Any]] = {"step": STEP, "condition": CONDITION}
