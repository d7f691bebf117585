"""Records to export: the golden journals, and one whose readings are as awkward as they can be."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

from labctl.events import Assessment, Event, Invalid, Reading, Sample
from labctl.record import Journal, read_journal

GOLDEN = Path(__file__).resolve().parents[2] / "data" / "journals"
REASONS = ("open", "range", "timeout", "disconnected", "protocol", "device", "no-sensor")
SAID = ("", 'said "9.9E37", twice', "two\nlines\tand a tab", "µ°Ω 温度", "a;b,c", " ends in space ")
NUMBERS = (0.1 + 0.2, 5e-324, -0.0, 1.7976931348623157e308, 1 / 3, 21.0, 9007199254740993.0)


def golden(name: str, into: Path) -> Path:
    """The folder of a golden journal."""
    folder = into / "2026-01-31" / f"001-{name}"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_bytes((GOLDEN / f"0.1-a-{name}.jsonl").read_bytes())
    return folder


def written(events: Iterable[Event], folder: Path) -> Path:
    """A folder with a journal of these events."""
    folder.mkdir(parents=True)
    journal = Journal(folder / "journal.jsonl", real_time=False)
    for event in events:
        journal.append(event)
    journal.close()
    return folder


def awkward(into: Path) -> Path:
    """A heating curve whose readings are now and then none, absent, or hard to write."""
    dice = random.Random(3)
    events: list[Event] = []
    for event in read_journal(GOLDEN / "0.1-a-heating.jsonl").events:
        if isinstance(event, Sample):
            readings = tuple(_awkward(r, dice) for r in event.readings if dice.random() > 0.1)
            event = Sample(event.t_ns, event.scheduled_ns, readings)
        elif isinstance(event, Assessment) and dice.random() < 0.2:
            continue
        events.append(event)
    return written(events, into / "2026-01-31" / "002-awkward")


def _awkward(reading: Reading | Invalid, dice: random.Random) -> Reading | Invalid:
    if dice.random() < 0.3:
        said = dice.choice(SAID)
        return Invalid(reading.channel, dice.choice(REASONS), said, reading.t_ns - 1)
    if isinstance(reading, Reading) and dice.random() < 0.5:
        return Reading(reading.channel, dice.choice(NUMBERS), reading.unit, reading.t_ns)
    return reading
