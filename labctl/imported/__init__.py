"""Others' curves as records: marked, with where they came from, audited, checked as far as the
inputs that are known allow.

An imported record is never a run: nothing was lit, nobody armed, and its times are the file's. The
file is kept in the record's folder as it came, and its hash stands in the journal.
"""

from labctl.imported._again import Again, Other, analyse_again
from labctl.imported._import import Imported, import_curve
from labctl.imported._tell import NAME, OUTCOME, events_of

__all__ = [
    "NAME",
    "OUTCOME",
    "Again",
    "Imported",
    "Other",
    "analyse_again",
    "events_of",
    "import_curve",
]
