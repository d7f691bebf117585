"""What a bench file says, as values. SI units; nothing here touches an instrument."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from labctl import limits
from labctl.bench import _dump
from labctl.bench._assays import AssayCalibration
from labctl.bench._calibrations import Calibrated, Offset
from labctl.bench._fed import CalibrationHeater, Fed, FieldCoil, fed
from labctl.bench._rise_bounds import Contents, RiseBounds, rise_bounds
from labctl.bench._stocks import Stock
from labctl.errors import RefusedError
from labctl.events import COIL, HEATER, LASER
from labctl.instruments import driver
from labctl.limits import Limits
from labctl.quantities import Kind, Stated, format
from labctl.talk import GuardSpec


@dataclass(frozen=True, slots=True)
class InstrumentEntry:
    """One instrument: which driver speaks to it, and where."""

    driver: str
    address: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    """As written, for the driver to check."""
    min_period_s: float | None = None
    """It cannot be read more often than this; None where the file does not say."""


@dataclass(frozen=True, slots=True)
class Role:
    """What an instrument, or one channel of it, is on this bench."""

    name: str
    instrument: str
    channel: str = ""
    """The instrument's own channel, e.g. `101`; empty for an instrument without channels."""

    def __str__(self) -> str:
        return f"{self.instrument}.{self.channel}" if self.channel else self.instrument


@dataclass(frozen=True, slots=True)
class PowerAtSample:
    """Calibration of the source: power at the sample = slope (level - threshold)."""

    threshold: float
    """In `unit`."""
    slope: float
    """Watts at the sample per `unit`."""
    unit: str
    """`A` for a current-driven diode, `W` for a power-driven laser."""
    deviation: float
    """One relative standard deviation of the power at the sample."""
    date: str
    """When it was measured, `2026-01-31`."""

    def level(self, power_w: float) -> float:
        """Drive level, in `unit`, that gives this power at the sample."""
        return self.threshold + power_w / self.slope


@dataclass(frozen=True, slots=True)
class PickOff:
    """Calibration of the power meter: watts on its head per watt at the sample."""

    ratio: float
    deviation: float
    """One relative standard deviation of the ratio."""
    date: str


@dataclass(frozen=True, slots=True)
class Vessel:
    """The cell that holds the sample."""

    name: str
    path_m: float
    wall_heat_capacity: Stated
    """J/K, of the wetted wall."""
    wall_transmission: Stated
    """Fraction of the power that passes the entrance wall."""
    heat_loss: Stated
    """Heat-loss coefficient of the filled vessel, W/K."""
    calibration_days: int = 90
    """An electrical calibration of it is taken for so long: cells are cleaned, swapped, broken."""


@dataclass(frozen=True, slots=True)
class ProbeTolerance:
    """How far the probe may be off: its class, or what its calibration left."""

    tolerance_k: float
    """Bound either way."""
    source: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """What stands behind the software, and how it was tried out."""

    what: str
    tested: str
    date: str


@dataclass(frozen=True, slots=True)
class Waiver:
    """Somebody answers, until a day, for something that a bench does without."""

    by: str
    """Of an interlock the laser safety officer."""
    until: str
    """The last day on which it holds, `2026-01-31`."""
    why: str
    reference: str = ""
    """Where the laser safety officer's consent is kept; empty for a dead-man."""
    where: str = field(default="", compare=False)
    """Its place in the file, `bench.yaml:31`."""

    def holds(self, today: str) -> bool:
        """Whether it does on this day (`2026-01-31`)."""
        return today <= self.until


@dataclass(frozen=True, slots=True)
class Vigilance:
    """How the guard looks, beside the limits."""

    rate_window_s: float = 5.0
    """Rise and fall are taken over this long."""
    frozen_after: int = 12
    """So many bit-identical readings in a row, over which three times `resolution_k` of change was
    to be expected, are a frozen value; 0 switches the rule off."""
    resolution_k: float = 0.1
    """Smallest step of the probe's reading; that of a coarse logger where the file does not say."""
    rise_margin_k: float = 0.5
    """The probe may differ so much from what the light explains before that is a trip."""
    power_mismatch: float | None = None
    """Relative difference between measured and commanded power that is a trip; None: from the
    deviations that the calibrations state."""
    off_confirm_s: float = 1.0
    """How long beam off is repeated before it counts as not confirmed."""


