"""What a plan would put on a sample, for `labctl plan`: fluence, irradiance, and the beam beside
the exposure limits of a person."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from labctl.errors import RefusedError

if TYPE_CHECKING:
    from labctl.bench import BenchFile
    from labctl.protocol import Plan
    from labctl.sample import Specimen


def light_lines(plan: Plan, bench: BenchFile) -> Iterator[str]:
    """`fluence ...` and `irradiance ...`; nothing where there is no light, and in words what is
    not known."""
    from labctl.ready import beam_of, light_energy_j

    if not plan.uses_light or plan.energy_j <= 0.0:
        return
    if bench.spot_area is None:
        yield "irradiance  not known, nor the fluence: the bench states no spot area"
        return
    area = bench.spot_area.value
    fluence, of = light_energy_j(plan) / area * 1e-4, " of one sample" if plan.samples else ""
    yield (f"fluence     {fluence:.4g} J/cm²{of} at most, mean over a spot of {area * 1e4:.3g} cm²")
    beam = beam_of(plan, bench)
    if beam is None:
        irradiance = plan.nominal_power_w / area * 1e-4
        yield f"irradiance  {irradiance:.3g} W/cm²; the bench states no wavelength"
    else:
        yield f"irradiance  {beam.irradiance_w_per_m2 * 1e-4:.3g} W/cm²: {beam.words}"


def off_lines(plan: Plan, bench: BenchFile) -> list[str]:
    """How long what this plan lights may go on at worst; nothing for a plan that lights nothing."""
    from labctl.bench import latency_lines
    from labctl.ready import lit_sources

    return latency_lines(bench, lit_sources(plan), plan.limits)


def arming_lines(
    plan: Plan, bench: BenchFile, specimen: Specimen | None, *, unattended: bool = False
) -> list[str]:
    """What a person must know who arms a REAL bench: the limits with the beginning of their digest,
    what else must be done, and that nobody need be there. Nothing for a plan that lights nothing.
    """
    from labctl.engine import eyewear
    from labctl.ready import lit_sources

    lines: list[str] = []
    for source in lit_sources(plan):
        # A bench that cannot arm says so elsewhere.
        with contextlib.suppress(RefusedError):
            spec = bench.guard_spec(plan.limits, source, specimen)
            lines.append(
                f"limits {spec.digest()[:12]} of the {source}: at most {spec.max_power_w:g} W, "
                f"{spec.max_temperature_degc:g} degC, {spec.max_exposure_s:g} s at a time, "
                f"{spec.max_energy_j:g} J; lease {spec.lease_s:g} s"
            )
    if "laser" in lit_sources(plan):
        lines.append(eyewear(bench))
    if lines and unattended:
        who = bench.unattended_by or "nobody"
        lines.append(f"UNATTENDED: light with nobody at the bench, allowed by {who}")
    return lines


def unwatched_lines(plan: Plan, bench: BenchFile, specimen: Specimen | None) -> list[str]:
    """`not available ...`, a line a rule that cannot fire here. A bench that cannot arm says so
    elsewhere."""
    from labctl.bench import unwatched
    from labctl.ready import lit_sources

    lines: list[str] = []
    for source in lit_sources(plan):
        power_w = plan.most_w(source)
        with contextlib.suppress(RefusedError):
            found = unwatched(bench, source, plan.limits, specimen, power_w or None)
            lines += [f"not available on this bench: {it}" for it in found]
    return lines
