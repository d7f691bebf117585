"""A bench file as text that loads to the same, as a digest, and as the simulator's statement."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from labctl import limits, yamlfile
from labctl.bench._calibrations import Offset, plain_calibrated
from labctl.bench._dump_medium import medium_statement, plain_medium
from labctl.instruments import ASSAY
from labctl.quantities import Kind, exact, exact_stated, units_of

if TYPE_CHECKING:
    from labctl.bench._fed import FieldCoil
    from labctl.bench._model import (
        Arming,
        BenchFile,
        Declaration,
        InstrumentEntry,
        PowerAtSample,
        Vessel,
        Waiver,
    )

SCHEMA = "labctl.bench/1"


def dump(bench: BenchFile) -> str:
    """YAML text."""
    return yamlfile.dump(_resolved(bench))


def digest(bench: BenchFile) -> str:
    """SHA-256 of what is stated."""
    return yamlfile.digest(_resolved(bench))


def plain(bench: BenchFile) -> dict[str, Any]:
    """What is stated, as the file would say it."""
    return _resolved(bench)


def statement(bench: BenchFile) -> dict[str, Any]:
    """Plain values: what the bench claims to be, for a simulator to draw a true one around."""
    out: dict[str, Any] = {
        "instruments": {
            key: {"driver": e.driver, "address": e.address, "settings": dict(e.settings)}
            for key, e in bench.instruments.items()
        },
        "roles": {name: str(role) for name, role in bench.roles.items()},
    }
    laser, meter, vessel = bench.power_at_sample, bench.pick_off, bench.vessel
    if laser is not None:
        out["laser"] = {
            "threshold": laser.threshold,
            "slope": laser.slope,
            "deviation": laser.deviation,
            "unit": laser.unit,
        }
    if meter is not None:
        out["meter"] = {"pick_off": meter.ratio, "deviation": meter.deviation}
    if vessel is not None:
        out["vessel"] = {
            "path_m": vessel.path_m,
            "wall_heat_capacity_j_per_k": vessel.wall_heat_capacity.value,
            "wall_heat_capacity_sd": vessel.wall_heat_capacity.sd,
            "wall_transmission": vessel.wall_transmission.value,
            "wall_transmission_sd": vessel.wall_transmission.sd,
            "heat_loss_w_per_k": vessel.heat_loss.value,
            "heat_loss_sd": vessel.heat_loss.sd,
        }
    heater = bench.heater
    if heater is not None:
        out["heater"] = {"resistance_ohm": heater.resistance_ohm, "deviation": heater.deviation}
    if bench.coil is not None:
        out["coil"] = asdict(bench.coil)
    if bench.spot_area is not None:
        out["spot_area_m2"] = bench.spot_area.value
    return out | medium_statement(bench)


def _resolved(bench: BenchFile) -> dict[str, Any]:
    out: dict[str, Any] = {"schema": SCHEMA, "name": bench.name}
    if bench.title:
        out["title"] = bench.title
    out["instruments"] = {key: _entry(e) for key, e in bench.instruments.items()}
    out["roles"] = {name: str(role) for name, role in bench.roles.items()}
    if bench.wavelength_m is not None:
        out["wavelength"] = exact(bench.wavelength_m, Kind.LENGTH)
    if bench.spot_area is not None:
        out["spot_area"] = exact_stated(bench.spot_area, Kind.AREA)
    if bench.power_at_sample is not None:
        out["power_at_sample"] = _laser(bench.power_at_sample)
    if bench.pick_off is not None:
        out["pick_off"] = {
            "ratio": exact(bench.pick_off.ratio, Kind.FRACTION),
            "deviation": exact(bench.pick_off.deviation, Kind.FRACTION),
            "date": bench.pick_off.date,
        }
    if bench.probe is not None:
        out["probe"] = {
            "tolerance": exact(bench.probe.tolerance_k, Kind.TEMPERATURE_DIFFERENCE),
            "source": bench.probe.source,
            **({"sensor": bench.sensor} if bench.sensor else {}),
        }
    if bench.heater is not None:
        out["heater"] = {
            "resistance": exact(bench.heater.resistance_ohm, Kind.RESISTANCE),
            "max_power": exact(bench.heater.max_power_w, Kind.POWER),
            "deviation": exact(bench.heater.deviation, Kind.FRACTION),
            "date": bench.heater.date,
        }
    if bench.coil is not None:
        out["coil"] = _coil(bench.coil)
    if bench.vessel is not None:
        out["vessel"] = _vessel(bench.vessel)
    out["limits"] = {
        limit.name: exact(value, limit.kind) for limit, value in limits.set_limits(bench.limits)
    }
    watch = bench.vigilance
    out["vigilance"] = {
        "rate_window": exact(watch.rate_window_s, Kind.TIME),
        "frozen_after": watch.frozen_after,
        "resolution": exact(watch.resolution_k, Kind.TEMPERATURE_DIFFERENCE),
        "rise_margin": exact(watch.rise_margin_k, Kind.TEMPERATURE_DIFFERENCE),
        "off_confirm": exact(watch.off_confirm_s, Kind.TIME),
    }
    if watch.power_mismatch is not None:
        out["vigilance"]["power_mismatch"] = exact(watch.power_mismatch, Kind.FRACTION)
    if bench.interlock is not None:
        readable = {"readable": bench.interlock_readable}
        out["interlock"] = {**_declaration(bench.interlock), **readable}
    if bench.dead_man is not None:
        out["dead_man"] = _declaration(bench.dead_man)
    if bench.waivers:
        out["waivers"] = {name: _waiver(name, it) for name, it in bench.waivers.items()}
    if bench.driver_waivers:
        drivers = {name: _waiver("driver", it) for name, it in bench.driver_waivers.items()}
        out["waivers"] = {**out.get("waivers", {}), "drivers": drivers}
    if bench.unattended_by:
        out["unattended"] = {"allowed_by": bench.unattended_by}
    if arming := _arming(bench.arming):
        out["arming"] = arming
    _calibrations(bench, out)
    return out | plain_medium(bench)


def _calibrations(bench: BenchFile, out: dict[str, Any]) -> None:
    """When and how things were measured: beside them, or under `measured` for those without a date
    of their own."""
    for key, one in bench.calibrated.items():
        if key.startswith(f"{ASSAY} "):
            continue  # It says so itself.
        if isinstance(out.get(key), dict) and "date" in out[key]:
            out[key] |= plain_calibrated(one)
        else:
            told = {"date": one.date, **plain_calibrated(one)}
            out["measured"] = {**out.get("measured", {}), key: told}
    if bench.offsets:
        out["thermocouples"] = {role: _offset(one) for role, one in bench.offsets.items()}


def _offset(offset: Offset) -> dict[str, Any]:
    kind = Kind.TEMPERATURE_DIFFERENCE
    told = {
        "offset": exact(offset.offset_k, kind),
        "deviation": exact(offset.deviation_k, kind),
        "reference": offset.reference,
        "date": offset.date,
    }
    return {**told, "expires": offset.expires} if offset.expires else told


def _arming(arming: Arming) -> dict[str, Any]:
    """What differs from what is taken where the file says nothing."""
    usual, out = type(arming)(), dict[str, Any]()
    if arming.act_holds_s != usual.act_holds_s:
        out["act_holds"] = exact(arming.act_holds_s, Kind.TIME)
    if arming.warning_s != usual.warning_s:
        out["warning"] = exact(arming.warning_s, Kind.TIME)
    if arming.simulated_warning_s is not None:
        out["simulated_warning"] = exact(arming.simulated_warning_s, Kind.TIME)
    if arming.commissioned:
        out["commissioned"] = True
    return out


def _entry(entry: InstrumentEntry) -> dict[str, Any]:
    out: dict[str, Any] = {"driver": entry.driver, "address": entry.address}
    if entry.settings:
        out["settings"] = dict(entry.settings)
    if entry.min_period_s is not None:
        out["min_period"] = exact(entry.min_period_s, Kind.TIME)
    return out


def _laser(laser: PowerAtSample) -> dict[str, Any]:
    by_current = laser.unit == units_of(Kind.CURRENT)[0]
    return {
        "threshold": exact(laser.threshold, Kind.CURRENT if by_current else Kind.POWER),
        "slope": exact(laser.slope, Kind.SLOPE if by_current else Kind.TRANSFER),
        "deviation": exact(laser.deviation, Kind.FRACTION),
        "date": laser.date,
    }


def _coil(coil: FieldCoil) -> dict[str, Any]:
    return {
        "resistance": exact(coil.resistance_ohm, Kind.RESISTANCE),
        "field": exact(coil.field_a_per_m, Kind.FIELD),
        **(
            {"at_power": exact(coil.at_power_w, Kind.POWER)}
            if coil.at_current_a is None
            else {"at_current": exact(coil.at_current_a, Kind.CURRENT)}
        ),
        "field_deviation": exact(coil.field_deviation, Kind.FRACTION),
        "frequency": exact(coil.frequency_hz, Kind.FREQUENCY),
        "max_field": exact(coil.max_field_a_per_m, Kind.FIELD),
        "deviation": exact(coil.deviation, Kind.FRACTION),
        "date": coil.date,
    }


def _vessel(vessel: Vessel) -> dict[str, Any]:
    return {
        "name": vessel.name,
        "path": exact(vessel.path_m, Kind.LENGTH),
        "wall_heat_capacity": exact_stated(vessel.wall_heat_capacity, Kind.HEAT_CAPACITY),
        "wall_transmission": exact_stated(vessel.wall_transmission, Kind.FRACTION),
        "heat_loss": exact_stated(vessel.heat_loss, Kind.HEAT_LOSS),
        **({} if vessel.calibration_days == 90 else {"calibration_days": vessel.calibration_days}),
    }


def _declaration(declared: Declaration) -> dict[str, Any]:
    return {"what": declared.what, "tested": declared.tested, "date": declared.date}


def _waiver(name: str, waiver: Waiver) -> dict[str, Any]:
    if name == "interlock":
        who = {"safety_officer": waiver.by, "reference": waiver.reference}
    else:
        who = {"by": waiver.by}
    return {**who, "until": waiver.until, "why": waiver.why}
