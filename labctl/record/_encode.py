"""An event as the text of its line, fast for the two kinds that come at every tick.

The text is exactly what `json.dumps(to_dict(event), separators=(",", ":"), allow_nan=False)`
gives, without the braces around it. Floats are written so that they read back as the same float.
"""

from __future__ import annotations

import json
from functools import partial

from labctl.events import Assessment, Event, Reading, Sample, to_dict

_dumps = partial(json.dumps, separators=(",", ":"), allow_nan=False)
_float = float.__repr__
Even = tuple[tuple[str, ...], str]
"""Of a sample whose readings are all plain numbers: channel and unit of each, in turn, and the
numbers as text with commas between. Making a number a text takes half of the time of all this, and
data.csv has the same texts."""
_strings: dict[str, str] = {}
"""Channels, units and reasons are few, and asked for at every tick."""
_shapes: dict[tuple[str, ...], str] = {}
"""So are the sets of channels and units that a sample has."""
_STRINGS = 4096


def encode(event: Event) -> str:
    """The event's part of a line; ValueError when it holds a number that is none."""
    if type(event) is Sample:
        return encode_sample(event)[0]
    if type(event) is Assessment:
        return _assessment(event)
    return _dumps(to_dict(event))[1:-1]


def encode_sample(event: Sample) -> tuple[str, Even | None]:
    """As `encode`, with what a table needs of it where every reading is a plain number.

    All of one tick's readings are told by the same words but for their numbers, and those words
    are the same at the next tick."""
    words: list[str] = []
    texts: list[str] = []
    numbers: list[int | str] = [event.t_ns, event.scheduled_ns]
    try:
        for reading in event.readings:
            texts.append(text := _float(reading.value))  # type: ignore[union-attr]
            words += reading.channel, reading.unit  # type: ignore[union-attr]
            numbers += text, reading.t_ns
    except (AttributeError, TypeError):
        # No reading has no value, and another number is no float.
        return _uneven(event), None
    cells = ",".join(texts)
    if "n" in cells:
        # Of all floats NaN and the infinities alone.
        return _uneven(event), None
    shape = _shapes.get(key := tuple(words))
    if shape is None:
        shape = _shape(key)
        if len(_shapes) < _STRINGS:
            _shapes[key] = shape
    return shape % tuple(numbers), (key, cells)


def _shape(words: tuple[str, ...]) -> str:
    """What is the same in every sample with these channels and units, in turn."""
    pairs = zip(words[::2], words[1::2], strict=True)
    readings = ",".join(f"[{_literal(name)},%s,{_literal(unit)},%d]" for name, unit in pairs)
    return f'"t":%d,"k":"sample","s":%d,"r":[{readings}]'


def _literal(text: str) -> str:
    return _dumps(text).replace("%", "%%")


def _uneven(event: Sample) -> str:
    """A sample in which something is no reading, or no plain number."""
    readings = ",".join(
        [
            f"[{_string(r.channel)},{_number(r.value)},{_string(r.unit)},{r.t_ns}]"
            if type(r) is Reading
            else _dumps([r.channel, None, r.reason, r.t_ns, r.detail])  # type: ignore[union-attr]
            for r in event.readings
        ]
    )
    return f'"t":{event.t_ns},"k":"sample","s":{event.scheduled_ns},"r":[{readings}]'


def _assessment(event: Assessment) -> str:
    return (
        f'"t":{event.t_ns},"k":"assessment","phase":{_string(event.phase)},'
        f'"predicted_degc":{_number(event.predicted_degc)},'
        f'"predicted_sd_k":{_number(event.predicted_sd_k)},'
        f'"residual_sd":{_number(event.residual_sd)},'
        f'"efficiency":{_number(event.efficiency)},'
        f'"efficiency_sd_statistical":{_number(event.efficiency_sd_statistical)},'
        f'"efficiency_sd_total":{_number(event.efficiency_sd_total)},'
        f'"time_constant_s":{_number(event.time_constant_s)},'
        f'"time_constant_sd_s":{_number(event.time_constant_sd_s)},'
        f'"heat_loss_w_per_k":{_number(event.heat_loss_w_per_k)},'
        f'"heat_loss_sd_w_per_k":{_number(event.heat_loss_sd_w_per_k)},'
        f'"steady":{"true" if event.steady else "false"},'
        f'"slope_k_per_s":{_number(event.slope_k_per_s)}'
    )


def _number(value: float | None) -> str:
    # A finite number less itself is zero; NaN and the infinities give NaN, which is true.
    if type(value) is float and not value - value:
        return _float(value)
    return _dumps(value)


def _string(text: str) -> str:
    known = _strings.get(text)
    if known is None:
        known = _dumps(text)
        if len(_strings) < _STRINGS:
            _strings[text] = known
    return known
