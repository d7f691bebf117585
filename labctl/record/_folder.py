"""The folder of one run: `<runs>/<date>/<NNN>-<protocol>-<sample>/`.

`run.json` is written first, with state `running`, and replaced in one step whenever more is
known; what it says of outcome and results is taken from the journal's own events.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labctl import clock, events
from labctl.clock import NS
from labctl.errors import RecordError
from labctl.platform import locked, sync_folder
from labctl.record._begun import KEY, begun_facts, end_utc_ns
from labctl.record._disk import Disk, cannot_write, put_files, replace_file
from labctl.record._journal import Journal
from labctl.record._kept import BEGUN, COVERED, keep
from labctl.record._origin import git_changes, new_run_id, origin
from labctl.record._table import LiveTable

SCHEMA = "labctl.run/1"
BYTES_A_SAMPLE = 1_500
"""Journal and table together, with room to spare: four channels and the check take about 900."""
SPARE_BYTES = 64 << 20
"""Left on the disk for everybody else."""
RESERVE, RESERVE_BYTES = ".reserve", 65_536
"""Given up at the end, so that run.json can tell how a run ended whose disk is full."""


class RunFolder:
    """The folder of a run that goes on. `create`, `open_journal`, then `finish`."""

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        self.path = path
        self._facts = facts
        self._journal: Journal | None = None
        self._table: LiveTable | None = None

    @classmethod
    def create(
        cls,
        runs_dir: Path,
        protocol: str,
        sample: str = "",
        *,
        texts: Mapping[str, str] | None = None,
        facts: Mapping[str, Any] | None = None,
        expected_samples: int = 0,
    ) -> RunFolder:
        """Make the folder, with a number that no other process takes, and `run.json` in it.

        `texts` are files to keep as they are, such as `protocol.yaml`; `facts` go to run.json
        (mode, seed, speed, bench, broker, ...). RecordError when the disk has no room for
        `expected_samples`, or cannot be written.
        """
        try:
            runs_dir.mkdir(parents=True, exist_ok=True)
            _check_room(runs_dir, expected_samples * BYTES_A_SAMPLE + SPARE_BYTES)
            begun_ns = clock.wall_utc_ns()
            path = _make(runs_dir / _local(begun_ns).date().isoformat(), _slug(protocol, sample))
            (path / RESERVE).write_bytes(bytes(RESERVE_BYTES))
            about: dict[str, Any] = {
                "schema": SCHEMA,
                "run_id": new_run_id(),
                "state": "running",
                "protocol": protocol,
                "sample": sample,
                "begun": _local(begun_ns).isoformat(),
                "pid": os.getpid(),
                **(facts or {}),
                **origin(),
            }
            said = to_json(begun_facts(about))
            put_files(path, {**(texts or {}), BEGUN: said.decode("utf-8")})
        except OSError as error:
            raise cannot_write(runs_dir, error) from error
        folder = cls(path, about | {KEY: hashlib.sha256(said).hexdigest()})
        folder.note()
        return folder

    @property
    def run_id(self) -> str:
        """The run's name among all runs."""
        run_id: str = self._facts["run_id"]
        return run_id

    @property
    def recorded(self) -> tuple[int, int]:
        """How many events the journal has taken, and how many of them are certainly on disk. Any
        thread may ask, at any time."""
        journal = self._journal
        if journal is None:
            return 0, 0
        # The second first: it never passes the first.
        durable = journal.durable_seq
        return journal.seq, durable

    def open_journal(
        self,
        *,
        real_time: bool,
        on_fault: Callable[[RecordError], object] | None = None,
        disk: Disk | None = None,
    ) -> Journal:
        """Begin `journal.jsonl` and `data.csv`; see `Journal`."""
        self._table = LiveTable(self.path / "data.csv", disk)
        self._journal = Journal(
            self.path / "journal.jsonl",
            real_time=real_time,
            also=self._table,
            on_fault=on_fault,
            disk=disk,
        )
        return self._journal

    def kept(self, *, outside: bool = True) -> dict[str, dict[str, Any]]:
        """SHA-256 and length of the files beside the journal that the record stands on, as they
        are now: for a `FilesKept` in the journal. Without `outside` none of what tells of people,
        machine and times: a run in virtual time has the same journal whoever lets it run, wherever.
        RecordError where one cannot be read."""
        return keep(self.path, (*COVERED, BEGUN) if outside else COVERED)

    def note(self, **facts: Any) -> None:
        """Put more facts into run.json, now."""
        self._facts |= facts
        replace_file(self.path / "run.json", to_json(self._facts))

    def write_truth(self, truth: Mapping[str, Any]) -> None:
        """`truth.json`: what the simulated world was. No checker reads it."""
        replace_file(self.path / "truth.json", to_json(truth))

    def finish(self, **facts: Any) -> None:
        """Close the journal and the table, and say in run.json how the run ended; `facts` come
        on top of what the journal's events say.

        To be called after a fault too, which it then raises when all is said that can be.
        """
        with suppress(OSError):
            # A disk that takes nothing does not give up the reserve either.
            (self.path / RESERVE).unlink(missing_ok=True)
        journal, table = self._journal, self._table
        if journal is None or table is None:
            self.note(state="not begun", ended=_local(clock.wall_utc_ns()).isoformat(), **facts)
            return
        fault = _close(journal, table)
        ended = journal.ended
        ended_ns = None if ended is None else end_utc_ns(self._facts, ended.t_ns)
        told: dict[str, Any] = {
            "state": "closed" if ended is not None and fault is None else "cut off",
            "ended": _local(ended_ns or clock.wall_utc_ns()).isoformat(),
            "fault": None if fault is None else str(fault),
            **ending(ended, journal.verdict, journal.dose),
            "journal": {
                "head_hash": journal.head_hash,
                "events": journal.seq,
                "durable_seq": journal.durable_seq,
            },
            **git_changes(self._facts),
            **facts,
        }
        try:
            self.note(**told)
        except RecordError as error:
            # What came first is what the person at the bench must hear of.
            raise fault or error from error
        if fault is not None:
            raise fault


