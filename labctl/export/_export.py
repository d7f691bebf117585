"""One door to all formats: the files are written beside their place and put there when whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from labctl.errors import InputError, RecordError, RefusedError
from labctl.export._about import name
from labctl.export._bluesky import write_bluesky
from labctl.export._nexus import write_nexus
from labctl.export._parquet import write_parquet
from labctl.export._rocrate import write_rocrate
from labctl.export._tables import Tables, read_tables
from labctl.export._text import write_csv, write_origin, write_prism


@dataclass(frozen=True, slots=True)
class Format:
    """One thing that a record can be written as."""

    words: str
    write: Callable[[Tables, Path], list[Path]]
    """Writes files that all begin with this path."""


FORMATS: dict[str, Format] = {
    "csv": Format("CSV by RFC 4180, units in the header", write_csv),
    "origin": Format("tab-separated, with Origin's rows of long names, units, comments",
                     write_origin),
    "prism": Format("an XY table for GraphPad Prism", write_prism),
    "parquet": Format("Parquet, units in the metadata", write_parquet),
    "nexus": Format("HDF5 in the shape of NeXus", write_nexus),
    "bluesky": Format("Bluesky event-model documents as JSON lines", write_bluesky),
    "rocrate": Format("the folder as an RO-Crate, zipped", write_rocrate),
}  # fmt: skip
"""By the name that `labctl export --to` takes."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    paths: tuple[Path, ...]
    state: str
    """Of the record: `running`, `closed`, `cut off`, `damaged`."""
    words: str
    """What became of the record, in a sentence: an export of a damaged one has its good part."""
    samples: int


def export_run(folder: Path, to: str, out: Path, *, overwrite: bool = False) -> Exported:
    """Write the record in `folder` as `to` into the folder `out`, under names that begin with the
    run's own. All files are put in their places when all are whole.

    InputError for a format that there is not. RefusedError when a file is there already, or a
    package is missing. RecordError when there is no journal, or the disk does not take the files.
    """
    if to not in FORMATS:
        raise InputError(f"there is no format {to!r}", fix=f"Write one of {', '.join(FORMATS)}.")
    tables = read_tables(folder)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".export-") as aside:
            written = FORMATS[to].write(tables, Path(aside) / name(tables.run))
            places = [out / path.name for path in written]
            for place in places:
                if place.exists() and not overwrite:
                    raise RefusedError(
                        "is there already and is not written over",
                        where=str(place),
                        fix="Move it away, name another folder, or say --force.",
                    )
            for path, place in zip(written, places, strict=True):
                os.replace(path, place)
    except OSError as error:
        raise RecordError(
            "the export cannot be written", where=str(out), seen=error.strerror or str(error)
        ) from error
    return Exported(tuple(places), tables.run.state, tables.run.words, tables.rows)
