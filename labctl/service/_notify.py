"""What systemd is told, by its own datagrams: ready, alive, ending (sd_notify(3)).

Alive is said only as long as the bench's own thread turns, not the web's alone: a service whose
bench hangs is ended and started again by systemd, and its guard's lease has put the light out long
before.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping

from labctl import clock


class Watchdog:
    """Without systemd it does nothing."""

    def __init__(
        self,
        age_s: Callable[[], float],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`age_s`: how long ago the bench's thread turned."""
        given = os.environ if environment is None else environment
        self._age_s = age_s
        self._address = given.get("NOTIFY_SOCKET", "")
        mine = given.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        every = given.get("WATCHDOG_USEC", "")
        self.every_s = int(every) / 1e6 if every.isdigit() and mine else 0.0
        """Systemd waits so long for a sign of life; 0 when it does not wait."""

    def say(self, text: str) -> bool:
        """Send one message; False where nobody hears it."""
        if not self._address:
            return False
        # A leading @ stands for the zero byte of an abstract name.
        address = self._address.replace("@", "\0", 1)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
                way.sendto(text.encode(), address)
        except OSError:
            return False
        return True

    async def run(self) -> None:
        """Say alive in time, as long as it is so."""
        if not self.every_s:
            return
        while True:
            if self._age_s() < self.every_s:
                self.say("WATCHDOG=1")
            await clock.real_pause(self.every_s / 3.0)
