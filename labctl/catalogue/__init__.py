"""All runs in a folder of records, found by what they were: an index that holds nothing of its own.

The index is a file of SQLite beside the records. It can be deleted at any time and is made again
from the folders; what a run was is read from its journal, and nothing is written to any of them.
"""

from labctl.catalogue._catalogue import Catalogue, is_day
from labctl.catalogue._entry import Entry
from labctl.catalogue._query import Query

__all__ = ["Catalogue", "Entry", "Query", "is_day"]
