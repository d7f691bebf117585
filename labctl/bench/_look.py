"""A look at a bench in the dark: whether anything is not as it must be for its light."""

from __future__ import annotations

from dataclasses import replace

from labctl.bench._connect import connect
from labctl.bench._model import BenchFile
from labctl.clock import NS, Clock
from labctl.events import SOURCES, Invalid, Reading
from labctl.evidence import eyes_of
from labctl.guard import Guards, decide
from labctl.talk import Heartbeat, Phase, Trip

_WAIT_NS = 5 * NS // 2
"""Off is forced on connecting; so long after it, any light counts."""


async def look(bench_file: BenchFile, clock: Clock) -> list[Trip]:
    """Connect, which forces every source off, read everything, and hold it against every rule that
    a bench must meet before it is lit. Nothing is lit. Empty when nothing is amiss."""
    roles = bench_file.roles
    sources = [name for name in SOURCES if name in roles]
    needs = [*sources, *(name for name in ("probe", "ambient", "meter") if name in roles)]
    bench = await connect(bench_file, needs, clock, None)
    trips: list[Trip] = []
    try:
        specs = {name: bench_file.guard_spec(source=name) for name in sources}
        guards = Guards(eyes_of(specs, bench.sources, bench.meter, clock), clock, trips.append)
        await clock.sleep(_WAIT_NS)
        readings = await bench.read_all(guards)
        for name, spec in specs.items():
            # In the state in which it would be armed.
            known = replace(guards.of(name).known, phase=Phase.ARMED)
            for reading in readings:
                if reading.channel == spec.guarded_channel:
                    known.beat = _beat(reading)
                    if isinstance(reading, Reading):
                        known.temperatures.append((reading.t_ns, reading.value))
            trips += [t for t in decide(spec, known, clock.now_ns()) if t not in trips]
        await guards.close()
    finally:
        await bench.close()
    return trips


def _beat(reading: Reading | Invalid) -> Heartbeat:
    if isinstance(reading, Reading):
        return Heartbeat(reading.t_ns, reading.value)
    return Heartbeat(reading.t_ns, None, reading.reason)
