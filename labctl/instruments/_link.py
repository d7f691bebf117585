"""How an in-process simulated instrument is reached: no socket, no thread, no waiting.

A transaction is computed inline. The port writes bytes at a time and asks which bytes come back
and when; it then lets its clock go there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class Link(Protocol):
    """The far end of a `sim://` address."""

    def write(self, data: bytes, now_ns: int) -> None:
        """Deliver bytes that the host begins to send at `now_ns`. Raises PortDisconnectedError
        when the simulated cable is out."""
        ...

    def next_chunk(self, before_ns: int) -> tuple[int, bytes] | None:
        """The next bytes that have come in by `before_ns`, with the time of the last of them;
        None when nothing (more) has. Raises PortDisconnectedError."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SimSpec:
    """What a simulated bench is asked to be. Plain values: the simulator owns all physics."""

    seed: int
    faults: Sequence[str] = ()
    """As typed: `power-step=-10%@120s`."""
    sample: Mapping[str, Any] = field(default_factory=dict)
    """The stated sample: name, volume_m3, volume_sd, absorbance, absorbance_sd,
    concentration_kg_per_m3, heat_capacity_j_per_kg_k, ..., all SI, as the sample file says."""
    bench: Mapping[str, Any] = field(default_factory=dict)
    """The stated bench: instruments with driver, address and settings; power at the sample
    against level; pick-off ratio; spot area; with deviations."""


class SimSession(Protocol):
    """One simulated world with its instruments."""

    faults: tuple[str, ...]

    def link(self, address: str) -> Link:
        """The instrument behind `sim://NAME`; InputError names those there are."""
        ...

    def truth(self) -> Mapping[str, Any]:
        """What is true of this world, emission log included; for `truth.json`, never a checker."""
        ...


OpenSession = Callable[[SimSpec], SimSession]
"""What the entry point group `labctl.simulators`, name `bench`, provides."""
