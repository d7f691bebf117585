"""The text of an event: what the standard library would write, only faster."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from labctl.events import Event, Note, Reading, Sample, from_dict, to_dict
from labctl.record._encode import encode
from tests.unit.record.some_events import going_on


@given(going_on)
def test_the_fast_way_writes_what_json_writes(event: Event) -> None:
    """Every event is encoded as `json.dumps` of its dict, byte for byte."""
    expected = json.dumps(to_dict(event), separators=(",", ":"), allow_nan=False)

    assert expected == "{" + encode(event) + "}"


@given(going_on)
def test_what_is_written_reads_back(event: Event) -> None:
    """The text reads back as the same event, floats to the last bit."""
    assert event == from_dict(json.loads("{" + encode(event) + "}"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    """A NaN or an infinity is a ValueError, in the fast way as in the plain one."""
    with pytest.raises(ValueError, match="JSON compliant"):
        encode(Sample(0, 0, (Reading("probe.temperature", value, "degC", 0),)))


def test_a_whole_number_stays_one() -> None:
    """A driver's integer is written as JSON writes integers."""
    text = encode(Sample(0, 0, (Reading("laser.level", 3, "", 0),)))

    assert '["laser.level",3,"",0]' in text


def test_lines_are_ascii() -> None:
    """Whatever a person typed, a line holds ASCII alone and no line break."""
    text = encode(Note(0, "Ł", "25 °C\nend"))

    assert text.isascii() and "\n" not in text
