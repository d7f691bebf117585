"""One simulated world with its instruments: what the entry point `labctl.simulators` hands out."""

from __future__ import annotations

from typing import Any

from labctl.instruments import InputError, SimSpec
from labctl_simulators.bench import DEFAULT_BENCH, Device, address_name, connect
from labctl_simulators.faults import Fault, Scene, inject, parse
from labctl_simulators.wire import SimLink
from labctl_simulators.world import World, draw

TRUTH_SCHEMA = "labctl-sim.truth/1"


class Session:
    """Fulfils `labctl.instruments.SimSession`."""

    def __init__(self, spec: SimSpec) -> None:
        bench = spec.bench or DEFAULT_BENCH
        self._faults: tuple[Fault, ...] = parse(spec.faults)
        self.faults: tuple[str, ...] = tuple(fault.text for fault in self._faults)
        self.seed = spec.seed
        self.world = World(draw(spec.seed, spec.sample, bench))
        self.devices: dict[str, Device] = connect(self.world, bench)
        inject(self._faults, Scene(self.world, self.devices))

    def link(self, address: str) -> SimLink:
        """The instrument behind `sim://NAME`."""
        name = address_name(address, "") if "://" in address else address
        device = self.devices.get(name)
        if device is None:
            raise InputError(
                f"no simulated instrument answers at {address}",
                where=address,
                fix=f"There are: {', '.join(f'sim://{known}' for known in self.devices)}.",
            )
        return SimLink(name, self.world, device.personality)

    def truth(self) -> dict[str, Any]:
        """What is true of this world up to now, as plain JSON; nothing of it is for a checker.

        The efficiency is heat over power absorbed (by the particles) after the wall; None for a
        plain solvent. The heat-loss coefficient is the liquid's conductance linearised at the
        plateau of the last emission (of 1 W, without one), holder and room held. `release` is
        there where particles carry something or the medium was changed.
        """
        world, true = self.world, self.world.truth
        liquid, vessel, probes = true.liquid, true.vessel, true.probes
        particles = liquid.absorbance > 0.0
        plateau = world.plateau()
        heat_loss = plateau["heat_loss_w_per_k"]
        capacity = liquid.heat_capacity_j_per_k + vessel.wall_heat_capacity_j_per_k
        told: dict[str, Any] = {
            "schema": TRUTH_SCHEMA,
            "seed": true.seed,
            "material": liquid.material,
            "efficiency": liquid.efficiency if particles else None,
            "efficiency_placeholder": liquid.efficiency_placeholder,
            "heat_loss_w_per_k": heat_loss,
            "time_constant_s": capacity / heat_loss,
            "plateau": plateau,
            "volume_m3": liquid.volume_m3,
            "absorbance": liquid.absorbance,
            "solvent_absorbance": liquid.solvent_absorbance,
            "liquid_heat_capacity_j_per_k": liquid.heat_capacity_j_per_k,
            "wall_heat_capacity_j_per_k": vessel.wall_heat_capacity_j_per_k,
            "wall_transmission": vessel.wall_transmission,
            "liquid_to_wall_w_per_k": vessel.film_w_per_k,
            "holder_time_constant_s": vessel.holder_s,
            "bead_lag_s": probes.bead_lag_s,
            "bead_light_k_per_w": probes.bead_light_k_per_w,
            "power_factor": true.beam.power_factor,
            "meter_factor": true.beam.meter_factor,
            "noise_k": probes.noise_k,
            "evaporated_kg": world.thermal.evaporated_kg,
            "peak_liquid_degc": world.thermal.peak_liquid,
            "peak_bead_degc": world.peak_bead_degc,
            "cem43_s": world.thermal.cem43_s,
            "cem43_mean_s": world.thermal.cem43_mean_s,
            "optical_energy_j": world.optical_energy_j(),
            "until_ns": world.now_ns,
            "electrical_energy_j": world.electrical_energy_j(),
            "heating": world.heating.plain(world.now_ns, world.electrical_energy_j()),
            "emission": world.emission.plain(world.now_ns, world.optical_energy_j()),
            "faults": list(self.faults),
            "assumed": list(true.assumed),
        }
        if world.coil is not None:
            told["magnetism"] = {
                "placeholder": True,
                "iron_kg": world.coil.true.iron_kg,
                "loss_h_m2_per_kg": world.coil.true.loss_h_m2_per_kg,
                "absorption_w_per_kg": world.coil.absorption_w_per_kg,
                "field_energy_j": world.field_energy_j(),
                "field": world.magnetising.plain(world.now_ns, world.field_energy_j()),
            }
        if world.chemistry.active:
            told["release"] = world.chemistry.plain(world.now_ns, world.optical_energy_j())
        return told


def open_session(spec: SimSpec) -> Session:
    """Open a simulated bench; InputError for faults or instruments that it does not have."""
    return Session(spec)
