"""Draw a true bench around the stated one.

Volume, absorbance, heat capacities, wall, heat loss and power are drawn around what the sample and
bench files state, with the deviations they state; all else comes from ranges of the simulator's
own. Every parameter has a stream of its own, so that stating one more does not move the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from labctl_simulators.world._bath import Circulator
from labctl_simulators.world._coil import Magnetism
from labctl_simulators.world._loads import draw_cargo, draw_solution
from labctl_simulators.world._materials import particles
from labctl_simulators.world._noise import Stream
from labctl_simulators.world._truth import (
    Beam,
    Liquid,
    Probes,
    Resistor,
    Room,
    SecondBead,
    Truth,
    Vessel,
)

WATER_ABSORPTION_PER_M = 2.23
"""Natural absorption coefficient of water at 808 nm (published tables: 0.0223 1/cm)."""

Plain = Mapping[str, Any]


class _Draw:
    """Draws by parameter name; remembers what had to be assumed."""

    def __init__(self, seed: int, batch: str = "") -> None:
        self.seed = seed
        self._batch = batch
        self.assumed: list[str] = []

    def around(self, name: str, mean: float, sd: float) -> float:
        return Stream(self.seed, f"draw/{name}").near(mean, sd, at_most_sd=2.5)

    def particles(self, path: str, mean: float, sd: float) -> float:
        """What belongs to the particles, by material and name: of a stated batch the same in every
        vessel, else drawn by the name alone."""
        if not self._batch:
            return self.around(path.rpartition("/")[2], mean, sd)
        return Stream(0, f"batch/{self._batch}/{path}").near(mean, sd, at_most_sd=2.5)

    def within(self, name: str, low: float, high: float) -> float:
        return Stream(self.seed, f"draw/{name}").uniform(low, high)

    def stated(
        self, statement: Plain, name: str, sd_name: str, default: float, default_sd: float
    ) -> float:
        """Around the stated value; a missing one is assumed and named."""
        value = statement.get(name)
        if value is None:
            self.assumed.append(f"{name} = {default:g}")
            return self.around(name, default, default_sd)
        sd = statement.get(sd_name)
        return self.around(name, float(value), 0.0 if sd is None else abs(float(sd)))


def draw(seed: int, sample: Plain, bench: Plain) -> Truth:
    """The true bench of this seed. Statements are plain SI values as in `SimSpec`."""
    d = _Draw(seed, str(sample.get("batch") or ""))
    vessel_said = _section(bench, "vessel")
    liquid = _liquid(d, sample, vessel_said, bench)
    material = str(sample.get("material") or sample.get("name") or "")
    cargo, assumed = draw_cargo(seed, material, sample, liquid.volume_m3)
    d.assumed.extend(assumed)
    return Truth(
        seed=seed,
        liquid=liquid,
        vessel=_vessel(d, vessel_said, liquid),
        room=_room(d),
        beam=_beam(d, _section(bench, "laser"), _section(bench, "meter")),
        probes=_probes(d),
        heater=_resistor(d, _section(bench, "heater"), liquid),
        second=_second(d) if _section(bench, "roles").get("probe2") else None,
        cargo=cargo,
        solution=draw_solution(seed, sample),
        circulator=_circulator(d),
        magnetism=_magnetism(d, sample, liquid),
        assays=_section(bench, "assays"),
        assumed=tuple(d.assumed),
    )


def _section(statement: Plain, name: str) -> Plain:
    found = statement.get(name)
    return found if isinstance(found, Mapping) else {}


def _number(section: Plain, name: str, default: float) -> float:
    """What is not stated, or stated as unknown, has the simulator's own value."""
    value = section.get(name)
    return default if value is None else float(value)


