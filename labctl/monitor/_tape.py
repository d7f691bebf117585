"""What the bank was fed, and how it stood now and then, so that it can be asked again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from labctl.photothermal import FilterBank

_EVERY_S = 20.0
_MARKS = 12


@dataclass(frozen=True, slots=True)
class Moved:
    """The bank predicted, up to `to_s`."""

    to_s: float
    dt_s: float
    power_w: float
    ambient_degc: float


@dataclass(frozen=True, slots=True)
class Took:
    """The bank took a reading in."""

    value_degc: float
    noise_k2: float


@dataclass(frozen=True, slots=True)
class Switched:
    """The light changed; the liquid may be so far ahead or behind."""

    spread_k: float


Fed = Moved | Took | Switched


class Tape:
    """The last four minutes."""

    def __init__(self) -> None:
        self._fed: deque[Fed] = deque()
        self._marks: deque[tuple[float, FilterBank, int]] = deque()
        self._dropped = 0
        self._next_s = 0.0

    def add(self, fed: Fed) -> None:
        self._fed.append(fed)

    def mark(self, t_s: float, bank: FilterBank) -> None:
        """Remember how the bank stands, where it is time to."""
        if t_s < self._next_s:
            return
        self._next_s = t_s + _EVERY_S
        self._marks.append((t_s, bank.copy(), self._dropped + len(self._fed)))
        if len(self._marks) > _MARKS:
            self._marks.popleft()
            first = self._marks[0][2]
            while self._dropped < first:
                self._fed.popleft()
                self._dropped += 1

    def since(self, t_s: float) -> tuple[FilterBank, list[Fed]] | None:
        """The bank as it stood before `t_s`, and all it was fed since; None where the tape does not
        go back so far."""
        for marked_s, bank, at in reversed(self._marks):
            if marked_s < t_s:
                return bank, list(self._fed)[at - self._dropped :]
        return None

    def clear(self) -> None:
        """Nothing before now can be asked again."""
        self._dropped += len(self._fed)
        self._fed.clear()
        self._marks.clear()
        self._next_s = 0.0
