"""What was measured of a run's sample afterwards: absorbance, viability, size, weight.

`observations.jsonl` in the run's folder, never in its journal: one line an observation, appended
and synced, each with the hash of the line before. A correction is a new line that names the old
one; nothing is written over. docs/reference/record.md has the format.
"""

from labctl.observations._file import FILE, Observations, attach, read_observations
from labctl.observations._observation import QUANTITIES, Draft, Observation
from labctl.observations._table import COLUMNS, Sheet, read_sheet

__all__ = [
    "COLUMNS",
    "FILE",
    "QUANTITIES",
    "Draft",
    "Observation",
    "Observations",
    "Sheet",
    "attach",
    "read_observations",
    "read_sheet",
]
