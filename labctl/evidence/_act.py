"""The act at the bench: a person types what was never typed before, and it stands for a declared
time only.

A word is asked for once, and lapses with whatever is typed for it. What was typed stands until the
first light in time; from then on until somebody disarms, because a person may then put hands into
the bench.
"""

from __future__ import annotations

import os

from labctl.clock import NS
from labctl.errors import RefusedError
from labctl.talk import Act


class Acts:
    """What was done at one bench. Times are those of the guard's clock."""

    def __init__(self, bench: str = "", hold_s: float = 0.0) -> None:
        """`hold_s`: so long may pass between word and act, and between act and first light; 0 on a
        bench on which nothing REAL can be lit, or nobody need be there."""
        self._bench = bench
        self._hold_ns = round(hold_s * NS)
        self._word = ""
        self._until_ns = 0
        self._lit = False

    def stand(self, now_ns: int) -> bool:
        """Whether an act stands, or none is needed."""
        stands = self._lit or (now_ns <= self._until_ns and self._until_ns > 0)
        return self._hold_ns == 0 or (stands and not self._word)

    def wanted(self, now_ns: int, ahead_ns: int = 0) -> str:
        """What is to be typed, anew at each call; empty while nothing needs to be, `ahead_ns` from
        now too."""
        if self.stand(now_ns + ahead_ns):
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

    def lit(self, now_ns: int) -> None:
        """There was light in time: an act that still stands then does so until `void`."""
        self._lit = self.stand(now_ns)

    def void(self) -> None:
        """What was typed stands no longer."""
        self._word, self._until_ns, self._lit = "", 0, False
