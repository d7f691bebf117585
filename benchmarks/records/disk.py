"""A disk that fails in the middle of a run: laser off, `durable` honest, the journal ends on a
whole line, exit code 6 and words that help.

Whole simulated runs in virtual time, on a disk that fails once a file has come to a drawn byte, in
seven ways; some are over at once and must not be believed. What the journal claims is held against
the disk's own account of what it synced. Where this machine lets a file system be mounted: runs
over TCP on one that really is filled, remounted read-only or gone, and is then mounted again.
"""

from __future__ import annotations

import errno
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks._figures import Figure
from benchmarks.records._made import BRIEF, carried_out, simulated
from benchmarks.records._mounted import BREAKS
from benchmarks.service._kept import ROOT
from labctl.clock import NS, real_ns
from labctl.engine import RunResult
from labctl.errors import Exit
from labctl.events import Beam, Emission, Event
from labctl.record import (
    Disk,
    Journal,
    JournalState,
    Outcome,
    RunFolder,
    make_table,
    read_journal,
    verify_run,
)

MOMENTS = {"short": 8, "full": 80}
"""Of each kind."""
GROUP_NS = NS // 200
"""A run in virtual time is over in two groups of 100 ms: shorter ones, so that it has many."""
OFF_MS = 1000
"""From the disk's failure to the dark, in a run over TCP at 10 Hz: the group of 100 ms, the sync,
then the guard's own way to off."""
JOURNAL, TABLE = "journal.jsonl", "data.csv"


@dataclass(frozen=True)
class Kind:
    """How a disk fails."""

    name: str
    call: str
    """`write` or `sync`."""
    errno: int
    """Of the error; 0 for a write that takes less than it was given and says so."""
    lasts: bool = True
    """Whether it goes on failing."""
    file: str = JOURNAL


KINDS = (
    Kind("disk full", "write", errno.ENOSPC),
    Kind("write cut short, then full", "write", 0),
    Kind("write cut short, then well again", "write", 0, lasts=False),
    Kind("EIO on sync", "sync", errno.EIO),
    Kind("EIO on one sync, then well again", "sync", errno.EIO, lasts=False),
    Kind("read-only", "write", errno.EROFS),
    Kind("data.csv cut short", "write", 0, lasts=False, file=TABLE),
)


class Failing:
    """Stands in the place of the disk's calls for one run, and keeps its own account."""

    def __init__(self, kind: Kind, at_byte: int) -> None:
        self._kind = kind
        self._at = at_byte
        self._written: dict[str, int] = {}
        self._write, self._sync = Disk.write, Disk.sync
        self.failed_ns = 0
        """When it first failed, in real time; 0 before."""
        self.synced = 0
        """Bytes of the journal that were on the disk when a sync last said so. After a sync that
        failed none is believed: the kernel may call pages clean that it has lost."""

    def put_in(self, stack: ExitStack) -> None:
        """In the place of the real calls, until the stack is left."""
        stack.enter_context(mock.patch.object(Disk, "write", lambda _, *a: self.write(*a)))
        stack.enter_context(mock.patch.object(Disk, "sync", lambda _, *a: self.sync(*a)))

    def write(self, handle: int, data: bytes) -> int:
        """As the disk, until it fails."""
        kind, name = self._kind, _name(handle)
        before = self._written.get(name, 0)
        if kind.call == "write" and name == kind.file and before + len(data) > self._at:
            if kind.errno or (self.failed_ns and kind.lasts):
                self._fail(kind.errno or errno.ENOSPC)
            if not self.failed_ns:
                self.failed_ns = real_ns()
                data = data[: self._at - before]
        taken = self._write(Disk(), handle, data)
        self._written[name] = before + taken
        return taken

    def sync(self, handle: int) -> None:
        """As the disk, until it fails."""
        kind, name = self._kind, _name(handle)
        failing = kind.call == "sync" and self._written[name] > self._at
        if failing and (kind.lasts or not self.failed_ns):
            self._fail(kind.errno)
        self._sync(Disk(), handle)
        if name == JOURNAL and not failing:
            self.synced = os.fstat(handle).st_size

    def _fail(self, number: int) -> None:
        self.failed_ns = self.failed_ns or real_ns()
        raise OSError(number, os.strerror(number))


def _name(handle: int) -> str:
    return Path(os.readlink(f"/proc/self/fd/{handle}")).name


@dataclass
class Tally:
    """What came of one kind of failure at many moments."""

    runs: int = 0
    lit: int = 0
    """Runs that were lit when the disk failed."""
    off_ms: list[float] = field(default_factory=list)
    """Of those: from the disk's word to the light's end on the record, in real time."""
    wrong: list[str] = field(default_factory=list)
    """What did not hold, run by run."""


