"""What is known of a source and its beam: readings taken in, and what they come to as numbers.

It measures and remembers; it holds nothing against a limit and switches nothing. That is the
guard's.
"""

from labctl.evidence._act import Acts
from labctl.evidence._eyes import Eyes, eyes_of
from labctl.evidence._known import (
    DARK_W,
    SETTLE_NS,
    GateSeen,
    Known,
    SourceSeen,
    meter_threshold_w,
    note_heartbeat,
    note_meter,
    note_power,
    note_source,
)
from labctl.evidence._measured import WARMER_THAN_LIQUID, against_command, rate_k_per_s
from labctl.evidence._over import eyes_over
from labctl.evidence._rise import Rise

__all__ = [
    "DARK_W",
    "SETTLE_NS",
    "WARMER_THAN_LIQUID",
    "Acts",
    "Eyes",
    "GateSeen",
    "Known",
    "Rise",
    "SourceSeen",
    "against_command",
    "eyes_of",
    "eyes_over",
    "meter_threshold_w",
    "note_heartbeat",
    "note_meter",
    "note_power",
    "note_source",
    "rate_k_per_s",
]
