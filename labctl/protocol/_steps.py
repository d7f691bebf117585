"""Steps of a plan: frozen values, whole nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from labctl.errors import RefusedError
from labctl.events import COIL, HEATER, LASER
from labctl.protocol._conditions import Condition


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
class ApplyField(_Step):
    """Alternating magnetic field on, for a time or until a condition."""

    verb: ClassVar[str] = "apply_field"
    source: ClassVar[str] = COIL
    field_a_per_m: float
    """Amplitude at the sample, at the frequency of the bench's coil."""
    at_most_ns: int
    until: Condition | None = None
    """None: for exactly `at_most_ns`."""
    if_late: str = "stop"
    """When `until` is not met in time: `stop` the run or `continue`."""
    stated_power_w: float | None = field(default=None, compare=False)
    """What the supply of the bench's coil gives for it; None while it has met no bench."""

    @property
    def power_w(self) -> float:
        """Of the coil's supply. RefusedError while the field has met no bench."""
        if self.stated_power_w is None:
            raise RefusedError(
                f"step {self.index + 1} states a field, and no bench gives its coil",
                fix="Bind the plan to a bench with a coil.",
            )
        return self.stated_power_w

    @property
    def energy_j(self) -> float:
        """Most energy of the supply in this step; next to none of it reaches the sample."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTemperature(_Step):
    """Keep the probed liquid inside a band by the power of a source, with the model ahead of it."""

    verb: ClassVar[str] = "hold_temperature"
    low_degc: float
    high_degc: float
    power_limit_w: float
    """Never more than this, of light at the sample or of electrical power in the resistor."""
    at_most_ns: int
    """From its first light, or from when it takes over the light of the step before: an irradiation
    or another hold of the same source, with which it is one emission."""
    until: Condition | None = None
    """None: for exactly `at_most_ns`. Counted from the moment that the band is reached."""
    if_late: str = "stop"
    """When `until` is not met in time: `stop` the run, `continue`, or `ask` a person in the
    dark."""
    source: str = LASER
    """`laser`, or `heater` for the same temperatures without light."""

    @property
    def energy_j(self) -> float:
        """Most energy in this step."""
        return self.power_limit_w * self.at_most_ns / 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(_Step):
    """Dark, sampled and assayed, until a condition; at that moment `require` must hold too."""

    verb: ClassVar[str] = "wait"
    at_most_ns: int
    until: Condition
    if_late: str = "stop"
    """When `until` is not met in time: `stop` the run, `continue`, or `ask` a person."""
    require: Condition | None = None
    """What must hold when `until` is met, else the run ends here, held, with the reason on the
    record: an order gate requires that the drug is still in the particles."""
    abort_if: Condition | None = None
    """What ends the run at once, e.g. a temperature above the pre-heat band."""
    assay_every_ns: int | None = None
    """So often every species that `until` and `require` speak of is assayed. None: as often as the
    bench's assay allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetThermostat(_Step):
    """Set the surroundings to a temperature and wait until they have it."""

    verb: ClassVar[str] = "thermostat"
    temperature_degc: float
    within_k: float
    """The probe is within this of the set point."""
    for_ns: int
    """... over so long."""
    at_most_ns: int
    if_late: str = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAgent(_Step):
    """Add something to the sample: by the doser, else by a person who confirms volume and time.

    Either a volume is given, or what the liquid shall have afterwards, from which the volume is
    computed with the stock that the bench states.
    """

    verb: ClassVar[str] = "dose"
    agent: str
    """A stock of the bench's doser, e.g. `glutathione`, `acid`."""
    volume_m3: float | None = None
    concentration_mol_per_m3: float | None = None
    """Of the agent in the liquid afterwards."""
    ph: float | None = None
    """Of the liquid afterwards."""
    at_most_ns: int = 10 * 60 * 10**9
    """A prompt waits no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(_Step):
    """The stimulus that starts the release, and its clock: pH, glutathione and temperature of the
    medium from here on, by thermostat and doser, else by a person who confirms them."""

    verb: ClassVar[str] = "release"
    species: tuple[str, ...]
    """What is loaded and shall be followed, e.g. `quinidine`, `doxorubicin`."""
    ph: float | None = None
    glutathione_mol_per_m3: float | None = None
    temperature_degc: float | None = None
    at_most_ns: int = 60 * 60 * 10**9
    """All of the stimulus is there by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assay(_Step):
    """Measure species in the medium now."""

    verb: ClassVar[str] = "assay"
    species: tuple[str, ...]
    times: int = 1
    every_ns: int | None = None
    """Between two of `times`; None: as fast as the assay goes."""
    at_most_ns: int = 60 * 60 * 10**9


Step: TypeAlias = (
    Baseline
    | Irradiate
    | Heat
    | ApplyField
    | HoldTemperature
    | Cool
    | Wait
    | Log
    | SetThermostat
    | AddAgent
    | Release
    | Assay
    | Prompt
)

Lit: TypeAlias = Irradiate | Heat | ApplyField | HoldTemperature
"""A step that puts energy into the sample."""


def most_power_w(step: Lit) -> float:
    """The most that a step gives; RefusedError while irradiance or field has met no bench."""
    return step.power_limit_w if isinstance(step, HoldTemperature) else step.power_w
