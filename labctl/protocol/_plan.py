"""A protocol as an immutable plan: what the engine carries out, and nothing else.

Repeats are unrolled, parameters are put in, every duration is whole nanoseconds. A plan has no
unbounded step except a prompt, which waits for a person with the laser off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from labctl import yamlfile
from labctl.limits import Limits
from labctl.protocol import _dump
from labctl.protocol._steps import Heat, Irradiate, Prompt, Step
from labctl.yamlfile import Mark


@dataclass(frozen=True, slots=True)
class Plan:
    """One protocol with its parameters put in. Obtain it from `load`."""

    name: str
    title: str
    parameters: Mapping[str, str]
    """Name -> the value taken, as it was written."""
    needs: Mapping[str, str]
    """Role -> capability: `laser`, `manual`, `heater`, `thermometer`, `power_meter`."""
    period_ns: int
    """Sampling period."""
    limits: Limits
    """Only what the protocol sets; it may only tighten the bench's."""
    steps: tuple[Step, ...]
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
    def arms(self) -> bool:
        """Something is lit or energised under the guard's lease."""
        return self.uses_heater or (self.uses_light and not self.laser_manual)

    @property
    def heats(self) -> bool:
        """Energy goes into a sample, whoever switches it."""
        return self.uses_light or self.uses_heater

    @property
    def laser_manual(self) -> bool:
        """The laser is switched by hand and not under labctl's control."""
        return self.needs.get("laser") == "manual"

    @property
    def prompts(self) -> int:
        """How many times a person is asked."""
        by_hand = 2 if self.laser_manual else 0
        return sum(
            1 if isinstance(step, Prompt) else by_hand if isinstance(step, Irradiate) else 0
            for step in self.steps
        )

    @property
    def nominal_power_w(self) -> float:
        """Highest power at the sample that is asked for; 0 without irradiation."""
        return max((s.power_w for s in self.steps if isinstance(s, Irradiate)), default=0.0)

    @property
    def energy_j(self) -> float:
        """Most laser energy at the sample in the whole run."""
        return sum(s.energy_j for s in self.steps if isinstance(s, Irradiate))

    @property
    def nominal_electrical_w(self) -> float:
        """Highest electrical power that is asked for; 0 without heating."""
        return max((s.power_w for s in self.steps if isinstance(s, Heat)), default=0.0)

    @property
    def electrical_j(self) -> float:
        """Most electrical energy in the resistor in the whole run."""
        return sum(s.energy_j for s in self.steps if isinstance(s, Heat))

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
        """YAML text of a protocol that loads to the same plan: parameters put in, repeats
        unrolled."""
        return yamlfile.dump(_dump.resolved(self))

    def mark(self, key: str, *fallbacks: str) -> Mark:
        """Where something stands in the file, or the best that is known."""
        for name in (key, *fallbacks):
            if name in self.marks:
                return self.marks[name]
        return Mark(self.source_file)
