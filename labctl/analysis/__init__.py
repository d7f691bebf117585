"""Anybody's curve: read, audited, and put through every method beside each other.

A floor with the engine: it uses the check as a run does, and nothing of a bench is touched. Files
are read, never written; what was recognised, assumed and left out is told.
"""

from labctl.analysis._analysis import Analysis, analyse
from labctl.analysis._columns import Choice
from labctl.analysis._given import Given
from labctl.analysis._load import Loaded, line_of, load, parse, read
from labctl.analysis._plain import as_plain
from labctl.analysis._row import Row

__all__ = [
    "Analysis",
    "Choice",
    "Given",
    "Loaded",
    "Row",
    "analyse",
    "as_plain",
    "line_of",
    "load",
    "parse",
    "read",
]
