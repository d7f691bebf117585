"""Sampling on an absolute grid: read everything, let the guard look first, then tell.

Ticks that could not be kept are counted, never made up in a bunch.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from labctl.bench import Bench
from labctl.clock import NS, Clock
from labctl.engine._energy import Energy
from labctl.engine._manual import BY_METER, ManualEdges
from labctl.engine._teller import Teller
from labctl.engine._warmth import Warmth
from labctl.errors import SafetyError
from labctl.events import COIL, HEATER, LASER, Beam, Emission, Invalid, Reading, Sample
from labctl.limits import tighten
from labctl.protocol import Plan
from labctl.talk import AnyGuards, Heartbeat

GUARDED = "probe.temperature"


class Sampler:
    """The one loop that reads a bench during a run."""

    def __init__(
        self, clock: Clock, bench: Bench, plan: Plan, guards: AnyGuards | None, teller: Teller
    ) -> None:
        self._clock = clock
        self._bench = bench
        self._period_ns = plan.period_ns
        self._guards = guards
        self._teller = teller
        self._manual = ManualEdges(plan.laser_manual, bench.meter is not None)
        self._energies = {
            LASER: Energy("meter.power"),
            HEATER: Energy("heater.power"),
            COIL: Energy("coil.power"),
        }
        self._end_ns: int | None = None
        self._total_s = tighten(bench.file.limits, plan.limits).total_s
        self.next_tick_ns = 0
        self._warms = (
            None if bench.thermostat is None else Warmth(bench.thermostat, plan, bench.file)
        )
        self.latest: dict[str, Reading] = {}
        """The newest valid reading of each channel."""
        self.samples = 0
        self.missed = 0
        """Ticks that could not be kept."""

    def start(self) -> None:
        """The grid begins now."""
        self.next_tick_ns = self._clock.now_ns()
        if self._total_s is not None:
            self._end_ns = self.next_tick_ns + round(self._total_s * NS)

    def mark(self, lit: bool) -> None:
        """A person says that the hand-switched laser is on or off now."""
        self._manual.marked(lit)

    @property
    def energy_j(self) -> float:
        """Of the light at the sample, by the meter where there is one."""
        return self._energies[LASER].joules

    @property
    def electrical_j(self) -> float:
        """Of the calibration resistor, by its supply."""
        return self._energies[HEATER].joules

    @property
    def coil_j(self) -> float:
        """Of the coil, by its supply; next to none of it reaches the sample."""
        return self._energies[COIL].joules

    def tell_emission(self, emission: Emission) -> None:
        """What is known of a source from now on."""
        self._energies[emission.source].emission = emission
        self._teller.tell(emission)

    def beam_by_hand(self) -> tuple[Beam, str]:
        """What is known of a beam that labctl does not control, and how: a meter may have seen it,
        a mark or a curve is no knowledge."""
        emission = self._energies[LASER].emission
        if emission is not None and emission.how == BY_METER:
            return emission.beam, emission.how
        return Beam.UNKNOWN, "no laser under labctl's control"

    async def once(self) -> None:
        """Wait for the next tick and take it."""
        await self.until(self.next_tick_ns + 1)

    async def until(
        self,
        end_ns: int,
        done: Callable[[], bool] | None = None,
        then: Callable[[], Awaitable[None]] | None = None,
    ) -> str:
        """Sample until `end_ns` ('elapsed') or until `done` ('reached'), which is asked after every
        tick and once more at `end_ns`: what is met by then is not late. `then` is waited for after
        every tick, before `done` is asked: for short talk with an instrument."""
        period_ns = self._period_ns
        sleep_until = self._clock.sleep_until
        while True:
            due_ns = self.next_tick_ns
            if end_ns <= due_ns:
                await sleep_until(end_ns)
                return "reached" if done is not None and done() else "elapsed"
            await sleep_until(due_ns)
            await self._tick(due_ns)
            self.next_tick_ns = due_ns + period_ns
            if then is not None:
                await then()
            behind_ns = self._clock.now_ns() - self.next_tick_ns
            if behind_ns > 0:
                missed = -(-behind_ns // period_ns)
                self.missed += missed
                self.next_tick_ns += missed * period_ns
            if done is not None and done():
                return "reached"

    async def _tick(self, due_ns: int) -> None:
        readings = await self._bench.read_all(self._guards)
        now_ns = self._clock.now_ns()
        latest = self.latest
        guarded: Reading | Invalid | None = None
        for reading in readings:
            if isinstance(reading, Reading):
                latest[reading.channel] = reading
            else:
                latest.pop(reading.channel, None)
            if reading.channel == GUARDED:
                guarded = reading
        guards = self._guards
        if guards is not None and guarded is not None:
            if isinstance(guarded, Reading):
                guards.heartbeat(Heartbeat(guarded.t_ns, guarded.value))
            else:
                guards.heartbeat(Heartbeat(guarded.t_ns, None, guarded.reason))
        for energy in self._energies.values():
            energy.count(now_ns, latest)
        power = latest.get("meter.power")
        for emission in self._manual.look(now_ns, power, latest.get(GUARDED)):
            self.tell_emission(emission)
        self._teller.tell(Sample(now_ns, due_ns, readings))
        self.samples += 1
        if self._warms is not None:
            self._warms.check(latest.get(GUARDED), now_ns)
        if self._end_ns is not None and now_ns > self._end_ns:
            # Planned steps fit, or the plan was refused; prompts take as long as people do.
            raise SafetyError("the run is longer than the limit 'total'")
        await self._teller.breathe()
