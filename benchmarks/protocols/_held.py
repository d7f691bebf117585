"""Holds in the richer world of `simulators/`, driven directly: our controller, or a plain PID.

Both see the same world, drawn from the same seed around what the shipped bench and sample files
state, with the same disturbance and the same noise: the bead (late, off by its cold junction, with
light on it), the ambient bead and the meter's head. Neither sees the liquid, whose temperature and
dose are taken from the world and summed here, without the code that is tried. Engine, guard and
wires are left out: what is measured is the controller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.check._world_runs import shipped
from labctl.clock import NS
from labctl.events import Alarm, Beam, Emission, Event, Reading, Sample, Verdict
from labctl.instruments import SimSpec
from labctl.monitor import DoseWatch, Monitor, dose_basis, priors_for
from labctl.photothermal import HoldController, HoldRules, HoldStart
from labctl_simulators.session import Session
from labctl_simulators.world import Stream

PERIOD_NS = NS // 2
BASELINE_S = 20.0
WARM_S = 2400.0
"""From room temperature to a cell that has stood in its bath."""
LATENCY_NS = NS // 10
"""From a command to the light."""
DISTURBANCES = (
    "",
    "power-step=-10%@{at}s",
    "power-step=+8%@{at}s",
    "heat-loss-step=+30%@{at}s",
    "heat-loss-step=-20%@{at}s",
    "ambient-step=+2K@{at}s",
    "ambient-step=-2K@{at}s",
    "bleaching=3%@{at}s",
    "beam-off-sample=-15%@{at}s",
)


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be held."""

    low_degc: float
    high_degc: float
    limit_w: float = 2.0
    dose_s: float | None = None
    """CEM43 that ends the hold."""
    at_most_s: float = 900.0
    cool_s: float = 240.0
    ideal_probe: bool = False
    """The liquid around the bead itself is read, without lag, offset, light and noise."""
    checked: bool = False
    """The check follows the whole run, as it does in one; else until the hold has begun. In a bath
    it always does: the dose of a young hold is foretold by what it has learned."""
    bath_degc: float | None = None
    """The cell stands in a bath that has been at this temperature for `WARM_S`; the light is looked
    at once a second there, as the shipped files for a bath have it."""

    @property
    def period_ns(self) -> int:
        """Between two looks."""
        return PERIOD_NS if self.bath_degc is None else NS

    @property
    def from_s(self) -> float:
        """When the baseline begins."""
        return 0.0 if self.bath_degc is None else WARM_S

    @property
    def middle_degc(self) -> float:
        """Of the band."""
        return 0.5 * (self.low_degc + self.high_degc)


Wish = Callable[[float, float], float]
"""Time and reading to the power wished for."""


@dataclass(slots=True)
class Held:
    """What happened, of the liquid around the bead."""

    aim_degc: float
    off_s: float | None = None
    """When the dose was called reached."""
    dose_s: float = 0.0
    """True CEM43 of the whole run, cooling included."""
    told: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """CEM43 as told, with its bounds, s."""
    trace: list[tuple[float, float, float]] = field(default_factory=list)
    """(time s, liquid degC, power W at each command) while lit."""
    probe_error_k: float = 0.0
    """How far the bead, at rest and unlit, is above the liquid there."""
    highest_w: float = 0.0
    alarms: list[str] = field(default_factory=list)
    verdict: Verdict | None = None
    truth: dict[str, Any] = field(default_factory=dict)

    @property
    def peak_degc(self) -> float:
        """Hottest."""
        return max(liquid for _, liquid, _ in self.trace)

    @property
    def dark_s(self) -> float | None:
        """When no light was asked for any longer; None where it was to the end."""
        return next((t for t, _, power_w in self.trace if power_w <= 0.0), None)

    @property
    def reached_s(self) -> float | None:
        """When the liquid was first within 0.5 K of the aim; by the probe's own zero."""
        return next((t for t, degc, _ in self.trace if degc >= self._aimed_at - 0.5), None)

    @property
    def _aimed_at(self) -> float:
        return self.aim_degc - self.probe_error_k

    @property
    def overshoot_k(self) -> float:
        """Of the liquid over the aim, the probe's own error taken off."""
        return self.peak_degc - self._aimed_at

    def settled_s(self, within_k: float = 0.3) -> float:
        """From first light until the liquid stays within so much of the aim, up to the end or the
        disturbance; as long as all of it where it never does."""
        last = self.trace[0][0]
        for t, degc, _ in self.trace:
            if t > DISTURBED_S:
                break
            if abs(degc - self._aimed_at) > within_k:
                last = t
        return last - self.trace[0][0]

    def outside_share(self, low_degc: float, high_degc: float) -> float:
        """Of the time since it was reached, the share out of a band."""
        reached = self.reached_s
        if reached is None:
            return 1.0
        after = [degc for t, degc, _ in self.trace if t >= reached]
        shift = self.probe_error_k
        return sum(not low_degc <= degc + shift <= high_degc for degc in after) / len(after)


DISTURBED_S = 500.0
"""Disturbances of a long hold come after this: what went before is the approach alone."""


def disturbance(seed: int, from_s: float = DISTURBED_S) -> str:
    """The one of this seed, within 200 s after `from_s`; '' for one seed in nine."""
    draw = Stream(seed, "benchmark/hold/disturbance")
    kind = DISTURBANCES[seed % len(DISTURBANCES)]
    return kind.format(at=round(draw.uniform(from_s, from_s + 200.0)))


