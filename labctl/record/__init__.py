"""The record of a run: its journal, which is the truth, and the folder made around it.

A journal is append-only and synced before anything in it counts as recorded; everything else in
the folder can be made again from it. docs/reference/record.md has the format.
"""

from labctl.record._describe import (
    TAIL,
    RunDescription,
    describe_run,
    finite,
    kept_journal,
    read_facts,
    recover_left_behind,
    recover_run,
)
from labctl.record._disk import Disk
from labctl.record._ends import JournalEnds, read_ends
from labctl.record._folder import RunFolder
from labctl.record._journal import Journal
from labctl.record._kept import COVERED, GUARD_LOG
from labctl.record._origin import other_versions
from labctl.record._place import aside, place_record
from labctl.record._reading import JournalReader, JournalReading, JournalState, read_journal
from labctl.record._schema import json_schema
from labctl.record._table import make_table
from labctl.record._verify import Outcome, Verification, verify_run

__all__ = [
    "COVERED",
    "GUARD_LOG",
    "TAIL",
    "Disk",
    "Journal",
    "JournalEnds",
    "JournalReader",
    "JournalReading",
    "JournalState",
    "Outcome",
    "RunDescription",
    "RunFolder",
    "Verification",
    "aside",
    "describe_run",
    "finite",
    "json_schema",
    "kept_journal",
    "make_table",
    "other_versions",
    "place_record",
    "read_ends",
    "read_facts",
    "read_journal",
    "recover_left_behind",
    "recover_run",
    "verify_run",
]
