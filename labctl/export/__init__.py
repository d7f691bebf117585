"""A record as other people's software reads it: files of seven formats, pandas and xarray.

Everything is made from the journal alone and can be made again; importing this room imports none
of the packages that formats need. docs/reference/exports.md has what stands in each file.
"""

from labctl.export._export import FORMATS, Exported, Format, Source, export_run
from labctl.export._load import Run, load
from labctl.export._rocrate import METADATA, crate_or_why, describe_crate
from labctl.export._tables import ABSENT, Column, Kind, Other, Role, Tables, read_tables

__all__ = [
    "ABSENT",
    "FORMATS",
    "METADATA",
    "Column",
    "Exported",
    "Format",
    "Kind",
    "Other",
    "Role",
    "Run",
    "Source",
    "Tables",
    "crate_or_why",
    "describe_crate",
    "export_run",
    "load",
    "read_tables",
]
