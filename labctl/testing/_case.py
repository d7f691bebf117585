"""What the contract suite needs to know of one driver: its instrument's protocol card, by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labctl.testing._wire import Answer


@dataclass(frozen=True)
class Case:
    """How the instrument answers, and what the suite expects. Write it from the manual and not
    from the driver: else the two agree about what both have wrong."""

    answer: Callable[[], Answer]
    """A new instrument, switched on by whoever was there before."""
    stranger: bytes
    """What another instrument says when asked who it is."""
    invalid: Mapping[bytes, str] = field(default_factory=dict)
    """Replies that are no readings, with the reason that must come out."""
    reads: bytes = b""
    """How the question begins that `invalid` answers, where a reading asks others before it."""
    garbage: bytes = b"\xff\x00rubbish\n"
    """A whole reply, as far as its end goes, that says nothing."""
    off: bytes = b""
    """The frame that switches a source, a thermostat or a doser off."""
    on: bytes = b""
    """The frame that lights it, lets it regulate or deliver, or begins to measure."""
    blocks: bytes = b""
    """What blocks a gate; the end of it, where the beginning counts up."""
    lets: bytes = b""
    """What lets through."""
    asks: bytes = b""
    """For a gate that toggles: the question that must stand before each toggle."""
    level: float = 0.0
    """A level that may be set: A, W or V, as the driver's `drive` says; degC of a thermostat, m^3
    of a doser."""
    refused: tuple[float, ...] = ()
    """Levels outside the settings' limit."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """As a bench file gives them."""
