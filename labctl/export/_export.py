"""One door to all formats: the files are written beside their place and put there when whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labctl.errors import InputError, RecordError, RefusedError
from labctl.export._about import name
from labctl.export._bluesky import write_bluesky
from labctl.export._nexus import write_nexus
from labctl.export._parquet import write_parquet
from labctl.export._rocrate import write_rocrate
from labctl.export._tables import Tables, read_tables
from labctl.export._text import write_csv, write_origin, write_prism
from labctl.record import RunDescription, describe_run


class Source:
    """A record to be exported, each part read when it is needed, and once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def run(self) -> RunDescription:
        """What became of it."""
        return describe_run(self._folder)

    @cached_property
    def tables(self) -> Tables:
        """All of it."""
        return read_tables(self.run)


@dataclass(frozen=True, slots=True)
class Format:
    """One thing that a record can be written as."""

    words: str
    write: Callable[[Source, Path], list[Path]]
    """Writes files that all begin with this path."""


def _of_tables(write: Callable[[Tables, Path], list[Path]]) -> Callable[[Source, Path], list[Path]]:
    return lambda source, stem: write(source.tables, stem)


FORMATS: dict[str, Format] = {
    "csv": Format("CSV by RFC 4180, units in the header", _of_tables(write_csv)),
    "origin": Format("tab-separated, with Origin's rows of long names, units, comments",
                     _of_tables(write_origin)),
    "prism": Format("an XY table for GraphPad Prism", _of_tables(write_prism)),
    "parquet": Format("Parquet, units in the metadata", _of_tables(write_parquet)),
    "nexus": Format("HDF5 in the shape of NeXus", _of_tables(write_nexus)),
    "bluesky": Format("Bluesky event-model documents as JSON lines", _of_tables(write_bluesky)),
    "rocrate": Format("the folder as an RO-Crate, zipped",
                      lambda source, stem: write_rocrate(source.run, stem)),
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
    other: bool = False
    """Whether the journal ended in order and is not the one that run.json has the hash of."""


def export_run(record: Path | Source, to: str, out: Path, *, overwrite: bool = False) -> Exported:
    """Write a record (its folder; a `Source` where several formats are wanted) as `to` into the
    folder `out`, under names that begin with the run's own. All files are put in their places when
    all are whole.

    InputError for a format that there is not. RefusedError when a file is there already, or a
    package is missing. RecordError when there is no journal, or the disk does not take the files.
    """
    if to not in FORMATS:
        raise InputError(f"there is no format {to!r}", fix=f"Write one of {', '.join(FORMATS)}.")
    source = Source(record) if isinstance(record, Path) else record
    run = source.run
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".export-") as aside:
            written = FORMATS[to].write(source, Path(aside) / name(run))
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
    other = run.state == "closed" and run.matches is False
    return Exported(tuple(places), run.state, run.words, other)
