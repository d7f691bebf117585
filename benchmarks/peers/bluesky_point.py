"""What one point costs bluesky's RunEngine with soft devices: set one, read two, record.

Runs in an environment of its own (bluesky and ophyd-async are no dependency of labctl) and prints
microseconds a point. Arguments: number of points.
"""

from __future__ import annotations

import sys
import time

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
from bluesky import RunEngine
from ophyd_async.core import StandardReadable, init_devices, soft_signal_rw


class Soft(StandardReadable):
    """A device with one soft signal."""

    def __init__(self, name: str = "") -> None:
        with self.add_children_as_readables():
            self.value = soft_signal_rw(float)
        super().__init__(name)


def main() -> None:
    points = int(sys.argv[1])
    engine = RunEngine({})
    rows: list[tuple[float, ...]] = []

    def record(name: str, document: dict[str, object]) -> None:
        if name == "event":
            rows.append(tuple(document["data"].values()))  # type: ignore[attr-defined]

    engine.subscribe(record)
    with init_devices():
        output, probe, meter = Soft("output"), Soft("probe"), Soft("meter")

    @bpp.run_decorator()
    def plan():  # type: ignore[no-untyped-def]
        for index in range(points):
            yield from bps.abs_set(output.value, float(index), wait=True)
            yield from bps.trigger_and_read([probe, meter])

    started = time.perf_counter()
    engine(plan())
    elapsed = time.perf_counter() - started
    if len(rows) != points:
        raise SystemExit(f"{len(rows)} points recorded, {points} asked for")
    print(elapsed / points * 1e6)


if __name__ == "__main__":
    main()
