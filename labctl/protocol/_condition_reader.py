"""Conditions as they were read -> conditions of a plan; rules between their keys checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labctl import clock
from labctl.protocol._condition_fields import (
    ABOVE,
    ALL,
    ANY,
    AT_LEAST,
    AT_MOST_RELEASED,
    CEM43,
    CHANNEL,
    EFFICIENCY,
    ELAPSED,
    FLUENCE,
    PROBABILITY,
    RELEASED,
    SPECIES,
    STEADY,
    STEADY_CHANNEL,
    STEADY_FOR,
    TIME_CONSTANTS,
    VALUE,
    WITHIN,
)
from labctl.protocol._conditions import (
    Above,
    AllOf,
    AnyOf,
    Below,
    Condition,
    DoseReached,
    EfficiencyKnown,
    Elapsed,
    FluenceReached,
    Released,
    Steady,
    TimeConstants,
)
from labctl.quantities import Kind
from labctl.yamlfile import Chosen, Mark, Node, Reader, Row

DEEPEST = 4
"""Levels of `any` and `all` within each other."""

USUAL_PROBABILITY = 0.95


def read_condition(
    chosen: Any, what: str, needs: Mapping[str, str], reader: Reader
) -> Condition | None:
    """The condition, or None after a problem was told. `what` is the step, `an irradiate step`."""
    if not isinstance(chosen, Chosen):
        return None
    return _Conditions(what, needs, reader).read(chosen, 1)


class _Conditions:
    def __init__(self, what: str, needs: Mapping[str, str], reader: Reader) -> None:
        self._what = what
        self._needs = needs
        self._reader = reader

    def read(self, chosen: Chosen, depth: int) -> Condition | None:
        value = chosen.value
        match chosen.key:
            case ANY.name | ALL.name:
                return self._several(chosen, depth)
            case ELAPSED.name:
                return None if value is None else Elapsed(clock.ns(value))
            case TIME_CONSTANTS.name:
                return None if value is None else TimeConstants(value)
            case EFFICIENCY.name:
                return self._efficiency(chosen)
            case CEM43.name:
                self._thermometer("probe", chosen.key_node.mark)
                return None if value is None else DoseReached(value)
            case FLUENCE.name:
                return self._fluence(chosen)
        if not isinstance(value, Row):
            return None
        if chosen.key == STEADY.name:
            return self._steady(value)
        if chosen.key == RELEASED.name:
            return self._released(chosen, value)
        return self._threshold(chosen, value)

    def _several(self, chosen: Chosen, depth: int) -> Condition | None:
        if depth >= DEEPEST:
            self._reader.add(
                chosen.key_node,
                "P009",
                f"conditions nested deeper than {DEEPEST} levels",
                "Write fewer levels of `any` and `all`.",
            )
            return None
        parts = [self.read(part, depth + 1) for part in chosen.value or ()]
        whole = tuple(part for part in parts if part is not None)
        if not whole or len(whole) < len(parts):
            return None
        return AnyOf(whole) if chosen.key == ANY.name else AllOf(whole)

    def _efficiency(self, chosen: Chosen) -> Condition | None:
        if self._what != "an irradiate step":
            self._reader.add(
                chosen.key_node,
                "P044",
                f"`{EFFICIENCY.name}` cannot end {self._what}: light alone tells an efficiency",
                "Use it in an `irradiate` step; a cooling ends with 'time_constants: 1'.",
            )
        return None if chosen.value is None else EfficiencyKnown(chosen.value)

    def _fluence(self, chosen: Chosen) -> Condition | None:
        if self._what not in ("an irradiate step", "a hold_temperature step"):
            self._reader.add(
                chosen.key_node,
                "P044",
                f"`{FLUENCE.name}` cannot end {self._what}: it counts the light of the step",
                "Use it in an `irradiate` or a `hold_temperature` step with light.",
            )
        return None if chosen.value is None else FluenceReached(chosen.value)

    def _steady(self, row: Row) -> Condition | None:
        within, over = row[WITHIN], row[STEADY_FOR]
        channel = row[STEADY_CHANNEL] or "probe"
        self._thermometer(channel, row.at(STEADY_CHANNEL).mark)
        if within is None or over is None:
            return None
        return Steady(channel, within, clock.ns(over))

    def _released(self, chosen: Chosen, row: Row) -> Condition | None:
        if "assay" not in self._needs:
            self._reader.add(
                chosen.key_node,
                "P046",
                "a condition uses what is released, and `needs` lists no assay",
                "Add 'assay: assay' (or 'assay: manual') to `needs`.",
            )
        if row.meant(AT_LEAST) == row.meant(AT_MOST_RELEASED):
            both = row.meant(AT_LEAST)
            self._reader.add(
                row.key(AT_MOST_RELEASED) if both else row.node,
                "P043",
                "at_least and at_most are both given" if both else "how much? no fraction is given",
                "Give one: 'at_least: 80 %', or 'at_most: 25 %'; both with `all`.",
            )
            return None
        species, least, most = row[SPECIES], row[AT_LEAST], row[AT_MOST_RELEASED]
        probability = row[PROBABILITY]
        if row.has(PROBABILITY) and probability is None:
            return None
        if species is None or (least is None and most is None):
            return None
        return Released(species, least, most, probability or USUAL_PROBABILITY)

    def _threshold(self, chosen: Chosen, row: Row) -> Condition | None:
        channel, quantity = row[CHANNEL], row[VALUE]
        if channel is None:
            return None
        first, _, second = channel.partition(" - ")
        for role in filter(None, (first, second)):
            self._thermometer(role, row.at(CHANNEL).mark)
        if quantity is None:
            return None
        kind = Kind.TEMPERATURE_DIFFERENCE if second else Kind.TEMPERATURE
        if quantity.kind is not kind:
            self._wrong_kind(channel, kind, quantity.kind, row.at(VALUE), second)
            return None
        make = Above if chosen.key == ABOVE.name else Below
        return make(first, second or None, quantity.value)

    def _wrong_kind(self, channel: str, kind: Kind, given: Kind, node: Node, second: str) -> None:
        self._reader.add(
            node,
            "P023",
            f"'{channel}' is a {kind}, and the value is a {given}",
            f"Write the value in {'K' if second else 'degC'}.",
        )

    def _thermometer(self, role: str, mark: Mark) -> None:
        if self._needs.get(role) != "thermometer":
            self._reader.add(
                mark,
                "P046",
                f"a condition uses '{role}', and `needs` lists no thermometer of that name",
                f"Add '{role}: thermometer' to `needs`.",
            )