def measure(profile: str, moments: int | None = None) -> Iterator[Figure]:
    """Yield the figures of this part."""
    moments = MOMENTS[profile] if moments is None else moments
    sizes = whole_sizes()
    for number, kind in enumerate(KINDS):
        tally = failed(kind, moments, number, sizes)
        for words in tally.wrong:
            print(f"{kind.name}: {words}", file=sys.stderr)
        about = f"{tally.lit} of {tally.runs} lit when it failed"
        if tally.off_ms:
            about += f", off at most {max(tally.off_ms):.0f} ms after it"
        yield Figure(
            f"{kind.name}: off, durable honest, whole lines, exit 6",
            tally.runs - len(tally.wrong),
            f"of {tally.runs} runs",
            profile,
            beside=about,
            goal="all",
            holds=not tally.wrong and tally.lit > 0,
        )
    yield from _mounted(profile)


def _mounted(profile: str) -> Iterator[Figure]:
    """The same on a file system that really breaks; one run each, and one with no room."""
    for kind in (*BREAKS, "no room before the start"):
        what = "off, durable honest, whole lines, exit 6" if kind in BREAKS else "refused, in words"
        name = f"{kind}: {what}"
        try:
            found = _in_a_namespace(kind)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{kind}: {error} {getattr(error, 'stderr', '')}", file=sys.stderr)
            yield Figure(name, 0, "runs", profile, beside="nothing can be mounted here")
            continue
        wrong = list(_wrong_mounted(found) if kind in BREAKS else _wrong_refusal(found))
        for words in wrong:
            print(f"{kind}: {words}", file=sys.stderr)
        about = _about(found) if kind in BREAKS else "; ".join(found["words"].splitlines()[::2])
        yield Figure(name, 0 if wrong else 1, "of 1 run", profile, about, "all", not wrong)


def _about(found: Mapping[str, Any]) -> str:
    out = f"light out {found['off_ms']:.0f} ms after it, by the world's log; "
    return out + f"{found['told']} events called durable, {found['there']} on a second mount"


def _in_a_namespace(kind: str) -> dict[str, Any]:
    """What `_mounted` says; its mounts are seen by nobody else and end with it."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["unshare", "--mount", sys.executable, "-m", "benchmarks.records._mounted", kind,
             folder],
            cwd=ROOT, capture_output=True, text=True, check=True, timeout=180,
        )  # fmt: skip
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def _wrong_mounted(found: Mapping[str, Any]) -> Iterator[str]:
    ended = found["ended"]
    if found["off_ms"] is None or not found["lit_before"]:
        yield "it was not lit, or it is lit still"
    elif found["off_ms"] > OFF_MS:
        yield f"the light went out {found['off_ms']:.0f} ms after it"
    said = (found["code"], ended["outcome"], ended["exit_code"], ended["beam"])
    if said != (Exit.DATA, "data-fault", Exit.DATA, "off") or found["traceback"]:
        yield f"it ended {said}"
    if "--runs" not in ended["why"]:
        yield f"it says {ended['why']!r}"
    if found["told"] > found["there"]:
        yield f"{found['told']} events were called durable, {found['there']} are there"
    if not found["whole"]:
        yield "the journal ends within a line"
    if {found["verify"], found["then"]} != {Outcome.CUT_OFF}:
        yield f"verify says {found['verify']}, then {found['then']}"
    facts = found["run.json"]
    if facts["state"] != "running" and (
        facts["state"] != "cut off" or facts["exit_code"] != Exit.DATA or not facts["fault"]
    ):
        yield f"run.json says {facts}"
    if found["room_for_run_json"] and facts["state"] == "running":
        yield "run.json does not tell of the fault"


def _wrong_refusal(found: Mapping[str, Any]) -> Iterator[str]:
    if found["code"] != Exit.DATA or found["left"]:
        yield f"exit code {found['code']}, left {found['left']}"
    if "not enough room" not in found["words"] or "--runs" not in found["words"]:
        yield f"it says {found['words']!r}"


def whole_sizes() -> dict[str, int]:
    """Bytes of each file of the run whose disk does not fail."""
    with tempfile.TemporaryDirectory() as root:
        whole = simulated(Path(root), 1, BRIEF)
        return {name: (whole / name).stat().st_size for name in (JOURNAL, TABLE)}


def failed(kind: Kind, moments: int, seed: int, sizes: Mapping[str, int]) -> Tally:
    """Runs whose disk fails so, once it has taken a drawn part of what the whole run writes."""
    dice = random.Random(seed)
    tally = Tally()
    with tempfile.TemporaryDirectory() as root:
        size = sizes[kind.file]
        for number in range(moments):
            # One in each of as many parts, so that every phase of a run has its share; and the
            # last byte, whose write is that of the closing event.
            at = int(size * (number + dice.random()) / moments)
            if number == moments - 1:
                at = size - 1
            disk, light = Failing(kind, at), _Light()
            journals: list[Journal] = []
            with ExitStack() as stack:
                disk.put_in(stack)
                stack.enter_context(mock.patch("labctl.record._journal.GROUP_NS", GROUP_NS))
                stack.enter_context(mock.patch.object(RunFolder, "open_journal", _kept(journals)))
                result = carried_out(Path(root) / str(number), 1, BRIEF, publish=[light.hear])
            tally.runs += 1
            if light.lit_at(disk.failed_ns):
                tally.lit += 1
                tally.off_ms.append((light.off_ns - disk.failed_ns) / 1e6)
            wrong = list(_wrong(result, disk, journals[0]))
            if wrong:
                tally.wrong.append(f"at byte {at}: {'; '.join(wrong)}")
    return tally


class _Light:
    """When the record's events say that it came and went, in real time."""

    def __init__(self) -> None:
        self._on_ns = 0
        self.off_ns = 0

    def hear(self, event: Event) -> None:
        if isinstance(event, Emission) and event.beam is Beam.ON:
            self._on_ns = self._on_ns or real_ns()
        elif isinstance(event, Emission) and event.beam is Beam.OFF and self._on_ns:
            self.off_ns = self.off_ns or real_ns()

    def lit_at(self, now_ns: int) -> bool:
        return 0 < self._on_ns < now_ns < self.off_ns


