"""The index: brought up to date by a look at the folders, asked by SQL."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from labctl.catalogue._entry import Entry, read_entry
from labctl.catalogue._query import Query
from labctl.errors import RecordError

FILE = ".catalogue.sqlite"
VERSION = 1
"""Of the table below. An index of any other is thrown away and made again."""
_COLUMNS = tuple(field.name for field in dataclasses.fields(Entry))
_TABLE = f"""
CREATE TABLE runs ({", ".join(_COLUMNS)}, seen_ns INTEGER, PRIMARY KEY (path));
CREATE INDEX by_sample ON runs (sample COLLATE NOCASE);
CREATE INDEX by_day ON runs (day);
PRAGMA user_version = {VERSION};
"""


class Catalogue:
    """The runs in `runs_dir`. A context manager; `refresh`, then `search`."""

    def __init__(self, runs_dir: Path) -> None:
        """Open the index, or make an empty one: in memory, where the folder cannot be written."""
        self._root = runs_dir
        self.kept = True
        """Whether the index is a file, and the next one to ask will find it."""
        self._base = self._open()

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._base.close()

    def refresh(self, *, rebuild: bool = False) -> int:
        """Read what is new, has changed or had not ended; forget what is gone; returns how many
        runs were read.

        A run has changed when a file of its folder was made anew. One whose journal was written
        over in place is read again only with `rebuild`: an index is no proof. RecordError when
        another process holds the index.
        """
        try:
            with self._base:
                return self._refresh(rebuild)
        except sqlite3.DatabaseError as error:
            raise RecordError(
                "the index of the runs cannot be brought up to date",
                where=str(self._root / FILE),
                seen=str(error),
                fix="Try again, or delete it: it is made again from the records.",
            ) from error

    def search(self, query: Query | None = None, *, last: int | None = None) -> list[Entry]:
        """The runs that are asked for, oldest first; of them the `last` ones."""
        where, values = (query or Query()).condition()
        limit = "" if last is None else f"LIMIT {int(last)}"
        order = f"ORDER BY day DESC, path DESC {limit}"
        rows = self._base.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM runs {where} {order}", values
        ).fetchall()
        return [Entry(*row) for row in reversed(rows)]

    def count(self, query: Query | None = None) -> int:
        """How many runs are asked for."""
        where, values = (query or Query()).condition()
        number: int = self._base.execute(f"SELECT count(*) FROM runs {where}", values).fetchone()[0]
        return number

    def _open(self) -> sqlite3.Connection:
        file = self._root / FILE
        if not os.access(self._root, os.W_OK):
            self.kept = False
            return _usable(":memory:")
        try:
            return _usable(file)
        except sqlite3.OperationalError:
            # A disk that knows no locks, such as some that are mounted from elsewhere.
            self.kept = False
            return _usable(":memory:")
        except sqlite3.DatabaseError:
            # Not an index, or a broken one.
            file.unlink(missing_ok=True)
            return _usable(file)

    def _refresh(self, rebuild: bool) -> int:
        if rebuild:
            self._base.execute("DELETE FROM runs")
        known: dict[str, tuple[int, str]] = {
            path: (seen_ns, state)
            for path, seen_ns, state in self._base.execute("SELECT path, seen_ns, state FROM runs")
        }
        read = 0
        for path, seen_ns in _folders(self._root):
            was = known.pop(path, None)
            if was == (seen_ns, "closed"):
                continue
            entry = read_entry(self._root / path)
            marks = ", ".join("?" * (len(_COLUMNS) + 1))
            values = [getattr(entry, name) for name in _COLUMNS]
            self._base.execute(f"INSERT OR REPLACE INTO runs VALUES ({marks})", [*values, seen_ns])
            read += 1
        self._base.executemany("DELETE FROM runs WHERE path = ?", [(path,) for path in known])
        return read


def _usable(file: Path | str) -> sqlite3.Connection:
    base = sqlite3.connect(file, timeout=10.0)
    try:
        # It can be made again, so no power cut is worth a wait.
        base.execute("PRAGMA synchronous = OFF")
        (version,) = base.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            with base:
                base.executescript(f"DROP TABLE IF EXISTS runs; {_TABLE}")
    except BaseException:
        base.close()
        raise
    return base


def _folders(root: Path) -> Iterator[tuple[str, int]]:
    """Every run's path below `root`, and when an entry of its folder last changed."""
    for day in _entries(root):
        if not _is_day(day.name) or not day.is_dir():
            continue
        for run in _entries(day):
            # One look at each folder: ten thousand of them are to be gone through in an instant.
            if run.is_dir():
                yield f"{day.name}/{run.name}", run.stat().st_mtime_ns


def _entries(folder: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(
            "the records cannot be read", where=os.fspath(folder), seen=error.strerror or ""
        ) from error


def _is_day(name: str) -> bool:
    return len(name) == 10 and name[4] == name[7] == "-" and name.replace("-", "").isdigit()
