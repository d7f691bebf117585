"""Every human act on a run, in order: who, when, and which file says so.

Read from the journal, run.json and notes.jsonl of its folder, and from what lies around it: the
logs of campaigns, the service's audit, the resets of benches. Where nobody was named none is made
up.
"""

from labctl.audit._around import SERVICE_FILE
from labctl.audit._journal import ActTaker
from labctl.audit._trail import NOT_NAMED, HumanAct, Trail, read_trail, trail_of

__all__ = [
    "NOT_NAMED",
    "SERVICE_FILE",
    "ActTaker",
    "HumanAct",
    "Trail",
    "read_trail",
    "trail_of",
]
