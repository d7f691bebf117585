"""Protocol YAML -> an immutable plan; problems with their place in the file; a timeline."""

from labctl.protocol._bind import bind
from labctl.protocol._dump import SCHEMA
from labctl.protocol._load import find, json_schema, load, loads
from labctl.protocol._plan import Plan
from labctl.protocol._steps import (
    Above,
    Baseline,
    Below,
    Condition,
    Cool,
    EfficiencyKnown,
    Elapsed,
    Heat,
    Irradiate,
    Log,
    Prompt,
    Steady,
    Step,
    TimeConstants,
)
from labctl.protocol._timeline import Row, timeline
from labctl.yamlfile import CODES, render, render_github, render_json

__all__ = [
    "CODES",
    "SCHEMA",
    "Above",
    "Baseline",
    "Below",
    "Condition",
    "Cool",
    "EfficiencyKnown",
    "Elapsed",
    "Heat",
    "Irradiate",
    "Log",
    "Plan",
    "Prompt",
    "Row",
    "Steady",
    "Step",
    "TimeConstants",
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
