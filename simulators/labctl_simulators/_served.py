"""The session in real time, and one host's connection to one of its instruments."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import socket
from typing import IO, Any

from labctl.clock import Clock, iso
from labctl.instruments import PortDisconnectedError
from labctl_simulators import hands
from labctl_simulators.bench import Device
from labctl_simulators.session import Session
from labctl_simulators.wire import SimLink

HELLO = b"~labctl-sim?"
TRUTH = b"~labctl-truth?"
_OURS = b"~labctl-"
_FAR_NS = 1 << 62


class Served:
    """The session in real time, and who is connected to it."""

    def __init__(self, session: Session, clock: Clock, log: IO[str] | None) -> None:
        self.session = session
        self.clock = clock
        self.connections: set[Connection] = set()
        self.addresses: dict[str, str] = {}
        """Of everything that is served here, by key."""
        self._log = log
        self._zero_ns: int | None = None
        self._zero_utc_ns = 0
        session.world.emission.on_edge = self._note
        session.world.heating.on_edge = self._note_heater
        session.world.magnetising.on_edge = self._note_coil

    def begin(self) -> None:
        """The first byte for an instrument has come: the world's time begins."""
        if self._zero_ns is None:
            self._zero_ns = self.clock.now_ns()
            self._zero_utc_ns = self.clock.utc_ns()

    def world_ns(self) -> int:
        """Now, in the world's time; 0 before it has begun."""
        return 0 if self._zero_ns is None else self.clock.now_ns() - self._zero_ns

    def clock_ns(self, world_ns: int) -> int:
        """The clock's time at a time of the world."""
        return world_ns + (self._zero_ns or 0)

    def tick(self) -> None:
        """Let the world go on though nobody asks, and pull the cables that a fault pulls."""
        if self._zero_ns is None:
            return
        self.session.world.advance_to(self.world_ns())
        for connection in tuple(self.connections):
            if connection.unplugged:
                connection.drop()

    def told(self, line: str) -> None:
        """Somebody has typed something."""
        self.session.world.advance_to(self.world_ns())
        print(hands.do(self.session.world, line), flush=True)  # noqa: T201 - it is their terminal

    def hello(self, device: Device) -> bytes:
        """The answer to the handshake."""
        said = {
            "instrument": device.name,
            "driver": device.driver,
            "seed": self.session.seed,
            "faults": list(self.session.faults),
            "speed": 1.0,
            "addresses": self.addresses,
        }
        return b"labctl-sim/1 " + json.dumps(said).encode() + b"\n"

    def truth(self) -> bytes:
        """The truth up to now, with the wall times of all light."""
        self.session.world.advance_to(self.world_ns())
        truth = self.session.truth()
        truth["zero_utc_ns"] = self._zero_utc_ns
        for emission in truth["emission"]:
            for edge in ("on", "off"):
                t_ns = emission[f"{edge}_ns"]
                emission[f"{edge}_utc"] = None if t_ns is None else self._utc(t_ns)
        return json.dumps(truth).encode() + b"\n"

    def _utc(self, t_ns: int) -> str:
        return iso(self._zero_utc_ns + t_ns)

    def _note(self, fact: dict[str, Any]) -> None:
        if self._log is None:
            return
        # `boot_ns` is on the machine's boot-time clock, which every process of it reads alike.
        boot_ns = self.clock.zero_ns + self.clock_ns(fact["t_ns"])
        said = {**fact, "utc": self._utc(fact["t_ns"]), "boot_ns": boot_ns}
        self._log.write(json.dumps(said) + "\n")
        # Line by line, so that the log survives whatever happens to this process.
        self._log.flush()

    def _note_heater(self, fact: dict[str, Any]) -> None:
        self._note({"source": "heater", **fact})

    def _note_coil(self, fact: dict[str, Any]) -> None:
        self._note({"source": "coil", **fact})

    def end(self) -> None:
        """Drop all hosts and close the log."""
        for connection in tuple(self.connections):
            connection.drop()
        world = self.session.world
        world.emission.on_edge = world.heating.on_edge = world.magnetising.on_edge = None
        if self._log is not None:
            now_ns = self.world_ns()
            self.session.world.advance_to(now_ns)
            lit = self.session.world.emission.lit
            said = {"edge": "end", "t_ns": now_ns, "lit": lit, "utc": self._utc(now_ns)}
            if self.session.world.heater is not None:
                said["heated"] = self.session.world.heating.lit
            if self.session.world.coil is not None:
                said["magnetised"] = self.session.world.magnetising.lit
            self._log.write(json.dumps(said) + "\n")


class Connection(asyncio.Protocol):
    """One host's connection to one instrument."""

    def __init__(self, served: Served, device: Device) -> None:
        self._served = served
        self._device = device
        self._link: SimLink | None = None
        self._transport: asyncio.Transport | None = None
        self._partial = b""

    @property
    def unplugged(self) -> bool:
        """True while a fault has this instrument's cable out."""
        return self._device.personality.upsets.unplugged

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a TCP server hands out stream transports")
        self._transport = transport
        if self.unplugged:
            transport.abort()
            return
        self._served.connections.add(self)
        self._acknowledge_quickly()

    def connection_lost(self, exc: Exception | None) -> None:
        self._served.connections.discard(self)
        self._transport = None
        if self._link is not None:
            self._link.close()

    def drop(self) -> None:
        """Pull the cable."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._acknowledge_quickly()
        data = self._partial + data
        self._partial = b""
        if data.startswith(_OURS):
            line, end, data = data.partition(b"\n")
            if not end:
                self._partial = line
                return
            self._answer(line.strip())
        elif _OURS.startswith(data):
            self._partial = data
            return
        if data:
            self._pass_on(data)

    def _answer(self, line: bytes) -> None:
        if line == HELLO:
            self._send(self._served.hello(self._device))
        elif line == TRUTH:
            self._send(self._served.truth())

    def _pass_on(self, data: bytes) -> None:
        served = self._served
        served.begin()
        now_ns = served.world_ns()
        try:
            if self._link is None:
                served.session.world.advance_to(now_ns)
                self._link = served.session.link(self._device.name)
            self._link.write(data, now_ns)
            while (arrived := self._link.next_chunk(_FAR_NS)) is not None:
                due_ns, chunk = arrived
                served.clock.call_at(served.clock_ns(due_ns), functools.partial(self._send, chunk))
        except PortDisconnectedError:
            self.drop()

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _acknowledge_quickly(self) -> None:
        """Else a host that writes twice before it reads waits 40 ms for the delayed
        acknowledgement (it may not have switched Nagle's algorithm off). Linux forgets it with
        every segment."""
        option = getattr(socket, "TCP_QUICKACK", None)
        if option is None or self._transport is None:
            return
        connected = self._transport.get_extra_info("socket")
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.setsockopt(socket.IPPROTO_TCP, option, 1)