@dataclass(frozen=True, slots=True)
class Arming:
    """What goes before light on a bench."""

    act_holds_s: float = 600.0
    """So long what was typed at the bench holds until the first light."""
    warning_s: float = 5.0
    """So long before each light of the laser people are warned; never less on a REAL bench."""
    simulated_warning_s: float | None = None
    """The same while the bench is simulated; None where the file does not say: then none
    in-process, and `warning_s` where it is served."""
    commissioned: bool = False
    """A record of its commissioning must lie beside the bench file."""


DEFAULT_LIMITS = Limits(
    min_temperature_degc=0.0,
    lease_s=2.0,
    staleness_s=2.5,
    rise_k_per_s=2.0,
    fall_k_per_s=0.12,
)
"""For limits that a bench file may leave out."""

_CALIBRATIONS_SD, _DRIFT = 3.0, 0.05
"""Measured and commanded power may differ by so many deviations of their calibrations, and by what
laser and meter drift between two of them: a warm diode, another day's alignment."""


@dataclass(frozen=True, slots=True)
class BenchFile:
    """A bench as its file states it."""

    name: str
    title: str
    instruments: Mapping[str, InstrumentEntry]
    roles: Mapping[str, Role]
    wavelength_m: float | None
    spot_area: Stated | None
    """Area of the beam at the sample, m^2."""
    power_at_sample: PowerAtSample | None
    pick_off: PickOff | None
    vessel: Vessel | None
    limits: Limits
    vigilance: Vigilance
    interlock: Declaration | None
    interlock_readable: bool
    """The source can read its interlock: it must then read closed before anything is lit."""
    dead_man: Declaration | None
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    """Of `interlock` and `dead_man`: what is not there, and who answers for that."""
    unattended_by: str = ""
    """The laser safety officer who allows emission with nobody at the bench; empty: not allowed."""
    arming: Arming = field(default_factory=Arming)
    driver_waivers: Mapping[str, Waiver] = field(default_factory=dict)
    """By driver: who answers for one that labctl's contract suite does not prove."""
    probe: ProbeTolerance | None = None
    """None where the file does not say; then the class of its thermocouple is taken."""
    sensor: str = ""
    """What the probe is, `fibre` or `thermocouple`; empty where the file does not say."""
    heater: CalibrationHeater | None = None
    coil: FieldCoil | None = None
    calibrated: Mapping[str, Calibrated] = field(default_factory=dict)
    """When and how, by key: `power_at_sample`, `pick_off`, `heater`, `coil`, `spot_area`, ..."""
    offsets: Mapping[str, Offset] = field(default_factory=dict)
    """By role: what a thermocouple reads too high, which is taken off its readings."""
    max_bath_degc: float | None = None
    """Highest set point of its thermostat."""
    stocks: Mapping[str, Stock] = field(default_factory=dict)
    """By agent: what its doser adds."""
    assays: Mapping[str, AssayCalibration] = field(default_factory=dict)
    """By species: what its assay's signals mean."""
    source_file: str = field(default="", compare=False)

    @property
    def digest(self) -> str:
        """SHA-256 of what is stated, independent of comments and of where the file lies."""
        return _dump.digest(self)

    def dump(self) -> str:
        """YAML text that loads to the same bench file."""
        return _dump.dump(self)

    def with_addresses(self, addresses: Mapping[str, str]) -> BenchFile:
        """The same bench with some instruments (by key) at other addresses."""
        moved = {
            key: replace(entry, address=addresses.get(key, entry.address))
            for key, entry in self.instruments.items()
        }
        return replace(self, instruments=moved)

    def statement(self) -> dict[str, Any]:
        """Plain SI values with deviations, for `labctl.instruments.SimSpec.bench`."""
        return _dump.statement(self)

    def describe(self) -> dict[str, Any]:
        """What others should know of the bench: for telemetry's retained description."""
        return {
            "name": self.name,
            "title": self.title,
            "instruments": {key: entry.driver for key, entry in self.instruments.items()},
            "roles": {name: str(role) for name, role in self.roles.items()},
            "limits": {
                name: value for name, value in asdict(self.limits).items() if value is not None
            },
            "digest": self.digest,
        }

    def level_for(self, power_w: float, source: str = LASER) -> float:
        """Drive level (A or W; V for heater and coil) for a power at the sample.

        RefusedError outside the bench's limits: a power is never clipped.
        """
        calibration, most = self._calibration(source)
        if not 0 < power_w <= most:
            raise RefusedError(
                f"{format(power_w, Kind.POWER)} at the sample is outside the limits of {self.name}",
                where=self.source_file,
                seen=f"more than 0 W and at most {format(most, Kind.POWER)} are allowed",
                fix="Ask for less power, or have the bench's limit changed.",
            )
        return calibration.level(power_w)

    def guard_spec(
        self,
        plan_limits: Limits | None = None,
        source: str = LASER,
        contents: Contents | None = None,
    ) -> GuardSpec:
        """What the guard enforces for a source: the bench's limits as the protocol tightens them,
        and of `contents`, the sample, how its temperature must follow what is given to it.

        RefusedError when the bench cannot arm (no source, no calibration, a limit missing) or when
        the protocol would loosen a limit.
        """
        asked = plan_limits or Limits()
        _, power = self._calibration(source)
        hard = limits.tighten(self.limits, asked)
        measured, reads_power, interlock = None, True, False
        if source == LASER:
            power = self._stated("power", hard.power_w)
            measured, reads_power = hard.measured_power_w, "meter" in self.roles
            interlock = self.interlock_readable
        elif asked.power_w is not None:
            power = min(power, asked.power_w)
        if measured is None:
            measured = power * (1.0 + self.power_mismatch(source))
        rise = self.rise_bounds(hard, source, contents)
        owner = self.instruments[self.roles[source].instrument]
        return GuardSpec(
            guarded_channel="probe.temperature",
            max_power_w=power,
            max_measured_power_w=measured,
            max_temperature_degc=self._stated("temperature", hard.temperature_degc),
            min_temperature_degc=self._stated("min_temperature", hard.min_temperature_degc),
            max_exposure_s=self._stated("exposure", hard.exposure_s),
            max_energy_j=self._stated("energy", hard.energy_j),
            lease_s=self._stated("lease", hard.lease_s),
            staleness_s=self._stated("staleness", hard.staleness_s),
            max_rise_k_per_s=self._stated("rise", hard.rise_k_per_s),
            max_fall_k_per_s=self._stated("fall", hard.fall_k_per_s),
            rate_window_s=self.vigilance.rate_window_s,
            frozen_after=self.vigilance.frozen_after,
            power_mismatch=self.power_mismatch(source) if reads_power else 0.0,
            needs_interlock=interlock,
            off_confirm_s=self.vigilance.off_confirm_s,
            starts_within_s=driver(owner.driver).spec.starts_within_s,
            least_k_per_j=rise.least_k_per_j,
            most_k_per_j=rise.most_k_per_j,
            fades_s=rise.fades_s,
            rise_margin_k=self.vigilance.rise_margin_k,
            resolution_k=self.vigilance.resolution_k,
        )

    def power_mismatch(self, source: str = LASER) -> float:
        """Relative difference between measured and commanded power that is a trip."""
        stated = self.vigilance.power_mismatch
        if stated is not None:
            return stated
        return _CALIBRATIONS_SD * math.hypot(*self._deviations(source)) + _DRIFT

    def rise_bounds(self, hard: Limits, source: str, contents: Contents | None) -> RiseBounds:
        """How the temperature of `contents` must follow what a source gives to it, within the
        limits `hard`."""
        return rise_bounds(
            self.vessel,
            contents,
            electrical=source == HEATER,
            field=source == COIL,
            line_m=self.wavelength_m,
            power_deviation=math.hypot(*self._deviations(source)),
            least_heat=hard.least_heat,
            most_heat=hard.most_heat,
        )

    def _deviations(self, source: str) -> tuple[float, ...]:
        """Relative, one standard deviation: of the power as commanded, and as measured."""
        if source != LASER:
            own = self.heater if source == HEATER else self.coil
            return () if own is None else (own.deviation,)
        both = (self.power_at_sample, self.pick_off)
        return tuple(one.deviation for one in both if one is not None)

    def _calibration(self, source: str) -> tuple[PowerAtSample | Fed, float]:
        """Calibration and power limit of a source; RefusedError on a bench that has none."""
        if source != LASER:
            return fed(self, source)
        if LASER not in self.roles or self.power_at_sample is None:
            raise RefusedError(
                f"bench {self.name} has no laser under labctl's control",
                where=self.source_file,
                fix="Give the role `laser` and `power_at_sample`, or use `laser: manual`.",
            )
        return self.power_at_sample, self._stated("power", self.limits.power_w)

    def _stated(self, name: str, value: float | None) -> float:
        if value is None:
            raise RefusedError(
                f"bench {self.name} sets no limit '{name}', and cannot arm without one",
                where=self.source_file,
                fix=f"Add `{name}` under `limits`.",
            )
        return value
