"""From what is asked for, in names, to a run that is ready to begin; where calibrations lie; what a
plan would do."""

from labctl.ready._calibrations import NONE, check_targets_of, choose, folders, home, today
from labctl.ready._order import (
    Order,
    Ready,
    SpeedOf,
    load_bench,
    load_sample,
    ready,
    series_of,
)
from labctl.ready._stand_ins import BLANK, DEFAULT_SAMPLE
from labctl.ready._told import (
    beam_of,
    criteria_of,
    holds_of,
    light_energy_j,
    limits_used,
    lit_sources,
    most_cem43_min,
    plan_told,
    target_cem43_min,
)

__all__ = [
    "BLANK",
    "DEFAULT_SAMPLE",
    "NONE",
    "Order",
    "Ready",
    "SpeedOf",
    "beam_of",
    "check_targets_of",
    "choose",
    "criteria_of",
    "folders",
    "holds_of",
    "home",
    "light_energy_j",
    "limits_used",
    "lit_sources",
    "load_bench",
    "load_sample",
    "most_cem43_min",
    "plan_told",
    "ready",
    "series_of",
    "target_cem43_min",
    "today",
]
