"""The limits that keep a sample and a bench from harm: one vocabulary for bench and protocol.

A bench file sets them; a protocol may tighten some of them and loosen none. A limit refuses, it
never clips. What is None is not set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from labctl.errors import RefusedError
from labctl.quantities import Kind, format


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: its name in a file, what it measures and which way is tighter."""

    name: str
    """As in a file: `temperature`."""
    field: str
    """Attribute of `Limits`."""
    kind: Kind
    help: str
    floor: bool = False
    """True for a lower bound: tighter is higher."""
    in_protocol: bool = True
    """Whether a protocol may tighten it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Values of the limits; None where none is set."""

    power_w: float | None = None
    """Commanded power at the sample."""
    measured_power_w: float | None = None
    """Power at the sample as the meter sees it."""
    temperature_degc: float | None = None
    """Of the guarded probe."""
    min_temperature_degc: float | None = None
    """Below this the thermocouple is reversed or not where it should be."""
    exposure_s: float | None = None
    """Longest single emission."""
    energy_j: float | None = None
    """Energy at the sample in one run."""
    total_s: float | None = None
    """Longest run."""
    staleness_s: float | None = None
    """A guarded reading older than this is no reading."""
    lease_s: float | None = None
    """Emission ends this long after the last heartbeat."""
    rise_k_per_s: float | None = None
    """While emitting."""
    fall_k_per_s: float | None = None
    """While emitting."""
    least_heat: float | None = None
    """Part of the power at the sample, 0 to 1."""
    most_heat: float | None = None
    """Part of the power at the sample, 0 to 1."""


LIMITS: tuple[Limit, ...] = (
    Limit("power", "power_w", Kind.POWER, "Highest power at the sample that may be asked for"),
    Limit("measured_power", "measured_power_w", Kind.POWER,
          "Highest power at the sample as the power meter sees it"),
    Limit("temperature", "temperature_degc", Kind.TEMPERATURE,
          "Highest temperature of the guarded probe; a bench without one cannot arm"),
    Limit("min_temperature", "min_temperature_degc", Kind.TEMPERATURE,
          "Below this the thermocouple is reversed or not where it should be", floor=True),
    Limit("exposure", "exposure_s", Kind.TIME, "Longest single emission"),
    Limit("energy", "energy_j", Kind.ENERGY, "Most energy at the sample in one run"),
    Limit("total", "total_s", Kind.TIME, "Longest run"),
    Limit("staleness", "staleness_s", Kind.TIME,
          "A guarded reading older than this is no reading"),
    Limit("lease", "lease_s", Kind.TIME,
          "Emission ends this long after the last heartbeat (0.2 s to 2 s)", in_protocol=False),
    Limit("rise", "rise_k_per_s", Kind.RATE,
          "Fastest rise while emitting; faster, and the probe is not in the liquid"),
    Limit("fall", "fall_k_per_s", Kind.RATE,
          "Fastest fall while emitting; faster, and the probe is not in the liquid"),
    Limit("least_heat", "least_heat", Kind.FRACTION,
          "Least part of the power at the sample that the probe must find again as its heat",
          floor=True),
    Limit("most_heat", "most_heat", Kind.FRACTION,
          "Largest part of the power at the sample that can become its heat"),
)  # fmt: skip
"""Every limit there is, in the order in which people read them."""


def value_of(limits: Limits, limit: Limit) -> float | None:
    """The value that `limits` sets for `limit`."""
    value: float | None = getattr(limits, limit.field)
    return value


def set_limits(limits: Limits) -> Iterator[tuple[Limit, float]]:
    """The limits that are set, with their values."""
    for limit in LIMITS:
        value = value_of(limits, limit)
        if value is not None:
            yield limit, value


def loosened(bench: Limits, by: Limits) -> tuple[Limit, ...]:
    """The limits that `by` would loosen."""
    out = []
    for limit, value in set_limits(by):
        hard = value_of(bench, limit)
        if hard is not None and (value < hard if limit.floor else value > hard):
            out.append(limit)
    return tuple(out)


def tighten(bench: Limits, by: Limits) -> Limits:
    """The bench's limits with those of `by` in their place; RefusedError if one is looser."""
    for limit in loosened(bench, by):
        hard = value_of(bench, limit) or 0.0
        asked = value_of(by, limit) or 0.0
        raise RefusedError(
            f"limit '{limit.name}' of {format(asked, limit.kind)} is looser than the bench's",
            seen=f"the bench allows {format(hard, limit.kind)}",
            fix="A protocol may only tighten the bench's limits.",
        )
    return replace(bench, **{limit.field: value for limit, value in set_limits(by)})