def held(
    seed: int, task: Task, pid: Callable[[float], Wish] | None = None, fault: str = ""
) -> Held:
    """One hold. `pid` makes the peer for an aim; None: ours."""
    bench, specimen = shipped()
    faults = (fault,) if fault else ()
    session = Session(SimSpec(seed, faults, specimen.statement(), bench.statement()))
    world = session.world
    laser, probes, beam = world.laser, world.truth.probes, world.truth.beam
    noise = Stream(seed, "benchmark/hold/noise").normal
    priors, assumptions = priors_for(
        bench, specimen, blank=None, has_ambient=True, has_meter=True, has_second=False,
        nominal_power_w=task.limit_w,
    )  # fmt: skip
    monitor = Monitor(priors, assumptions)
    found = Held(task.middle_degc)
    follows = task.checked or task.bath_degc is not None
    watch = DoseWatch()
    watch.feed(dose_basis(0, bench, specimen, None, has_meter=True, sampling_s=PERIOD_NS / NS))
    if task.ideal_probe:
        watch.feed(_ideal_basis(watch))

    def tell(event: Event) -> None:
        if hold is None or follows:
            found.alarms += [said.name for said in monitor.feed(event) if isinstance(said, Alarm)]
        watch.feed(event)

    def drive(power_w: float) -> None:
        if power_w <= 0.0:
            laser.switch_off()
            return
        laser.drive(beam.threshold + power_w / beam.slope)
        laser.output_on = laser.lit = laser.key_on and laser.interlock_closed

    hold: HoldController | None = None
    if task.bath_degc is not None:
        bath = world.fit_bath()
        bath.set_degc = task.bath_degc
        bath.start()
        world.advance_to(round(task.from_s * NS))
    rules = HoldRules(
        task.low_degc, task.high_degc, task.limit_w, every_s=0.5, resolution_w=0.004, delay_s=0.1
    )
    peer = None
    power_w, meter_w, ambient_degc = 0.0, 0.0, world.ambient_degc()
    end_ns = round((task.from_s + BASELINE_S + task.at_most_s) * NS)
    step_ns, t_ns = NS // 10, round(task.from_s * NS)
    while t_ns < end_ns:
        t_ns += step_ns
        world.advance_to(t_ns)
        found.dose_s += cem43_s(world.thermal.rim, step_ns)
        if t_ns % task.period_ns:
            continue
        t_s = t_ns / NS
        read = world.thermal.rim
        if not task.ideal_probe:
            read = round(world.probe_degc() + probes.noise_k * noise(), 3)
        ambient = world.ambient_degc() + probes.noise_k * noise()
        meter_w = world.head_power_w() / beam.pick_off * (1.0 + probes.meter_noise * noise())
        tell(
            Sample(
                t_ns,
                t_ns,
                (
                    Reading("probe.temperature", read, "degC", t_ns),
                    Reading("ambient.temperature", ambient, "degC", t_ns),
                    Reading("meter.power", meter_w, "W", t_ns),
                ),
            )
        )
        ambient_change_k = 0.02 * (ambient - ambient_degc)
        ambient_degc += ambient_change_k
        if t_s < task.from_s + BASELINE_S or found.off_s is not None:
            continue
        if hold is None:
            model, start = monitor.hold()
            hold = HoldController(rules, model, noise_sd_k=0.03, dose_s=task.dose_s)
            hold.begin(t_s, start or HoldStart.at_rest(read, ambient), 0.0)
            found.aim_degc = hold.aim_degc
            if pid is not None:
                peer = pid(hold.aim_degc)
        applied_w = max(0.0, meter_w) if power_w > 0.0 else 0.0
        command = hold.step(t_s, read, applied_w, ambient_change_k)
        if follows and hold.young:
            model, start = monitor.hold()
            if start is not None:
                hold.foretell(model, start)
        wish_w = command.power_w if peer is None else peer(t_s, read)
        wish_w = min(max(wish_w, 0.0), task.limit_w)
        found.highest_w = max(found.highest_w, wish_w)
        found.trace.append((t_s, world.thermal.rim, wish_w))
        so_far_s = 60.0 * watch.cem43_min
        if task.dose_s is not None and (
            hold.dose_reached(so_far_s, task.dose_s) if peer is None else so_far_s >= task.dose_s
        ):
            found.off_s, power_w = t_s, 0.0
            end_ns = t_ns + round(task.cool_s * NS)
            world.schedule(t_ns + LATENCY_NS, lambda: drive(0.0))
            tell(Emission(t_ns + LATENCY_NS, Beam.OFF, "commanded"))
        elif wish_w != power_w:
            power_w = wish_w
            world.schedule(t_ns + LATENCY_NS, lambda power_w=power_w: drive(power_w))
            state = Beam.ON if power_w > 0.0 else Beam.OFF
            tell(Emission(t_ns + LATENCY_NS, state, "commanded", power_w if power_w else None))
    if task.checked:
        found.verdict, found.truth = monitor.verdict(t_ns), session.truth()
    cem43 = watch.told(t_ns).results["cem43"]
    found.told = (60.0 * cem43["value"], 60.0 * cem43["low"], 60.0 * cem43["high"])
    if not task.ideal_probe:
        reference = world.truth.room.temperature_degc
        at = found.aim_degc
        found.probe_error_k = (at - reference) * (probes.gain - 1.0) + probes.common_offset_k
    return found


def cem43_s(degc: float, step_ns: int) -> float:
    """Equivalent seconds of one step, by hand."""
    if degc < 39.0:
        return 0.0
    return float((2.0 if degc >= 43.0 else 4.0) ** (degc - 43.0)) * step_ns / NS


def _ideal_basis(watch: DoseWatch) -> Event:
    assert watch.basis is not None
    return replace(watch.basis, probe_tolerance_k=0.0, lag_s=0.0, lag_sd_s=0.0)
