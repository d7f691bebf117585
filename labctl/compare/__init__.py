"""Two to eight runs beside each other: what each found, whether they can be compared, and whether
they differ, which two intervals alone do not say.

`read_side` reads a record, `compare` holds them together; docs/how-to/compare-runs.md shows it and
decision 0028 says how shared inputs are treated. Nothing is written.
"""

from labctl.compare._compare import MOST, Comparison, compare
from labctl.compare._curves import CurveDifference, aligned, curve_difference
from labctl.compare._differences import QUANTITIES, Difference, Told, difference
from labctl.compare._side import Side, read_side

__all__ = [
    "MOST",
    "QUANTITIES",
    "Comparison",
    "CurveDifference",
    "Difference",
    "Side",
    "Told",
    "aligned",
    "compare",
    "curve_difference",
    "difference",
    "read_side",
]