def _kept(journals: list[Journal]):  # type: ignore[no-untyped-def]
    """`RunFolder.open_journal`, its journal kept, so that its claim can be asked for."""
    real = RunFolder.open_journal

    def open_journal(self: RunFolder, **how: object) -> Journal:
        journals.append(real(self, **how))  # type: ignore[arg-type]
        return journals[-1]

    return open_journal


def _wrong(result: RunResult, disk: Failing, journal: Journal) -> Iterator[str]:
    """What does not hold of this run."""
    path, ended = result.folder.path, result.ended
    if not disk.failed_ns:
        yield "the disk never failed"
    if (ended.outcome, ended.exit_code) != ("data-fault", Exit.DATA):
        yield f"ended {ended.outcome}, exit code {int(ended.exit_code)}"
    if ended.beam is not Beam.OFF:
        yield f"the beam is {ended.beam.value} by its end"
    truth = json.loads((path / "truth.json").read_text())
    if any(entry["off_ns"] is None for entry in truth["emission"]):
        yield "the world is lit"
    fault = str(result.fault)
    if path.name not in fault or "--runs" not in fault:
        yield f"it says {fault!r}"
    data = (path / JOURNAL).read_bytes()
    if not data.endswith(b"\n") and data:
        yield "the journal ends within a line"
    reading = read_journal(path / JOURNAL)
    synced = sum(b'"k":' in line for line in data[: disk.synced].splitlines())
    said = json.loads((path / "run.json").read_text())
    if said["journal"]["durable_seq"] != journal.durable_seq:
        yield "run.json and the journal claim different things"
    if journal.durable_seq > synced:
        yield f"{journal.durable_seq} events are called durable, {synced} were synced"
    if journal.durable_seq > reading.durable_seq:
        yield f"{journal.durable_seq} events are called durable, {reading.durable_seq} are there"
    if (said["state"], said["exit_code"]) != ("cut off", Exit.DATA) or fault != said["fault"]:
        yield f"run.json says {said['state']}, {said['exit_code']}, {said['fault']}"
    yield from _wrong_table(path)
    found = verify_run(path)
    # The last sync may fail behind the closing event; a table's last rows may be all that lacks.
    right = Outcome.INTACT if reading.state is JournalState.CLOSED else Outcome.CUT_OFF
    if right is Outcome.INTACT and TABLE in found.why[0]:
        right = Outcome.CHANGED
    if found.outcome is not right:
        yield f"verify says {found.outcome}: {found.why}"


def _wrong_table(path: Path) -> Iterator[str]:
    """data.csv is how the table that the journal gives begins, in whole rows."""
    have = (path / TABLE).read_bytes() if (path / TABLE).exists() else b""
    make_table(path / JOURNAL, path / "made.csv")
    if not (path / "made.csv").read_bytes().startswith(have):
        yield "data.csv is not how the journal's table begins"
    if have and not have.endswith(b"\n"):
        yield "data.csv ends within a row"
