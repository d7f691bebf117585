"""Numato USB relay module: echoes, answers, prompts; one relay holds a shutter open.

From the protocol card: a virtual port without a line speed, a command ends with CR and comes back,
its answer if it has one, and the prompt `>` without an end of line; lines end LF CR; relays from 0,
the tenth by letter. A relay stays as it is when the host goes. Of the simulator: what comes before
the last command was prompted for waits for it, or, as a fault, is lost; what an unknown command
gives; an end switch on an input, and the relay's time.
"""

from __future__ import annotations

from labctl_simulators.wire._personality import MS, Reply, Upsets
from labctl_simulators.world import World

_LATENCY_NS = 2 * MS
_COIL_NS = 10 * MS
_PROMPT = b">"
_END = b"\n\r"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"


class NumatoModule:
    """Sixteen relays, off; the one at `relay` drives the shutter, whose end switch pulls the input
    `sense` to ground while it is closed. The other inputs are high."""

    baud: int | None = None

    def __init__(self, world: World, *, relay: int = 0, sense: int | None = None) -> None:
        self.upsets = Upsets()
        self.relays = dict.fromkeys(_DIGITS[:16], False)
        self.loses = False
        """A fault: what comes before the last command was prompted for is lost."""
        self._blade = world.fit_shutter()
        self._shutter, self._sense = _DIGITS[relay], sense
        self._partial = b""
        self._prompted_ns = 0

    def opened(self, t_ns: int) -> None:
        """The module does not notice."""

    def reset(self, t_ns: int) -> None:
        """All relays off, as after the supply was away."""
        for relay in self.relays:
            self._switch(relay, False, t_ns)

    def receive(self, data: bytes, t_ns: int) -> list[Reply]:
        begins_ns = max(t_ns, self._prompted_ns)
        if self.loses and t_ns < self._prompted_ns:
            return []
        *lines, self._partial = (self._partial + data).split(b"\r")
        said = b""
        for line in lines:
            words = line.decode("latin-1").strip("\n").split(" ")
            said += line + _END
            answer = self._obey(words, begins_ns)
            said += (answer.encode() + _END if answer else b"") + _PROMPT
        if not said:
            return []
        self._prompted_ns = begins_ns + _LATENCY_NS
        return [(said, self._prompted_ns - t_ns)]

    def _obey(self, words: list[str], t_ns: int) -> str:
        """The answer; empty where there is none."""
        match words:
            case ["ver"]:
                return "00000008"
            case ["id", "get"]:
                return "00000001"
            case ["relay", "read", which] if which in self.relays:
                return "on" if self.relays[which] else "off"
            case ["relay", "readall"]:
                return f"{sum(on << n for n, on in enumerate(self.relays.values())):04x}"
            case ["relay", "on" | "off" as how, which] if which in self.relays:
                self._switch(which, how == "on", t_ns)
                return ""
            case ["reset"]:
                self.reset(t_ns)
                return ""
            case ["gpio", "read", which] if which.isdigit() and int(which) < 10:
                grounded = int(which) == self._sense and not self._blade.is_open
                return "0" if grounded else "1"
            case [""]:
                return ""
        return "unknown command"

    def _switch(self, which: str, on: bool, t_ns: int) -> None:
        self.relays[which] = on
        if which == self._shutter:
            self._blade.drive(on, t_ns + _COIL_NS)
