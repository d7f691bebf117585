"""The act at the bench, without which nothing REAL is lit: a person types what was never typed
before, and it holds for a declared time only.

A word is asked for once, and lapses with whatever is typed for it. What was typed holds until the
first light in time; from then on until somebody disarms, because a person may then put hands into
the bench.
"""

from __future__ import annotations

import os

from labctl.clock import NS
from labctl.errors import RefusedError, SafetyError
from labctl.talk import Act


class Acts:
    """What one guard has been told at the bench. Times are those of its clock."""

    def __init__(self, bench: str = "", hold_s: float = 0.0) -> None:
        """`hold_s`: so long may pass between word and act, and between act and first light; 0 on a
        bench on which nothing REAL can be lit, or nobody need be there."""
        self._bench = bench
        self._hold_ns = round(hold_s * NS)
        self._word = ""
        self._until_ns = 0
        self._lit = False

    def wanted(self, now_ns: int, ahead_ns: int = 0) -> str:
        """What is to be typed, anew at each call; empty while nothing needs to be, `ahead_ns` from
        now too."""
        if self._hold_ns == 0 or self._stands(now_ns + ahead_ns):
            return ""
        self.void()
        self._until_ns = now_ns + self._hold_ns
        self._word = f"{self._bench} {os.urandom(3).hex()}"
        return self._word

    def take(self, act: Act, now_ns: int) -> None:
        """A person has typed it. RefusedError where it is another word, or too late."""
        word, until_ns = self._word, self._until_ns
        self.void()
        if not word or " ".join(act.typed.split()) != word or now_ns > until_ns:
            raise RefusedError(
                "that is not what was to be typed, or it came too late; nothing is armed",
                fix="Type the words that are shown now.",
            )
        self._until_ns = now_ns + self._hold_ns

    def check(self, now_ns: int) -> None:
        """SafetyError unless an act holds, where one is needed."""
        if self._hold_ns and not self._stands(now_ns):
            raise SafetyError(
                "nobody has armed this at the bench, or too long ago",
                fix="Arm it at the bench, by typing the words that are shown.",
            )

    def lit(self, now_ns: int) -> None:
        """There was light in time: an act that still holds then does so until `void`."""
        self._lit = self._stands(now_ns)

    def void(self) -> None:
        """What was typed holds no longer."""
        self._word, self._until_ns, self._lit = "", 0, False

    def _stands(self, now_ns: int) -> bool:
        return not self._word and (self._lit or (now_ns <= self._until_ns and self._until_ns > 0))
