"""Records over HTTP: runs, their curves, their files, their report. Nothing here writes to one.

A run is `day/run`, two names; a file is a name. What they lead to must lie in the folder for
records, or in the one record that a replay shows, and no link is followed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Any

from fastapi import HTTPException, Query, Response
from fastapi import Path as InPath
from starlette.responses import StreamingResponse

from labctl.catalogue import Catalogue
from labctl.catalogue import Query as Wanted
from labctl.log import logger
from labctl.record import JournalReader, describe_run
from labctl.service import _bodies as bodies
from labctl.service._access import Scope
from labctl.service._gate import API
from labctl.service._only import only_record
from labctl.service._points import Points
from labctl.service._routes import Kept, Told
from labctl.service._scoped import ScopedRouter, scoped
from labctl.service._service import Service

Day = Annotated[str, InPath(pattern=bodies.DAY)]
Run = Annotated[str, InPath(pattern=bodies.RUN)]
File = Annotated[str, InPath(pattern=bodies.FILE)]
Like = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]

_TYPES = {
    ".json": "application/json", ".jsonl": "application/x-ndjson", ".csv": "text/csv",
    ".svg": "image/svg+xml", ".html": "text/html", ".yaml": "application/yaml",
    ".png": "image/png", ".pdf": "application/pdf",
}  # fmt: skip
_CHUNK = 64 * 1024
_INERT = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
"""For what a record's own files may do in a browser: be looked at."""
_OF_A_REPORT = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "sandbox allow-scripts"
)
"""Its own script may zoom its curves; it has no origin, so it reaches nothing of this service."""
_REPORT_S = 60.0
_reporting = threading.Lock()
_REPORTS, _READINGS = threading.Semaphore(4), threading.Semaphore(12)
"""So many may wait or be read at once: more would leave no thread to the routes that act."""

router = ScopedRouter(prefix=f"{API}/runs", tags=["records"])


@router.get("")
@scoped(Scope.VIEWER)
def runs(
    service: Kept,
    sample: Like = None,
    protocol: Like = None,
    verdict: Like = None,
    last: Annotated[int, Query(ge=1, le=500)] = 50,
) -> list[Told]:
    """Runs, the newest last; `opens`: the routes below take its name."""
    if not service.runs_dir.is_dir():
        return []
    only = only_record(service)
    opened = Catalogue(service.runs_dir) if only is None else Catalogue.of_one(*only)
    with opened as catalogue:
        if only is None:
            catalogue.refresh()
        query = Wanted(sample=sample, protocol=protocol, verdict=verdict)
        found = catalogue.search(query, last=last)
    return [
        {**dataclasses.asdict(entry), "why": service.names(entry.why), "opens": _opens(entry.path)}
        for entry in found
    ]


@router.get("/{day}/{run}")
@scoped(Scope.VIEWER)
def one(service: Kept, day: Day, run: Run) -> Told:
    """One run, as its journal has it."""
    found = describe_run(_folder(service, day, run))
    begun, ended, verdict = found.begun, found.ended, found.verdict
    return {
        "record": f"{day}/{run}",
        "state": found.state,
        "words": service.names(found.words),
        "mode": None if begun is None else begun.mode.value,
        "protocol": None if begun is None else begun.protocol,
        "sample": None if begun is None else begun.sample,
        "parameters": {} if begun is None else dict(begun.parameters),
        "faults": [] if begun is None else list(begun.faults),
        "head_hash": found.head_hash,
        "outcome": None if ended is None else ended.outcome,
        "why": "" if ended is None else service.names(ended.why),
        "exit_code": None if ended is None else int(ended.exit_code),
        "energy_j": None if ended is None else ended.energy_j,
        "verdict": None if verdict is None else {
            "verdict": verdict.verdict, "reasons": list(verdict.reasons),
            "criteria": [dataclasses.asdict(criterion) for criterion in verdict.criteria],
            "results": dict(verdict.results), "assumptions": list(verdict.assumptions),
        },
        "dose": [] if found.dose is None else list(found.dose.words),
    }  # fmt: skip


@router.get("/{day}/{run}/points")
@scoped(Scope.VIEWER)
def points(service: Kept, day: Day, run: Run) -> Told:
    """A run's curve."""
    folder = _folder(service, day, run)
    made = Points()
    with _one_of(_READINGS):
        for event in JournalReader(folder / "journal.jsonl"):
            made.feed(event)
            made.fresh()
    made.flush()
    return {**made.table(), "laser_on_s": made.laser_on_s}


