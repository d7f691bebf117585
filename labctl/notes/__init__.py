"""What people write about a run after its beginning, beside its journal and never in it.

`notes.jsonl` in the run's folder: one line an act, appended and synced, each with the hash of the
line before. docs/reference/record.md has the format.
"""

from labctl.notes._file import FILE, LONGEST, Line, Notes, add_note, change_tags, read_notes

__all__ = ["FILE", "LONGEST", "Line", "Notes", "add_note", "change_tags", "read_notes"]
