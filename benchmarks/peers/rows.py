"""Rows of a time and four numbers, kept by one of several stores: how many a second, and what is
left of them after a kill.

`python rows.py STORE EVERY SECONDS RATE FOLDER`: EVERY is `own` (as the store comes) or the seconds
between two syncs; RATE 0 is as many rows as it takes. Runs in an environment of its own for a store
that labctl does not depend on. `handed` in FOLDER holds two numbers that outlive a kill: rows
handed over, and rows that a finished sync covers. Prints them with the time that passed until all
rows were covered, or, where nothing is ever synced, until they had been taken, and that of the
processor.

A thousand rows are made beforehand, for each store in the form that it takes, and handed over again
and again: their numbers have the four decimals that instruments give. What a store does once,
behind all rows (a run's run.json and its look at git, a database's last checkpoint), is timed by
itself: it is no part of a row.
"""

from __future__ import annotations

import csv
import ctypes
import itertools
import json
import mmap
import os
import random
import sqlite3
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

NAMES = ("time", "probe", "ambient", "power", "current")
Row = tuple[float, float, float, float, float]


class Shared:
    """Two counters in a mapped file."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 16)
        self._put = struct.Struct("<Q").pack_into
        self.handed = self.covered = 0

    def hand(self, count: int) -> None:
        self.handed = count
        self._put(self._map, 0, count)

    def cover(self, count: int) -> None:
        self.covered = count
        self._put(self._map, 8, count)


class Store:
    """Takes rows; `shared.cover` is told what a finished sync covers."""

    def __init__(self, folder: Path, every_s: float | None, shared: Shared) -> None:
        self.folder, self.every_s, self.shared = folder, every_s, shared

    def made(self, row: Row) -> Any:
        """A row in the form in which this store takes it."""
        return row

    def row(self, row: Any) -> None:
        raise NotImplementedError

    def end(self) -> None:
        """All rows are where they stay, and covered, if this store ever syncs."""

    def close(self) -> None:
        """What is done once, behind all rows."""


class Synced(threading.Thread):
    """Syncs a file each so many seconds, beside whoever writes it."""

    def __init__(self, store: Store, handle: int) -> None:
        super().__init__(daemon=True)
        self._store, self._handle = store, handle
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(self._store.every_s):
            self.once()

    def once(self) -> None:
        # What is handed over has been written: each of these stores flushes row by row.
        count = self._store.shared.handed
        os.fdatasync(self._handle)
        self._store.shared.cover(count)

    def end(self) -> None:
        self._over.set()
        self.join()
        self.once()


class Labctl(Store):
    """The journal, as a run in real time keeps it."""

    def __init__(self, folder: Path, every_s: float | None, shared: Shared) -> None:
        super().__init__(folder, every_s, shared)
        from labctl.events import Reading, Sample
        from labctl.record import Journal

        self._reading, self._sample = Reading, Sample
        self._journal_of = Journal
        self._journal = self._opened()

    def _opened(self) -> Any:
        return self._journal_of(self.folder / "journal.jsonl", real_time=True)

    def made(self, row: Row) -> Any:
        t_s, probe, ambient, power, current = row
        t_ns, reading = int(t_s * 1e9), self._reading
        return self._sample(
            t_ns,
            t_ns,
            (
                reading("probe.temperature", probe, "degC", t_ns),
                reading("ambient.temperature", ambient, "degC", t_ns),
                reading("meter.power", power, "W", t_ns),
                reading("laser.current", current, "A", t_ns),
            ),
        )

    def row(self, row: Any) -> None:
        journal = self._journal
        journal.append(row)
        if journal.durable_seq != self.shared.covered:
            self.shared.cover(journal.durable_seq)

    def end(self) -> None:
        # The writer's thread ends behind what it syncs last, and behind data.csv.
        self._journal.close()
        self.shared.cover(self._journal.durable_seq)


class LabctlRun(Labctl):
    """The journal and data.csv, which a run writes beside it."""

    def _opened(self) -> Any:
        from labctl.record import RunFolder

        self._run = RunFolder.create(self.folder, "rows")
        return self._run.open_journal(real_time=True)

    def close(self) -> None:
        self._run.finish()


class Sqlite(Store):
    """Plain SQLite, WAL, synchronous FULL: each row inserted as it comes, the transaction committed
    when it is time; as it comes, each row is a transaction."""

    SQL = "INSERT INTO rows VALUES (?, ?, ?, ?, ?)"

    def __init__(self, folder: Path, every_s: float | None, shared: Shared) -> None:
        super().__init__(folder, every_s, shared)
        self._db = sqlite3.connect(folder / "rows.db")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(f"CREATE TABLE rows ({', '.join(f'{name} REAL' for name in NAMES)})")
        self._db.commit()
        self._waiting = 0
        self._due_s = time.monotonic()

    def row(self, row: Any) -> None:
        self._db.execute(self.SQL, row)
        self._waiting += 1
        self._commit_in_time()

    def _commit_in_time(self) -> None:
        if self.every_s is None or time.monotonic() >= self._due_s:
            self._commit()

    def _commit(self) -> None:
        self._db.commit()
        self.shared.cover(self.shared.covered + self._waiting)
        self._waiting = 0
        self._due_s = time.monotonic() + (self.every_s or 0.0)

    def end(self) -> None:
        self._commit()

    def close(self) -> None:
        self._db.close()


class GatheredSqlite(Sqlite):
    """The same, its rows gathered in a list and inserted by one `executemany` before the commit."""

    def __init__(self, folder: Path, every_s: float | None, shared: Shared) -> None:
        super().__init__(folder, every_s, shared)
        self._rows: list[Row] = []

    def row(self, row: Any) -> None:
        self._rows.append(row)
        self._waiting += 1
        self._commit_in_time()

    def _commit(self) -> None:
        self._db.executemany(self.SQL, self._rows)
        self._rows.clear()
        super()._commit()


class PlainCsv(Store):
    """csv.writer, flushed row by row; synced by a thread of its own."""

    def __init__(self, folder: Path, every_s: float | None, shared: Shared) -> None:
        super().__init__(folder, every_s, shared)
        self._file = (folder / "rows.csv").open("w", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(NAMES)
        self._synced = None if every_s is None else Synced(self, self._file.fileno())
        if self._synced is not None:
            self._synced.start()

    def row(self, row: Any) -> None:
        self._writer.writerow(row)
        self._file.flush()

    def end(self) -> None:
        if self._synced is not None:
            self._synced.end()

    def close(self) -> None:
        self._file.close()


class PyMeasure(Store):
    """Results and Recorder, as a Worker hands them its rows."""

    def __init__(self, folder: Path, every_s: float | None, shared: Shared) -> None:
        super().__init__(folder, every_s, shared)
        from queue import Queue

        from pymeasure.experiment import Procedure, Results
        from pymeasure.experiment.listeners import Recorder

        class Rows(Procedure):
            DATA_COLUMNS: ClassVar = list(NAMES)

        self._recorder = Recorder(Results(Rows(), str(folder / "rows.csv")), Queue())
        self._recorder.start()
        stream = self._recorder.handlers[0].stream
        self._synced = None if every_s is None else Synced(self, stream.fileno())
        if self._synced is not None:
            self._synced.start()

    def made(self, row: Row) -> Any:
        return dict(zip(NAMES, row, strict=True))

    def row(self, row: Any) -> None:
        self._recorder.handle(row)

    def end(self) -> None:
        if self._synced is not None:
            self._synced.end()

    def close(self) -> None:
        self._recorder.stop()


class Qcodes(Store):
    """A Measurement whose DataSaver writes each `write_period`, 5 s as it comes, to SQLite in WAL
    mode with SQLite's own synchronous, which is FULL."""

    def __init__(self, folder: Path, every_s: float | None, shared: Shared) -> None:
        super().__init__(folder, every_s, shared)
        import qcodes
        from qcodes.dataset import (
            Measurement,
            initialise_or_create_database_at,
            load_or_create_experiment,
        )

        qcodes.config.core.db_debug = False
        initialise_or_create_database_at(str(folder / "rows.db"), journal_mode="WAL")
        measurement = Measurement(exp=load_or_create_experiment("rows", "none"))
        # Independent of each other, which takes half the time of numbers over a setpoint.
        for name in NAMES:
            measurement.register_custom_parameter(name)
        if every_s is not None:
            measurement.write_period = every_s
        self._runner = measurement.run()
        self._saver = self._runner.__enter__()
        flush = self._saver.flush_data_to_database

        def flushed(block: bool = False) -> None:
            # The row that asks for it is in it.
            flush(block)
            shared.cover(shared.handed + 1)

        self._saver.flush_data_to_database = flushed

    def made(self, row: Row) -> Any:
        return tuple(zip(NAMES, row, strict=True))

    def row(self, row: Any) -> None:
        self._saver.add_result(*row)

    def end(self) -> None:
        self._saver.flush_data_to_database(block=True)
        self.shared.cover(self.shared.handed)

    def close(self) -> None:
        # Its way out flushes once more, with no row to come.
        self._runner.__exit__(None, None, None)
        self.shared.cover(self.shared.handed)