def _liquid(d: _Draw, said: Plain, vessel: Plain, bench: Plain) -> Liquid:
    name = str(said.get("material") or said.get("name") or "water")
    found = None if said.get("kind") == "solvent" else particles(name)
    absorbance = 0.0
    efficiency, placeholder, bleach = 1.0, False, 0.0
    if found is not None:
        absorbance = max(0.0, d.stated(said, "absorbance", "absorbance_sd", 1.0, 0.02))
        efficiency = d.particles(f"{found.name}/efficiency", found.efficiency, found.efficiency_sd)
        efficiency = min(0.99, max(0.02, efficiency))
        placeholder = found.placeholder
        if found.bleach_per_min is not None:
            # The beam is taken to be 1 cm^2 wide where the bench does not say.
            area_cm2 = _number(bench, "spot_area_m2", 1.0e-4) * 1.0e4
            low, high = found.bleach_per_min
            per_min = math.exp(d.within("bleaching", math.log(low), math.log(high)))
            bleach = per_min / 60.0 / area_cm2
    path_m = _number(vessel, "path_m", _number(said, "path_m", 0.01))
    return Liquid(
        material=found.name if found else "solvent",
        volume_m3=d.stated(said, "volume_m3", "volume_sd", 1.0e-6, 0.01e-6),
        density_kg_per_m3=_number(said, "density_kg_per_m3", 997.0),
        specific_heat_j_per_kg_k=d.stated(
            said, "specific_heat_j_per_kg_k", "specific_heat_sd", 4179.0, 10.0
        ),
        absorbance=absorbance,
        solvent_absorbance=WATER_ABSORPTION_PER_M * path_m / math.log(10.0),
        efficiency=efficiency,
        efficiency_placeholder=placeholder,
        core_share=d.within("core_share", 0.25, 0.45),
        mixing_s=d.within("mixing", 0.4, 0.9),
        bleach_per_j=bleach,
    )


def _vessel(d: _Draw, said: Plain, liquid: Liquid) -> Vessel:
    # Surface, and with it loss and wall, goes with volume to the power two thirds.
    size = (liquid.volume_m3 / 1.0e-6) ** (2.0 / 3.0)
    return Vessel(
        wall_heat_capacity_j_per_k=d.stated(
            said,
            "wall_heat_capacity_j_per_k",
            "wall_heat_capacity_sd",
            1.1 * size,
            0.08 * size,
        ),
        wall_transmission=min(
            1.0, d.stated(said, "wall_transmission", "wall_transmission_sd", 0.964, 0.002)
        ),
        rear_return=d.within("rear_return", 0.028, 0.038),
        film_w_per_k=d.within("film", 0.20, 0.40) * size,
        wall_w_per_k=d.within("wall_conductance", 0.7, 1.1) * size,
        heat_loss_w_per_k=d.stated(
            said, "heat_loss_w_per_k", "heat_loss_sd", 0.024 * size, 0.003 * size
        ),
        natural_share=d.within("natural", 0.08, 0.20),
        radiation_share=d.within("radiation", 0.11, 0.16),
        holder_share=d.within("holder_share", 0.08, 0.20),
        holder_j_per_k=d.within("holder_capacity", 40.0, 120.0) * size,
        holder_s=d.within("holder_time", 600.0, 2400.0),
        evaporation_area_m2=1.0e-4 * size,
        headspace_m=d.within("headspace", 0.025, 0.045),
    )


def _room(d: _Draw) -> Room:
    return Room(
        temperature_degc=d.around("room", 22.5, 0.8),
        drift_k_per_s=d.around("drift", 0.0, 0.08 / 600.0),
        swing_k=d.within("swing", 0.02, 0.10),
        swing_s=d.within("swing_period", 700.0, 1900.0),
        swing_phase=d.within("swing_phase", 0.0, 2.0 * math.pi),
        humidity=d.within("humidity", 0.30, 0.60),
        flutter=d.within("flutter", 0.003, 0.008),
        flutter_s=d.within("flutter_time", 15.0, 40.0),
        start_offset_k=d.around("start_offset", 0.0, 0.08),
    )


