"""Files beside the journal whose SHA-256 stands in it, and whether they are still those.

What labctl writes for a run to stand on (the copies of protocol, bench and sample, the guard's own
log) is covered. What people add to a folder later (notes, observations) and what is made again from
the journal (report, figures, exports, the crate's description) is not, by design.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from labctl.errors import RecordError

GUARD_LOG = "guard.jsonl"
BEGUN = "begun.json"
COVERED = ("protocol.yaml", "bench.yaml", "sample.yaml", GUARD_LOG)
"""Files that a record stands on, where it has them; and `BEGUN`, where its journal may say so."""


def keep(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Of each file that is there: `sha256` of its bytes, and how many they are. RecordError where
    one cannot be read."""
    kept: dict[str, dict[str, Any]] = {}
    for name in names:
        path = folder / name
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _unreadable(path, error) from error
        kept[name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    return kept


def changed(folder: Path, kept: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and words of each file that is not as the journal has it. A journal that was kept by
    itself, without its folder's run.json, misses nothing."""
    alone = not (folder / "run.json").exists()
    for name, was in kept.items():
        if not _is_plain(name) or not isinstance(was, Mapping):
            yield name, f"the journal speaks of a file {name!r} that no labctl keeps"
            continue
        try:
            data = (folder / name).read_bytes()
        except FileNotFoundError:
            if not alone:
                yield name, f"{name} is missing, and the journal has its hash"
            continue
        except OSError as error:
            raise _unreadable(folder / name, error) from error
        length = was.get("bytes")
        if not isinstance(length, int) or len(data) < length:
            yield name, f"{name} is shorter than the journal says: {len(data)} bytes of {length}"
        elif hashlib.sha256(data[:length]).hexdigest() != was.get("sha256"):
            yield name, f"{name} is not the file that the journal has the hash of"
        elif len(data) > length and name != GUARD_LOG:
            yield name, f"{name} is longer than the journal says: {len(data)} bytes, then {length}"


def not_covered(folder: Path, kept: Mapping[str, Any]) -> str:
    """A sentence on what of the files that a record stands on this journal says nothing of, as one
    of an older labctl; '' where that is nothing."""
    bare = [name for name in COVERED if name not in kept and (folder / name).exists()]
    said = []
    if bare:
        said.append(f"not covered, the journal has no hash of: {', '.join(bare)}")
    log = kept.get(GUARD_LOG)
    length = log.get("bytes") if isinstance(log, Mapping) else None
    if isinstance(length, int) and (folder / GUARD_LOG).exists():
        with (folder / GUARD_LOG).open("rb") as file:
            file.seek(length)
            lines = sum(1 for _ in file)
        if lines:
            said.append(f"not covered: the last {lines} lines of {GUARD_LOG}, of after the run")
    return "; ".join(said)


def _unreadable(path: Path, error: OSError) -> RecordError:
    return RecordError("cannot be read", where=str(path), seen=error.strerror or str(error))


def _is_plain(name: str) -> bool:
    """A file of the folder itself: a journal may come from anywhere."""
    return bool(name) and "/" not in name and "\\" not in name and not name.startswith(".")
