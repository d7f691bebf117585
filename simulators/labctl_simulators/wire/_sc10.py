"""Thorlabs SC10 shutter controller, 9600 8N1: echoes, answers, and prompts.

From the protocol card: a command ends with CR and comes back before its answer; behind the answer
stands the prompt `> ` without an end of line; `ens` toggles; `closed?` tells the blade's position
and `ens?` only what was commanded.
"""

from __future__ import annotations

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import World

_LATENCY_NS = MS
_PROMPT = b"> "
_UNKNOWN = "Command error CMD_NOT_DEFINED"


class Sc10:
    """The controller with one blade in the beam; wakes up in manual mode, shut."""

    def __init__(self, world: World, *, baud: int = 9600) -> None:
        self.upsets = Upsets()
        self.baud: int | None = baud
        self._blade = world.fit_shutter()
        self._partial = b""
        self._mode = 1

    def opened(self, t_ns: int) -> None:
        """The controller does not notice."""

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        *lines, self._partial = (self._partial + data).split(b"\r")
        replies: list[Reply] = []
        for line in lines:
            text = line.strip().decode("latin-1")
            answer = self._obey(text, t_ns)
            said = line + b"\r" + (answer.encode() + b"\r" if answer is not None else b"")
            replies.append((said + _PROMPT, _LATENCY_NS))
        return replies

    def _obey(self, text: str, t_ns: int) -> str | None:
        """The answer; None where there is none to give."""
        blade = self._blade
        asked = {
            "id?": "THORLABS SC10 VERSION 1.07",
            "*idn?": "THORLABS SC10 VERSION 1.07",
            "ens?": str(int(blade.driven)),
            "closed?": str(int(not blade.is_open)),
            "interlock?": "0",
            "mode?": str(self._mode),
        }
        if text in asked:
            return asked[text]
        if text == "ens":
            blade.drive(not blade.driven, t_ns)
            return None
        name, _, value = text.partition("=")
        if name == "mode" and value in {"1", "2", "3", "4", "5"}:
            self._mode = int(value)
            return None
        return None if not text else _UNKNOWN