STORES = {
    "labctl": Labctl,
    "labctl-run": LabctlRun,
    "sqlite": Sqlite,
    "gathered": GatheredSqlite,
    "csv": PlainCsv,
    "pymeasure": PyMeasure,
    "qcodes": Qcodes,
}


def _four(dice: random.Random) -> tuple[float, float, float, float]:
    probe, ambient, power, current = (round(dice.gauss(30.0, 9.0), 4) for _ in range(4))
    return probe, ambient, power, current


def syncs() -> int | None:
    """How many there were so far; None where `slow_sync.c` is not loaded."""
    try:
        return int(ctypes.CDLL(None).syncs_so_far())
    except AttributeError:
        return None


def main() -> None:
    name, every, seconds, rate, folder = sys.argv[1:]
    path = Path(folder)
    shared = Shared(path / "handed")
    store = STORES[name](path, None if every == "own" else float(every), shared)
    dice = random.Random(0)
    rows = [store.made((0.001 * number, *_four(dice))) for number in range(1000)]
    print("begun", flush=True)
    every_s = 1.0 / float(rate) if float(rate) else 0.0
    before = syncs()
    begun_s, worked_s = time.monotonic(), time.process_time()
    end_s = begun_s + float(seconds)
    for count, row in enumerate(itertools.cycle(rows), 1):
        store.row(row)
        shared.hand(count)
        now_s = time.monotonic()
        if now_s >= end_s:
            break
        if every_s and (ahead_s := begun_s + count * every_s - now_s) > 0.0:
            time.sleep(ahead_s)
    store.end()
    took_s, worked_s = time.monotonic() - begun_s, time.process_time() - worked_s
    after = syncs()
    synced = None if before is None or after is None else after - before
    closing_s = time.monotonic()
    store.close()
    closing_s = time.monotonic() - closing_s
    told = {"rows": shared.handed, "covered": shared.covered, "seconds": took_s, "cpu": worked_s,
            "syncs": synced, "closing": closing_s}  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main()
