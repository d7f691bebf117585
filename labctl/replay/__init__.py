"""A recorded run through today's check: the same readings, and what it says of them now; and the
record played again for those who look.

Nothing is lit, connected or written. With the version that recorded the run the assessments,
alarms, dose and verdict come out byte for byte; with another one the differences are told.
"""

from labctl.replay._differences import Difference
from labctl.replay._play import Played, Player, Recorded, as_replay, read_recorded
from labctl.replay._replay import Replay, replay_run

__all__ = [
    "Difference",
    "Played",
    "Player",
    "Recorded",
    "Replay",
    "as_replay",
    "read_recorded",
    "replay_run",
]
