"""From a setup to guards over connected instruments, in the guard's own process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

from labctl.clock import Clock
from labctl.guard._act import Acts
from labctl.guard._guards import Guards
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
from labctl.talk import Found, Setup, Trip


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


def guards_of(
    held: dict[str, Instrument], setup: Setup, clock: Clock, on_trip: Callable[[Trip], None]
) -> Guards:
    """The guards over what is held, by the setup's limits and calibrations."""
    sources = {}
    for source in setup.sources:
        one = held[source.instrument]
        driver, confirms = cast(Source, one.driver), one.spec.confirms_emission
        role = SourceRole(one, driver, confirms, source.level, source.measured_w)
        sources[source.name] = role
    head = held.get(setup.meter)
    # Found here, whatever the engine believes: what proved itself simulated can hurt nobody.
    real = not all(one.simulated for one in held.values())
    needed = real and not setup.unattended_by
    return Guards(
        {source.name: source.spec for source in setup.sources},
        sources,
        MeterRole(head, cast(PowerMeter, head.driver), setup.pick_off, clock.now_ns)
        if head is not None
        else None,
        clock,
        on_trip=on_trip,
        gates=[
            GateRole(name, held[key], cast(Gate, held[key].driver))
            for name, key in setup.gates.items()
        ],
        acts=Acts(setup.bench, setup.act_hold_s if needed else 0.0),
    )


def found_of(instrument: Instrument) -> Found:
    """What answered, for the engine to be told."""
    who = instrument.identity or Identity("", "")
    return Found(
        instrument.name, who.make, who.model, who.serial, who.firmware, instrument.simulated
    )
