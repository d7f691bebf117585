"""The heat network: core and rim of the liquid, inner and outer wall, holder, room, the beads.

A fixed internal step, second order in time (Adams-Bashforth for the flows, which are taken off one
node and put on the next, so that energy is conserved exactly; the light of a step is deposited as
the energy it carried). It is stepped hundreds of thousands of times in a run: plain floats in one
unrolled method, no objects.
"""

from __future__ import annotations

from math import exp, sin, sqrt, tau

from labctl_simulators.world._bath import Bath
from labctl_simulators.world._heater import Heater
from labctl_simulators.world._losses import KELVIN, VAPORISATION_J_PER_KG, Losses, saturation_pa
from labctl_simulators.world._noise import Stream
from labctl_simulators.world._product import Product
from labctl_simulators.world._truth import SecondBead, Truth

AIR_LAG_S = 9.0
"""Lag of a bare bead hanging in still air."""
COLDEST_THAT_COUNTS_DEGC = 39.0
"""For a thermal dose."""
_REFRESH_STEPS = 50
"""Absorbed shares, heat capacities and humidity change with evaporation only; so often are they
computed anew."""
_STILL = (0.0, 0.0)


def _equivalent(degc: float) -> float:
    """Seconds at 43 degC that one at this temperature is worth."""
    if degc < COLDEST_THAT_COUNTS_DEGC:
        return 0.0
    return float((0.25 if degc < 43.0 else 0.5) ** (43.0 - degc))


def ramped(lagging: float, now: float, pace: float, dt_s: float, lag_s: float) -> float:
    """What follows, `dt_s` ago at `lagging`, something that has risen steadily to `now`."""
    begun = now - pace * (dt_s + lag_s)
    return lagging + (begun - lagging) * (1.0 - exp(-dt_s / lag_s)) + pace * dt_s


