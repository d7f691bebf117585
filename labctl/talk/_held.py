"""From a setup to the instruments that it names, and to the roles in which a guard holds them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

from labctl.clock import Clock
from labctl.instruments import (
    Gate,
    GateRole,
    Identity,
    Instrument,
    MeterRole,
    PowerMeter,
    Source,
    SourceRole,
    make_instrument,
)
from labctl.talk._process import Found, Setup


def hold(
    held: dict[str, Instrument],
    setup: Setup,
    clock: Clock,
    on_trouble: Callable[[str, str, str], None],
) -> None:
    """Put all that the setup names into `held`; nothing is opened yet."""
    for one in setup.instruments:
        held[one.key] = make_instrument(
            one.key, one.driver, one.address, one.settings, clock,
            on_trouble=partial(on_trouble, one.key),
        )  # fmt: skip


def roles_of(
    held: dict[str, Instrument], setup: Setup, now_ns: Callable[[], int]
) -> tuple[dict[str, SourceRole], MeterRole | None, list[GateRole]]:
    """Sources by name, the meter, the gates; with the setup's calibrations."""
    sources = {}
    for source in setup.sources:
        one = held[source.instrument]
        driver, confirms = cast(Source, one.driver), one.spec.confirms_emission
        role = SourceRole(one, driver, confirms, source.level, source.measured_w)
        sources[source.name] = role
    head = held.get(setup.meter)
    meter = None
    if head is not None:
        meter = MeterRole(head, cast(PowerMeter, head.driver), setup.pick_off, now_ns)
    gates = [
        GateRole(name, held[key], cast(Gate, held[key].driver)) for name, key in setup.gates.items()
    ]
    return sources, meter, gates


def found_of(instrument: Instrument) -> Found:
    """What answered, for the engine to be told."""
    who = instrument.identity or Identity("", "")
    return Found(
        instrument.name, who.make, who.model, who.serial, who.firmware, instrument.simulated
    )
