"""The index: brought up to date by a look at the folders, asked by SQL."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from labctl.catalogue._entry import Entry, read_entry
from labctl.catalogue._query import Query
from labctl.errors import RecordError
from labctl.notes import FILE as NOTES

FILE = ".catalogue.sqlite"
VERSION = 3
"""Of the tables below. An index of any other is thrown away and made again."""
_NEWEST_DAYS = 2
"""Looked into at every refresh, whatever is known of them."""
_COLUMNS = tuple(field.name for field in dataclasses.fields(Entry))
_LARGEST = (1 << 63) - 1
_TABLE = f"""
CREATE TABLE runs ({", ".join(_COLUMNS)}, seen_ns INTEGER, PRIMARY KEY (path));
CREATE INDEX by_sample ON runs (sample COLLATE NOCASE);
CREATE INDEX by_day ON runs (day);
CREATE TABLE settled (day PRIMARY KEY, seen_ns INTEGER);
PRAGMA user_version = {VERSION};
"""
_GONE = "DROP TABLE IF EXISTS runs; DROP TABLE IF EXISTS settled;"


class Catalogue:
    """The runs in `runs_dir`. A context manager; `refresh`, then `search`."""

    def __init__(self, runs_dir: Path, *, in_memory: bool = False) -> None:
        """Open the index, or make an empty one: in memory, where the folder cannot be written or
        nothing is to be left in it."""
        self._root = runs_dir
        self.kept = not in_memory
        """Whether the index is a file, and the next one to ask will find it."""
        self._base = _usable(":memory:") if in_memory else self._open()

    @classmethod
    def of_one(cls, path: str, folder: Path) -> Catalogue:
        """An index of the record in `folder` alone, wherever that lies, which is found as `path`
        (`<date>/<name>`). It is up to date, and nothing is written anywhere."""
        made = cls(folder, in_memory=True)
        day = path.partition("/")[0]
        with made._base:
            made._put(dataclasses.replace(read_entry(folder), path=path, day=day), 0)
        return made

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

        A run has changed when a file of its folder was made anew, or its notes grew. A day on which
        every run is closed is looked into again only when a run's folder came or went, or when it
        is one of the newest two. Anything else is found with `rebuild`: an index is no proof.
        RecordError when another process holds the index.
        """
        try:
            with self._base:
                return self._refresh(rebuild)
        except sqlite3.DatabaseError as error:
            raise self._not_up_to_date(error) from error

    def look_at(self, path: str) -> None:
        """Read the run at `path` (`<date>/<folder>`) anew, on whatever day it was: something was
        written about it. RecordError as for `refresh`."""
        folder = self._root / path
        try:
            with self._base:
                self._put(read_entry(folder), _mark_ns(folder))
        except sqlite3.DatabaseError as error:
            raise self._not_up_to_date(error) from error

    def search(self, query: Query | None = None, *, last: int | None = None) -> list[Entry]:
        """The runs that are asked for, oldest first; of them the `last` ones."""
        where, values = (query or Query()).condition()
        limit = "" if last is None else f"LIMIT {int(last)}"
        order = f"ORDER BY day DESC, path DESC {limit}"
        rows = self._base.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM runs {where} {order}", _asked(values)
        ).fetchall()
        return [Entry(*row) for row in reversed(rows)]

    def count(self, query: Query | None = None) -> int:
        """How many runs are asked for."""
        where, values = (query or Query()).condition()
        asked = f"SELECT count(*) FROM runs {where}"
        number: int = self._base.execute(asked, _asked(values)).fetchone()[0]
        return number

    def _not_up_to_date(self, error: sqlite3.DatabaseError) -> RecordError:
        return RecordError(
            "the index of the runs cannot be brought up to date",
            where=str(self._root / FILE),
            seen=str(error),
            fix="Try again, or delete it: it is made again from the records.",
        )

    def _put(self, entry: Entry, mark_ns: int) -> None:
        marks = ", ".join("?" * (len(_COLUMNS) + 1))
        values = [_storable(getattr(entry, name)) for name in _COLUMNS]
        self._base.execute(f"INSERT OR REPLACE INTO runs VALUES ({marks})", [*values, mark_ns])

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
        base = self._base
        if rebuild:
            base.execute("DELETE FROM settled")
            base.execute("DELETE FROM runs")
        settled: dict[str, int] = dict(base.execute("SELECT day, seen_ns FROM settled"))
        days = dict(_days(self._root))
        for (day,) in base.execute("SELECT DISTINCT day FROM runs").fetchall():
            if day not in days:
                base.execute("DELETE FROM runs WHERE day = ?", (day,))
        newest = sorted(days)[-_NEWEST_DAYS:]
        read = 0
        for day, seen_ns in days.items():
            if day in newest or settled.get(day) != seen_ns:
                read += self._look_into(day, seen_ns)
        return read

    def _look_into(self, day: str, seen_ns: int) -> int:
        """Bring one day's runs up to date; returns how many were read."""
        base = self._base
        known: dict[str, tuple[int, str]] = {
            path: (was_ns, state)
            for path, was_ns, state in base.execute(
                "SELECT path, seen_ns, state FROM runs WHERE day = ?", (day,)
            )
        }
        read, closed = 0, True
        for run in _entries(self._root / day):
            path = f"{day}/{run.name}"
            try:
                if not run.is_dir():
                    continue
                run_ns = _mark_ns(Path(run.path))
            except FileNotFoundError:
                # Removed meanwhile.
                continue
            except OSError as error:
                # A link that leads to itself, a disk that fails there: told, and the others found.
                known.pop(str(_storable(path)), None)
                self._put(Entry(path, day, "unreadable", error.strerror or ""), 0)
                closed = False
                continue
            if known.pop(str(_storable(path)), None) == (run_ns, "closed"):
                continue
            entry = read_entry(self._root / path)
            closed = closed and entry.state == "closed"
            self._put(entry, run_ns)
            read += 1
        base.executemany("DELETE FROM runs WHERE path = ?", [(path,) for path in known])
        if closed:
            base.execute("INSERT OR REPLACE INTO settled VALUES (?, ?)", (day, seen_ns))
        else:
            base.execute("DELETE FROM settled WHERE day = ?", (day,))
        return read


