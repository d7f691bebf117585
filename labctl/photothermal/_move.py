"""A step of all filters of a bank around given means, and its derivatives there.

The linear part is exact (`Step`); the heat loss, which grows with what it takes away, is taken in
the middle of the step.
"""

from __future__ import annotations

import numpy as np

from labctl.photothermal._discretise import Floats
from labctl.photothermal._layout import (
    CURVE,
    DARK,
    DRIFT,
    DYNAMIC,
    HOLDER,
    LAG,
    LIQUID,
    LOSS,
    OFFSET,
    RATE,
    WALL_MASS,
)
from labctl.photothermal._nominal import BENT, INPUTS, Step

_FAR, _LESS, _MORE = 0.7, 0.6, 2.0
"""How far a filter may carry the loss from its nominal value: the logarithm; the part less, more.
Beyond, it waits for its nominal values to follow."""


def moved(
    x: Floats, step: Step, power_w: float, elapsed_s: float, inputs: Floats, fd: Floats
) -> Floats:
    """The dynamic states (K, 4) a step after the means `x` (K, STATES); their derivatives go into
    `fd` (K, 4, STATES). `elapsed_s`: for how long the surroundings have drifted; `inputs`
    (INPUTS,): a bank's own room for what the states are multiplied by, ones up to RATE."""
    inputs[RATE:] = power_w
    u = x[:, :INPUTS] * inputs
    u[:, OFFSET] += x[:, DRIFT] * elapsed_s
    after = np.matmul(step.fixed, u[:, :, None])
    # The middle of the step by its linear part: the loss grows with what is there then.
    over = 0.5 * (u[:, LIQUID] + after[:, LIQUID, 0] - u[:, HOLDER] - after[:, HOLDER, 0])
    over -= u[:, OFFSET]
    bent = np.matmul(step.bent, u[:, :, None]).reshape(-1, DYNAMIC, BENT)
    # The loss is k e^{LOSS + DARK} (1 + c D); what it is more than k bends the step.
    of_loss = bent[:, :, 0].copy()
    log = x[:, LOSS] + x[:, DARK] if power_w == 0.0 else x[:, LOSS]
    level = np.exp(np.minimum(np.maximum(log, -_FAR), _FAR))
    growth = level * x[:, CURVE]
    # And by what it is bent by then: half a step of that is up to a thousandth of the excess.
    over += 0.5 * of_loss[:, LIQUID] * (growth * over + level - 1.0)
    more = np.minimum(np.maximum(growth * over + level - 1.0, -_LESS), _MORE)
    fd[:, :, LOSS : LAG + 1] = bent[:, :, :-1]
    fd[:, :, WALL_MASS] += bent[:, :, -1] * more[:, None]
    fd[:, :, LOSS] = 0.0
    after += np.matmul(fd[:, :, LOSS : LAG + 1], x[:, LOSS : LAG + 1, None])
    # What is lost beyond k is missing for the rest of the step, and cools it less.
    after[:, :, 0] += of_loss * (more[:, None] * (1.0 - more[:, None] * step.half_loss))
    np.multiply(of_loss, (1.0 + more)[:, None], out=fd[:, :, LOSS])
    np.multiply(of_loss, (level * over)[:, None], out=fd[:, :, CURVE])
    fd[:, :, DARK] = fd[:, :, LOSS] if power_w == 0.0 else 0.0
    # The other parameters are near their nominal values, or not to be trusted yet: what the
    # states' derivatives lean on them is left out.
    by_state = step.by_loss * more[:, None, None]
    by_state += step.fixed
    of_loss *= growth[:, None]
    by_state[:, :, LIQUID] += of_loss
    by_state[:, :, HOLDER] -= of_loss
    by_state[:, :, OFFSET] -= of_loss
    np.multiply(by_state, inputs, out=fd[:, :, :INPUTS])
    np.multiply(fd[:, :, OFFSET], elapsed_s, out=fd[:, :, DRIFT])
    dynamic: Floats = after[:, :, 0]
    return dynamic
