"""Targets of a plan that its bench cannot reach, told before anything is opened."""

from __future__ import annotations

from labctl.bench import BenchFile
from labctl.clock import NS
from labctl.monitor import Kind, priors_for
from labctl.photothermal import BlankResult, ElectricalCalibration, reachable_sd
from labctl.protocol import EfficiencyKnown, Irradiate, Lit, Plan
from labctl.sample import Specimen
from labctl.yamlfile import Reader

_LONGEST_BASELINE_S = 300.0
_SOONEST_S = 1.0
"""Readings of a design record are no closer: what more of them add is little."""


def has_targets(plan: Plan) -> bool:
    """Whether a heating of this plan ends on its efficiency."""
    return any(
        isinstance(s, Irradiate) and isinstance(s.until, EfficiencyKnown) for s in plan.steps
    )


def check_targets(
    plan: Plan,
    bench: BenchFile,
    specimen: Specimen,
    *,
    blank: BlankResult | None = None,
    calibration: ElectricalCalibration | None = None,
) -> None:
    """InputError, with the place of each, for targets of `efficiency_statistical` below what the
    priors of this bench and sample allow within `at_most`. Only a heating that no other goes before
    is judged: what an earlier one tells is not known beforehand."""
    reader = Reader()
    dark_s = 0.0
    for step in plan.steps:
        if isinstance(step, Irradiate) and isinstance(step.until, EfficiencyKnown):
            _check(plan, step, step.until, dark_s, bench, specimen, blank, calibration, reader)
        if isinstance(step, Lit):
            break
        dark_s += (step.at_most_ns or 0) / NS
    reader.raise_any(f"{plan.name} cannot reach its target on bench {bench.name}")


def _check(
    plan: Plan,
    step: Irradiate,
    until: EfficiencyKnown,
    dark_s: float,
    bench: BenchFile,
    specimen: Specimen,
    blank: BlankResult | None,
    calibration: ElectricalCalibration | None,
    reader: Reader,
) -> None:
    priors, _ = priors_for(
        bench,
        specimen,
        blank=blank,
        electrical=calibration,
        has_ambient="ambient" in bench.roles,
        has_meter="meter" in bench.roles,
        nominal_power_w=step.power_w,
    )
    mark = plan.mark(f"{step.path}.until", step.path)
    if priors.kind is not Kind.EFFICIENCY:
        lacks = " and ".join(priors.missing) or "particles"
        reader.add(
            mark,
            "P056",
            f"no efficiency is computed for {specimen.name}, which lacks {lacks}: the heating "
            "would never end on it",
            "Mend the sample file, or end the heating with `for` or another condition.",
        )
        return
    reached = reachable_sd(
        priors.bank,
        priors.inputs,
        power_w=step.power_w,
        baseline_s=min(max(dark_s, 10.0), _LONGEST_BASELINE_S),
        heat_s=step.at_most_ns / NS,
        every_s=max(plan.period_ns / NS, _SOONEST_S),
        noise_sd_k=priors.noise_sd_k,
    )
    if reached <= until.relative_sd:
        return
    minutes = step.at_most_ns / NS / 60.0
    reader.add(
        mark,
        "P056",
        f"{until.relative_sd * 100.0:.3g} % cannot be reached: what is known of this cell leaves "
        f"{reached * 100.0:.2g} % open after {minutes:.3g} min of light, at best",
        _help(reached, blank, calibration),
    )


def _help(
    reached: float, blank: BlankResult | None, calibration: ElectricalCalibration | None
) -> str:
    fixes = []
    if calibration is None:
        fixes.append("calibrate the cell (`labctl run cell-calibration`, `labctl calibrate`)")
    if blank is None:
        fixes.append("name a blank run of this cell with --blank")
    fixes.append(f"ask for {reached * 105.0:.2g} % or more")
    text = ", or ".join(fixes)
    return f"{text[0].upper()}{text[1:]}."
