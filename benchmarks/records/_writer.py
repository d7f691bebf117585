"""A process that keeps a record under load until it is killed, and says what is on the disk.

`python -m benchmarks.records._writer ROOT SEED RATE SLOW`: events a second (0: as fast as it goes)
and seconds added to every sync. The first line of stdout is the run's folder; every later one the
number of the last event that is certainly on disk, told as soon as that moves.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from labctl.events import Assessment, Event, Invalid, Mode, Note, Reading, RunBegun, Sample
from labctl.record import Disk, RunFolder

BACKLOG = 4096
"""As the engine has it in virtual time: whoever is ahead of the disk by more waits for it."""


class SlowDisk(Disk):
    """A disk each of whose syncs takes longer."""

    def __init__(self, more_s: float) -> None:
        self._more_s = more_s

    def sync(self, handle: int) -> None:
        """As any disk, later."""
        time.sleep(self._more_s)
        super().sync(handle)


def drawn_events(seed: int) -> Iterator[Event]:
    """What this seed's run consists of, without an end: readings and what a check says of them,
    now and then a reading that is none, or a note, some of them long."""
    dice = random.Random(seed)
    yield RunBegun(0, Mode.SIMULATED, "load", "p", "bench", "b", "water", "s", seed, "0")
    t_ns = 0
    while True:
        t_ns += 1_000_000
        probe = dice.gauss(40.0, 5.0)
        yield Sample(
            t_ns,
            t_ns,
            (
                Reading("probe.temperature", probe, "degC", t_ns),
                Reading("ambient.temperature", dice.gauss(22.0, 0.1), "degC", t_ns)
                if dice.random() > 0.02
                else Invalid("ambient.temperature", "open", '"9.9E37", open', t_ns),
                Reading("meter.power", dice.gauss(0.98, 0.01), "W", t_ns),
                Reading("laser.current", dice.gauss(1.2, 0.001), "A", t_ns),
            ),
        )
        yield Assessment(
            t_ns, "heating", probe, 0.05, dice.gauss(0, 1), 0.41, 0.01, 0.02, 180.0, 2.0, 0.011,
            0.001, False, dice.gauss(0, 0.01),
        )  # fmt: skip
        if dice.random() < 0.005:
            yield Note(t_ns, "load", "long " * dice.choice((1, 10, 1000)))


def main() -> None:
    root, seed, rate, slow_s = sys.argv[1:]
    folder = RunFolder.create(Path(root), "load", "water")
    disk = SlowDisk(float(slow_s)) if float(slow_s) else None
    journal = folder.open_journal(real_time=False, disk=disk)
    print(folder.path, flush=True)
    every_s = 1.0 / float(rate) if float(rate) else 0.0
    due_s, told = time.monotonic(), 0
    for event in drawn_events(int(seed)):
        seq = journal.append(event)
        if journal.durable_seq != told:
            told = journal.durable_seq
            os.write(1, b"%d\n" % told)
        if journal.backlog > BACKLOG:
            journal.durable(seq).result()
        if every_s:
            due_s += every_s
            ahead_s = due_s - time.monotonic()
            if ahead_s > 0.002:
                time.sleep(ahead_s)


if __name__ == "__main__":
    main()
