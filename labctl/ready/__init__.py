"""From what is asked for, in names, to a run that is ready to begin; where calibrations lie."""

from labctl.ready._calibrations import NONE, check_targets_of, choose, folders, home, today
from labctl.ready._order import (
    BLANK,
    DEFAULT_SAMPLE,
    Order,
    Ready,
    SpeedOf,
    load_bench,
    load_sample,
    ready,
    series_of,
)

__all__ = [
    "BLANK",
    "DEFAULT_SAMPLE",
    "NONE",
    "Order",
    "Ready",
    "SpeedOf",
    "check_targets_of",
    "choose",
    "folders",
    "home",
    "load_bench",
    "load_sample",
    "ready",
    "series_of",
    "today",
]
