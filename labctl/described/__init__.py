"""Drivers that a file describes: instruments of any make that speak lines of text.

`load` reads `labctl.driver/1` and makes a driver class of it, which is used as any other. Reached
by the entry point `labctl.driver_files`, so that nothing below has to know of YAML.
"""

from labctl.described._file import json_schema
from labctl.described._load import load

__all__ = ["json_schema", "load"]
