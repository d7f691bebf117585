"""Conditions as they are looked at, once after every tick of a step."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator

from labctl.clock import NS
from labctl.engine._work import Work
from labctl.errors import RefusedError
from labctl.photothermal import Trend
from labctl.protocol import (
    Above,
    AllOf,
    AnyOf,
    Assay,
    Below,
    Condition,
    DoseReached,
    EfficiencyKnown,
    Elapsed,
    FluenceReached,
    Plan,
    Release,
    Released,
    Steady,
    TimeConstants,
)


class Look:
    """One condition over one step, which began at `begun_ns`: times and light count from there."""

    def __init__(
        self,
        work: Work,
        condition: Condition,
        begun_ns: int,
        *,
        dose_reached: Callable[[float, float], bool] = operator.ge,
        twice: bool = False,
    ) -> None:
        """`dose_reached`: asked with the dose so far and the one that is wanted, CEM43 in s; a hold
        counts in what is still to come once the light goes out. `twice`: a released fraction is met
        when it was so after two measurements of its species in a row, so that no single one opens a
        gate."""
        self.condition = condition
        self.begun_ns = begun_ns
        self._work = work
        self._dose_reached = dose_reached
        self._energy_j = work.sampler.energy_j
        self._trends: dict[str, Trend] = {}
        self._twice = twice
        self._assays: dict[Released, int] = {}
        self._found: dict[Released, float | None] = {}
        self._before: dict[Released, float | None] = {}
        self.followed = released_in(condition)
        """What of it is a released fraction."""
        self._unread = False
        self._blind_ns: int | None = None

    def met(self) -> bool:
        """Whether it is met as things are now."""
        for one in self.followed:
            # What is known of a release changes with what is measured of it.
            measured = self._work.assays[one.species]
            if self._assays.get(one) != measured:
                self._assays[one] = measured
                self._before[one] = self._found.get(one)
                self._found[one] = self._probability(one)
        self._unread = False
        met = self._met(self.condition)
        if not self._unread:
            self._blind_ns = None
        elif self._blind_ns is None:
            self._blind_ns = self._work.now_ns
        return met

    @property
    def blind_for_ns(self) -> int:
        """So long a temperature that it asks for has had no valid reading, as of the last look."""
        return 0 if self._blind_ns is None else self._work.now_ns - self._blind_ns

    @property
    def probabilities(self) -> dict[Released, float | None]:
        """Of every released fraction in it, at the look before."""
        return dict(self._found)

    def _met(self, condition: Condition) -> bool:
        work, now_ns = self._work, self._work.now_ns
        match condition:
            case Steady():
                return self._steady(condition, now_ns)
            case Above():
                value = self._temperature(condition.channel, condition.minus)
                return value is not None and value > condition.value
            case Below():
                value = self._temperature(condition.channel, condition.minus)
                return value is not None and value < condition.value
            case Elapsed():
                return now_ns - self.begun_ns >= condition.duration_ns
            case EfficiencyKnown():
                return work.monitor is not None and not work.monitor.why_not_yet(
                    condition.relative_sd
                )
            case TimeConstants():
                tau_s = None if work.monitor is None else work.monitor.time_constant_s()
                return tau_s is not None and now_ns - self.begun_ns >= condition.number * tau_s * NS
            case DoseReached():
                return self._dose_reached(work.dose.cem43_min * 60.0, condition.cem43_s)
            case FluenceReached():
                given_j = work.sampler.energy_j - self._energy_j
                return given_j / self._spot_area_m2() >= condition.fluence_j_per_m2
            case Released():
                asked = [self._found.get(condition)]
                if self._twice:
                    asked.append(self._before.get(condition))
                return all(odds is not None and odds >= condition.probability for odds in asked)
            # Every one is looked at, also behind one that decides: some of them follow readings.
            case AnyOf():
                return True in self._each(condition)
            case AllOf():
                return False not in self._each(condition)

    def _each(self, condition: AnyOf | AllOf) -> list[bool]:
        return [self._met(one) for one in condition.conditions]

    def _probability(self, condition: Released) -> float | None:
        release = self._work.release
        return None if release is None else release.probability(condition)

    def _spot_area_m2(self) -> float:
        area = self._work.bench.file.spot_area
        if area is None:
            raise RefusedError(
                "a fluence needs the beam's area at the sample, which the bench does not state",
                where=self._work.bench.file.source_file,
                fix="Give `spot_area` in the bench file.",
            )
        return area.value

    def _steady(self, condition: Steady, now_ns: int) -> bool:
        monitor = self._work.monitor
        if monitor is not None:
            return now_ns - self.begun_ns >= condition.for_ns and monitor.steady(
                condition.within_k, condition.for_ns, now_ns
            )
        # Where no check follows the readings of this step, it is done here.
        trend = self._trends.setdefault(condition.channel, Trend())
        reading = self._work.sampler.latest.get(f"{condition.channel}.temperature")
        if reading is not None:
            trend.add(reading.t_ns / NS, reading.value)
        return now_ns - self.begun_ns >= condition.for_ns and trend.steady(
            condition.within_k, condition.for_ns / NS, now_ns / NS
        )

    def _temperature(self, role: str, minus: str | None) -> float | None:
        """Of a role, or the difference of two; None while one of them is not valid."""
        latest = self._work.sampler.latest
        first = latest.get(f"{role}.temperature")
        second = None if minus is None else latest.get(f"{minus}.temperature")
        if first is None or (minus is not None and second is None):
            self._unread = True
            return None
        return first.value if second is None else first.value - second.value


def released_in(*conditions: Condition | None) -> tuple[Released, ...]:
    """Every released fraction that these conditions speak of, each once, in their order."""
    return tuple(dict.fromkeys(one for each in conditions for one in _released(each)))


def _released(condition: Condition | None) -> Iterator[Released]:
    if isinstance(condition, Released):
        yield condition
    elif isinstance(condition, AnyOf | AllOf):
        for one in condition.conditions:
            yield from _released(one)


def species_in(*conditions: Condition | None) -> tuple[str, ...]:
    """Every species that these conditions speak of, each once, in their order."""
    return tuple(dict.fromkeys(one.species for one in released_in(*conditions)))


def followed_in(plan: Plan) -> tuple[str, ...]:
    """Every species whose release this plan speaks of, each once, in the plan's order."""
    found: list[str] = []
    for step in plan.steps:
        if isinstance(step, Release | Assay):
            found += step.species
        asked = (getattr(step, name, None) for name in ("until", "require", "abort_if"))
        found += species_in(*asked)
    return tuple(dict.fromkeys(found))
