"""The keys of a protocol: names, shapes, help. Messages and JSON Schema both come from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labctl.bench import limit_field
from labctl.limits import LIMITS as ALL_LIMITS
from labctl.protocol._condition_fields import (
    CONDITION,
    DIFFERENCE,
    LONG,
    LONGEST_S,
    SPECIES_NAME,
    one_of,
)
from labctl.protocol._dump import SCHEMA as SCHEMA_NAME
from labctl.protocol._structure_fields import STEP_LIST, STRUCTURE
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
    Name,
    Node,
    OneKey,
    OneOrMore,
    Reader,
    Ref,
    Row,
    Shape,
    Table,
    Text,
)

# Steps.
FOR = Field("for", LONG, "How long")
UNTIL = Field("until", Ref("condition", lambda: CONDITION), "End when this is met")
AT_MOST = Field("at_most", LONG, "End at the latest after this long")
IF_LATE = Field(
    "if_late",
    Choice({"stop": "end the run", "continue": "go on", "ask": "ask a person, in the dark"}),
    "When `until` is not met in time: `stop` the run, `continue`, or `ask` a person",
)
TIMED = one_of(FOR, (UNTIL, AT_MOST))
DRIFT = Field("drift", DIFFERENCE, "The probe should drift by no more than this over the step")
POWER = Field("power", Amount(Kind.POWER, positive=True), "Power at the sample")
ELECTRICAL_POWER = Field("power", Amount(Kind.POWER, positive=True),
                         "Electrical power in the resistor", True)  # fmt: skip
IRRADIANCE = Field("irradiance", Amount(Kind.IRRADIANCE, positive=True),
                   "Power over area at the sample; the bench says the area")  # fmt: skip
TEXT = Field("text", Text(500), "What the person is asked to do", True)
STEP_NAME = Field("name", Text(100), "A name for the step")

BASELINE = Field(
    "baseline",
    Table("baseline step", (FOR, DRIFT), rules={"required": ["for"]}),
    "Log in the dark before light",
)
IRRADIATE = Field(
    "irradiate",
    Table(
        "irradiate step",
        (POWER, IRRADIANCE, FOR, UNTIL, AT_MOST, IF_LATE),
        rules={"allOf": [one_of(POWER, IRRADIANCE), TIMED]},
    ),
    "Laser on, for a time or until a condition",
)
HEAT = Field(
    "heat",
    Table("heat step", (ELECTRICAL_POWER, FOR, UNTIL, AT_MOST, IF_LATE), rules=TIMED),
    "Calibration resistor on, for a time or until a condition",
)
FIELD = Field("field", Amount(Kind.FIELD, high=1e6, positive=True),
              "Amplitude at the sample, at the coil's frequency", True)  # fmt: skip
APPLY_FIELD = Field(
    "apply_field",
    Table("apply_field step", (FIELD, FOR, UNTIL, AT_MOST, IF_LATE), rules=TIMED),
    "Alternating magnetic field on, for a time or until a condition",
)
COOL = Field("cool", Table("cool step", (FOR, UNTIL, AT_MOST, IF_LATE), rules=TIMED),
             "Laser, heater and coil off, for a time or until a condition")  # fmt: skip
LOG = Field("log", Table("log step", (FOR, AT_MOST), rules=one_of(FOR, AT_MOST)),
            "Only record, `for` a time, or until stopped but `at_most` so long")  # fmt: skip

_TEMPERATURE = Amount(Kind.TEMPERATURE, -50.0, 300.0)


@dataclass(frozen=True, slots=True)
class _Band(ListOf[float]):
    """Two temperatures."""

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "minItems": 2, "maxItems": 2, "items": self.item.schema()}


BETWEEN = Field("between", _Band(_TEMPERATURE), "The band: its lower and its upper end", True)
POWER_LIMIT = Field("power_limit", Amount(Kind.POWER, positive=True),
                    "Never more power than this", True)  # fmt: skip
WITH_SOURCE = Field(
    "with",
    Choice({"laser": "by light", "heater": "by the calibration resistor, without light"}),
    "`laser`, or `heater` for the same temperatures without light",
)
HOLD = Field(
    "hold_temperature",
    Table(
        "hold_temperature step",
        (BETWEEN, POWER_LIMIT, WITH_SOURCE, FOR, UNTIL, AT_MOST, IF_LATE),
        rules=TIMED,
    ),
    "Keep the probed liquid inside a band, for a time or until a condition",
)

WAIT_UNTIL = Field("until", UNTIL.shape, "End when this is met", True)
REQUIRE = Field(
    "require", UNTIL.shape, "What must hold when `until` is met, else the run ends held"
)
ABORT_IF = Field("abort_if", UNTIL.shape, "What ends the run at once")
ASSAY_EVERY = Field("assay_every", Amount(Kind.TIME, 1.0, LONGEST_S, positive=True),
                    "So often the species that the conditions name are assayed")  # fmt: skip
WAIT = Field(
    "wait",
    Table(
        "wait step",
        (WAIT_UNTIL, AT_MOST, IF_LATE, REQUIRE, ABORT_IF, ASSAY_EVERY),
        rules={"required": ["until", "at_most"]},
    ),
    "Dark, sampled and assayed, until a condition",
)

SET_TO = Field("temperature", _TEMPERATURE, "Set point of the thermostat", True)
SET_WITHIN = Field("within", DIFFERENCE, "The probe is within this of it; 0.3 K")
SET_FOR = Field("for", LONG, "... over this long; 60 s")
THERMOSTAT = Field(
    "thermostat",
    Table(
        "thermostat step",
        (SET_TO, SET_WITHIN, SET_FOR, AT_MOST, IF_LATE),
        rules={"required": ["temperature", "at_most"]},
    ),
    "Set the surroundings to a temperature, and wait until the probe has it",
)

AGENT = Field("agent", SPECIES_NAME, "A stock of the bench, e.g. `glutathione`, `acid`", True)
ADDED_VOLUME = Field("volume", Amount(Kind.VOLUME, high=1.0, positive=True), "How much of it")
_AMOUNT = Amount(Kind.SUBSTANCE_CONCENTRATION, high=20e3, positive=True)
_ACIDITY = Amount(Kind.PH, 0.0, 14.0)
ADDED_AMOUNT = Field("concentration", _AMOUNT, "Of it in the liquid afterwards")
ADDED_PH = Field("pH", _ACIDITY, "Of the liquid afterwards")
DOSE = Field(
    "dose",
    Table(
        "dose step",
        (AGENT, ADDED_VOLUME, ADDED_AMOUNT, ADDED_PH, AT_MOST),
        rules=one_of(ADDED_VOLUME, ADDED_AMOUNT, ADDED_PH),
    ),
    "Add something to the sample: by the doser, else by a person",
)

SPECIES_LIST = Field("species", OneOrMore(SPECIES_NAME), "One species, or a list of them", True)
STIMULUS_PH = Field("pH", _ACIDITY, "pH of the medium")
_NONE_OR_SOME = Amount(Kind.SUBSTANCE_CONCENTRATION, low=0.0, high=20e3)
STIMULUS_GLUTATHIONE = Field("glutathione", _NONE_OR_SOME, "Glutathione in the medium")
STIMULUS_TEMPERATURE = Field("temperature", _TEMPERATURE, "Temperature of the medium")
STIMULUS = Field(
    "stimulus",
    Table(
        "stimulus",
        (STIMULUS_PH, STIMULUS_GLUTATHIONE, STIMULUS_TEMPERATURE),
        rules={"minProperties": 1},
    ),
    "What starts the release: any of pH, glutathione, temperature",
    True,
)
RELEASE = Field(
    "release",
    Table("release step", (SPECIES_LIST, STIMULUS, AT_MOST)),
    "Set the medium that starts the release; its clock begins",
)

ASSAY_TIMES = Field("times", Count(1, 1000), "How many times; once")
ASSAY_GAP = Field("every", Amount(Kind.TIME, 1.0, LONGEST_S), "From one to the next")
ASSAY = Field(
    "assay",
    Table("assay step", (SPECIES_LIST, ASSAY_TIMES, ASSAY_GAP, AT_MOST)),
    "Measure species in the medium",
)

PROMPT = Field("prompt", Table("prompt step", (TEXT, AT_MOST)),
               "Ask a person, with the laser off")  # fmt: skip

STEP: OneKey = OneKey(
    "a step",
    "verb",
    "P040",
    (
        BASELINE, IRRADIATE, HEAT, APPLY_FIELD, HOLD, COOL, WAIT, LOG, THERMOSTAT, DOSE, RELEASE,
        ASSAY, PROMPT, *STRUCTURE,
    ),
    (STEP_NAME,),
)  # fmt: skip

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
        "manual": "what a person does instead: switch the laser, set the bath, dose, assay",
        "heater": "a calibration resistor in the cell, under labctl's control",
        "coil": "a coil around the cell, under labctl's control",
        "thermometer": "a thermometer",
        "power_meter": "a power meter",
        "thermostat": "a bath, plate or holder that keeps a temperature",
        "doser": "a pump that adds from stocks",
        "assay": "what measures species in the medium",
    },
    {"camera": "Leave it out."},
)
NEEDS = Field(
    "needs",
    MapOf(CAPABILITY),
    "Roles that a bench must have: laser: laser (or manual), heater: heater, coil: coil, "
    "probe: thermometer, ...",
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
SEED = Field("seed", Count(0, 2**31 - 1), "What a shuffled order is drawn from, unless a run says")
STEPS: Field[list[Chosen]] = Field("steps", STEP_LIST, "What is done, in order", True)

PROTOCOL = Table(
    "protocol",
    (_SCHEMA, NAME, TITLE, PARAMETERS, NEEDS, LIMITS, RECORD, SEED, STEPS),
    {
        "analyse": "The check runs by itself.",
        "samples": "Name the sample with --sample, or several with `for_each_sample`.",
    },
)

DEFINITIONS: dict[str, Shape[Any]] = {"step": STEP, "condition": CONDITION}
