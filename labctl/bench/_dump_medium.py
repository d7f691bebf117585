"""Thermostat, stocks and assays as a bench file says them, and as the simulator's statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labctl.quantities import Kind, exact

if TYPE_CHECKING:
    from labctl.bench._assays import AssayCalibration
    from labctl.bench._model import BenchFile
    from labctl.bench._stocks import Stock

_STRENGTH, _PER_ML = Kind.SUBSTANCE_CONCENTRATION, 1e-6


def plain_medium(bench: BenchFile) -> dict[str, Any]:
    """As the file says it; nothing for a bench without."""
    out: dict[str, Any] = {}
    if bench.max_bath_degc is not None:
        out["thermostat"] = {"max_temperature": exact(bench.max_bath_degc, Kind.TEMPERATURE)}
    if bench.stocks:
        out["stocks"] = {name: _stock(one) for name, one in bench.stocks.items()}
    if bench.assays:
        out["assays"] = {name: _assay(one) for name, one in bench.assays.items()}
    return out


def medium_statement(bench: BenchFile) -> dict[str, Any]:
    """Plain SI values, for a simulator to draw true ones around."""
    out: dict[str, Any] = {}
    if bench.stocks:
        out["stocks"] = {
            name: {
                "channel": one.channel,
                "concentration_mol_per_m3": one.concentration_mol_per_m3,
                "titration": [list(point) for point in one.titration],
                "deviation": one.deviation,
            }
            for name, one in bench.stocks.items()
        }
    if bench.assays:
        out["assays"] = {
            name: {
                "slope": one.slope,
                "slope_sd": abs(one.slope) * one.slope_deviation,
                "offset": one.offset,
                "range_mol_per_m3": one.high_mol_per_m3,
                "sd_mol_per_m3": one.noise / abs(one.slope),
                "removed_m3": one.removed_m3,
            }
            for name, one in bench.assays.items()
        }
    return out


def _stock(stock: Stock) -> dict[str, Any]:
    out: dict[str, Any] = {"channel": stock.channel}
    if stock.concentration_mol_per_m3 is not None:
        out["concentration"] = exact(stock.concentration_mol_per_m3, _STRENGTH)
    if stock.titration:
        out["titration"] = [
            {"pH": exact(ph, Kind.PH), "per_mL": exact(_rounded(per_volume * _PER_ML), Kind.VOLUME)}
            for ph, per_volume in stock.titration
        ]
    if stock.medium:
        out["medium"] = stock.medium
    if stock.deviation:
        out["deviation"] = exact(stock.deviation, Kind.FRACTION)
    return {**out, **_behind(stock)}


def _assay(assay: AssayCalibration) -> dict[str, Any]:
    unit = assay.unit
    out: dict[str, Any] = {
        "medium": assay.medium,
        "slope": f"{assay.slope!r} {unit}/mM",
        "slope_deviation": exact(assay.slope_deviation, Kind.FRACTION),
        "offset": f"{assay.offset!r} {unit}",
        "offset_deviation": f"{assay.offset_deviation!r} {unit}",
        "noise": f"{assay.noise!r} {unit}",
        "from": exact(assay.low_mol_per_m3, _STRENGTH),
        "to": exact(assay.high_mol_per_m3, _STRENGTH),
    }
    if assay.removed_m3:
        out["removed_volume"] = exact(assay.removed_m3, Kind.VOLUME)
    if assay.expires:
        out["expires"] = assay.expires
    return {**out, **_behind(assay)}


def _rounded(value: float) -> float:
    """Twelve digits: that a volume per volume and back is the same number."""
    return float(f"{value:.12g}")


def _behind(one: Stock | AssayCalibration) -> dict[str, Any]:
    told: dict[str, Any] = {"date": one.date, "source": one.source}
    return {**told, "placeholder": True} if one.placeholder else told
