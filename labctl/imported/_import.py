"""A file to a record: read, audited, written aside, put among the others in one step."""

from __future__ import annotations

import getpass
import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labctl import clock, events
from labctl.analysis import Analysis, Choice, Given, Loaded, analyse, read
from labctl.clock import NS
from labctl.errors import InputError, RecordError
from labctl.events import Mode
from labctl.imported._tell import NAME, events_of
from labctl.record import RunFolder, aside, place_record

LARGEST_BYTES = 512 * 1024 * 1024
_WAIT_S = 600.0
"""For a disk that takes a long file."""
_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".dat", ".asc", ".prn"})
_TAKEN_AS = {"time": "s", "temperature": "degC", "ambient": "degC", "power": "W",
             "irradiance": "W/m2", "light": ""}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Imported:
    """What was made."""

    folder: Path
    analysis: Analysis
    about: events.Imported
    head_hash: str
    """Of the journal; to be kept elsewhere."""


def import_curve(
    path: Path,
    runs_dir: Path,
    choice: Choice | None = None,
    given: Given | None = None,
    *,
    who: str = "",
    source: str = "",
) -> Imported:
    """Make a record of the table in the file `path`; `who` imports it (else the account), `source`
    says where it came from.

    InputError with file, line and column for what cannot be read: then nothing was written.
    RecordError when the record cannot be written: then nothing of it is left.
    """
    choice, given = choice or Choice(), given or Given()
    data = _bytes(path)
    loaded = read(data, str(path), choice)
    if not len(loaded.record):
        raise InputError("the file has no rows", where=str(path), fix="Check the export.")
    analysis = analyse(loaded, given)
    about = _about(path, data, loaded, choice, given, who or _account(), source)
    texts = {}
    if given.specimen is not None:
        texts["sample.yaml"] = given.specimen.dump()
    if given.bench is not None:
        texts["bench.yaml"] = given.bench.dump()
    with aside(runs_dir) as beside:
        name = given.specimen.name if given.specimen is not None else path.stem
        folder = RunFolder.create(
            beside,
            NAME,
            name,
            texts=texts,
            facts={
                "mode": Mode.IMPORTED.value,
                "sample": given.specimen.name if given.specimen is not None else "",
                "bench": given.bench.name if given.bench is not None else "",
                "seed": None,
                "blank": None if given.blank is None else given.blank.head_hash,
            },
            expected_samples=len(loaded.record),
        )
        _keep(folder.path / about.kept_as, data)
        head = _write(folder, analysis, given, about)
        placed = place_record(folder.path, runs_dir)
    return Imported(placed, analysis, about, head)


def _write(folder: RunFolder, analysis: Analysis, given: Given, about: events.Imported) -> str:
    data = (folder.path / about.kept_as).read_bytes()
    kept = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    files = {about.kept_as: kept, **folder.kept()}
    journal = folder.open_journal(real_time=False)
    try:
        for event in events_of(analysis, given, about, files):
            journal.append(event)
            if isinstance(event, events.Imported):
                folder.note(imported=asdict(event))
        journal.durable(journal.seq).result(_WAIT_S)
    finally:
        folder.finish()
    return journal.head_hash


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size if path.is_file() else 0
        if path.is_dir():
            raise InputError("this is a folder", where=str(path), fix="Name the file in it.")
        if size > LARGEST_BYTES:
            raise InputError(
                f"the file is larger than {LARGEST_BYTES // 2**20} MB",
                where=str(path),
                fix="Check that this is the file you mean, or thin its rows.",
            )
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read the file: {error.strerror}", where=str(path), fix="Check the path."
        ) from error


def _keep(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise RecordError(
            "cannot be written", where=str(path), seen=error.strerror or str(error)
        ) from error


def _about(
    path: Path,
    data: bytes,
    loaded: Loaded,
    choice: Choice,
    given: Given,
    who: str,
    source: str,
) -> events.Imported:
    named = set(asdict(choice).values()) - {""}
    suffix = path.suffix.lower() if path.suffix.lower() in _SUFFIXES else ".txt"
    now = datetime.fromtimestamp(clock.wall_utc_ns() // NS, UTC).astimezone()
    return events.Imported(
        0,
        file=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        kept_as=f"imported{suffix}",
        who=who,
        when=now.isoformat(),
        source=source,
        recognised=loaded.recognised,
        columns=tuple(
            {
                "name": column.name,
                "role": column.role.value,
                "unit": column.unit,
                "taken_as": column.unit or _TAKEN_AS[column.role.value],
                "named": column.name in named,
                "factor": column.factor,
                "offset": column.offset,
            }
            for column in loaded.columns
        ),
        unused=loaded.unused,
        rows=len(loaded.record),
        left_out=0,
        first_left_out=None,
        zero_s=0.0,
        given=_given(given),
    )


def _given(given: Given) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if given.power is not None:
        told["power"] = {"value": given.power.value, "sd": given.power.sd, "unit": "W"}
    if given.specimen is not None:
        told["sample"] = given.specimen.name
    if given.bench is not None:
        told["bench"] = given.bench.name
    if given.blank is not None:
        told["blank"] = given.blank.head_hash
    return told


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
