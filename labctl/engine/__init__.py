"""Carries a plan out on a bench under the guard: states, sampling on an absolute grid, the end."""

from labctl.engine._arming import AtBench, eyewear
from labctl.engine._asking import ANSWERED_IN_ADVANCE
from labctl.engine._engine import Engine
from labctl.engine._request import NextStep, RunRequest, check_request, way_to
from labctl.engine._session import Begun, RunResult, carry_out
from labctl.engine._states import TRANSITIONS, State
from labctl.engine._targets import check_targets, has_targets
from labctl.engine._teller import Publish, Teller
from labctl.engine._work import Answer, Ask

__all__ = [
    "ANSWERED_IN_ADVANCE",
    "TRANSITIONS",
    "Answer",
    "Ask",
    "AtBench",
    "Begun",
    "Engine",
    "NextStep",
    "Publish",
    "RunRequest",
    "RunResult",
    "State",
    "Teller",
    "carry_out",
    "check_request",
    "check_targets",
    "eyewear",
    "has_targets",
    "way_to",
]
