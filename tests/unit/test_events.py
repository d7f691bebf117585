"""Events: every kind survives the way to JSON and back."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl import events
from labctl.events import KINDS, Event, Invalid, Reading, Sample, from_dict, to_dict

text = st.text(max_size=20)
number = st.floats(allow_nan=False, allow_infinity=False)
time_ns = st.integers(0, 2**62)
plain = st.dictionaries(text, st.one_of(number, text, st.booleans(), st.none()), max_size=3)

st.register_type_strategy(float, number)
st.register_type_strategy(str, text)


def _strategy(cls: type[Event]) -> st.SearchStrategy[Event]:
    """Any event of this class: from the types of its fields."""
    hints = typing.get_type_hints(cls)
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for item in dataclasses.fields(cls):
        if item.name.endswith("_ns"):
            fields[item.name] = time_ns
        elif hints[item.name] == events.Plain:
            fields[item.name] = plain
        elif hints[item.name] == tuple[events.Plain, ...]:
            fields[item.name] = st.lists(plain, max_size=2).map(tuple)
        else:
            fields[item.name] = st.from_type(hints[item.name])
    return st.builds(cls, **fields)


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(data=st.data())
def test_every_kind_survives_json(kind: str, data: st.DataObject) -> None:
    """What `to_dict` wrote and JSON carried, `from_dict` reads as the same event."""
    event = data.draw(_strategy(KINDS[kind]))
    assert event == from_dict(json.loads(json.dumps(to_dict(event), allow_nan=False)))


def test_every_event_class_has_a_kind() -> None:
    """No event is missing from the table that reading a journal goes by, and no kind is double."""
    classes = {
        cls
        for cls in vars(events).values()
        if isinstance(cls, type) and issubclass(cls, Event) and cls is not Event
    }
    assert classes == set(KINDS.values())
    assert len(classes) == len({cls.kind for cls in classes})


def test_a_sample_is_written_flat() -> None:
    """The event that comes ten times a second is short, and keeps why a reading is none."""
    sample = Sample(
        t_ns=12,
        scheduled_ns=10,
        readings=(
            Reading("probe.temperature", 25.5, "degC", 11),
            Invalid("ambient.temperature", "open", "+9.9E37", 12),
        ),
    )
    expected = {
        "t": 12,
        "k": "sample",
        "s": 10,
        "r": [
            ["probe.temperature", 25.5, "degC", 11],
            ["ambient.temperature", None, "open", 12, "+9.9E37"],
        ],
    }
    assert expected == to_dict(sample)


def test_an_unknown_kind_is_named() -> None:
    """A journal of a newer version is refused with the kind that is not known."""
    with pytest.raises(ValueError, match="'teleported'"):
        from_dict({"t": 0, "k": "teleported"})


def test_a_field_of_a_later_version_is_left_out() -> None:
    """An old journal that lacks an optional field still reads."""
    written = to_dict(events.Emission(1, events.Beam.OFF, "read back"))
    del written["why"]
    assert events.Emission(1, events.Beam.OFF, "read back") == from_dict(written)


@pytest.mark.parametrize("cls", [*KINDS.values(), Reading, Invalid])
def test_events_cannot_be_changed(cls: type) -> None:
    """Events are frozen and slotted: what was told stays told."""
    assert cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(cls)
