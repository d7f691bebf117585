"""How large a fault is, in words; a number only where the detector's size is one.

The detector takes a fault for a small change of what there was. A change of more than half of the
heat is none, and in the dark, where hardly any heat is lost, a share of it is that of nothing. Then
the words say what it looks like, and no number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from labctl.photothermal import BEAD_OUT, BEAD_STEP, HEAT, HEAT_RAMP, OFFSET, SHIFT, Step

_NUMBER_UP_TO = 0.5
"""Of the heat."""
_FIRST_OFF, _SETTLED_OFF = 0.3, 0.2
"""Relative, of a change of heat as it is first told and when its shape has settled: by so much its
size is off beside its own deviation, which takes onset and cell as known (steps of -40 to +30 %, 80
cells, 1 and 4 s)."""
_HEAT_SHAPES = frozenset({HEAT, HEAT_RAMP})


@dataclass(frozen=True, slots=True)
class Size:
    """A size in words, and whether the fault looks like light that is not as it was told."""

    words: str
    like_no_light: bool = False
    """Under light: most of the heat is gone."""
    like_light: bool = False
    """In the dark: more heat comes in than the dark explains."""


def size_of(step: Step, now_s: float, *, lit: bool, loss_known: bool) -> Size:
    """Of what was found, as it stands at `now_s`. `loss_known`: the cell is warm enough for its
    heat loss to be a measure."""
    if step.shape in _HEAT_SHAPES:
        return _of_heat(step, now_s, lit=lit, loss_known=loss_known)
    if step.shape in {BEAD_STEP, OFFSET}:
        return Size(f"{step.size:+.2f} ± {step.sd:.2f} K at the bead")
    if step.shape == BEAD_OUT:
        side = "warmer" if step.size > 0.0 else "colder"
        return Size(f"on its way to something {side} than the liquid")
    if step.shape == SHIFT:
        return Size(f"readings off by {step.size:+.2f} ± {step.sd:.2f} of their deviation")
    raise ValueError(f"there is no shape {step.shape}")


def _of_heat(step: Step, now_s: float, *, lit: bool, loss_known: bool) -> Size:
    sd = math.hypot(step.sd, (_SETTLED_OFF if step.settled else _FIRST_OFF) * step.size)
    over_min, unit = 1.0, ""
    if step.shape == HEAT_RAMP:
        over_min, unit = max(0.0, now_s - step.onset_s) / 60.0, " a minute"
    so_far = step.size * over_min
    if lit:
        if so_far <= -_NUMBER_UP_TO:
            return Size("most of the heat is gone, as if there were no light", like_no_light=True)
        if so_far >= _NUMBER_UP_TO:
            return Size("half as much heat again as there was, or more")
        return Size(_percent(step.size, sd, f"absorbed power{unit}"))
    if so_far > 0.0 and (so_far >= _NUMBER_UP_TO or not loss_known):
        return Size("it warms, or cools much less, as if there were light", like_light=True)
    if so_far <= -_NUMBER_UP_TO or not loss_known:
        return Size("it loses far more heat than it did")
    return Size(_percent(-step.size, sd, f"heat loss{unit}"))


def _percent(size: float, sd: float, what: str) -> str:
    return f"{100.0 * size:+.1f} ± {100.0 * sd:.1f} % of the {what}"
