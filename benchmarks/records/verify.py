"""Damage of seven kinds, 1000 trials each: found, and the first bad line named; and of the files
that a record stands on.

Which line that is, is worked out from the bytes alone: the first that is another one than was
written. Beside it the same damage in data.csv, as anybody's CSV reader takes it.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks._figures import Figure
from benchmarks.records._made import BRIEF, sealed, simulated
from labctl.errors import RecordError
from labctl.record import Outcome, verify_run

TRIALS = 1000
Damage = Callable[[bytes, random.Random], bytes]


def _flipped(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    bit = dice.randrange(8 * len(data))
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def _zeroed(data: bytes, dice: random.Random) -> bytes:
    size = min(dice.choice((512, 4096)), len(data))
    at = dice.randrange(0, len(data) - size + 1)
    return data[:at] + bytes(size) + data[at + size :]


def _cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def _exchanged(data: bytes, dice: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    one, other = dice.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def _left_out(data: bytes, dice: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    del lines[dice.randrange(len(lines))]
    return b"".join(lines)


def _doubled(data: bytes, dice: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    at = dice.randrange(len(lines))
    lines.insert(at, lines[at])
    return b"".join(lines)


_PROBE = re.compile(rb'(\["probe\.temperature",)([0-9.]+),')


def _well_made(data: bytes, dice: random.Random) -> bytes:
    """A reading that is another one, in a line with a right checksum."""
    lines = data.splitlines(keepends=True)
    at = dice.choice([number for number, line in enumerate(lines) if _PROBE.search(line)])
    body = lines[at].rpartition(b',"c":')[0]
    step = dice.choice((-1.0, 1.0)) * dice.uniform(0.01, 2.0)
    lines[at] = sealed(
        _PROBE.sub(lambda found: b"%b%r," % (found[1], float(found[2]) + step), body, count=1)
    )
    return b"".join(lines)


KINDS: dict[str, Damage] = {
    "a bit flipped": _flipped,
    "512 or 4096 bytes zeroed": _zeroed,
    "the end cut off": _cut,
    "two lines exchanged": _exchanged,
    "a line left out": _left_out,
    "a line doubled": _doubled,
    "a reading replaced, checksum and all": _well_made,
}


def measure(profile: str, trials: int = TRIALS) -> Iterator[Figure]:
    """Yield the figures of this part; as many trials in short as in full."""
    with tempfile.TemporaryDirectory() as root:
        good = simulated(Path(root) / "good", 1, BRIEF)
        copy = Path(shutil.copytree(good, Path(root) / "copy"))
        was = (good / "journal.jsonl").read_bytes()
        table = (good / "data.csv").read_bytes()
        for number, (name, damage) in enumerate(KINDS.items()):
            dice = random.Random(number)
            found = named = done = unseen = 0
            while done < trials:
                now = damage(was, dice)
                if now == was:
                    continue
                done += 1
                seen, right = _verified(copy, was, now)
                found += seen
                named += right
            beside = ""
            if damage is not _well_made:
                unseen = sum(_reads(damage(table, dice), table) for _ in range(trials))
                beside = f"unseen in data.csv by a CSV reader: {100 * unseen / trials:.3g} %"
            yield Figure(
                f"{name}: found and its line named",
                100.0 * named / trials,
                f"% of {trials}",
                profile,
                beside=beside or f"found: {100 * found / trials:g} %",
                goal="100 %",
                holds=found == named == trials,
            )
        (copy / "journal.jsonl").write_bytes(was)
        named = _copies(copy, random.Random(len(KINDS)), trials)
        yield Figure(
            "a byte changed in begun.json or the copy of protocol, bench or sample: the file named",
            100.0 * named / trials,
            f"% of {trials}",
            profile,
            goal="100 %",
            holds=named == trials,
        )
        named = _facts(copy, random.Random(len(KINDS) + 1), trials)
        yield Figure(
            "a value in run.json changed that was known at the beginning: its key named",
            100.0 * named / trials,
            f"% of {trials}",
            profile,
            goal="100 %",
            holds=named == trials,
        )


def _facts(folder: Path, dice: random.Random, trials: int) -> int:
    """In how many trials verify named the key of run.json under which one value, at whatever depth,
    was another one."""
    file = folder / "run.json"
    was = file.read_text()
    keys = sorted(set(json.loads((folder / "begun.json").read_text())) - {"schema"})
    named = 0
    for _ in range(trials):
        told = json.loads(was)
        key = dice.choice(keys)
        told[key] = _other(told[key], dice)
        file.write_text(json.dumps(told))
        found = verify_run(folder)
        words = found.why[0].rpartition(" of: ")[2].split(", ")
        named += (found.outcome, found.where, words) == (Outcome.CHANGED, "run.json", [key])
    file.write_text(was)
    return named


def _other(value: object, dice: random.Random) -> object:
    """The same with one value in it that is another; whether a commit's files had `changed` is
    looked at when the run is over, and left alone."""
    if isinstance(value, dict) and (inner := sorted(set(value) - {"changed"})):
        key = dice.choice(inner)
        return value | {key: _other(value[key], dice)}
    if isinstance(value, list) and value:
        at = dice.randrange(len(value))
        return [*value[:at], _other(value[at], dice), *value[at + 1 :]]
    return f"{value}." if isinstance(value, str) else "another"


def _copies(folder: Path, dice: random.Random, trials: int) -> int:
    """In how many trials verify named the file that was changed."""
    named = 0
    for _ in range(trials):
        file = folder / dice.choice(("protocol.yaml", "bench.yaml", "sample.yaml", "begun.json"))
        was = file.read_bytes()
        changed = bytearray(was)
        changed[dice.randrange(len(was))] ^= 1 << dice.randrange(8)
        file.write_bytes(changed)
        found = verify_run(folder)
        named += (found.outcome, found.where) == (Outcome.CHANGED, file.name)
        file.write_bytes(was)
    return named


def _verified(copy: Path, was: bytes, now: bytes) -> tuple[bool, bool]:
    """Whether the damage was found, and whether the right line was named."""
    journal = copy / "journal.jsonl"
    journal.write_bytes(now)
    try:
        found = verify_run(copy)
    except RecordError:
        return False, False
    if found.outcome is not Outcome.CHANGED:
        return False, False
    first = _first_other(was, now)
    if found.where == f"{journal.name}:{first}":
        return True, True
    covered = re.search(r"one of lines (\d+) to (\d+)", found.why[0])
    return True, covered is not None and int(covered[1]) <= first <= int(covered[2])


def _first_other(was: bytes, now: bytes) -> int:
    """The first line, from 1, that is not the one that was written."""
    lines = now.split(b"\n")[:-1]
    for number, line in enumerate(was.split(b"\n")[:-1]):
        if number >= len(lines) or lines[number] != line:
            return number + 1
    return was.count(b"\n") + 1


def _reads(now: bytes, was: bytes) -> bool:
    """Whether a CSV reader takes it for a table of numbers with nothing amiss."""
    if now == was:
        return False
    try:
        rows: Sequence[Sequence[str]] = list(csv.reader(io.StringIO(now.decode(), newline="")))
        width = len(rows[0])
        for row in rows[1:]:
            if len(row) != width:
                return False
            float(row[0])
            float(row[1])
    except (ValueError, IndexError, csv.Error):
        return False
    return True
