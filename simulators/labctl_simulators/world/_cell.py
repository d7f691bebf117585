"""The heat network as a cell: what is done to it, and its long steps in the dark.

It is put into a bath's chamber, liquid is added and taken away, and where it has been dark for long
ten short steps are made at once, by an implicit rule that needs none of them to be short.
"""

from __future__ import annotations

from math import sqrt

from labctl_simulators.world._bath import Bath
from labctl_simulators.world._chain import changes
from labctl_simulators.world._losses import KELVIN, VAPORISATION_J_PER_KG, saturation_pa
from labctl_simulators.world._thermal import (
    AIR_LAG_S,
    COLDEST_THAT_COUNTS_DEGC,
    Thermal,
    ramped,
)

_STOPPER = 0.03
"""Share of the evaporation that a stopper lets through: hours in the warmth need one."""
_GRIPPED = 10.0
"""So much better does a chamber hold the cell's holder than a table."""


class Cell(Thermal):
    """One cell on its bench."""

    __slots__ = ()

    @property
    def humidity(self) -> float:
        """Of the room."""
        return self._truth.room.humidity

    def put_into(self, bath: Bath) -> Bath:
        """The cell stands in this bath's chamber from now on, with a stopper on it."""
        room = self._truth.room
        self.bath = bath
        self.ambient_in_chamber = True
        self._holder_w_per_k *= _GRIPPED
        self.losses = self.losses.stoppered(_STOPPER, room.temperature_degc, room.humidity)
        return bath

    def mix_in(self, volume_m3: float, degc: float) -> None:
        """Liquid of this temperature is stirred in at once."""
        liquid = self._truth.liquid
        added = volume_m3 * liquid.density_kg_per_m3 * liquid.specific_heat_j_per_kg_k
        here = self.liquid_j_per_k
        self.core = (here * self.core + added * degc) / (here + added)
        self.rim = (here * self.rim + added * degc) / (here + added)
        self.brought_j += added * degc
        self.added_m3 += volume_m3
        self._refresh()

    def take_out(self, volume_m3: float) -> None:
        """Some of the liquid is taken away through a filter."""
        liquid = self._truth.liquid
        self.added_m3 -= volume_m3
        gone = volume_m3 * liquid.density_kg_per_m3 * liquid.specific_heat_j_per_kg_k
        share = liquid.core_share
        self.brought_j -= gone * (share * self.core + (1.0 - share) * self.rim)
        self._refresh()

    def coast(self, count: int) -> None:
        """So many steps at once, in the dark, with nothing switched on."""
        h = count * self.step_s
        losses, vessel, heater = self.losses, self._vessel, self.heater
        self.steps += count
        before, self.room = self.room, self._room_at(self.steps * self.step_s)
        bath = self.bath
        around = 0.5 * (before + self.room) if bath is None else bath.step(h, self.room)
        keep = self._draught_keep**count
        self._draught = self._draught * keep + (
            self._truth.room.flutter * sqrt(1.0 - keep * keep) * self._noise()
        )
        open_to = (1.0 + self.gusts * self._draught) * self.exposure.value
        core, rim, inner, outer, holder = self.core, self.rim, self.inner, self.outer, self.holder
        wires = 0.0 if heater is None else heater.loss_w_per_k
        core_held = 0.0 if heater is None else heater.true.heat_capacity_j_per_k
        links = (self._mixing_w_per_k, vessel.film_w_per_k, vessel.wall_w_per_k, losses.holder)
        core_rim, rim_inner, inner_outer, outer_holder = (
            (warm - cold) * link
            for warm, cold, link in zip(
                (core, rim, inner, outer), (rim, inner, outer, holder), links, strict=True
            )
        )
        surface = losses.surface_w(outer, around) * open_to
        steeper = losses.surface_slope(outer, around) * open_to
        vapour = saturation_pa(rim) / (rim + KELVIN)
        wet = losses.evaporation * self.exposure.value
        evaporation = wet * (vapour - self._room_vapour)
        drier = wet * vapour * (17.625 * 243.04 / (rim + 243.04) ** 2 - 1.0 / (rim + KELVIN))
        half_wall = self._half_wall_j_per_k
        capacities = (
            self._core_j_per_k + core_held,
            self._rim_j_per_k,
            half_wall,
            half_wall,
            vessel.holder_j_per_k,
        )
        moved = changes(
            capacities,
            (
                -core_rim - wires * (core - self.room),
                core_rim - rim_inner - evaporation,
                rim_inner - inner_outer,
                inner_outer - outer_holder - surface,
                outer_holder - (holder - around) * self._holder_w_per_k,
            ),
            links,
            (wires, drier, 0.0, steeper, self._holder_w_per_k),
            h,
        )
        self.core, self.rim = core + moved[0], rim + moved[1]
        self.inner, self.outer = inner + moved[2], outer + moved[3]
        self.holder = holder + moved[4]
        self.lost_j -= sum(c * d for c, d in zip(capacities, moved, strict=True))
        self.evaporated_kg += (evaporation + 0.5 * drier * moved[1]) * h / VAPORISATION_J_PER_KG
        self.peak_liquid = max(self.peak_liquid, self.rim)
        if heater is not None:
            heater.rest(self.core, self.room)
        if self.rim > COLDEST_THAT_COUNTS_DEGC:
            self.count_dose(core + 0.5 * moved[0], rim + 0.5 * moved[1], h)
        self._coast_beads(h, rim, around)
        self._past = None
        self._count = 0
        self._refresh()

    def _coast_beads(self, h: float, rim_before: float, around: float) -> None:
        bath, before = self.bath, self.around
        self.around = self.room if bath is None else bath.chamber_degc
        air = self.around if self.ambient_in_chamber else self.room
        self._pace = ((self.rim - rim_before) / h, (self.around - before) / h)
        probes, second = self._truth.probes, self._truth.second
        if self.bead_in_air:
            target = self.around + 0.05 * (self.rim - self.around)
            self.bead = ramped(self.bead, target, self._pace[1], h, AIR_LAG_S)
        else:
            self.bead = ramped(self.bead, self.rim, self._pace[0], h, probes.bead_lag_s)
        if second is not None:
            self.second = ramped(self.second, self.rim, self._pace[0], h, second.lag_s)
        pace = self._pace[1] if self.ambient_in_chamber else 0.0
        self.ambient_bead = ramped(self.ambient_bead, air, pace, h, probes.ambient_lag_s)