@router.get("/{day}/{run}/files")
@scoped(Scope.VIEWER)
def files(service: Kept, day: Day, run: Run) -> list[Told]:
    """What lies in a record."""
    folder = _folder(service, day, run)
    found = []
    for path in sorted(folder.iterdir()):
        try:
            seen = path.lstat()
        except FileNotFoundError:
            # One that was there for a moment, as a run puts its files down whole.
            continue
        if stat.S_ISREG(seen.st_mode):
            found.append({"name": path.name, "bytes": seen.st_size})
    return found


@router.get("/{day}/{run}/files/{file}", response_class=Response)
@scoped(Scope.VIEWER)
def file(service: Kept, day: Day, run: Run, file: File) -> Response:
    """One file of a record, as it is on disk."""
    return _sent(_folder(service, day, run) / file, attached=True)


@router.get("/{day}/{run}/report", response_class=Response)
@scoped(Scope.VIEWER)
def report(service: Kept, day: Day, run: Run) -> Response:
    """The report as one HTML file."""
    folder = _folder(service, day, run)
    headers = {"content-security-policy": _OF_A_REPORT}
    with _one_of(_REPORTS):
        text = _report(folder)
    return Response(text, media_type="text/html; charset=utf-8", headers=headers)


def _report(folder: Path) -> str:
    """Made anew in a process of its own: the bench's thread does not wait for it, and neither does
    a second report. HTTPException where it cannot be made."""
    environment = {**os.environ, "LABCTL_NO_BOOTSTRAP": "1"}
    with _reporting, tempfile.TemporaryDirectory() as place:
        out = Path(place) / "report.html"
        command = [sys.executable, "-m", "labctl", "report", str(folder), "--out", str(out)]
        try:
            subprocess.run(
                command, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=_REPORT_S, check=True,
            )  # fmt: skip
            return out.read_text(encoding="utf-8")
        except (subprocess.SubprocessError, OSError) as error:
            logger().warning("no report", run=folder.name, error=type(error).__name__)
            raise HTTPException(404, "no report of this run can be made here") from error


def _opens(path: str) -> bool:
    day, _, run = path.partition("/")
    return bool(re.fullmatch(bodies.DAY, day) and re.fullmatch(bodies.RUN, run))


@contextlib.contextmanager
def _one_of(places: threading.Semaphore) -> Iterator[None]:
    """HTTPException where too many are at it."""
    if not places.acquire(blocking=False):
        raise HTTPException(429, "too many are at it: come again in a moment")
    try:
        yield
    finally:
        places.release()


def _folder(service: Service, day: str, run: str) -> Path:
    only = only_record(service)
    if only is not None:
        if f"{day}/{run}" != only[0]:
            raise HTTPException(404, "there is no such run")
        return only[1]
    root = service.runs_dir.resolve()
    folder = root / day / run
    # A link out of the records is no record.
    if folder.is_symlink() or not folder.resolve().is_relative_to(root):
        raise HTTPException(404, "there is no such run")
    if not (folder / "journal.jsonl").is_file():
        raise HTTPException(404, "there is no such run")
    return folder


class _OfAFile(StreamingResponse):
    """Closes its file however it ends: whoever asked may be gone before the first piece."""

    def __init__(self, stream: IO[bytes], chunks: Iterator[bytes], **more: Any) -> None:
        super().__init__(chunks, **more)
        self._stream = stream

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()


def _sent(path: Path, *, attached: bool) -> Response:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise HTTPException(404, "there is no such file in this record") from None
    seen = os.fstat(handle)
    if not stat.S_ISREG(seen.st_mode):
        os.close(handle)
        raise HTTPException(404, "there is no such file in this record")
    stream = os.fdopen(handle, "rb")

    def chunks() -> Any:
        with stream:
            # As long as it was when it was asked for: a journal may be growing.
            left = seen.st_size
            while left > 0 and (chunk := stream.read(min(_CHUNK, left))):
                left -= len(chunk)
                yield chunk

    headers = {"content-security-policy": _INERT, "content-length": str(seen.st_size)}
    if attached:
        headers["content-disposition"] = f'attachment; filename="{path.name}"'
    kind = _TYPES.get(path.suffix, "application/octet-stream")
    return _OfAFile(stream, chunks(), media_type=kind, headers=headers)
