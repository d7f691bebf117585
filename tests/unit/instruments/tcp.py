"""A tiny instrument on a TCP socket, served by a thread, for the real libraries to talk to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[bytes], "bytes | None"]


class TcpInstrument:
    """Takes one connection after the other; answers whole lines; `None` closes the connection."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.heard: list[bytes] = []
        self.arrived = threading.Condition()
        self._peer: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name="tcp instrument")
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self._peer = peer
            with peer:
                self._talk(peer)

    def _talk(self, peer: socket.socket) -> None:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = b""
        while True:
            try:
                chunk = peer.recv(4096)
            except OSError:
                return
            if not chunk:
                return
            buffer += chunk
            while b"\n" in buffer:
                line, _, buffer = buffer.partition(b"\n")
                with self.arrived:
                    self.heard.append(line)
                    self.arrived.notify_all()
                reply = self._answer(line)
                if reply is None:
                    return
                peer.sendall(reply)

    def wait_for(self, line: bytes) -> bool:
        """True once the line has been heard; False after two seconds."""
        with self.arrived:
            return self.arrived.wait_for(lambda: line in self.heard, timeout=2.0)

    def say(self, data: bytes) -> None:
        """Send bytes that nobody asked for."""
        assert self._peer is not None
        self._peer.sendall(data)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._peer is not None:
            try:
                self._peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._thread.join()


@contextmanager
def instrument(answer: Answer) -> Iterator[TcpInstrument]:
    """Serve until the block ends."""
    served = TcpInstrument(answer)
    try:
        yield served
    finally:
        served.close()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port: int = held.getsockname()[1]
        return port