def _asked(values: list[str]) -> list[object]:
    return [_storable(value) for value in values]


def _storable(value: object) -> object:
    """As SQLite takes it: half a character written out, as in the name of a folder that is not
    UTF-8 or a note out of another terminal; a number that is none left out. No one record may stand
    in the way of the others being found."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
        return None
    return value


def _mark_ns(run: Path) -> int:
    """Another one when a file of the run was made anew, or a line was added to its notes."""
    try:
        notes_ns = os.stat(run / NOTES).st_mtime_ns
    except OSError:
        notes_ns = 0
    return max(run.stat().st_mtime_ns, notes_ns)


def _usable(file: Path | str) -> sqlite3.Connection:
    base = sqlite3.connect(file, timeout=10.0)
    try:
        # It can be made again, so no power cut is worth a wait.
        base.execute("PRAGMA synchronous = OFF")
        base.create_function("casefold", 1, str.casefold, deterministic=True)
        (version,) = base.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            with base:
                base.executescript(f"{_GONE} {_TABLE}")
    except BaseException:
        base.close()
        raise
    return base


def _days(root: Path) -> Iterator[tuple[str, int]]:
    """The folders of the days and when something came to them or went, in no order; of one that
    cannot be looked at none."""
    for day in _entries(root):
        found: list[tuple[str, int]] = []
        with contextlib.suppress(OSError):
            if is_day(day.name) and day.is_dir():
                found.append((day.name, day.stat().st_mtime_ns))
        yield from found


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RecordError(
            "the records cannot be read", where=os.fspath(folder), seen=error.strerror or ""
        ) from error


def is_day(name: str) -> bool:
    """Whether a folder of this name holds the runs of a day."""
    return len(name) == 10 and name[4] == name[7] == "-" and name.replace("-", "").isdigit()
