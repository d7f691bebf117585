"""A record that was made aside, put among the others in one step."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labctl.clock import NS, wall_utc_ns
from labctl.errors import RecordError
from labctl.platform import locked, sync_folder
from labctl.record._disk import cannot_write
from labctl.record._folder import next_number

_ASIDE = ".making-"
_DAY_NS = 86_400 * NS


@contextmanager
def aside(runs_dir: Path) -> Iterator[Path]:
    """A hidden folder on the same disk in which a record may be made; whatever is still in it goes
    with it. What one that was killed more than a day ago left goes too. RecordError when it cannot
    be made."""
    try:
        runs_dir.mkdir(parents=True, exist_ok=True)
        for left in runs_dir.glob(f"{_ASIDE}*"):
            if wall_utc_ns() - left.stat().st_mtime_ns > _DAY_NS:
                shutil.rmtree(left, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=runs_dir))
    except OSError as error:
        raise cannot_write(runs_dir, error) from error
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def place_record(made: Path, runs_dir: Path) -> Path:
    """Move a closed record, `<day>/<NNN>-<name>` in a folder that `aside` gave, to that day of
    `runs_dir`, under the next number that is free there; returns where it is now. RecordError when
    it cannot be moved: then nothing of it is there."""
    if not (made / "journal.jsonl").is_file():
        raise RecordError("there is no journal to put among the records", where=str(made))
    day, name = runs_dir / made.parent.name, made.name.partition("-")[2]
    try:
        day.mkdir(exist_ok=True)
        sync_folder(runs_dir)
        with locked(day):
            path = day / f"{next_number(day):03d}-{name}"
            os.rename(made, path)
        sync_folder(day)
    except OSError as error:
        raise cannot_write(day, error) from error
    return path
