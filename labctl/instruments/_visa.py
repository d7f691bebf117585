"""Bytes through PyVISA: USBTMC, GPIB, LAN, and TCP sockets; pyvisa-py as the library by default.

Over SOCKET and ASRL, pyvisa-py would wait for a termination character and lose what came before a
timeout, spin when the peer has closed, and open a closed port without a word. All three are mended
here, by its own attributes, by a look at its socket and by how much is asked for at once; other
VISA libraries do not need it.
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from labctl.errors import LabctlError, PortDisconnectedError, PortTimeoutError
from labctl.instruments._capabilities import SerialSettings
from labctl.instruments._mending import mending
from labctl.instruments._transport import SLICE_S

_OPEN_S = 2.0
_LIBRARY = "@py"
_managers: dict[str, Any] = {}
_managers_lock = threading.Lock()


class VisaTransport:
    """Fulfils `BlockingTransport`."""

    writes_alongside = False

    def __init__(
        self, resource: str, settings: SerialSettings, where: str, *, library: str = _LIBRARY
    ) -> None:
        self._name = resource
        self._settings = settings
        self._where = where
        self._library = library
        upper = resource.upper()
        self._serial = upper.startswith("ASRL")
        self.stream = self._serial or upper.endswith("SOCKET")
        # Any: PyVISA's resource classes differ by bus, and their attributes are made at run time.
        self._resource: Any = None
        self._socket: socket.socket | None = None

    def open(self) -> None:
        with self._translated("open"):
            manager = _manager(self._library)
            resource: Any = manager.open_resource(self._name, open_timeout=round(_OPEN_S * 1e3))
            self._resource = resource
            if self._serial:
                self._set_line(resource)
            if self.stream:
                resource.read_termination = "\n"
            if self.stream and self._library == _LIBRARY:
                # Else it would keep what has come until a termination character does.
                resource.visalib.set_attribute(resource.session, _suppress_end(), False)
            self._look_at_socket(resource)

    def close(self) -> None:
        resource, self._resource = self._resource, None
        self._socket = None
        if resource is not None:
            with self._translated("close"):
                resource.close()

    def write(self, data: bytes) -> None:
        resource = self._opened()
        with self._translated("write to"):
            resource.write_raw(data)

    def read(self, at_most: int, timeout_s: float) -> bytes:
        resource = self._opened()
        if self._socket is not None:
            self._refuse_closed(self._socket)
        if timeout_s <= 0 and not self._waiting(resource):
            return b""
        wait_s = min(timeout_s, SLICE_S) if self.stream else timeout_s
        with self._translated("read from"):
            resource.timeout = max(1, round(wait_s * 1e3))
            return self._some(resource, at_most)

    def clear(self) -> None:
        if not self.stream:
            with self._translated("clear"):
                self._opened().clear()

    # -- inside ------------------------------------------------------------------------------

    def _some(self, resource: Any, at_most: int) -> bytes:
        from pyvisa.constants import StatusCode
        from pyvisa.errors import VisaIOError

        if self._serial:
            # No more than is there, or a first byte: what comes before a timeout is lost else.
            at_most = max(1, min(at_most, resource.bytes_in_buffer))
        try:
            # That there may be more is no news to us.
            with resource.ignore_warning(StatusCode.success_max_count_read):
                got, _ = resource.visalib.read(resource.session, at_most)
        except VisaIOError as error:
            if error.error_code == StatusCode.error_timeout:
                return b""
            raise
        return bytes(got)

    def _waiting(self, resource: Any) -> bool:
        if self._socket is not None:
            # What came behind a termination character waits in pyvisa-py itself.
            session = resource.visalib.sessions[resource.session]
            kept = getattr(session, "_pending_buffer", b"")
            return bool(kept) or bool(select.select([self._socket], [], [], 0)[0])
        if self._serial:
            return bool(resource.bytes_in_buffer)
        # A message bus has nothing to read unless something was asked.
        return False

    def _set_line(self, resource: Any) -> None:
        from pyvisa.constants import Parity, StopBits

        line = self._settings
        resource.baud_rate = line.baud
        resource.data_bits = line.bits
        resource.parity = {"N": Parity.none, "E": Parity.even, "O": Parity.odd}[line.parity]
        resource.stop_bits = StopBits.two if line.stop_bits == 2 else StopBits.one

    def _look_at_socket(self, resource: Any) -> None:
        """Take hold of pyvisa-py's socket, where there is one."""
        sessions = getattr(resource.visalib, "sessions", {})
        link = getattr(sessions.get(resource.session), "interface", None)
        if not isinstance(link, socket.socket):
            return
        failure = link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise OSError(failure, os.strerror(failure))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = link

    def _refuse_closed(self, link: socket.socket) -> None:
        if not select.select([link], [], [], 0)[0]:
            return
        with self._translated("read from"):
            if not link.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError("closed by the other side")

    def _opened(self) -> Any:
        if self._resource is None:
            raise PortDisconnectedError("the port is not open", where=self._where)
        return self._resource

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        """PyVISA lets VisaIOError, OSError, ValueError and plain Exception out."""
        from pyvisa.constants import StatusCode
        from pyvisa.errors import VisaIOError

        try:
            yield
        except LabctlError:
            raise
        except Exception as error:
            text = str(error)
            if isinstance(error, VisaIOError) and error.error_code == StatusCode.error_timeout:
                raise PortTimeoutError(
                    f"could not {doing} the port in time", where=self._where, seen=text
                ) from error
            seen, fix = mending(
                error,
                "Look whether the instrument is plugged in and switched on, and whether its VISA "
                "address is right.",
            )
            raise PortDisconnectedError(
                f"could not {doing} the port", where=self._where, seen=seen, fix=fix
            ) from error


def _manager(library: str) -> Any:
    """One resource manager a library and process: sessions of several are not kept apart."""
    import pyvisa

    with _managers_lock:
        if library not in _managers:
            _managers[library] = pyvisa.ResourceManager(library)
        return _managers[library]


def _suppress_end() -> Any:
    from pyvisa.constants import ResourceAttribute

    return ResourceAttribute.suppress_end_enabled
