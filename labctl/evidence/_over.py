"""Eyes over the instruments that a guard's process holds, in the roles that its setup gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from labctl.clock import Clock
from labctl.evidence._eyes import Eyes, eyes_of
from labctl.instruments import (
    Gate,
    GateRole,
    Instrument,
    MeterRole,
    PowerMeter,
    Source,
    SourceRole,
)
from labctl.talk import Setup


def eyes_over(held: Mapping[str, Instrument], setup: Setup, clock: Clock) -> dict[str, Eyes]:
    """For each source, by name; with the setup's limits and calibrations."""
    sources = {}
    for source in setup.sources:
        one = held[source.instrument]
        driver, confirms = cast(Source, one.driver), one.spec.confirms_emission
        role = SourceRole(one, driver, confirms, source.level, source.measured_w)
        sources[source.name] = role
    head, meter = held.get(setup.meter), None
    if head is not None:
        meter = MeterRole(head, cast(PowerMeter, head.driver), setup.pick_off, clock.now_ns)
    gates = [
        GateRole(name, held[key], cast(Gate, held[key].driver)) for name, key in setup.gates.items()
    ]
    specs = {source.name: source.spec for source in setup.sources}
    return eyes_of(specs, sources, meter, clock, gates)
