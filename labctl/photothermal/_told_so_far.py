"""All that a bank was told so far, so that another can be told the same."""

from __future__ import annotations

from typing import Protocol

LONGEST = 20_000
"""Longer records are not kept: a bank that has seen so much has long found its cell."""
_START = 10
"""Readings before the light that say where the curve begins."""


class Follower(Protocol):
    """What is told."""

    def predict(self, dt_s: float, power_w: float, surroundings_degc: float) -> None: ...
    def update(self, reading_degc: float, noise_k2: float) -> None: ...
    def loosen(self, sd_k: float) -> None: ...
    def resume(self, reading_degc: float) -> None: ...


class Told:
    """Words in order: 40 bytes and more each, `LONGEST` at most."""

    def __init__(self, first_degc: float) -> None:
        self._words: list[tuple[float, ...]] = []
        self._first = [first_degc]
        self._dark = True
        self.whole = True
        """False when there was more than is kept."""

    def __len__(self) -> int:
        return len(self._words)

    def predicted(self, dt_s: float, power_w: float, surroundings_degc: float) -> None:
        self._dark = self._dark and power_w == 0.0
        self._add((dt_s, power_w, surroundings_degc))

    def updated(self, reading_degc: float, noise_k2: float) -> None:
        # The first word of all is the first reading itself.
        if self._dark and self._words and len(self._first) < _START:
            self._first.append(reading_degc)
        self._add((reading_degc, noise_k2))

    def loosened(self, sd_k: float) -> None:
        self._add((sd_k,))

    def resumed(self, reading_degc: float) -> None:
        self._add((reading_degc, 0.0, 0.0, 0.0))

    def _add(self, word: tuple[float, ...]) -> None:
        if not self.whole:
            return
        self._words.append(word)
        if len(self._words) > LONGEST:
            self.whole = False
            self._words.clear()

    @property
    def first_degc(self) -> float:
        return self._first[0]

    @property
    def start_degc(self) -> float:
        """Where the curve begins."""
        return sum(self._first) / len(self._first)

    def tell(self, bank: Follower, begin: int, end: int) -> None:
        """Say a part of it to another."""
        for word in self._words[begin:end]:
            kind = len(word)
            if kind == 3:
                bank.predict(*word)
            elif kind == 2:
                bank.update(*word)
            elif kind == 1:
                bank.loosen(*word)
            else:
                bank.resume(word[0])
