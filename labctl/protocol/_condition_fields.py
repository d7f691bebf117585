"""The keys of conditions: names, shapes, help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labctl.quantities import Kind
from labctl.yamlfile import Amount, Count, Field, ListOf, Measured, Name, OneKey, Ref, Table

LONGEST_S = 30 * 24 * 3600.0
"""No step lasts longer than a month."""

LEAST_PROBABILITY, MOST_PROBABILITY = 0.5, 0.9999


@dataclass(frozen=True, slots=True)
class NameOrReference(Name):
    """A name for which `$name` may stand."""

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": rf"^({self.pattern}|\$[a-zA-Z_][a-zA-Z0-9_-]*)$"}


def one_of(*groups: Field[Any] | tuple[Field[Any], ...]) -> dict[str, Any]:
    """For a JSON Schema: exactly one of these keys, or groups of keys, stands there."""
    names = [[f.name for f in group] if isinstance(group, tuple) else [group.name]
             for group in groups]  # fmt: skip
    return {"oneOf": [{"required": required} for required in names]}


_CHANNEL = Name(r"[a-z][a-z0-9_-]{0,31}( - [a-z][a-z0-9_-]{0,31})?", "probe - ambient")
LONG = Amount(Kind.TIME, high=LONGEST_S, positive=True)
DIFFERENCE = Amount(Kind.TEMPERATURE_DIFFERENCE, positive=True)
SPECIES_NAME = NameOrReference(r"[a-z][a-z0-9-]{0,31}", "quinidine")

WITHIN = Field("within", DIFFERENCE, "The probe changes by no more than this", True)
STEADY_FOR = Field("for", LONG, "... over this long", True)
STEADY_CHANNEL = Field("channel", Name(r"[a-z][a-z0-9_-]{0,31}", "probe"), "Role; `probe`")
CHANNEL = Field("channel", _CHANNEL, "A role, `probe`, or a difference, `probe - ambient`", True)
VALUE = Field("value", Measured((Kind.TEMPERATURE, Kind.TEMPERATURE_DIFFERENCE)),
              "degC for a temperature, K for a difference", True)  # fmt: skip
STEADY = Field("steady", Table("steady", (WITHIN, STEADY_FOR, STEADY_CHANNEL)),
               "The probe is steady")  # fmt: skip
ABOVE = Field("above", Table("above", (CHANNEL, VALUE)), "A temperature is above a value")
BELOW = Field("below", Table("below", (CHANNEL, VALUE)), "A temperature is below a value")
ELAPSED = Field("elapsed", LONG, "So much time of the step has passed")
EFFICIENCY = Field(
    "efficiency_statistical",
    Amount(Kind.FRACTION, 0.001, 0.5),
    "The efficiency's relative deviation without the inputs, the wall's part included, is at most "
    "this and all checks hold; `irradiate` only",
)
TIME_CONSTANTS = Field(
    "time_constants", Count(1, 20), "So many time constants of the cell have passed in this step"
)
CEM43 = Field("cem43", LONG, "The run's dose, as time at 43 degC, has reached this")
FLUENCE = Field("fluence", Amount(Kind.FLUENCE, positive=True),
                "Energy over area at the sample, over this step; with light only")  # fmt: skip
SPECIES = Field("species", SPECIES_NAME, "What is released, e.g. `quinidine`", True)
_PART = Amount(Kind.FRACTION, 0.0, 1.0)
AT_LEAST = Field("at_least", _PART, "This much of the load is released, or more")
AT_MOST_RELEASED = Field("at_most", _PART, "This much of the load is released, or less")
PROBABILITY = Field("probability", Amount(Kind.FRACTION, LEAST_PROBABILITY, MOST_PROBABILITY),
                    "... with this probability, by all that was measured; 95 %")  # fmt: skip
RELEASED = Field(
    "released",
    Table(
        "released",
        (SPECIES, AT_LEAST, AT_MOST_RELEASED, PROBABILITY),
        rules=one_of(AT_LEAST, AT_MOST_RELEASED),
    ),
    "So much of a species is released, with a probability",
)
ANY: Field[Any] = Field("any", ListOf(Ref("condition", lambda: CONDITION)), "One of these is met")
ALL: Field[Any] = Field("all", ListOf(Ref("condition", lambda: CONDITION)),
                        "All of these are met at the same look")  # fmt: skip

CONDITION: OneKey = OneKey(
    "the condition",
    "condition",
    "P044",
    (
        STEADY, ABOVE, BELOW, ELAPSED, EFFICIENCY, TIME_CONSTANTS, CEM43, FLUENCE, RELEASED, ANY,
        ALL,
    ),
)  # fmt: skip
