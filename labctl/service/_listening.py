"""The socket that a service listens on: it takes only so many connections at once.

Counted as they are accepted, before any TLS: whoever connects and never shakes hands would else
take the files that the system allows this process, and a run needs some of them too.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

MOST = 500
"""Connections at once, those that the web server does not know yet among them."""


class Listening(socket.socket):
    """Beyond `MOST` the oldest that is unknown makes room; where all are known, the newest goes."""

    known: Callable[[], set[int]] = staticmethod(set)
    """File numbers of those that the web server has: TLS is agreed upon with them."""
    taken: tuple[socket.socket, ...] = ()

    def accept(self) -> tuple[socket.socket, Any]:
        """As it is; ConnectionAbortedError, which whoever asks takes for nobody, where there is no
        room."""
        came, address = super().accept()
        self.taken = tuple(one for one in self.taken if one.fileno() != -1)
        if len(self.taken) >= MOST:
            known = self.known()
            unknown = next((one for one in self.taken if one.fileno() not in known), None)
            if unknown is None:
                came.close()
                raise ConnectionAbortedError("too many are connected")
            with contextlib.suppress(OSError):
                # Its own transport hears of it, and closes it.
                unknown.shutdown(socket.SHUT_RDWR)
            self.taken = tuple(one for one in self.taken if one is not unknown)
        self.taken += (came,)
        return came, address
