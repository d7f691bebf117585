"""What must stand before anything is lit on a REAL bench, as far as its file can tell: everything
that is missing is told at once, before a port is opened."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from labctl.bench._behind import driver_words, missing_behind, unwaived
from labctl.bench._commissioning import not_commissioned, record_path
from labctl.bench._latency import too_slow
from labctl.bench._model import BenchFile
from labctl.errors import LabctlError, Problem
from labctl.events import LASER
from labctl.instruments import driver, unproven

CODE = "P065"


def not_armable(
    bench: BenchFile, keys: Iterable[str], sources: Iterable[str], day: str
) -> list[Problem]:
    """What a REAL bench lacks for a run with these instruments that lights these sources, on this
    day (`2026-01-31`)."""
    sources = tuple(sources)
    return [
        *missing_behind(bench, day),
        *_limits(bench, sources),
        *_way_off(bench, sources),
        *_drivers(bench, keys, day),
        *_record(bench),
    ]


def _limits(bench: BenchFile, sources: Iterable[str]) -> Iterator[Problem]:
    """Such as a cap of the temperature."""
    for source in sources:
        try:
            bench.guard_spec(source=source)
        except LabctlError as error:
            yield Problem(CODE, error.what, file=bench.source_file, fix=error.fix)


def _way_off(bench: BenchFile, sources: Iterable[str]) -> Iterator[Problem]:
    why = too_slow(bench) if LASER in sources else ""
    if why:
        yield Problem(
            CODE,
            why,
            file=bench.source_file,
            fix="Put a shutter into the beam (role `shutter`) or a relay into the interlock loop "
            "(role `deadman`).",
        )


def _drivers(bench: BenchFile, keys: Iterable[str], day: str) -> Iterator[Problem]:
    for stated in dict.fromkeys(bench.instruments[key].driver for key in keys):
        why = unproven(stated)
        if not why:
            continue
        # One in a file is waived by the name that it gives itself.
        name = driver(stated).spec.name
        waiver = bench.driver_waivers.get(name)
        if waiver is None:
            yield Problem(
                CODE,
                f"the driver {name} is not labctl's own, and {why}",
                file=bench.source_file,
                fix="Run its contract suite (`pytest -p labctl.testing --labctl-proof`), have "
                f"somebody answer for it by name, under `waivers: {{drivers: {{{name}: ...}}`, or "
                "take a driver that is proven.",
            )
        elif (ended := unwaived(waiver, driver_words(name), day)) is not None:
            yield ended


def _record(bench: BenchFile) -> Iterator[Problem]:
    why = not_commissioned(bench) if bench.arming.commissioned else ""
    if why:
        yield Problem(
            CODE,
            f"this bench is lit once it is commissioned, and {why}",
            file=str(record_path(bench)),
            fix="Go through it: labctl bench check --light --bench "
            f"{shlex.quote(bench.source_file)}. The record stays beside the bench file.",
        )
