"""A name that one process of a machine holds, whoever's it is.

Linux: an abstract socket, which needs no file that another user could remove or forbid, and whose
holder the kernel names. It ends with all processes that hold it, and holds within one network
namespace (containers have their own). Elsewhere nothing is held, and one user's lock is all there
is.
"""

from __future__ import annotations

import socket
import struct
import sys

_PEER = struct.Struct("iII")
"""What the kernel tells of the other end: process, user, group."""


class MachineName:
    """Construct (nothing is held), `take`, `release`."""

    def __init__(self, name: str) -> None:
        self._address = f"\0labctl-{name}"
        self._socket: socket.socket | None = None

    @property
    def handles(self) -> tuple[int, ...]:
        """For a child that is to hold it too."""
        return () if self._socket is None else (self._socket.fileno(),)

    def take(self) -> bool:
        """Hold it, or return False."""
        if sys.platform != "linux":
            return True
        held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            held.bind(self._address)
            # From here on the kernel tells whoever connects who it was.
            held.listen(socket.SOMAXCONN)
        except OSError:
            held.close()
            return False
        self._socket = held
        return True

    def holder(self) -> tuple[int, int] | None:
        """Process and user number of whoever took it; None where nobody tells."""
        if sys.platform != "linux":
            return None
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.setblocking(False)
            try:
                asking.connect(self._address)
                told = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
            except OSError:
                return None
        pid, uid, _ = _PEER.unpack(told)
        return pid, uid

    def release(self) -> None:
        """Give it back; nothing happens when it is not held."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
