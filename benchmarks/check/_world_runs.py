"""Runs of the shipped kind in the richer world of `simulators/`, through the shipped check.

The world is driven directly, without wires: its bead, its ambient bead and its meter's head are
read at 1 Hz with the noise of the simulated instruments. What is true of a run is drawn by the
simulator around what the shipped bench and sample files state, errors of power, volume, absorbance,
wall and probes among it; the check is told the statements only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from labctl import bench as benches
from labctl import sample as samples
from labctl.bench import BenchFile
from labctl.clock import NS
from labctl.events import Alarm, Beam, Emission, Event, Reading, Sample, Verdict
from labctl.instruments import SimSpec
from labctl.monitor import Monitor, priors_for
from labctl.sample import Specimen
from labctl_simulators.session import Session
from labctl_simulators.world import Stream, World

POWER_W = 1.0
PHASE_NS = NS // 25
"""A scanner reads a little after the tick."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the light is on, and how often the instruments are read."""

    baseline_s: float = 60.0
    heat_s: float = 600.0
    cool_s: float = 900.0
    period_s: float = 1.0

    @property
    def end_s(self) -> float:
        return self.baseline_s + self.heat_s + self.cool_s


@dataclass(frozen=True, slots=True)
class Instruments:
    """What watches besides the thermocouple in the sample."""

    meter: bool = True
    ambient: bool = True
    second: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """What the check said of one run, and what was true of it."""

    verdict: Verdict
    alarms: tuple[Alarm, ...]
    truth: dict[str, Any]


@cache
def shipped(name: str = "simulated") -> tuple[BenchFile, Specimen]:
    """A simulated bench and its dispersion, as shipped."""
    return (
        benches.load(benches.find_bench(name).path),
        samples.load(samples.find("pda-aminoacid")),
    )


def run(
    seed: int,
    *,
    faults: Sequence[str] = (),
    schedule: Schedule | None = None,
    instruments: Instruments | None = None,
) -> Run:
    """One run of the shipped bench and dispersion, from the drawn truth to the verdict."""
    schedule, instruments = schedule or Schedule(), instruments or Instruments()
    bench, specimen = shipped("simulated-two-beads" if instruments.second else "simulated")
    session = Session(SimSpec(seed, tuple(faults), specimen.statement(), bench.statement()))
    told = replace(bench, pick_off=bench.pick_off if instruments.meter else None)
    priors, assumptions = priors_for(
        told,
        specimen,
        blank=None,
        has_ambient=instruments.ambient,
        has_meter=instruments.meter,
        has_second=instruments.second,
        nominal_power_w=POWER_W,
    )
    monitor = Monitor(priors, assumptions)
    alarms: list[Alarm] = []
    for event in events(session, schedule, instruments):
        alarms += [said for said in monitor.feed(event) if isinstance(said, Alarm)]
    return Run(monitor.verdict(round(schedule.end_s * NS)), tuple(alarms), session.truth())


def events(session: Session, schedule: Schedule, instruments: Instruments) -> Iterator[Event]:
    """The run as the engine would tell it: edges at their times, samples between them."""
    world = session.world
    on_ns = round(schedule.baseline_s * NS)
    off_ns = on_ns + round(schedule.heat_s * NS)
    _light(world, on_ns, off_ns)
    edges = [
        (on_ns, Emission(on_ns, Beam.ON, "commanded", POWER_W)),
        (off_ns, Emission(off_ns, Beam.OFF, "commanded")),
    ]
    read = _Readings(session, instruments)
    period_ns = round(schedule.period_s * NS)
    for i in range(round(schedule.end_s / schedule.period_s)):
        t_ns = i * period_ns + PHASE_NS
        while edges and edges[0][0] <= t_ns:
            yield edges.pop(0)[1]
        world.advance_to(t_ns)
        yield Sample(t_ns, t_ns, read(t_ns))


def _light(world: World, on_ns: int, off_ns: int) -> None:
    """What a controller does on the commands of a run."""
    laser = world.laser

    def on() -> None:
        laser.drive(laser.beam.threshold + POWER_W / laser.beam.slope)
        laser.output_on = laser.lit = laser.key_on and laser.interlock_closed

    def off() -> None:
        laser.switch_off()

    world.schedule(on_ns, on)
    world.schedule(off_ns, off)


class _Readings:
    """Reads the world's beads and head with the noise of the simulated instruments."""

    def __init__(self, session: Session, instruments: Instruments) -> None:
        world = session.world
        seed, probes, beam = session.seed, world.truth.probes, world.truth.beam
        self._world, self._instruments = world, instruments
        streams = [
            Stream(seed, f"benchmark/{name}") for name in ("probe", "ambient", "meter", "second")
        ]
        self._probe, self._ambient, self._meter, self._second = (s.normal for s in streams)
        self._noise_k = probes.noise_k
        # Each input of the scanner has a small offset of its own.
        self._offsets_k = [0.05 * normal() for normal in (self._probe, self._ambient)]
        self._meter_noise, self._pick_off = probes.meter_noise / 10.0**0.5, beam.pick_off

    def __call__(self, t_ns: int) -> tuple[Reading, ...]:
        world = self._world
        probe = world.probe_degc() + self._offsets_k[0] + self._noise_k * self._probe()
        readings = [Reading("probe.temperature", round(probe, 3), "degC", t_ns)]
        if self._instruments.ambient:
            ambient = world.ambient_degc() + self._offsets_k[1] + self._noise_k * self._ambient()
            readings.append(Reading("ambient.temperature", round(ambient, 3), "degC", t_ns))
        if self._instruments.second:
            second = world.second_degc() + self._noise_k * self._second()
            readings.append(Reading("probe2.temperature", round(second, 3), "degC", t_ns))
        if self._instruments.meter:
            seen = world.head_power_w() / self._pick_off * (1.0 + self._meter_noise * self._meter())
            readings.append(Reading("meter.power", seen, "W", t_ns))
        return tuple(readings)
