"""The only mapping between an event and JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from labctl.events._base import LASER, Beam, Event, Invalid, Mode, Reading
from labctl.events._check import (
    Alarm,
    Assessment,
    Criterion,
    Dose,
    DoseBasis,
    PriorsFixed,
    Verdict,
)
from labctl.events._imported import Analysed, Imported
from labctl.events._release import (
    Assayed,
    Dosed,
    GateLooked,
    MediumSet,
    ReleaseAssessed,
    ReleaseBasis,
)
from labctl.events._run import (
    Emission,
    EmissionIntent,
    FilesKept,
    InstrumentFound,
    Note,
    PortTrouble,
    PromptAnswered,
    PromptAsked,
    RunBegun,
    RunEnded,
    Sample,
    StateChanged,
    StepBegun,
    StepEnded,
    Tripped,
)

KINDS: dict[str, type[Event]] = {
    cls.kind: cls
    for cls in (
        RunBegun, InstrumentFound, PriorsFixed, StateChanged, StepBegun, StepEnded, Sample,
        EmissionIntent, Emission, Tripped, PortTrouble, Note, PromptAsked, PromptAnswered,
        FilesKept, ReleaseBasis, Dosed, MediumSet, Assayed, ReleaseAssessed, GateLooked,
        Alarm, Assessment, DoseBasis, Dose, Verdict, RunEnded, Imported, Analysed,
    )
}  # fmt: skip
"""Every kind of event, by its name in the journal."""


_FIELDS: dict[type[Event], tuple[str, ...]] = {
    cls: tuple(f.name for f in dataclasses.fields(cls) if f.name != "t_ns")
    for cls in KINDS.values()
}
_SCALARS: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (float, int), "bool": (bool,), "Plain": (dict,),
}  # fmt: skip


_VALUE = frozenset({float, int, type(None)})
"""What a reading's value may be; none where there is no reading."""


def _taken(annotation: str) -> tuple[type, ...] | None:
    """What a field may be; None for what its own class looks at, such as `Beam`."""
    one = annotation.removesuffix(" | None")
    types = (tuple,) if one.startswith("tuple[") else _SCALARS.get(one)
    return types if types is None or one == annotation else (*types, type(None))


_TYPES: dict[type[Any], dict[str, tuple[type, ...] | None]] = {
    cls: {f.name: _taken(str(f.type)) for f in dataclasses.fields(cls)}
    for cls in (*KINDS.values(), Criterion)
}
_OF_TEXTS: dict[type[Event], frozenset[str]] = {
    cls: frozenset(f.name for f in dataclasses.fields(cls) if f.type == "tuple[str, ...]")
    for cls in KINDS.values()
}


_ADDED: dict[str, Any] = {
    "source": LASER,
    "electrical_j": 0.0,
    "heater": None,
    "heater_how": "",
    "coil": None,
    "coil_how": "",
    "coil_j": 0.0,
    "refines": "",
    "by": "",
    "declared": (),
    "improve": "",
    "medium_ph": None,
    "medium_glutathione_mol_per_m3": None,
}
"""Fields that came after the first version, with the value that they had until then: not written
while they have it, so that the same run has the same journal as ever."""


def to_dict(event: Event) -> dict[str, Any]:
    """The event as a JSON-able dict: `{"t": t_ns, "k": kind, ...}`."""
    out: dict[str, Any] = {"t": event.t_ns, "k": event.kind}
    if isinstance(event, Sample):
        # The one event that comes ten times a second: written flat, by hand.
        out["s"] = event.scheduled_ns
        out["r"] = [
            [r.channel, r.value, r.unit, r.t_ns]
            if isinstance(r, Reading)
            else [r.channel, None, r.reason, r.t_ns, r.detail]
            for r in event.readings
        ]
        return out
    for name in _FIELDS[type(event)]:
        value = getattr(event, name)
        if name in _ADDED and value == _ADDED[name]:
            continue
        if name in ("criteria", "declared"):
            value = [dataclasses.asdict(c) for c in value]
        elif isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, StrEnum):
            value = value.value
        out[name] = value
    return out


def from_dict(data: Mapping[str, Any]) -> Event:
    """The event that `to_dict` wrote; ValueError for a kind that this version does not know,
    TypeError where something else stands in a field than belongs there: a journal may come from
    anywhere."""
    cls = KINDS.get(data["k"])
    if cls is None:
        raise ValueError(f"unknown kind of event {data['k']!r}")
    t_ns = int(data["t"])
    if cls is Sample:
        readings = tuple(
            Reading(r[0], r[1], r[2], r[3]) if r[1] is not None else Invalid(r[0], r[2], r[4], r[3])
            for r in data["r"]
        )
        for r in data["r"]:
            if type(r[1]) not in _VALUE or type(r[0]) is not str or type(r[2]) is not str:
                raise TypeError(f"a reading is {str(r)[:40]!r}")
        return Sample(t_ns=t_ns, scheduled_ns=data["s"], readings=readings)
    values: dict[str, Any] = {}
    types = _TYPES[cls]
    for name in _FIELDS[cls]:
        if name not in data:
            continue
        value = data[name]
        if name == "mode":
            value = Mode(value)
        elif name in ("beam", "heater", "coil"):
            value = Beam(value)
        elif name in ("criteria", "declared"):
            value = tuple(_criterion(c) for c in value)
        elif isinstance(value, list):
            value = tuple(value)
            if name in _OF_TEXTS[cls] and not all(type(each) is str for each in value):
                raise TypeError(f"{name!r} of a {cls.kind} is not of texts")
        taken = types[name]
        if taken is not None and type(value) not in taken:
            raise TypeError(f"{name!r} of a {cls.kind} is {str(value)[:40]!r}")
        values[name] = value
    return cls(t_ns=t_ns, **values)


def _criterion(said: Mapping[str, Any]) -> Criterion:
    made = Criterion(**said)
    for name, taken in _TYPES[Criterion].items():
        if taken is not None and type(getattr(made, name)) not in taken:
            raise TypeError(f"{name!r} of a criterion is {str(getattr(made, name))[:40]!r}")
    return made
