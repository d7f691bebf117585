"""After an alarm: what the switch-off says of its causes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from labctl.events import Alarm
from labctl.monitor._alarms import narrowed
from labctl.monitor._priors import Priors
from labctl.monitor._tape import Fed, Moved, Switched, Tape, Took
from labctl.photothermal import BEAD_STEP, HEAT, OFFSET, Cause, Change, ChangeTest, Step

_RULED_OUT = -math.log(1000.0)
"""Log odds against the best hypothesis below which a cause is ruled out. Evidence is of a model,
and a real cell is not the model: 20 to 1 would be enough in white noise."""
_DARK_S = 120.0
"""So long after the switch-off the cooling branch is listened to: loss against heat in."""
_BEAD_DARK_S = 15.0
"""The same for what jumps with the light."""
_NO_LIGHT = -0.5
"""Relative: a loss of so much of the heat is as if there were no light."""
_A_READING = 24
"""What the hypotheses catch up with at each reading, so that no reading waits long."""


class Explanation:
    """Runs the hypotheses of one alarm along, from before its onset."""

    def __init__(self, tape: Tape, step: Step, priors: Priors) -> None:
        self._heat = step.shape == HEAT
        self._pending: deque[Fed] = deque()
        self._test: ChangeTest | None = None
        self._dark_since_s: float | None = None
        self._over = False
        onset_s = step.onset_s - 0.5
        found = tape.since(onset_s)
        changes = _changes(step, priors)
        if found is None or not changes:
            return
        bank, fed = found
        self._pending.extend(fed)
        self._test = ChangeTest(bank, onset_s, changes)

    def add(self, fed: Fed) -> None:
        """The bank was fed this."""
        if self._test is not None:
            self._pending.append(fed)

    def switched(self, now_s: float, lit: bool) -> None:
        """The light changed. Only the first time in the dark is listened to."""
        if lit and self._dark_since_s is not None:
            self._over = True
        elif not lit and self._dark_since_s is None:
            self._dark_since_s = now_s

    def look(self, now_s: float, t_ns: int, alarm: Alarm) -> Alarm:
        """Catch up a little; the alarm, with causes ruled out where they are."""
        if self._test is None:
            return alarm
        self._run(_A_READING)
        since_s = self._dark_since_s
        wait_s = _DARK_S if self._heat else _BEAD_DARK_S
        if self._pending or self._over or since_s is None or now_s - since_s < wait_s:
            return alarm
        out = frozenset(c for c, odds in self._test.odds().items() if odds <= _RULED_OUT)
        return narrowed(t_ns, alarm, out)

    def _run(self, most: int) -> None:
        test, pending = self._test, self._pending
        if test is None:
            return
        for fed in _first(pending, most):
            match fed:
                case Moved():
                    test.predict(fed.to_s, fed.dt_s, fed.power_w, fed.ambient_degc)
                case Took():
                    test.update(fed.value_degc, fed.noise_k2)
                case Switched():
                    test.edge(fed.spread_k)


def _first(pending: deque[Fed], most: int) -> Iterable[Fed]:
    for _ in range(min(most, len(pending))):
        yield pending.popleft()


def _changes(step: Step, priors: Priors) -> list[Change]:
    size = abs(step.size)
    if step.shape == HEAT and step.size <= _NO_LIGHT:
        # Whether there was light at all, no hypothesis here asks.
        return []
    if step.shape == HEAT:
        relative = max(0.1, 1.5 * size)
        changes = [Change(Cause.HEAT_IN, relative), Change(Cause.HEAT_OUT, relative)]
        if not priors.has_ambient:
            changes.append(Change(Cause.SURROUNDINGS, 20.0 * relative))
        return changes
    if step.shape in {BEAD_STEP, OFFSET}:
        return [
            Change(Cause.BEAD_LIGHT, 1.5 * size),
            Change(Cause.READING, 3.0 * step.sd, shift_k=step.size),
        ]
    return []
