"""Protocol YAML -> an immutable plan; problems with their place in the file; a timeline."""

from labctl.protocol._bind import bind
from labctl.protocol._conditions import (
    Above,
    AllOf,
    AnyOf,
    Below,
    Condition,
    DoseReached,
    EfficiencyKnown,
    Elapsed,
    FluenceReached,
    Released,
    Steady,
    TimeConstants,
)
from labctl.protocol._dump import SCHEMA
from labctl.protocol._load import find, json_schema, load, loads
from labctl.protocol._plan import Plan
from labctl.protocol._steps import (
    AddAgent,
    Assay,
    Baseline,
    Cool,
    Heat,
    HoldTemperature,
    Irradiate,
    Log,
    Prompt,
    Release,
    SetThermostat,
    Step,
    Wait,
)
from labctl.protocol._timeline import Row, timeline
from labctl.yamlfile import CODES, render, render_github, render_json

__all__ = [
    "CODES",
    "SCHEMA",
    "Above",
    "AddAgent",
    "AllOf",
    "AnyOf",
    "Assay",
    "Baseline",
    "Below",
    "Condition",
    "Cool",
    "DoseReached",
    "EfficiencyKnown",
    "Elapsed",
    "FluenceReached",
    "Heat",
    "HoldTemperature",
    "Irradiate",
    "Log",
    "Plan",
    "Prompt",
    "Release",
    "Released",
    "Row",
    "SetThermostat",
    "Steady",
    "Step",
    "TimeConstants",
    "Wait",
    "bind",
    "find",
    "json_schema",
    "load",
    "loads",
    "render",
    "render_github",
    "render_json",
    "timeline",
]
