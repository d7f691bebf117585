"""A sample file -> material, volume, absorbance, heat capacity, loads; each with deviation and
source."""

from labctl.sample._diluted import diluted
from labctl.sample._file import find, json_schema, load, loads
from labctl.sample._magnetic import Magnetic
from labctl.sample._release import LAWS, Load, ReleaseReference
from labctl.sample._specimen import SCHEMA, Specimen

__all__ = [
    "LAWS",
    "SCHEMA",
    "Load",
    "Magnetic",
    "ReleaseReference",
    "Specimen",
    "diluted",
    "find",
    "json_schema",
    "load",
    "loads",
]
