"""A broker that comes and goes, a bench and a reader on either side of it, in simulated time.

The telemetry is labctl's own, on a virtual loop, over a broker that is simulated here: it is
killed (and forgets), stops (what it was given stays in its sockets and comes out at once when it
goes on, and so do the wills of those who gave up meanwhile), refuses, and is slow. The bench is
simulated here too, and worse than any: runs light and end, a run hangs, somebody lights the laser
by hand in the dark of a run or between two, the process is killed and another one begins. The
reader loses its own connection, and is held up. What it says by the documented rule is laid beside
the light, twenty times a second.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from benchmarks.service._feigned import Broker, connecting
from labctl import clock
from labctl.clock import NS, Clock, run_virtual
from labctl.events import (
    Beam,
    Emission,
    EmissionIntent,
    Mode,
    Reading,
    RunBegun,
    RunEnded,
    Sample,
    StateChanged,
)
from labctl.telemetry import (
    Address,
    BeamState,
    BrokerChoice,
    LinkError,
    Seen,
    Telemetry,
)

LOOK_S = 0.05
FOUR_DAYS = 345_600 * NS
"""The reader's clock has another zero than the bench's."""


@dataclass
class Light:
    """The truth, and since when."""

    lit: bool = False
    since_ns: int = 0

    def turn(self, lit: bool, now_ns: int) -> None:
        if lit != self.lit:
            self.lit, self.since_ns = lit, now_ns


@dataclass
class Told:
    """What came of it."""

    simulated_s: float = 0.0
    worst_s: float = 0.0
    """The longest for which OFF was said after the light had come on."""
    simple_s: float = 0.0
    """The same for a reader that does not look at how late a heartbeat is, and"""
    retained_s: float = 0.0
    """for one that looks at `$state` alone."""
    deceived: int = 0
    """Times that the light came on while OFF was said."""
    lit: int = 0
    """Times that it came on."""
    off_dark: int = 0
    on_lit: int = 0
    looks_dark: int = 0
    """Looks in the dark of a run that reads its laser."""
    looks_lit: int = 0
    outages: dict[str, int] = field(default_factory=dict)
    reconnects: int = 0
    messages: int = 0


class Simple:
    """A reader without the rule's fifth point, to see what that is for: it believes a heartbeat to
    be as old as it has had it."""

    def __init__(self) -> None:
        self._emission: dict[str, Any] = {}
        self._age_s, self._came_ns = 0.0, 0

    def feed(self, topic: str, payload: Mapping[str, Any], received_ns: int) -> None:
        kind = topic.rsplit("/", 1)[-1]
        if kind == "$state":
            ended = payload["state"] in ("lost", "offline")
            self._emission[kind] = "unknown" if ended else payload["laser"]["emission"]
        elif kind == "hb":
            self._emission[kind], self._came_ns = payload["emission"], received_ns
            self._age_s = float(payload["readback_age_s"] or 0.0)

    def retained_off(self) -> bool:
        """What `$state` alone says."""
        return bool(self._emission.get("$state") == "off")

    def off(self, now_ns: int) -> bool:
        fresh = self._age_s + (now_ns - self._came_ns) / NS < 3.0
        return fresh and self.retained_off() and self._emission.get("hb") == "off"


class Trial:
    """One bench, one broker, one reader, on one virtual loop."""

    def __init__(self, seed: int, simulated_s: float) -> None:
        self._seed = seed
        self._until_s = simulated_s
        self.told = Told(simulated_s)
        self._light = Light()
        self._in_run = False
        self._hung = False
        self._by_hand = False

    def run(self) -> Told:
        run_virtual(self._main)
        return self.told

    def _chance(self, what: str) -> random.Random:
        return random.Random(f"{self._seed} {what}")

    async def _main(self, ticking: Clock) -> None:
        self._clock = ticking
        # All that telemetry asks of real time is asked of this loop, and of chance, of the seed.
        with (
            mock.patch.object(clock, "real_ns", lambda: ticking.now_ns() + NS),
            mock.patch("labctl.telemetry._writer.random", self._chance("backoff")),
        ):
            self._broker = Broker(self._chance("delays"))
            self._begin_process()
            tasks = [
                asyncio.ensure_future(part)
                for part in (self._bench(), self._weather(), self._hand(), self._read())
            ]
            watching = asyncio.ensure_future(self._look())
            await watching
            for task in [*tasks, self._speaking]:
                task.cancel()
            await asyncio.gather(*tasks, self._speaking, return_exceptions=True)
            for task in tasks:
                if not task.cancelled() and task.exception() is not None:
                    raise task.exception()  # type: ignore[misc]

    # -- the bench -----------------------------------------------------------------------------

    def _begin_process(self) -> None:
        self._telemetry = Telemetry("trial", Mode.SIMULATED, {}, BrokerChoice(Address("trial")))
        self._speaking = asyncio.ensure_future(self._telemetry.speak(connecting(self._broker)))
        self._telemetry.between()

    async def _bench(self) -> None:
        chance, number = self._chance("bench"), 0
        while True:
            await asyncio.sleep(chance.uniform(1.0, 15.0))
            number += 1
            killed = chance.random() < 0.3
            try:
                await self._run(chance, f"01RUN{number}", killed=killed)
            except _Killed:
                self._kill_process()
                await asyncio.sleep(chance.uniform(0.5, 10.0))
                self._begin_process()

    def _kill_process(self) -> None:
        self._in_run = False
        self._light.turn(self._by_hand, self._clock.now_ns())
        self.told.reconnects += self._telemetry.counters().reconnects
        for client in list(self._broker.clients):
            if client.will is not None:
                client.killed = True
        self._speaking.cancel()

    async def _run(self, chance: random.Random, uid: str, *, killed: bool) -> None:
        zero_ns, tell = self._clock.now_ns(), self._telemetry.publish
        self._telemetry.begin(uid, Mode.SIMULATED, 0)

        def t_ns() -> int:
            return self._clock.now_ns() - zero_ns

        tell(RunBegun(0, Mode.SIMULATED, "p", "p0", "trial", "b0", "s", "s0", 1, "0"))
        tell(StateChanged(0, "READY", "DARK"))
        if not self._light.lit:
            tell(Emission(0, Beam.OFF, "read back"))
        await asyncio.sleep(0.05)
        self._in_run = True
        period_s = chance.choice((0.1, 0.5, 1.0))
        for _ in range(chance.randrange(2, 8)):
            await self._ticks(chance, zero_ns, period_s, chance.uniform(1.0, 12.0), killed)
            tell(EmissionIntent(t_ns(), 1.0, 10 * NS, NS // 2))
            await asyncio.sleep(chance.uniform(0.005, 0.5))
            self._light.turn(True, self._clock.now_ns())
            await asyncio.sleep(chance.uniform(0.01, 0.15))
            tell(Emission(t_ns(), Beam.ON, "read back", 1.0))
            await self._ticks(chance, zero_ns, period_s, chance.uniform(1.0, 8.0), killed)
            self._light.turn(self._by_hand, self._clock.now_ns())
            await asyncio.sleep(chance.uniform(0.01, 0.15))
            if not self._light.lit:
                tell(Emission(t_ns(), Beam.OFF, "read back", None, "elapsed"))
        self._in_run = False
        beam = Beam.ON if self._light.lit else Beam.OFF
        tell(RunEnded(t_ns(), "completed", "", 0, "pass", beam, "read back", 1, 1.0))
        self._telemetry.between()

    async def _ticks(
        self, chance: random.Random, zero_ns: int, period_s: float, for_s: float, killed: bool
    ) -> None:
        end_ns = self._clock.now_ns() + clock.ns(for_s)
        while self._clock.now_ns() < end_ns:
            read = self._light.lit
            await asyncio.sleep(0.02)
            at_ns = self._clock.now_ns() - zero_ns
            reading = Reading("laser.emission", float(read), "", at_ns)
            self._telemetry.publish(Sample(at_ns, at_ns, (reading,)))
            if chance.random() < 0.002:
                # It hangs; its guard ends what it has lit.
                self._hung = True
                self._light.turn(self._by_hand, self._clock.now_ns())
                await asyncio.sleep(chance.uniform(1.0, 20.0))
                self._hung = False
            if killed and chance.random() < 0.01:
                raise _Killed
            await asyncio.sleep(period_s - 0.02)

    async def _hand(self) -> None:
        """Somebody lights it past labctl."""
        chance = self._chance("hand")
        while True:
            await asyncio.sleep(chance.uniform(10.0, 60.0))
            if self._light.lit:
                continue
            self._by_hand = True
            self._light.turn(True, self._clock.now_ns())
            await asyncio.sleep(chance.uniform(1.0, 10.0))
            self._by_hand = False
            self._light.turn(False, self._clock.now_ns())

    # -- the broker and the reader -------------------------------------------------------------

    async def _weather(self) -> None:
        chance, broker = self._chance("broker"), self._broker
        while True:
            await asyncio.sleep(chance.uniform(0.5, 30.0))
            kind = chance.choice(("killed", "stopped", "stopped", "cut"))
            self.told.outages[kind] = self.told.outages.get(kind, 0) + 1
            if kind == "cut":
                for client in list(broker.clients):
                    if chance.random() < 0.5:
                        broker.silent(client)
                continue
            if kind == "killed":
                broker.kill()
            else:
                broker.state = "stopped"
            await asyncio.sleep(
                chance.choice((chance.uniform(0.1, 3.0), chance.uniform(3.0, 40.0)))
            )
            broker.go_on()

    async def _read(self) -> None:
        chance = self._chance("reader")
        self._beam, self._simple = BeamState(), Simple()
        connect = connecting(self._broker)
        while True:
            try:
                async with connect(Address("trial"), "reader") as link:
                    await link.subscribe("labctl/v1/trial/#")
                    async for message in link.messages():
                        if chance.random() < 0.01:
                            # Held up; what comes meanwhile is taken all at once afterwards.
                            await asyncio.sleep(chance.uniform(0.5, 20.0))
                        self.told.messages += 1
                        payload = json.loads(message.payload)
                        for reader in (self._beam, self._simple):
                            reader.feed(message.topic, payload, self._reader_ns())
            except LinkError:
                await asyncio.sleep(chance.uniform(0.05, 2.0))

    def _reader_ns(self) -> int:
        return self._clock.now_ns() + FOUR_DAYS

    async def _look(self) -> None:
        told, light = self.told, self._light
        lit_before = False
        while self._clock.now_ns() < clock.ns(self._until_s):
            await asyncio.sleep(LOOK_S)
            now_ns = self._clock.now_ns()
            seen = self._beam.view(self._reader_ns()).seen
            if light.lit:
                told.looks_lit += 1
                told.on_lit += seen is Seen.ON
                if not lit_before:
                    told.lit += 1
                    told.deceived += seen is Seen.OFF
                since_s = (now_ns - light.since_ns) / NS
                if seen is Seen.OFF:
                    told.worst_s = max(told.worst_s, since_s)
                if self._simple.off(self._reader_ns()):
                    told.simple_s = max(told.simple_s, since_s)
                if self._simple.retained_off():
                    told.retained_s = max(told.retained_s, since_s)
            elif self._in_run and not self._hung:
                told.looks_dark += 1
                told.off_dark += seen is Seen.OFF
            lit_before = light.lit
        told.reconnects += self._telemetry.counters().reconnects


class _Killed(Exception):
    """The process is no more."""


def flapping(seed: int, simulated_s: float) -> Told:
    """One trial of so many simulated seconds."""
    return Trial(seed, simulated_s).run()