def _close(journal: Journal, table: LiveTable) -> RecordError | None:
    """Close both; returns what went wrong, so that run.json can say it first."""
    try:
        journal.close()
        # After a fault the journal may have more of the last row than the table was given.
        table.close(whole=journal.fault is None)
    except RecordError as error:
        return journal.fault or error
    return journal.fault


def ending(
    ended: events.RunEnded | None,
    verdict: events.Verdict | None,
    dose: events.Dose | None = None,
) -> dict[str, Any]:
    """What run.json says of a run's end."""
    said: dict[str, Any] = {}
    if ended is not None:
        said["outcome"] = ended.outcome
        said["why"] = ended.why
        said["exit_code"] = ended.exit_code
        said["beam"] = {"state": ended.beam.value, "how": ended.beam_how}
        if ended.heater is not None:
            said["heater"] = {"state": ended.heater.value, "how": ended.heater_how}
            said["electrical_j"] = ended.electrical_j
        if ended.coil is not None:
            said["coil"] = {"state": ended.coil.value, "how": ended.coil_how}
            said["coil_j"] = ended.coil_j
        said["samples"] = ended.samples
        said["energy_j"] = ended.energy_j
        said["duration_s"] = ended.t_ns / NS
    if verdict is not None:
        said["verdict"] = verdict.verdict
        said["reasons"] = list(verdict.reasons)
        said["results"] = dict(verdict.results)
        said["budget"] = dict(verdict.budget)
        said["improve"] = verdict.improve
        said["assumptions"] = list(verdict.assumptions)
    if dose is not None:
        said["dose"] = {**dose.results, "words": list(dose.words)}
    return said


def to_json(facts: Mapping[str, Any]) -> bytes:
    """As a person reads it."""
    text = json.dumps(dict(facts), indent=2, ensure_ascii=False, allow_nan=False, default=str)
    # Half a character is written out, as JSON has it; nothing that somebody said may stand in the
    # way of a record's end.
    return (text + "\n").encode("utf-8", "backslashreplace")


def _make(day: Path, name: str) -> Path:
    day.mkdir(exist_ok=True)
    sync_folder(day.parent)
    with locked(day):
        path = day / f"{next_number(day):03d}-{name}"
        path.mkdir()
    sync_folder(day)
    return path


def next_number(day: Path) -> int:
    """The first that no run of the day has. To be asked with the day's folder locked."""
    taken = [re.match(r"(\d+)-", path.name) for path in day.iterdir()]
    return max((int(match[1]) for match in taken if match), default=0) + 1


def _check_room(where: Path, needed: int) -> None:
    free = shutil.disk_usage(where).free
    if free < needed:
        raise RecordError(
            f"not enough room on the disk: this run may need {needed / 1e6:.0f} MB",
            where=str(where),
            seen=f"{free / 1e6:.0f} MB free",
            fix="Free space, or choose another disk with --runs.",
        )


def _slug(*names: str) -> str:
    """Names as part of a folder's name on any file system."""
    words = [re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-.") for name in names]
    return "-".join(word[:60] for word in words if word) or "run"


def _local(utc_ns: int) -> datetime:
    """A moment as the lab's own clock shows it, with its offset."""
    return datetime.fromtimestamp(utc_ns // NS, UTC).astimezone()
