"""A run's events, told from a curve of the check's own model (inference alone)."""

from __future__ import annotations

import random

from labctl.clock import NS, ns
from labctl.events import Alarm, Beam, Emission, Event, PriorsFixed, Reading, Sample
from labctl.monitor import Monitor, Priors, build_priors, declared
from labctl.photothermal import Inputs, Known
from tests.unit.photothermal.cell import Point

INPUTS = Inputs(
    volume_m3=Known(1e-6, 1e-8),
    density_kg_per_m3=Known(997.0, 1.0),
    specific_heat_j_per_kg_k=Known(4180.0, 40.0),
    absorbance=Known(1.0, 0.005),
)
WALL = Known(1.1, 0.1)
LOSS = Known(0.024, 0.003)


def fixed(inputs: Inputs = INPUTS, *, meter: bool = True, ambient: bool = True) -> PriorsFixed:
    """The priors of the stories' bench, as an event."""
    priors, assumptions = build_priors(
        inputs,
        heat_loss=LOSS,
        wall_heat_capacity=WALL,
        has_ambient=ambient,
        has_meter=meter,
        nominal_power_w=1.0,
    )
    return PriorsFixed(0, priors.to_plain(), assumptions, declared(priors))


def heat_per_watt(efficiency: float, inputs: Inputs = INPUTS) -> float:
    """What a cell of these inputs turns into heat, of the power at the sample."""
    particles, solvent = inputs.shares()
    return inputs.wall_transmission.value * (efficiency * particles + solvent)


def events(
    points: list[Point],
    *,
    meter: bool = True,
    ambient: bool = True,
    commanded_w: float = 1.0,
    meter_step: tuple[float, float] = (1e9, 1.0),
    seed: int = 1,
) -> list[Event]:
    """Samples with the edges between them. `meter_step`: (time, factor) on what the meter sees."""
    rng = random.Random(seed)
    told: list[Event] = []
    before = Point(0.0, 0.0, 0.0)
    for point in points:
        if (point.power_w > 0.0) != (before.power_w > 0.0):
            lit = point.power_w > 0.0
            told.append(
                Emission(
                    ns(before.t_s), Beam.ON if lit else Beam.OFF, "commanded",
                    commanded_w if lit else None,
                )
            )  # fmt: skip
        t_ns = round(point.t_s * NS)
        readings = [Reading("probe.temperature", point.degc, "degC", t_ns)]
        if ambient:
            readings.append(
                Reading("ambient.temperature", 22.0 + rng.gauss(0.0, 0.02), "degC", t_ns)
            )
        if meter:
            factor = meter_step[1] if point.t_s > meter_step[0] else 1.0
            seen = point.power_w * factor * (1.0 + rng.gauss(0.0, 0.001))
            readings.append(Reading("meter.power", seen, "W", t_ns))
        told.append(Sample(t_ns, t_ns, tuple(readings)))
        before = point
    return told


def play(told: list[Event], priors: PriorsFixed) -> tuple[Monitor, list[Event]]:
    """Feed a story to a new monitor; returns it and all it said."""
    monitor = Monitor.from_event(priors)
    said = [answer for event in told for answer in monitor.feed(event)]
    return monitor, said


def alarms(said: list[Event]) -> list[Alarm]:
    """The alarms among what was said as they are in the end: a refined one in place of the
    former."""
    found: dict[str, Alarm] = {}
    for event in said:
        if isinstance(event, Alarm):
            found[event.refines or event.name] = event
    return list(found.values())


def every_alarm(said: list[Event]) -> list[Alarm]:
    """All alarms among what was said, in order."""
    return [event for event in said if isinstance(event, Alarm)]


__all__ = [
    "INPUTS",
    "LOSS",
    "WALL",
    "Priors",
    "alarms",
    "events",
    "every_alarm",
    "fixed",
    "heat_per_watt",
    "play",
]
