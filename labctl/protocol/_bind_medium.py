"""The medium and what is in it: samples, stocks, assays and set points on a bench."""

from __future__ import annotations

from labctl.bench import BenchFile
from labctl.protocol._bind_doses import ACID, GLUTATHIONE, check_doses
from labctl.protocol._bind_light import effective, whose
from labctl.protocol._conditions import Condition, Released, simple_parts
from labctl.protocol._plan import Plan
from labctl.protocol._steps import AddAgent, Assay, Release, SetThermostat, Step, Wait
from labctl.quantities import Kind, format, format_stated
from labctl.sample import Specimen
from labctl.yamlfile import Mark, Reader

_SAME_WAVELENGTH_M = 5e-9
_SAME_PATH = 0.01


def check_medium(plan: Plan, bench: BenchFile, specimen: Specimen | None, reader: Reader) -> None:
    """Set points, stocks and species of every step."""
    for step in plan.steps:
        if isinstance(step, SetThermostat | Release):
            _check_set_point(step, plan, bench, reader)
        if isinstance(step, AddAgent) and plan.needs.get("doser") == "doser":
            _check_stock(step, plan, bench, reader)
        if isinstance(step, Release) and plan.needs.get("doser") == "doser":
            _check_stimulus(step, plan, bench, reader)
        _check_species(step, plan, bench, specimen, reader)
    check_doses(plan, bench, specimen, reader)


def _check_set_point(
    step: SetThermostat | Release, plan: Plan, bench: BenchFile, reader: Reader
) -> None:
    degc = step.temperature_degc
    if degc is None:
        return
    mark = plan.mark(f"{step.path}.temperature", f"{step.path}.stimulus", step.path)
    said = format(degc, Kind.TEMPERATURE)
    most = bench.max_bath_degc
    if plan.needs.get("thermostat") == "thermostat" and most is not None and degc > most:
        reader.add(
            mark,
            "P050",
            f"{said} is above what the thermostat of bench '{bench.name}' may be set to, "
            f"{format(most, Kind.TEMPERATURE)}",
            f"Ask for at most {format(most, Kind.TEMPERATURE)}.",
        )
    cap = effective(plan, bench).temperature_degc
    if cap is not None and degc >= cap:
        reader.add(
            mark,
            "P050",
            f"{said} is not below the limit of {whose(plan, bench, 'temperature_degc')}, "
            f"{format(cap, Kind.TEMPERATURE)}",
            f"Ask for less than {format(cap, Kind.TEMPERATURE)}.",
        )


def _check_stock(step: AddAgent, plan: Plan, bench: BenchFile, reader: Reader) -> None:
    mark = plan.mark(f"{step.path}.agent", step.path)
    if step.agent not in bench.stocks:
        _no_stock(step.agent, mark, bench, reader)


def _check_stimulus(step: Release, plan: Plan, bench: BenchFile, reader: Reader) -> None:
    mark = plan.mark(f"{step.path}.stimulus", step.path)
    if step.glutathione_mol_per_m3 and GLUTATHIONE not in bench.stocks:
        _no_stock(GLUTATHIONE, mark, bench, reader)
    if step.ph is not None and not any(it.titration for it in bench.stocks.values()):
        _no_stock(ACID, mark, bench, reader)


def _no_stock(agent: str, mark: Mark, bench: BenchFile, reader: Reader) -> None:
    has = ", ".join(bench.stocks) or "nothing"
    reader.add(
        mark,
        "P057",
        f"bench '{bench.name}' has no stock of '{agent}'; it has {has}",
        "Add it to `stocks` of the bench, or leave `doser` out of `needs`: then a person adds it.",
    )


def _check_species(
    step: Step, plan: Plan, bench: BenchFile, specimen: Specimen | None, reader: Reader
) -> None:
    mark = plan.mark(f"{step.path}.species", f"{step.path}.until", step.path)
    followed = _followed(step)
    assayed = (*followed, *(step.species if isinstance(step, Assay) else ()))
    if plan.needs.get("assay") == "assay":
        for species in dict.fromkeys(assayed):
            if species not in bench.assays:
                reader.add(
                    mark,
                    "P057",
                    f"bench '{bench.name}' has no calibrated assay of '{species}'; it has "
                    f"{', '.join(bench.assays) or 'none'}",
                    "Calibrate it in the medium, or write 'assay: manual' in `needs`.",
                )
    if specimen is None:
        return
    for species in followed:
        if species not in specimen.release:
            loaded = ", ".join(specimen.release) or "nothing"
            reader.add(
                mark,
                "P057",
                f"the sample '{specimen.name}' states no load of '{species}'; it states {loaded}",
                "A released fraction is one of a load: add `release` to the sample's file.",
            )


def _followed(step: Step) -> tuple[str, ...]:
    """Species whose released fraction the step speaks of."""
    if isinstance(step, Release):
        return step.species
    conditions: list[Condition | None] = [getattr(step, "until", None)]
    if isinstance(step, Wait):
        conditions += [step.require, step.abort_if]
    parts = [part for condition in conditions for part in simple_parts(condition)]
    return tuple(dict.fromkeys(part.species for part in parts if isinstance(part, Released)))


def check_sample(specimen: Specimen, bench: BenchFile, reader: Reader) -> None:
    mark = Mark(specimen.source_file or specimen.name)
    measured, laser = specimen.wavelength_m, bench.wavelength_m
    if measured and laser and abs(measured - laser) > _SAME_WAVELENGTH_M:
        reader.add(
            mark,
            "P055",
            f"the absorbance of '{specimen.name}' is at {format(measured, Kind.LENGTH)}, and the "
            f"laser of bench '{bench.name}' has {format(laser, Kind.LENGTH)}",
            "Give the absorbance at the laser's wavelength.",
        )
    path = specimen.path_m
    if path and bench.vessel and abs(path / bench.vessel.path_m - 1) > _SAME_PATH:
        reader.add(
            mark,
            "P055",
            f"the absorbance of '{specimen.name}' is over {format(path, Kind.LENGTH)}, and the "
            f"vessel of bench '{bench.name}' has {format(bench.vessel.path_m, Kind.LENGTH)}",
            "Give the absorbance over the vessel's path, or mend `vessel.path`.",
        )


def check_liquid(specimen: Specimen, plan: Plan, bench: BenchFile, reader: Reader) -> None:
    """What heats must trip before the liquid boils or burns."""
    highest, cap = specimen.highest_degc, effective(plan, bench).temperature_degc
    warmed = plan.heats or plan.needs.get("thermostat") == "thermostat"
    if highest is None or cap is None or not warmed or cap < highest:
        return
    points = [
        ("boils", specimen.boiling_point_degc),
        ("has its flash point", specimen.flash_point_degc),
    ]
    said = [f"{what} at {format_stated(at, Kind.TEMPERATURE)}" for what, at in points if at]
    reader.add(
        plan.mark("limits.temperature", "name"),
        "P055",
        f"the limit of {whose(plan, bench, 'temperature_degc')}, "
        f"{format(cap, Kind.TEMPERATURE)}, is not below what the liquid of '{specimen.name}' "
        f"bears: it {' and '.join(said)}",
        f"Set a limit below {format(highest, Kind.TEMPERATURE)} (two deviations below the point).",
    )
