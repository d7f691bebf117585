"""What the check starts from, in plain numbers that go through JSON and back unchanged."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from labctl.events import COIL, HEATER, LASER
from labctl.photothermal import BankPrior, FieldInputs, Inputs, StepRules

T = TypeVar("T")


GUESSED_LOSS_SD = 0.9
"""Of the logarithm of a heat loss of which nobody said anything: a factor of 2.5, and of 6 once in
twenty vessels: insulated, stirred, in air, in a holder, of another shape."""


class Kind(StrEnum):
    """What the check can come to."""

    EFFICIENCY = "efficiency"
    BLANK = "blank"
    """Solvent only: heat loss, solvent heat, flutter and lag, never an efficiency."""
    ELECTRICAL = "electrical"
    """A calibration: a resistor of measured power heats the cell, never an efficiency."""
    MAGNETIC = "magnetic"
    """A coil's field heats: specific absorption rate and intrinsic loss power of the iron, never an
    efficiency."""
    RATE = "rate"
    """An input is not known: heating rate, time constant and rise only."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Of the criteria of the verdict. Declared before the run."""

    ljung_box_p: float = 0.01
    sign_runs_p: float = 0.002
    power_relative: float = 0.15
    """Mean measured power against the commanded, both with their calibration's deviation."""
    power_step_relative: float = 0.03
    """A step of the measured power worth naming."""
    light_on_bead_k: float = 1.0
    agreement_sd: float = 3.0
    """Heating against cooling: beyond, the check cannot tell."""
    contradiction_sd: float = 6.0
    contradiction_relative: float = 0.25
    """Heating against cooling: beyond both, the check fails."""
    end_k: float = 0.10
    """Mean of the last innovations that the model need not explain."""
    least_heating_s: float = 60.0
    largest_relative_sd: float = 0.10
    """Statistical, of the efficiency (of the heat-loss coefficient for a blank)."""
    least_efficiency: float = 0.01
    """Below this, after `least_heating_s` of light, there was no rise."""


@dataclass(frozen=True, slots=True)
class Priors:
    """Everything the monitor needs to know before the first reading."""

    kind: Kind
    bank: BankPrior
    inputs: Inputs
    noise_sd_k: float
    has_ambient: bool
    has_meter: bool
    nominal_power_w: float
    missing: tuple[str, ...] = ()
    """Inputs that are not known, in words."""
    vessel: str = ""
    """Which cell it is, as the bench calls it."""
    has_second: bool = False
    """Whether another thermocouple of this run is in the same liquid."""
    field: FieldInputs | None = None
    """Of a coil's run."""
    steps: StepRules = dataclasses.field(default_factory=StepRules)
    thresholds: Thresholds = dataclasses.field(default_factory=Thresholds)

    def to_plain(self) -> dict[str, Any]:
        """As JSON has it. Without a coil nothing is said of one, as before there were any."""
        told = to_lists(self)
        if self.field is None:
            del told["field"]
        return told

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Priors:
        """What `to_plain` gave; TypeError or ValueError for anything else."""
        return load_plain(cls, plain)


def source_of(kind: Kind) -> tuple[str, str]:
    """The source that heats in a run of this kind, and the channel of its measured power."""
    if kind is Kind.ELECTRICAL:
        return HEATER, "heater.power"
    return (COIL, "coil.power") if kind is Kind.MAGNETIC else (LASER, "meter.power")


def to_lists(value: Any) -> dict[str, Any]:
    """A dataclass as JSON has it: enums as their words, tuples as lists, however deep."""
    listed: dict[str, Any] = _lists(dataclasses.asdict(value))
    return listed


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _lists(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(inner) for inner in value]
    return value.value if isinstance(value, StrEnum) else value


def load_plain(cls: type[T], plain: Mapping[str, Any]) -> T:
    """The dataclass that `to_lists` made plain; ValueError for keys of another version."""
    hints = get_type_hints(cls)
    fields = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = set(plain) - fields
    if unknown:
        raise ValueError(f"{cls.__name__} of another version: unknown {sorted(unknown)}")
    return cls(**{name: _value(hints[name], value) for name, value in plain.items()})


def _value(hint: Any, value: Any) -> Any:
    if get_origin(hint) in {types.UnionType, Union}:
        if value is None:
            return None
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    if get_origin(hint) is tuple:
        inner = get_args(hint)[0]
        return tuple(_value(inner, item) for item in value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return load_plain(hint, value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(value)
    return value


def listed(names: Sequence[str]) -> str:
    """`volume, density and power`; '' of none."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
