"""A protocol as an immutable plan: what the engine carries out, and nothing else.

Repeats are unrolled, parameters are put in, every duration is whole nanoseconds. A plan has no
unbounded step except a prompt, which waits for a person with the laser off.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from labctl import sample as samples
from labctl import yamlfile
from labctl.errors import RefusedError
from labctl.events import COIL, HEATER, LASER, SOURCES
from labctl.limits import Limits
from labctl.protocol import _dump
from labctl.protocol._conditions import Released, simple_parts
from labctl.protocol._steps import (
    AddAgent,
    Assay,
    HoldTemperature,
    Irradiate,
    Lit,
    Prompt,
    Release,
    SetThermostat,
    Step,
    Wait,
    most_power_w,
)
from labctl.sample import Specimen
from labctl.yamlfile import Mark


@dataclass(frozen=True, slots=True)
class Plan:
    """One protocol with its parameters put in. Obtain it from `load`."""

    name: str
    title: str
    parameters: Mapping[str, str]
    """Name -> the value taken, as it was written."""
    needs: Mapping[str, str]
    """Role -> capability: `laser`, `manual`, `heater`, `coil`, `thermometer`, `power_meter`,
    `thermostat`, `doser`, `assay`."""
    period_ns: int
    """Sampling period."""
    limits: Limits
    """Only what the protocol sets; it may only tighten the bench's."""
    steps: tuple[Step, ...]
    """Of a series: those of all its runs, one after the other."""
    seed: int | None = None
    """What a shuffled order was drawn from; None where nothing was drawn."""
    samples: tuple[SampleRun, ...] = ()
    """One run for each, in order; empty for a protocol that is one run. A plan with samples is not
    carried out itself: each `plan` of them is."""
    source_file: str = field(default="", compare=False)
    marks: Mapping[str, Mark] = field(default_factory=dict, compare=False, repr=False)
    """Where things stand in the file, e.g. `limits.power`, `steps[1].power`."""

    @property
    def uses_light(self) -> bool:
        """A laser takes part, whoever switches it."""
        return "laser" in self.needs

    @property
    def uses_heater(self) -> bool:
        """The calibration resistor takes part."""
        return "heater" in self.needs

    @property
    def uses_coil(self) -> bool:
        """A field takes part."""
        return "coil" in self.needs

    @property
    def source(self) -> str | None:
        """The one source that takes part, whoever switches it; None where none does, or several
        do."""
        mine = [name for name in SOURCES if name in self.needs]
        return mine[0] if len(mine) == 1 else None

    @property
    def arms(self) -> bool:
        """Something is lit or energised under the guard's lease."""
        fed = self.uses_heater or self.uses_coil
        return fed or (self.uses_light and not self.laser_manual)

    @property
    def heats(self) -> bool:
        """Energy goes into a sample, whoever switches it."""
        return self.uses_light or self.uses_heater or self.uses_coil

    @property
    def follows(self) -> bool:
        """Something is measured in the medium, whoever does it."""
        return "assay" in self.needs

    @property
    def laser_manual(self) -> bool:
        """The laser is switched by hand and not under labctl's control."""
        return self.needs.get("laser") == "manual"

    @property
    def prompts(self) -> int:
        """How many times a person is asked at most, where nothing is late."""
        return sum(self._asked(step) for step in self.steps)

    def _asked(self, step: Step) -> int:
        match step:
            case Prompt():
                return 1
            case Irradiate():
                return 2 if self.laser_manual else 0
            case SetThermostat():
                return 1 if self.needs.get("thermostat") == "manual" else 0
            case AddAgent():
                return 0 if self.needs.get("doser") == "doser" else 1
            case Release():
                return self._asked_for_stimulus(step)
            case Assay():
                return step.times * len(step.species) if self._assay_manual else 0
            case Wait(assay_every_ns=every_ns) if self._assay_manual and every_ns:
                conditions = (step.until, step.require)
                parts = [part for it in conditions for part in simple_parts(it)]
                species = {part.species for part in parts if isinstance(part, Released)}
                return (step.at_most_ns // every_ns + 1) * len(species)
        return 0

    @property
    def _assay_manual(self) -> bool:
        return self.needs.get("assay") == "manual"

    def _asked_for_stimulus(self, step: Release) -> int:
        bath = step.temperature_degc is None or self.needs.get("thermostat") == "thermostat"
        agents = step.ph is None and step.glutathione_mol_per_m3 is None
        return 0 if bath and (agents or self.needs.get("doser") == "doser") else 1

    def lit(self, source: str) -> tuple[Lit, ...]:
        """The steps in which a source gives energy, `laser`, `heater` or `coil`."""
        return tuple(step for step in self.steps if isinstance(step, Lit) and step.source == source)

    def emissions(self) -> tuple[tuple[Lit, int], ...]:
        """Every step that gives energy, with how long its emission may have lasted at its end, ns:
        a hold goes on with what is lit before it."""
        out: list[tuple[Lit, int]] = []
        before: Lit | None = None
        lit_ns = 0
        for step in self.steps:
            if not isinstance(step, Lit):
                before = None
                continue
            goes_on = (
                isinstance(step, HoldTemperature)
                and before is not None
                and before.source == step.source
                and step.index == before.index + 1
            )
            lit_ns = step.at_most_ns + (lit_ns if goes_on else 0)
            before = step
            out.append((step, lit_ns))
        return tuple(out)

    @property
    def pulses_w(self) -> tuple[float | None, ...]:
        """Power of every step in which its one source gives energy, in order; None for a hold."""
        lit = self.lit(self.source) if self.source else ()
        return tuple(None if isinstance(step, HoldTemperature) else step.power_w for step in lit)

    @property
    def nominal_power_w(self) -> float:
        """Highest power at the sample that may be asked for; 0 without irradiation."""
        return max(map(most_power_w, self.lit(LASER)), default=0.0)

    @property
    def energy_j(self) -> float:
        """Most laser energy at the sample in the whole run."""
        return sum(step.energy_j for step in self.lit(LASER))

    @property
    def nominal_electrical_w(self) -> float:
        """Highest electrical power that may be asked for; 0 without heating."""
        return max(map(most_power_w, self.lit(HEATER)), default=0.0)

    @property
    def electrical_j(self) -> float:
        """Most electrical energy in the resistor in the whole run."""
        return sum(step.energy_j for step in self.lit(HEATER))

    @property
    def nominal_coil_w(self) -> float:
        """Highest power of the coil's supply that may be asked for; 0 without a field."""
        return max(map(most_power_w, self.lit(COIL)), default=0.0)

    @property
    def coil_j(self) -> float:
        """Most energy of the coil's supply in the whole run."""
        return sum(step.energy_j for step in self.lit(COIL))

    def most_w(self, source: str | None) -> float:
        """The highest power of a source that may be asked for; 0 where it gives none."""
        return max(map(most_power_w, self.lit(source)), default=0.0) if source else 0.0

    @property
    def at_most_ns(self) -> int:
        """Worst case of the whole run, without the time that prompts without a bound take."""
        return sum(step.at_most_ns or 0 for step in self.steps)

    @property
    def digest(self) -> str:
        """SHA-256 of what is to be done, independent of comments, of the file's place, and of
        whether a value came from a parameter."""
        return yamlfile.digest(_dump.what_is_done(self))

    def dump(self) -> str:
        """YAML text of a protocol that loads to the same plan: parameters put in, repeats, sweeps
        and includes unrolled. RefusedError for a series: each of its runs has a plan of its own."""
        if self.samples:
            raise RefusedError(
                f"{self.name} is a series of {len(self.samples)} runs, not one",
                fix="Take the plan of each of its samples.",
            )
        return yamlfile.dump(_dump.resolved(self))

    def mark(self, key: str, *fallbacks: str) -> Mark:
        """Where something stands in the file, or the best that is known."""
        for name in (key, *fallbacks):
            if name in self.marks:
                return self.marks[name]
        return Mark(self.source_file)


@dataclass(frozen=True, slots=True)
class SampleRun:
    """One run of a series: its sample and its plan."""

    id: str
    """What the sample is called in the protocol."""
    of: str
    """The sample that describes it, by the name or file that the protocol gives."""
    file: Path
    """Where that lies."""
    concentration_kg_per_m3: float | None
    """Of particles, where it differs from what the sample's file states; None: as it says."""
    plan: Plan
    """A run of its own, which begins with the prompt to put the sample in."""

    def specimen(self) -> Specimen:
        """The sample as its file states it, diluted where the protocol says so, under the name that
        the protocol gives it, as sample files spell names (`A25` is `a25`).

        InputError for a file that is wrong, RefusedError for a dilution that cannot be.
        """
        base = samples.load(self.file)
        if self.concentration_kg_per_m3 is None:
            return base
        if base.kind == "solvent" and self.concentration_kg_per_m3 == 0.0:
            return base
        name = re.sub(r"[^a-z0-9]+", "-", self.id.lower()).strip("-")[:64] or "sample"
        return samples.diluted(base, name, self.concentration_kg_per_m3)


def series(plan: Plan, samples: Sequence[SampleRun]) -> Plan:
    """The plan as the runs of these samples; its steps are theirs, numbered through."""
    steps = [
        replace(step, index=index)
        for index, step in enumerate(step for run in samples for step in run.plan.steps)
    ]
    marks = {key: mark for run in samples for key, mark in run.plan.marks.items()}
    return replace(plan, samples=tuple(samples), steps=tuple(steps), marks={**marks, **plan.marks})
