"""One physical world: time, light, heat, and what a bead and a head would see.

Lazy: `advance_to` integrates on a fixed grid of its own from wherever it was, so the answer does
not depend on how often or how irregularly anybody looks. What happens between two grid points
(a laser edge, a fault) is scheduled and takes effect at its exact time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace
from math import exp
from typing import Any

from labctl.clock import NS
from labctl_simulators.world._bath import Bath
from labctl_simulators.world._cell import Cell
from labctl_simulators.world._chemistry import Chemistry
from labctl_simulators.world._coil import Coil
from labctl_simulators.world._emission import EmissionLog
from labctl_simulators.world._gates import Blade, Relay
from labctl_simulators.world._laser import Laser
from labctl_simulators.world._medium import Medium
from labctl_simulators.world._plateau import plateau
from labctl_simulators.world._truth import Truth

STEP_NS = NS // 10
"""Internal step: a seventh of the fastest time constant (bead, mixing)."""
COAST_NS = NS
"""Internal step after a long time in the dark."""
COAST_AFTER_NS = 900 * NS
"""So long after the last light or heat. What happens to air or bath from then on may be taken up
by a long step early or late."""
_NEVER_NS = 1 << 62

Action = Callable[[], None]


def _after(now_ns: int) -> int:
    """Where long steps begin, when it has become dark now."""
    return -(-(now_ns + COAST_AFTER_NS) // COAST_NS) * COAST_NS


class World:
    """Laser, sample and surroundings of one bench."""

    def __init__(self, truth: Truth, *, step_ns: int = STEP_NS) -> None:
        self.truth = truth
        self.laser = Laser(truth.beam, truth.seed, step_ns / NS)
        self.thermal = Cell(truth, step_ns / NS)
        self.heater = self.thermal.heater
        self.chemistry = Chemistry(truth, self.thermal)
        """Medium, release and what an assay sees; see there for doses and measurements."""
        self.emission = EmissionLog()
        self.heating = EmissionLog()
        """Of the resistor, in electrical watts."""
        self.magnetising = EmissionLog()
        """Of the coil, in watts of heat in the liquid."""
        self.coil: Coil | None = None
        """Around the cell, on a bench that has one."""
        self.probe_offset_k = 0.0
        """A fault: by how much the sample's channel reads too much."""
        self.junction_offset_k = 0.0
        """A fault: by how much all channels do."""
        self.wiring = ""
        """A fault of the sample's thermocouple: `shorted` at its terminals, `reversed`, `swapped`
        with the one in the air."""
        self.peak_bead_degc = self.thermal.bead
        self._step_ns = step_ns
        self._now_ns = 0
        self._grid_ns = step_ns
        self._coast_from_ns = COAST_AFTER_NS
        self.blade: Blade | None = None
        """In the beam between meter and sample, on a bench that has a shutter."""
        self.relay: Relay | None = None
        """In the laser's interlock loop, on a bench that has a dead-man."""
        self._beam = 0.0  # optical power of the laser [W]
        self._power = 0.0  # of it at the sample [W]
        self._segment = 0.0  # optical energy of the step under way [W ns]
        self._energy = 0.0  # of all before it [W ns]
        self._heat = 0.0  # electrical power in the resistor [W]
        self._heat_segment = 0.0  # its energy in the step under way [W ns]
        self._heat_energy = 0.0  # of all steps before it [W ns]
        self._field = 0.0  # heat by the field [W]
        self._field_segment = 0.0  # its energy in the step under way [W ns]
        self._field_energy = 0.0  # of all steps before it [W ns]
        self._head = 0.0  # power at the sample as the head's lag shows it [W]
        self._head_ns = 0
        self._queue: list[tuple[int, int, Action]] = []
        self._next_ns = _NEVER_NS
        self._order = 0
        self._on_first_light: list[tuple[int, Action]] = []

    @property
    def now_ns(self) -> int:
        """How far the world has been integrated."""
        return self._now_ns

    def schedule(self, t_ns: int, action: Action) -> None:
        """Let something happen at `t_ns`, or at once when that has passed."""
        self._order += 1
        heapq.heappush(self._queue, (max(t_ns, self._now_ns), self._order, action))
        self._next_ns = self._queue[0][0]

    def schedule_after_first_light(self, delay_ns: int, action: Action) -> None:
        """Let something happen so long after the first light of this world."""
        self._on_first_light.append((delay_ns, action))

    def advance_to(self, t_ns: int) -> None:
        """Integrate up to `t_ns`; a time that has passed changes nothing."""
        while self._next_ns <= t_ns:
            due_ns, _, action = heapq.heappop(self._queue)
            self._next_ns = self._queue[0][0] if self._queue else _NEVER_NS
            self._march(due_ns)
            action()
            self.settle()
        if t_ns > self._now_ns:
            self._march(t_ns)

    def _march(self, t_ns: int) -> None:
        """Go on to `t_ns`. In long darkness the heat network stays up to a long step behind, and
        catches up before there is light: when it steps depends on the light alone."""
        if self.laser.lit or self._beam or self._heat or self.magnetising.lit:
            self._coast_from_ns = _NEVER_NS
        elif self._coast_from_ns == _NEVER_NS:
            self._coast_from_ns = _after(self._now_ns)
        if t_ns < self._coast_from_ns:
            self._march_finely(t_ns)
            return
        if self._now_ns < self._coast_from_ns:
            self._march_finely(self._coast_from_ns)
        thermal, chemistry = self.thermal, self.chemistry
        done_ns, count = self._grid_ns - self._step_ns, COAST_NS // self._step_ns
        while done_ns + COAST_NS <= t_ns:
            done_ns += COAST_NS
            thermal.coast(count)
            self.laser.rest(count)
            if thermal.bead > self.peak_bead_degc:
                self.peak_bead_degc = thermal.bead
            if done_ns >= chemistry.due_ns:
                chemistry.advance(done_ns, self._energy / NS)
        self._now_ns = t_ns
        self._grid_ns = done_ns + self._step_ns

    def _catch_up(self) -> None:
        """Up to now in short steps, in the dark that has been until now."""
        while self._grid_ns <= self._now_ns:
            self.thermal.step(0.0)
            self.laser.rest(1)
            self._grid_ns += self._step_ns

    def _march_finely(self, t_ns: int) -> None:
        now, grid, step = self._now_ns, self._grid_ns, self._step_ns
        while grid <= t_ns:
            segment = self._segment + self._power * (grid - now)
            self._energy += segment
            self._segment = 0.0
            heated = self._heat_segment + self._heat * (grid - now)
            self._heat_energy += heated
            self._heat_segment = 0.0
            magnetised = self._field_segment + self._field * (grid - now)
            self._field_energy += magnetised
            self._field_segment = 0.0
            now = grid
            self.thermal.step(segment / step, heated / step, magnetised / step)
            if self.thermal.bead > self.peak_bead_degc:
                self.peak_bead_degc = self.thermal.bead
            if now >= self.chemistry.due_ns:
                self.chemistry.advance(now, self._energy / NS)
            beam = self.laser.tick()
            if beam != self._beam:
                self._follow_head(now)
                self._beam = beam
                self._power = self._let_through(beam)
            grid += step
        self._segment += self._power * (t_ns - now)
        self._heat_segment += self._heat * (t_ns - now)
        self._field_segment += self._field * (t_ns - now)
        self._now_ns = t_ns
        self._grid_ns = grid

    def settle(self) -> None:
        """Something about the light, or the resistor, has changed at this moment: take it up, log
        an edge."""
        heat_w = 0.0 if self.heater is None else self.heater.power_w()
        coil = self.coil
        if self.laser.lit or heat_w or (coil is not None and coil.strength):
            self._catch_up()
        if coil is not None:
            self._settle_coil(coil)
        if self.heater is not None:
            self._settle_heater(heat_w)
        beam = self.laser.power_w()
        if beam != self._beam:
            self._follow_head(self._now_ns)
            self._beam = beam
        power = self._power = self._let_through(beam)
        lit = power > 0.0
        if lit == self.emission.lit:
            return
        self.chemistry.edge("light on" if lit else "light off", self._now_ns, self._lit_j())
        self.emission.edge(lit, self._now_ns, self.optical_energy_j(), power)
        if lit and self._on_first_light:
            for delay_ns, action in self._on_first_light:
                self.schedule(self._now_ns + delay_ns, action)
            self._on_first_light.clear()

    def _let_through(self, beam_w: float) -> float:
        return beam_w if self.blade is None or self.blade.is_open else 0.0

    def fit_shutter(self) -> Blade:
        """Put a shutter into the beam, behind the pick-off of the meter; it is shut."""
        self.blade = Blade(self.schedule)
        return self.blade

    def fit_relay(self) -> Relay:
        """Put a relay into the laser's interlock loop; it is open."""

        def moved(closed: bool) -> None:
            turn = self.laser.close_interlock if closed else self.laser.open_interlock
            turn("deadman")

        self.relay = Relay(self.schedule, moved)
        self.laser.open_interlock("deadman")
        return self.relay

    def _settle_heater(self, power_w: float) -> None:
        self._heat = power_w
        heated = power_w > 0.0
        if heated != self.heating.lit:
            self.heating.edge(heated, self._now_ns, self.electrical_energy_j(), power_w)

    def _settle_coil(self, coil: Coil) -> None:
        self._field = power_w = coil.power_w()
        self.thermal.bead_field_k = coil.bead_k()
        on = coil.strength > 0.0
        if on != self.magnetising.lit:
            self.magnetising.edge(on, self._now_ns, self.field_energy_j(), power_w)
            self.chemistry.edge("field on" if on else "field off", self._now_ns, self._lit_j())

    def _follow_head(self, t_ns: int) -> None:
        lag_ns = self.truth.probes.meter_lag_s * NS
        self._head = self._beam + (self._head - self._beam) * exp((self._head_ns - t_ns) / lag_ns)
        self._head_ns = t_ns

    def fit_bath(self, *, cooling_w: float = 0.0) -> Bath:
        """Put the cell, with a stopper on it, into the chamber of a thermostat, which is off; the
        same one when there is one already. With `cooling_w` it can take heat away too."""
        if self.thermal.bath is None:
            true = self.truth.circulator
            if true is None:
                raise RuntimeError("no circulator was drawn for this world")
            true = replace(true, cooling_w=cooling_w)
            return self.thermal.put_into(Bath(true, self.thermal.room))
        return self.thermal.bath

    @property
    def medium(self) -> Medium:
        """The liquid around the particles, as it was at the last point of its own grid."""
        return self.chemistry.medium

    @property
    def bath(self) -> Bath | None:
        """The thermostat around the cell, where one is fitted."""
        return self.thermal.bath

    def fit_coil(self, *, fibre: bool = False) -> Coil:
        """Put a coil around the cell, whose probe is a fibre or of metal; it is off."""
        self.coil = Coil(self.truth.magnetism, fibre=fibre)
        return self.coil

    def place_ambient(self, *, in_chamber: bool) -> None:
        """Where the thermocouple for the surroundings hangs. With a bath that is its chamber, for
        that is what the cell loses its heat to; somebody may have left it in the room."""
        self.thermal.ambient_in_chamber = in_chamber

    def dose(self, agent: str, volume_m3: float, *, concentration_mol_per_m3: float = 0.0) -> None:
        """Stir a volume of a stock in, now, at the temperature of the room, with `agent` (a
        species, an acid, a base; `Chemistry` says which) dissolved in it."""
        stock = {agent: concentration_mol_per_m3}
        self.chemistry.dose(agent, volume_m3, stock, self._now_ns, self._lit_j())

    def set_medium(
        self, *, ph: float | None = None, glutathione_mol_per_m3: float | None = None
    ) -> None:
        """Somebody has brought the medium there by hand, now, with a volume that does not
        matter."""
        self.chemistry.set_medium(ph, glutathione_mol_per_m3, self._now_ns, self._lit_j())

    def take(self, volume_m3: float) -> None:
        """Take some medium away through a filter: particles stay."""
        self.chemistry.take(volume_m3, self._now_ns, self._lit_j())

    def signal(self, species: str) -> float:
        """One measurement of a species, now, as its assay sees it; see `Optics`."""
        return self.chemistry.signal(species, self._now_ns, self._lit_j())

    def concentration(self, species: str) -> float:
        """What is truly dissolved of a species now [mol/m^3]."""
        return self.chemistry.concentration(species, self._now_ns, self._lit_j())

    def released(self) -> dict[str, float]:
        """True fraction of its load that has left the particles by now, by species."""
        return self.chemistry.release.fractions(self._now_ns, self._lit_j())

    def _lit_j(self) -> float:
        return (self._energy + self._segment) / NS

    def optical_energy_j(self) -> float:
        """Light at the sample plane since the world began."""
        return (self._energy + self._segment) / NS

    def electrical_energy_j(self) -> float:
        """Electrical energy in the resistor since the world began."""
        return (self._heat_energy + self._heat_segment) / NS

    def field_energy_j(self) -> float:
        """Heat by the coil's field since the world began."""
        return (self._field_energy + self._field_segment) / NS

    def power_w(self) -> float:
        """Optical power at the sample plane now."""
        return self._power

    def head_power_w(self) -> float:
        """Optical power that the meter's head shows now, its own lag included [W on the head]."""
        self._follow_head(self._now_ns)
        beam = self.truth.beam
        # The stated pick-off times what the sample gets, over the error of the calibration.
        return self._head * beam.pick_off / beam.meter_factor

    def probe_degc(self) -> float:
        """The sample's thermocouple: what its junction would tell a perfect voltmeter."""
        return self._wired(self.wiring) + self.probe_offset_k

    def second_degc(self) -> float:
        """The second thermocouple in the sample, on a bench that has one."""
        second = self.truth.second
        if second is None:
            raise RuntimeError("there is no second bead in this world")
        since_s = (self._now_ns - self._grid_ns + self._step_ns) / NS
        bead = self.thermal.second_after(second, since_s, self._power)
        return self._told(bead) + second.offset_k

    def ambient_degc(self) -> float:
        """The thermocouple that hangs in the air beside the bench."""
        return self._told(self._bead() if self.wiring == "swapped" else self.thermal.ambient_bead)

    def _bead(self) -> float:
        since_s = (self._now_ns - self._grid_ns + self._step_ns) / NS
        return self.thermal.bead_after(since_s, self._power)

    def _wired(self, wiring: str) -> float:
        terminals = self.truth.room.temperature_degc
        if wiring == "shorted":
            return self._told(terminals)
        if wiring == "reversed":
            return self._told(2.0 * terminals - self._bead())
        return self._told(self.thermal.ambient_bead if wiring == "swapped" else self._bead())

    def _told(self, junction_degc: float) -> float:
        probes = self.truth.probes
        reference = self.truth.room.temperature_degc
        offset = probes.common_offset_k + self.junction_offset_k
        return reference + (junction_degc - reference) * probes.gain + offset

    def plateau(self) -> dict[str, Any]:
        """Steady state and its linearisation, for the power that the sample got last: light (1 W of
        it where there was none), or in a run without light what the resistor, or the field, gave.

        Holder and surroundings are held where they are: they follow over tens of minutes only.
        """
        thermal, heater, now_ns = self.thermal, self.heater, self._now_ns
        emitted = self.emission.plain(now_ns, self.optical_energy_j())
        if not emitted and heater is not None:
            heated = self.heating.plain(now_ns, self.electrical_energy_j())
            if heated:
                power_w = heated[-1]["mean_power_w"]
                return plateau(thermal, power_w, power_w * (1.0 - heater.true.lead_share))
        magnetised = self.magnetising.plain(now_ns, self.field_energy_j())
        if not emitted and magnetised:
            power_w = magnetised[-1]["mean_power_w"]
            return plateau(thermal, power_w, power_w)
        power_w = emitted[-1]["mean_power_w"] if emitted else 1.0
        return plateau(thermal, power_w, power_w * thermal.heat_per_watt)
