"""A sample file -> material, volume, absorbance, heat capacity; each with deviation and source."""

from labctl.sample._file import find, json_schema, load, loads
from labctl.sample._specimen import SCHEMA, Specimen

__all__ = ["SCHEMA", "Specimen", "find", "json_schema", "load", "loads"]
