"""Steps of a plan and the conditions that end them: frozen values, whole nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from labctl.errors import RefusedError
from labctl.events import HEATER, LASER


@dataclass(frozen=True, slots=True)
class Steady:
    """The probe changes by no more than `within_k` over `for_ns`."""

    channel: str
    """Role, e.g. `probe`."""
    within_k: float
    for_ns: int


@dataclass(frozen=True, slots=True)
class Above:
    """A temperature, or the difference of two, is above a value."""

    channel: str
    """Role, e.g. `probe`."""
    minus: str | None
    """Role subtracted, e.g. `ambient`; then `value` is in K, else in degC."""
    value: float


@dataclass(frozen=True, slots=True)
class Below:
    """A temperature, or the difference of two, is below a value."""

    channel: str
    """Role, e.g. `probe`."""
    minus: str | None
    """Role subtracted, e.g. `ambient`; then `value` is in K, else in degC."""
    value: float


@dataclass(frozen=True, slots=True)
class Elapsed:
    """So much time of the step has passed."""

    duration_ns: int


@dataclass(frozen=True, slots=True)
class EfficiencyKnown:
    """The efficiency's deviation without the inputs is at most this, and all checks hold."""

    relative_sd: float


@dataclass(frozen=True, slots=True)
class TimeConstants:
    """So many time constants of the cell, as found so far, have passed in this step."""

    number: int


Condition: TypeAlias = Steady | Above | Below | Elapsed | EfficiencyKnown | TimeConstants


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What every step has."""

    verb: ClassVar[str]
    index: int
    """From 0, repeats unrolled."""
    name: str
    path: str = field(default="", compare=False)
    """Where it stands in the file, e.g. `steps[1].repeat.steps[0]`."""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline(_Step):
    """Log in the dark, before any light."""

    verb: ClassVar[str] = "baseline"
    duration_ns: int
    drift_k: float | None = None
    """The probe should drift by no more than this over the step."""

    @property
    def at_most_ns(self) -> int:
        """A baseline takes its duration."""
        return self.duration_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Irradiate(_Step):
    """Laser on, for a time or until a condition."""

    verb: ClassVar[str] = "irradiate"
    source: ClassVar[str] = LASER
    stated_power_w: float | None
    """Power at the sample, where the protocol gives one or the bench turned an irradiance into
    one."""
    irradiance_w_per_m2: float | None
    """As the protocol gives it; None where it gives a power."""
    at_most_ns: int
    until: Condition | None = None
    """None: for exactly `at_most_ns`."""
    if_late: str = "stop"
    """When `until` is not met in time: `stop` the run or `continue`."""

    @property
    def power_w(self) -> float:
        """Power at the sample. RefusedError while an irradiance has met no bench."""
        if self.stated_power_w is None:
            raise RefusedError(
                f"step {self.index + 1} states an irradiance, and no bench gives its spot area",
                fix="Bind the plan to a bench with a spot area.",
            )
        return self.stated_power_w

    @property
    def energy_j(self) -> float:
        """Most energy at the sample in this step."""
        return self.power_w * self.at_most_ns / 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat(_Step):
    """Calibration resistor on, for a time or until a condition."""

    verb: ClassVar[str] = "heat"
    source: ClassVar[str] = HEATER
    power_w: float
    """Electrical power in the resistor."""
    at_most_ns: int
    until: Condition | None = None
    """None: for exactly `at_most_ns`."""
    if_late: str = "stop"
    """When `until` is not met in time: `stop` the run or `continue`."""

    @property
    def energy_j(self) -> float:
        """Most electrical energy in this step."""
        return self.power_w * self.at_most_ns / 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Cool(_Step):
    """Laser off, for a time or until a condition."""

    verb: ClassVar[str] = "cool"
    at_most_ns: int
    until: Condition | None = None
    if_late: str = "continue"
    """When `until` is not met in time: `stop` the run or `continue`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log(_Step):
    """Only record."""

    verb: ClassVar[str] = "log"
    at_most_ns: int
    until_stopped: bool = False
    """True: a person's stop is the expected end, and `at_most_ns` only bounds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt(_Step):
    """Ask a person; the laser is off and disarmed meanwhile."""

    verb: ClassVar[str] = "prompt"
    text: str
    at_most_ns: int | None = None
    """None: wait as long as it takes."""


Step: TypeAlias = Baseline | Irradiate | Heat | Cool | Log | Prompt
