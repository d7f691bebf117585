"""The keys of a campaign file."""

from __future__ import annotations

from typing import Any

from labctl.campaign._campaign import ROLES, SCHEMA
from labctl.limits import LIMITS as ALL_LIMITS
from labctl.quantities import Kind
from labctl.yamlfile import (
    Amount,
    Choice,
    Count,
    Field,
    ListOf,
    MapOf,
    Name,
    OneOrMore,
    Table,
    Text,
    Truth,
)

RESULT_NAME = r"[a-z][a-zA-Z0-9_-]{0,63}"
LOT_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}"
_FILE = Text(300)

SCHEMA_KEY = Field("schema", Choice({SCHEMA: "a campaign"}), f"Write `schema: {SCHEMA}`", True)
NAME = Field("name", Name(example="staged-or-together"), "Short name; of its folder too", True)
TITLE = Field("title", Text(200), "One line for people")
HYPOTHESIS = Field("hypothesis", Text(2000), "What is expected, and what would speak against it",
                   True)  # fmt: skip
PROTOCOL = Field("protocol", _FILE, "Protocol of every arm that names none")
BENCH = Field("bench", OneOrMore(_FILE), "Bench, or those on which it may be run", True)
SEED = Field("seed", Count(0, 2**31 - 1),
             "What order, labels and simulated worlds are drawn from", True)  # fmt: skip
REPLICATES = Field("replicates", Count(1, 1000), "Runs of each arm in each lot", True)
LOTS = Field("lots", ListOf(Name(LOT_NAME, "2026-A")), "Lots that every arm is made of")
BLIND = Field("blind", Truth(), "Show labels for the arms until `labctl campaign unblind`")

ARM_TITLE = Field("title", Text(200), "One line for people")
ARM_ROLE = Field("role", Choice(ROLES), f"One of {', '.join(ROLES)}; treatment when absent")
ARM_SAMPLE = Field("sample", _FILE, "Sample file, or the name of a shipped one")
ARM_SAMPLES = Field("samples", MapOf(_FILE, LOT_NAME),
                    "Lot -> sample file, where lots have files of their own")  # fmt: skip
ARM_PROTOCOL = Field("protocol", _FILE, "Protocol of this arm, where it is not the campaign's")
ARM_PARAMETERS = Field("parameters", MapOf(Text(80)), "Parameters of its protocol")
_ARM = Table(
    "arm", (ARM_TITLE, ARM_ROLE, ARM_SAMPLE, ARM_SAMPLES, ARM_PROTOCOL, ARM_PARAMETERS)
)  # fmt: skip
ARMS = Field("arms", MapOf(_ARM), "Name -> arm", True)

_RESULT = Name(RESULT_NAME, "released_doxorubicin")
KNOWN_RESULTS = (
    "efficiency", "external_efficiency", "efficiency_trend", "retention", "heat_loss_coefficient",
    "time_constant", "temperature_rise", "heating_rate", "solvent_share", "heat_capacity",
    "specific_absorption_rate", "intrinsic_loss_power", "energy", "fluence", "irradiance",
    "peak_temperature", "cem43", "arrhenius_skin", "energy_j", "electrical_j", "duration_s",
    "samples",
)  # fmt: skip
"""Results that labctl itself gives a name. Others are of a species or of a later version: this
list is there to find misspelt ones, not to refuse what it does not know."""
PRIMARY = Field("primary", _RESULT, "Result of a run, by its name in run.json", True)
SECONDARY = Field("secondary", ListOf(_RESULT), "Further results that are looked at")
COMPARE = Field("compare_to", Name(r"[a-z][a-z0-9_-]{0,31}", "vehicle"),
                "Arm that the others are held against")  # fmt: skip
CONFIDENCE = Field("confidence", Amount(Kind.FRACTION, 0.5, 0.9999), "Of intervals; 95 % if absent")
COUNTED = Field(
    "count",
    ListOf(Choice({"completed": "all steps done", "held": "a gate did not open"})),
    "Outcomes of runs that count; `completed` when absent",
)
_ANALYSIS = Table("analysis", (PRIMARY, SECONDARY, COMPARE, CONFIDENCE, COUNTED))
ANALYSIS = Field("analysis", _ANALYSIS, "What will be looked at", True)

LIMIT_FIELDS: tuple[tuple[str, Field[Any]], ...] = tuple(
    (limit.field, Field(limit.name, Amount(limit.kind), limit.help))
    for limit in ALL_LIMITS
    if limit.in_protocol
)
"""Attribute of `Limits`, and its key."""
LIMITS = Field(
    "limits",
    Table("limits", tuple(field for _, field in LIMIT_FIELDS)),
    "For every run; of these and its protocol's own the tighter ones hold",
)

TABLE = Table(
    "campaign file",
    (
        SCHEMA_KEY, NAME, TITLE, HYPOTHESIS, PROTOCOL, BENCH, SEED, REPLICATES, LOTS, BLIND,
        LIMITS, ARMS, ANALYSIS,
    ),
)  # fmt: skip
"""The whole file."""