def _beam(d: _Draw, laser: Plain, meter: Plain) -> Beam:
    # Laser and meter were calibrated against one reference head, whose error they share; each has
    # besides what is missing to its own stated deviation.
    laser_dev = abs(_number(laser, "deviation", 0.03))
    meter_dev = abs(_number(meter, "deviation", 0.03))
    shared_sd = min(laser_dev, meter_dev)
    shared = d.around("power_reference", 1.0, shared_sd)
    laser_own = d.around("power_laser", 1.0, math.sqrt(max(0.0, laser_dev**2 - shared_sd**2)))
    meter_own = d.around("power_meter", 1.0, math.sqrt(max(0.0, meter_dev**2 - shared_sd**2)))
    unit = str(laser.get("unit") or "A")
    by_power = unit == "W"
    return Beam(
        unit=unit,
        threshold=_number(laser, "threshold", 0.0 if by_power else 0.35),
        slope=_number(laser, "slope", 1.0 if by_power else 0.90),
        power_factor=shared * laser_own,
        pick_off=_number(meter, "pick_off", 0.02),
        meter_factor=shared * meter_own,
        # A constant-power supply watches its own photodiode and sags less.
        sag=d.within("sag", 0.002, 0.006) if by_power else d.within("sag", 0.008, 0.020),
        sag_s=d.within("sag_time", 30.0, 90.0),
        rin=d.within("rin", 0.0008, 0.0020),
        rin_s=d.within("rin_time", 3.0, 12.0),
    )


def _probes(d: _Draw) -> Probes:
    return Probes(
        bead_lag_s=d.within("bead_lag", 0.7, 1.4),
        bead_light_k_per_w=abs(d.around("bead_light", 0.0, 0.06)),
        ambient_lag_s=d.within("ambient_lag", 5.0, 9.0),
        gain=d.around("gain", 1.0, 0.0015),
        common_offset_k=d.around("cold_junction", 0.0, 0.3),
        noise_k=d.within("noise", 0.020, 0.030),
        meter_lag_s=d.within("meter_lag", 0.03, 0.08),
        meter_noise=d.within("meter_noise", 0.001, 0.002),
        meter_dark_w=d.within("meter_dark", 1.0e-7, 2.0e-6),
    )


def _second(d: _Draw) -> SecondBead:
    return SecondBead(
        lag_s=d.within("second_lag", 0.7, 1.4),
        offset_k=d.around("second_offset", 0.0, 0.1),
        light_k_per_w=abs(d.around("second_light", 0.0, 0.06)),
    )


def _circulator(d: _Draw) -> Circulator:
    return Circulator(
        heat_capacity_j_per_k=d.within("bath_capacity", 4000.0, 8000.0),
        power_w=d.within("bath_power", 450.0, 650.0),
        cooling_w=0.0,
        loss_w_per_k=d.within("bath_loss", 2.0, 4.0),
        gain_w_per_k=d.within("bath_gain", 1200.0, 2000.0),
        integral_s=d.within("bath_integral", 30.0, 60.0),
        sensor_lag_s=d.within("bath_sensor", 4.0, 8.0),
        sensor_offset_k=d.around("bath_offset", 0.0, 0.1),
        chamber_lag_s=d.within("bath_chamber", 40.0, 90.0),
        grip=d.within("bath_grip", 0.990, 1.0),
    )


def _magnetism(d: _Draw, said: Plain, liquid: Liquid) -> Magnetism:
    # Iron oxides for hyperthermia: 0.2 to 3 nH m^2/kg have been told; a placeholder.
    loss = 1e-9 * d.particles("loss_power", 1.5, 0.3)
    iron = 0.0
    if said.get("iron_kg_per_m3") is not None:
        iron = d.around("iron", float(said["iron_kg_per_m3"]), abs(_number(said, "iron_sd", 0.0)))
    return Magnetism(iron * liquid.volume_m3, loss, d.within("bead_in_field", 1.0, 3.0))


def _resistor(d: _Draw, said: Plain, liquid: Liquid) -> Resistor | None:
    """None on a bench without one. The stated deviation is of the electrical power as read back:
    the two gains of the supply and the wires share it."""
    if not said:
        return None
    deviation = abs(_number(said, "deviation", 0.002))
    size = (liquid.volume_m3 / 1.0e-6) ** (2.0 / 3.0)
    return Resistor(
        resistance_ohm=d.around("resistance", _number(said, "resistance_ohm", 100.0), 0.3),
        heat_capacity_j_per_k=d.within("resistor_capacity", 0.03, 0.06) * size,
        to_liquid_w_per_k=d.within("resistor_coupling", 0.06, 0.15) * size,
        lead_w_per_k=d.within("resistor_leads", 0.00005, 0.00015),
        lead_share=abs(d.around("lead_share", 0.0, 0.3 * deviation)),
        voltage_gain=d.around("supply_voltage", 1.0, 0.5 * deviation),
        current_gain=d.around("supply_current", 1.0, 0.8 * deviation),
    )
