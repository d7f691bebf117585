"""Simulated runs through every export and back, by readers that are not labctl's: all equal?

In short a run is a minute of the protocol, in full ten. Some of the runs have faults that end
them; of every second one the journal is written anew with a tenth of its readings none.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks._figures import Figure
from benchmarks.records import _read_back as back
from benchmarks.records._made import BRIEF, CHECKED, simulated
from labctl.events import Event, Invalid, Sample
from labctl.export import FORMATS, export_run, load
from labctl.record import Journal, read_journal

FAULTS = ("", "open-thermocouple@20s", "unplugged-port:meter@25s", "interlock-open@25s",
          "open-thermocouple@30s+5s", "bead-out@30s")  # fmt: skip
RUNS = 6

Equal = Callable[[Iterable[Path], tuple[Event, ...], Path], bool]


def _whole(read: Callable[[Iterable[Path]], back.Back]) -> Equal:
    return lambda paths, events, _: read(paths).events() == events


def _origin(paths: Iterable[Path], events: tuple[Event, ...], _: Path) -> bool:
    return back.origin_cells(paths) == back.recorded_cells(events)


def _prism(paths: Iterable[Path], events: tuple[Event, ...], _: Path) -> bool:
    """A channel that never gave a number has no column there."""
    wanted = {
        channel: [(value, unit, "" if why == "absent" else why) for value, unit, why in cells]
        for channel, cells in back.recorded_cells(events).items()
        if any(value is not None for value, _, _ in cells)
    }
    return back.prism_cells(paths, wanted) == wanted


EQUAL: dict[str, Equal] = {
    "csv": _whole(back.csv_back),
    "origin": _origin,
    "prism": _prism,
    "parquet": _whole(back.parquet_back),
    "nexus": _whole(back.nexus_back),
    "bluesky": _whole(back.bluesky_back),
    "rocrate": lambda paths, events, into: back.rocrate_events(paths, into) == events,
}
"""Format -> whether what its reader finds is what the journal has."""
WHOLE = ("csv", "parquet", "nexus", "bluesky", "rocrate")
"""Those that give back every event; the others have no place for more than the readings."""


REASONS = ("open", "range", "timeout", "disconnected", "protocol", "device", "no-sensor")


def _with_gaps(folder: Path, dice: random.Random) -> Path:
    """The same run beside it, with a tenth of its readings none for every reason there is."""
    made = folder.with_name(f"{folder.name}-gaps")
    made.mkdir()
    journal = Journal(made / "journal.jsonl", real_time=False)
    for event in read_journal(folder / "journal.jsonl").events:
        if isinstance(event, Sample):
            readings = tuple(
                Invalid(r.channel, dice.choice(REASONS), f'said "{dice.random()}", twice', r.t_ns)
                if dice.random() < 0.1
                else r
                for r in event.readings
            )
            event = Sample(event.t_ns, event.scheduled_ns, readings)
        journal.append(event)
    journal.close()
    return made


def measure(profile: str, runs: int = RUNS) -> Iterator[Figure]:
    """Yield the figures of this part."""
    parameters = BRIEF if profile == "short" else CHECKED
    equal = dict.fromkeys([*FORMATS, "pandas", "xarray"], 0)
    size, took = dict.fromkeys(FORMATS, 0), dict.fromkeys(FORMATS, 0.0)
    events_all = readings = none = 0
    with tempfile.TemporaryDirectory() as root:
        for seed in range(1, runs + 1):
            fault = FAULTS[(seed - 1) % len(FAULTS)]
            folder = simulated(Path(root) / "runs", seed, parameters, fault=fault)
            if seed % 2 == 0:
                folder = _with_gaps(folder, random.Random(seed))
            events = read_journal(folder / "journal.jsonl").events
            events_all += len(events)
            for event in events:
                if isinstance(event, Sample):
                    readings += len(event.readings)
                    none += sum(isinstance(r, Invalid) for r in event.readings)
            for name in FORMATS:
                started = time.perf_counter()
                done = export_run(folder, name, Path(root) / name / str(seed))
                took[name] += time.perf_counter() - started
                size[name] += sum(path.stat().st_size for path in done.paths)
                equal[name] += EQUAL[name](done.paths, events, Path(root) / name / str(seed))
            loaded = load(folder)
            equal["pandas"] += back.frame_back(loaded.to_pandas(), events)
            equal["xarray"] += back.dataset_back(loaded.to_xarray(), events)
    yield Figure("readings in the runs that are exported", readings, "", profile,
                 beside=f"{none} of them none, {events_all} events in all")  # fmt: skip
    for name, number in equal.items():
        what = "every event" if name in WHOLE else "readings, units, reasons"
        yield Figure(
            f"{name}: runs with {what} read back equal",
            number, f"of {runs}", profile,
            beside=f"{size[name] / runs / 1e3:.0f} kB, {took[name] / runs:.2f} s a run"
            if name in FORMATS else "",
            goal="all", holds=number == runs,
        )  # fmt: skip
