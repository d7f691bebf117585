"""The cable: paces bytes, keeps replies until they are due, can be pulled out.

Fulfils `labctl.instruments.Link`: nothing waits here. The caller's clock says when it writes and
until when it listens.
"""

from __future__ import annotations

from collections import deque

from labctl.clock import NS
from labctl.instruments import PortDisconnectedError
from labctl_simulators.wire._personality import US, Personality
from labctl_simulators.world import World

_BUS_NS = 50 * US
"""A message over USB, GPIB or LAN."""
_BITS_A_BYTE = 10


class SimLink:
    """One host's connection to one simulated instrument."""

    __slots__ = ("_byte_ns", "_due", "_name", "_personality", "_receive", "_sent_ns", "_world")

    def __init__(self, name: str, world: World, personality: Personality) -> None:
        self._name = name
        self._world = world
        self._personality = personality
        self._receive = personality.receive
        self._due: deque[tuple[int, bytes]] = deque()
        baud = personality.baud
        self._sent_ns = 0
        self._byte_ns = 0 if baud is None else _BITS_A_BYTE * NS // baud
        personality.opened(world.now_ns)

    def _check_cable(self, now_ns: int) -> None:
        # The cable may have come out since anybody looked.
        self._world.advance_to(now_ns)
        if self._personality.upsets.unplugged:
            self._due.clear()
            raise PortDisconnectedError(
                "the simulated port is gone",
                where=f"sim://{self._name}",
                seen="unplugged",
                fix="It was unplugged by a fault that this run was asked to inject.",
            )

    def write(self, data: bytes, now_ns: int) -> None:
        """Send bytes; the instrument has the last of them one wire time later."""
        # Bytes queue up behind those still on the wire.
        begun_ns = max(now_ns, self._sent_ns)
        arrived_ns = begun_ns + _BUS_NS + len(data) * self._byte_ns
        self._sent_ns = arrived_ns
        world = self._world
        world.advance_to(arrived_ns)
        upsets = self._personality.upsets
        if upsets.unplugged:
            self._check_cable(arrived_ns)
        for reply, duration_ns in self._receive(data, arrived_ns):
            due_ns = arrived_ns + duration_ns + _BUS_NS + len(reply) * self._byte_ns
            if upsets.late_replies:
                due_ns += upsets.lateness_ns()
            if self._due:
                # It answers in order: a late reply holds up those behind it.
                due_ns = max(due_ns, self._due[-1][0])
            self._due.append((due_ns, reply))

    def next_chunk(self, before_ns: int) -> tuple[int, bytes] | None:
        """The next reply that is due by `before_ns`."""
        if self._personality.upsets.unplugged:
            self._check_cable(before_ns)
        if self._due and self._due[0][0] <= before_ns:
            return self._due.popleft()
        return None

    def close(self) -> None:
        """Unread replies are lost."""
        self._due.clear()
