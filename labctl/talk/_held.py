"""From a setup to the instruments that it names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from labctl.clock import Clock
from labctl.instruments import Identity, Instrument, make_instrument
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


def found_of(instrument: Instrument) -> Found:
    """What answered, for the engine to be told."""
    who = instrument.identity or Identity("", "")
    return Found(
        instrument.name, who.make, who.model, who.serial, who.firmware, instrument.simulated
    )
