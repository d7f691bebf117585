"""What a plan would do, as one JSON object, for programs and for the page: worst case, limits, what
it puts on a sample, what it is judged by. Computed from files alone; nothing is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labctl.bench import BenchFile, off_latency
from labctl.events import COIL, HEATER, LASER, SOURCES, Criterion
from labctl.limits import tighten
from labctl.monitor import declared, declared_series, priors_for
from labctl.photothermal import CEM43, Exposure, exposure
from labctl.protocol import DoseReached, HoldTemperature, Plan, timeline, words, worst_case_ns
from labctl.quantities import Kind, format
from labctl.sample import Specimen

SCHEMA = "labctl.plan/1"


def plan_told(plan: Plan, bench: BenchFile, specimen: Specimen | None) -> dict[str, Any]:
    """The plan as one JSON object; names end in their units."""
    return {
        "schema": SCHEMA,
        "protocol": plan.name,
        "protocol_digest": plan.digest,
        "bench": bench.name,
        "bench_digest": bench.digest,
        "parameters": dict(plan.parameters),
        "at_most_s": plan.at_most_ns / 1e9,
        "worst_case_s": worst_case_ns(plan, bench.arming.warning_s) / 1e9,
        "prompts": plan.prompts,
        "energy_j": plan.energy_j,
        "electrical_j": plan.electrical_j,
        "coil_j": plan.coil_j,
        "limits": limits_used(plan, bench),
        "light": _light(plan, bench),
        "dose": [
            {
                "index": step.index,
                "most_cem43_min": most_cem43_min(step),
                "target_cem43_min": target_cem43_min(step),
            }
            for step in holds_of(plan)
        ],
        "samples": [
            {
                "id": run.id,
                "of": run.of,
                "concentration_kg_per_m3": run.concentration_kg_per_m3,
                "at_most_s": run.plan.at_most_ns / 1e9,
                "protocol_digest": run.plan.digest,
            }
            for run in plan.samples
        ],
        "seed": plan.seed,
        "off_latency": {
            source: found.to_plain()
            for source in lit_sources(plan)
            if (found := off_latency(bench, source, plan.limits)) is not None
        },
        "criteria": [
            {"name": c.name, "threshold": c.threshold, "worst": c.why.removeprefix("can make it ")}
            for c in criteria_of(plan, bench, specimen)
        ],
        "hazards": [] if specimen is None else list(specimen.hazards),
        "steps": [
            {
                "index": row.index,
                "verb": row.verb,
                "name": row.name,
                "start_s": row.start_ns / 1e9,
                "latest_s": row.latest_ns / 1e9,
                "at_most_s": None if row.at_most_ns is None else row.at_most_ns / 1e9,
                "power_w": row.power_w,
                "energy_j": row.energy_j,
                "until": None if row.until is None else f"when {words(row.until)}",
            }
            for row in timeline(plan)
        ],
    }


def limits_used(plan: Plan, bench: BenchFile) -> list[dict[str, Any]]:
    """What the plan uses of each limit that it can be held against beforehand, nearest first. Of a
    series: what its most demanding run uses."""
    hard, heater, coil = tighten(bench.limits, plan.limits), bench.heater, bench.coil
    runs = _runs(plan)
    lit_ns = max((lit_ns for run in runs for _, lit_ns in run.emissions()), default=0)
    energy_j = max(run.energy_j + run.electrical_j + run.coil_j for run in runs)
    entries = []
    for name, kind, used, allowed in (
        ("power", Kind.POWER, plan.nominal_power_w, hard.power_w),
        ("exposure", Kind.TIME, lit_ns / 1e9, hard.exposure_s),
        ("heater power", Kind.POWER, plan.nominal_electrical_w,
         heater.max_power_w if heater else None),
        ("coil power", Kind.POWER, plan.nominal_coil_w, coil.max_power_w if coil else None),
        ("energy", Kind.ENERGY, energy_j, hard.energy_j),
        ("total", Kind.TIME, max(run.at_most_ns for run in runs) / 1e9, hard.total_s),
    ):  # fmt: skip
        if allowed and used:
            entries.append(
                {
                    "limit": name,
                    "used": used,
                    "allowed": allowed,
                    "fraction": used / allowed,
                    "used_text": format(used, kind),
                    "allowed_text": format(allowed, kind),
                }
            )
    return sorted(entries, key=lambda entry: -float(entry["fraction"]))


def criteria_of(plan: Plan, bench: BenchFile, specimen: Specimen | None) -> tuple[Criterion, ...]:
    """What the check of a plan would be made of, declared before any run; nothing for a plan that
    is not checked."""
    if plan.source is None:
        return ()
    priors, _ = priors_for(
        bench,
        specimen,
        blank=None,
        calibrates=plan.source == HEATER,
        magnetises=plan.source == COIL,
        has_ambient="ambient" in bench.roles,
        has_meter=plan.source in (HEATER, COIL) or "meter" in bench.roles,
        nominal_power_w=plan.most_w(plan.source),
    )
    return (*declared(priors), *declared_series(plan.pulses_w))


def lit_sources(plan: Plan) -> tuple[str, ...]:
    """The sources under labctl's control that a plan uses."""
    return tuple(name for name in SOURCES if plan.needs.get(name, "manual") != "manual")


def light_energy_j(plan: Plan) -> float:
    """The most laser light that one sample is given, joules."""
    return max(run.energy_j for run in _runs(plan))


def beam_of(plan: Plan, bench: BenchFile) -> Exposure | None:
    """The beam beside the exposure limits of a person; None where spot or wavelength is not
    known."""
    if bench.spot_area is None or bench.wavelength_m is None:
        return None
    lit_s = max(sum(step.at_most_ns for step in run.lit(LASER)) for run in _runs(plan)) / 1e9
    return exposure(bench.wavelength_m, plan.nominal_power_w, bench.spot_area.value, lit_s)


def holds_of(plan: Plan) -> list[HoldTemperature]:
    """The steps that hold a temperature."""
    return [step for step in plan.steps if isinstance(step, HoldTemperature)]


def most_cem43_min(step: HoldTemperature) -> float:
    """Minutes at 43 degC of a hold, were it at its upper end for all of its time."""
    return CEM43.rate(step.high_degc) * step.at_most_ns / 1e9


def target_cem43_min(step: HoldTemperature) -> float | None:
    """The dose on which the step itself ends, minutes at 43 degC."""
    until = step.until
    return until.cem43_s / 60.0 if isinstance(until, DoseReached) else None


def _light(plan: Plan, bench: BenchFile) -> dict[str, Any]:
    """Fluence and irradiance; None for what is not known."""
    area = bench.spot_area.value if bench.spot_area is not None else None
    lit = plan.uses_light and plan.energy_j > 0.0
    beam = beam_of(plan, bench) if lit else None
    return {
        "fluence_j_per_m2": light_energy_j(plan) / area if area and lit else None,
        "irradiance_w_per_m2": plan.nominal_power_w / area if area and lit else None,
        "skin_exposure": beam.skin if beam else None,
        "eye_exposure": beam.eye if beam else None,
        "exposure_words": beam.words if beam else None,
    }


def _runs(plan: Plan) -> Sequence[Plan]:
    """Of a series each, for each is of another sample."""
    return [run.plan for run in plan.samples] or [plan]