class Thermal:
    """Temperatures in degC, advanced by `step`."""

    __slots__ = (
        "_air_decay",
        "_ambient_decay",
        "_bead_decay",
        "_core_j_per_k",
        "_count",
        "_draught",
        "_draught_keep",
        "_draught_kick",
        "_half_wall_j_per_k",
        "_holder_w_per_k",
        "_mixing_w_per_k",
        "_noise",
        "_pace",
        "_past",
        "_rim_j_per_k",
        "_room_vapour",
        "_second_decay",
        "_swing_from",
        "_truth",
        "_vessel",
        "added_m3",
        "ambient_bead",
        "ambient_in_chamber",
        "around",
        "bath",
        "bead",
        "bead_field_k",
        "bead_in_air",
        "bead_light_k_per_w",
        "bleach_per_j",
        "bleach_per_s",
        "brought_j",
        "cem43_mean_s",
        "cem43_s",
        "core",
        "core_share_w",
        "deposited_j",
        "evaporated_kg",
        "exposure",
        "gusts",
        "heater",
        "holder",
        "inner",
        "liquid_j_per_k",
        "losses",
        "lost_j",
        "outer",
        "overlap",
        "peak_liquid",
        "rim",
        "room",
        "room_shift_k",
        "second",
        "step_s",
        "steps",
        "unbleached",
    )

    def __init__(self, truth: Truth, step_s: float) -> None:
        room = truth.room
        self._truth = truth
        vessel = self._vessel = truth.vessel
        self._holder_w_per_k = vessel.holder_j_per_k / vessel.holder_s
        self._half_wall_j_per_k = 0.5 * vessel.wall_heat_capacity_j_per_k
        self._swing_from = sin(room.swing_phase)
        self.step_s = step_s
        self.steps = 0
        self.room_shift_k = 0.0
        """A fault: the air is that much warmer than its own course."""
        self.unbleached = 1.0
        """Share of the particles' absorbance that is left."""
        self.bleach_per_s = 0.0
        """A fault: how fast light takes the absorbance away."""
        self.bleach_per_j = truth.liquid.bleach_per_j
        """What light takes of it by itself, for a joule at the sample."""
        self.room = self.around = self._room_at(0.0)
        """`around` is what the cell loses its heat to: the room, or the chamber of a bath."""
        self.bath: Bath | None = None
        self.ambient_in_chamber = False
        """The thermocouple in the air hangs in the bath's chamber."""
        self.cem43_s = self.cem43_mean_s = 0.0
        """Equivalent seconds at 43 degC of the liquid where the probe hangs, and of all of it: the
        number R is 0.25 from 39 to 43 degC, 0.5 above, and colder does not count."""
        self.gusts = 1.0
        """A fault: how much stronger the air moves than it does by itself."""
        self.added_m3 = 0.0
        """Liquid that was added since the beginning, less what was taken away."""
        self.brought_j = 0.0
        """Heat above 0 degC that came with it."""
        self.losses = Losses(truth.vessel, room.temperature_degc, room.humidity)
        self.core = self.rim = self.inner = self.room + room.start_offset_k
        self.outer = self.room + 0.9 * room.start_offset_k
        self.holder = self.room + 0.1 * room.start_offset_k
        self.heater = None if truth.heater is None else Heater(truth.heater, step_s, self.core)
        """The calibration resistor, on a bench that has one: part of the cell in every run."""
        self.bead = self.second = self.core
        """`second` is the second bead in the liquid, where there is one: no fault of the first
        touches it."""
        self.ambient_bead = self.room
        self.peak_liquid = self.core
        self.liquid_j_per_k = truth.liquid.heat_capacity_j_per_k
        self.evaporated_kg = 0.0
        self.overlap = Product()
        """Share of the beam that meets the liquid; less when the beam has walked off."""
        self.exposure = Product()
        """What wall and liquid give to the air over what they gave at first: a draught, a lid."""
        self.bead_light_k_per_w = truth.probes.bead_light_k_per_w
        self.bead_in_air = False
        self.bead_field_k = 0.0
        """What a coil's field warms a metal bead by."""
        self.deposited_j = 0.0
        self.lost_j = 0.0
        self._bead_decay = exp(-step_s / truth.probes.bead_lag_s)
        self._air_decay = exp(-step_s / AIR_LAG_S)
        self._ambient_decay = exp(-step_s / truth.probes.ambient_lag_s)
        second = truth.second
        self._second_decay = 0.0 if second is None else exp(-step_s / second.lag_s)
        self._noise = Stream(truth.seed, "world/draught").normal
        self._draught = 0.0
        self._draught_keep = exp(-step_s / room.flutter_s)
        self._draught_kick = room.flutter * sqrt(1.0 - self._draught_keep**2)
        self._past: tuple[float, float, float, float, float] | None = None
        self._count = 0
        self._pace = _STILL
        """Of `rim` and `around` in the long step before [K/s]; 0 after a short one."""
        self._refresh()

    def _room_at(self, t_s: float) -> float:
        room = self._truth.room
        swing = room.swing_k * (sin(tau * t_s / room.swing_s + room.swing_phase) - self._swing_from)
        return room.temperature_degc + room.drift_k_per_s * t_s + swing + self.room_shift_k

    def absorbed_shares(self) -> tuple[float, float]:
        """Shares of the incident light absorbed by particles and by solvent.

        Beer and Lambert in decades, with what the rear wall returns; particles concentrate as the
        solvent leaves.
        """
        liquid, vessel = self._truth.liquid, self._truth.vessel
        full = liquid.volume_m3 * liquid.density_kg_per_m3
        here = full + self.added_m3 * liquid.density_kg_per_m3 - self.evaporated_kg
        particles = self.unbleached * liquid.absorbance * full / here
        both = particles + liquid.solvent_absorbance
        once = 1.0 - 10.0**-both
        taken = vessel.wall_transmission * once * (1.0 + (1.0 - once) * vessel.rear_return)
        return taken * particles / both, taken * liquid.solvent_absorbance / both

    def _refresh(self) -> None:
        by_particles, by_solvent = self.absorbed_shares()
        self.core_share_w = by_particles * self._truth.liquid.efficiency + by_solvent
        room = self._truth.room
        self._room_vapour = room.humidity * saturation_pa(self.room) / (self.room + KELVIN)
        liquid = self._truth.liquid
        left_kg = self.evaporated_kg - self.added_m3 * liquid.density_kg_per_m3
        lost = left_kg * liquid.specific_heat_j_per_kg_k
        self.liquid_j_per_k = capacity = liquid.heat_capacity_j_per_k - lost
        self._core_j_per_k = core_j_per_k = capacity * liquid.core_share
        self._rim_j_per_k = rim_j_per_k = capacity - core_j_per_k
        self._mixing_w_per_k = rim_j_per_k * liquid.core_share / liquid.mixing_s

    @property
    def heat_per_watt(self) -> float:
        """Heat in the liquid for one watt at the sample plane."""
        return self.core_share_w * self.overlap.value

    def step(self, power_w: float, electrical_w: float = 0.0, field_w: float = 0.0) -> None:
        """One step with this mean optical power at the sample plane, this mean electrical power in
        the resistor, and this mean heat by a field in all of the liquid."""
        h = self.step_s
        core, rim, inner, outer = self.core, self.rim, self.inner, self.outer
        holder, losses = self.holder, self.losses
        bath = self.bath
        room = self.room if bath is None else bath.step(h, self.room)
        self.around = room
        vessel = self._vessel
        core_j_per_k, rim_j_per_k = self._core_j_per_k, self._rim_j_per_k

        self._draught = draught = self._draught * self._draught_keep + (
            self._draught_kick * self._noise()
        )

        # Flows [W], each from the node named first.
        core_rim = (core - rim) * self._mixing_w_per_k
        rim_inner = (rim - inner) * vessel.film_w_per_k
        inner_outer = (inner - outer) * vessel.wall_w_per_k
        outer_holder = (outer - holder) * losses.holder
        rise = outer - room
        hot, cold = outer + KELVIN, room + KELVIN
        hot2, cold2 = hot * hot, cold * cold
        surface = (
            losses.forced * rise
            + losses.natural * rise * sqrt(sqrt(abs(rise)))
            + losses.radiation * (hot2 * hot2 - cold2 * cold2)
        ) * ((1.0 + self.gusts * draught) * self.exposure.value)
        vapour = 610.94 * exp(17.625 * rim / (rim + 243.04)) / (rim + KELVIN)
        evaporation = losses.evaporation * self.exposure.value * (vapour - self._room_vapour)
        holder_room = (holder - room) * self._holder_w_per_k

        # Rates of the two-step rule, kept as net heat of each node.
        now = (
            -core_rim,
            core_rim - rim_inner - evaporation,
            rim_inner - inner_outer,
            inner_outer - outer_holder - surface,
            outer_holder - holder_room,
        )
        past = self._past or now
        self._past = now
        self._pace = _STILL
        forth, back = 1.5 * h, 0.5 * h
        light_j = power_w * self.core_share_w * self.overlap.value * h
        if self.heater is not None:
            heat_j, lost_j = self.heater.step(electrical_w, core, room)
            self.lost_j += lost_j
        else:
            heat_j = 0.0
        wall_j_per_k = self._half_wall_j_per_k

        liquid_before = rim
        heated_j = light_j + heat_j
        self.core = core + (heated_j + forth * now[0] - back * past[0]) / core_j_per_k
        self.rim = rim = rim + (forth * now[1] - back * past[1]) / rim_j_per_k
        self.inner = inner + (forth * now[2] - back * past[2]) / wall_j_per_k
        self.outer = outer + (forth * now[3] - back * past[3]) / wall_j_per_k
        self.holder = holder + (forth * now[4] - back * past[4]) / vessel.holder_j_per_k

        if field_w:
            warmer = field_w * h / (core_j_per_k + rim_j_per_k)
            self.core += warmer
            self.rim = rim = rim + warmer
        self.deposited_j += light_j + (electrical_w + field_w) * h
        self.lost_j -= forth * sum(now) - back * sum(past)
        self.evaporated_kg += evaporation * h / VAPORISATION_J_PER_KG
        if rim > self.peak_liquid:
            self.peak_liquid = rim
        if rim > COLDEST_THAT_COUNTS_DEGC:
            self.count_dose(0.5 * (core + self.core), 0.5 * (liquid_before + rim), h)

        if self.bead_in_air:
            keep = self._air_decay
            target = room + 0.05 * (rim - room)
        else:
            keep = self._bead_decay
            light_k = self.bead_light_k_per_w * power_w
            target = 0.5 * (liquid_before + rim) + light_k + self.bead_field_k
        self.bead = self.bead * keep + target * (1.0 - keep)
        second = self._truth.second
        if second is not None:
            keep = self._second_decay
            light_k = second.light_k_per_w * power_w
            target = 0.5 * (liquid_before + rim) + light_k + self.bead_field_k
            self.second = self.second * keep + target * (1.0 - keep)

        self.steps += 1
        self.room = room = self._room_at(self.steps * h)
        if bath is None:
            self.around = room
        elif self.ambient_in_chamber:
            room = bath.chamber_degc
        self.ambient_bead += (room - self.ambient_bead) * (1.0 - self._ambient_decay)
        self._count += 1
        if self._count == _REFRESH_STEPS:
            self._count = 0
            if power_w > 0.0:
                faded = self.bleach_per_s + self.bleach_per_j * power_w
                self.unbleached *= exp(-faded * _REFRESH_STEPS * h)
            self._refresh()

    def count_dose(self, core_degc: float, rim_degc: float, h_s: float) -> None:
        """So many seconds at these temperatures."""
        share = self._truth.liquid.core_share
        self.cem43_s += _equivalent(rim_degc) * h_s
        self.cem43_mean_s += _equivalent(share * core_degc + (1.0 - share) * rim_degc) * h_s

    def bead_after(self, dt_s: float, power_w: float) -> float:
        """The bead, a part of a step after the last one."""
        if self.bead_in_air:
            target, lag = self.around + 0.05 * (self.rim - self.around), AIR_LAG_S
            pace = self._pace[1]
        else:
            target = self.rim + self.bead_light_k_per_w * power_w + self.bead_field_k
            lag = self._truth.probes.bead_lag_s
            pace = self._pace[0]
        return ramped(self.bead, target + pace * dt_s, pace, dt_s, lag)

    def second_after(self, second: SecondBead, dt_s: float, power_w: float) -> float:
        """The second bead, a part of a step after the last one."""
        target = self.rim + second.light_k_per_w * power_w + self.bead_field_k
        pace = self._pace[0]
        return ramped(self.second, target + pace * dt_s, pace, dt_s, second.lag_s)

    def stored_j(self) -> float:
        """Heat above 0 degC in liquid, wall, holder and resistor."""
        vessel, share = self._truth.vessel, self._truth.liquid.core_share
        liquid = self.liquid_j_per_k * (share * self.core + (1.0 - share) * self.rim)
        wall = 0.5 * vessel.wall_heat_capacity_j_per_k * (self.inner + self.outer)
        heater, held = self.heater, 0.0
        if heater is not None:
            held = heater.true.heat_capacity_j_per_k * heater.temperature
        return liquid + wall + vessel.holder_j_per_k * self.holder + held
