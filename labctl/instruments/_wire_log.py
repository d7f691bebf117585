"""Every byte of a port with its time, in a file: `LABCTL_WIRE_LOG` names the folder.

One JSON line a piece of bytes, as it came or went. A port only appends to a queue in memory; a
thread of the log's own writes. When the disk is slower than the instrument, what does not fit is
counted and left out, and when the disk fails, the log ends: neither ever holds a port up.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from labctl.clock import Clock
from labctl.instruments._link import Link
from labctl.instruments._transport import BlockingTransport

SCHEMA = "labctl.wire/1"
VARIABLE = "LABCTL_WIRE_LOG"
_EVERY_S = 0.1
_JOIN_S = 2.0


class WireLog:
    """One port's log. `note` may be called by any thread, also before `begin` and after `end`."""

    def __init__(
        self,
        path: Path,
        about: Mapping[str, Any],
        *,
        largest: int = 16 << 20,
        keep: int = 4,
        most: int = 100_000,
    ) -> None:
        """Files of `largest` bytes, `keep` older ones; `most` notes wait in memory."""
        self.path = path
        self.dropped = 0
        self.failed = ""
        """Why nothing is written any more."""
        self._about = {"schema": SCHEMA, **about}
        self._largest, self._keep, self._most = largest, keep, most
        self._waiting: deque[tuple[int, str, bytes]] = deque()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, t_ns: int, what: str, data: bytes = b"") -> None:
        """`what`: `open`, `write`, `read`, `close`."""
        if len(self._waiting) < self._most:
            self._waiting.append((t_ns, what, data))
        else:
            self.dropped += 1

    def begin(self) -> None:
        """Start writing; again changes nothing."""
        if self._thread is None:
            self._ending.clear()
            self._thread = threading.Thread(target=self._write, name=f"wire log {self.path.name}")
            self._thread.daemon = True
            self._thread.start()

    def end(self) -> None:
        """Write what waits; gives up after two seconds."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ending.set()
            thread.join(_JOIN_S)

    # -- on the log's thread -------------------------------------------------------------------

    def _write(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            while True:
                ending = self._ending.wait(_EVERY_S)
                if self._waiting:
                    with self.path.open("a", encoding="utf-8") as file:
                        self._empty(file)
                        full = file.tell() >= self._largest
                    if full:
                        self._rotate()
                if ending and not self._waiting:
                    return
        except OSError as error:
            self.failed = str(error)
            self._most = 0
            self._waiting.clear()

    def _empty(self, file: IO[str]) -> None:
        if file.tell() == 0:
            file.write(json.dumps(self._about) + "\n")
        while self._waiting and file.tell() < self._largest:
            t_ns, what, data = self._waiting.popleft()
            said: dict[str, Any] = {"t_ns": t_ns, "do": what}
            if data:
                said["data"] = data.decode("latin-1")
            file.write(json.dumps(said) + "\n")
        if self.dropped:
            file.write(json.dumps({"do": "dropped", "notes": self.dropped}) + "\n")
            self.dropped = 0

    def _rotate(self) -> None:
        for number in range(self._keep, 0, -1):
            newer = self._numbered(number - 1)
            if newer.exists():
                newer.replace(self._numbered(number))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}") if number else self.path


class LoggedTransport:
    """A `BlockingTransport` whose bytes are noted as they pass."""

    def __init__(self, inner: BlockingTransport, log: WireLog, clock: Clock) -> None:
        self._inner, self._log, self._clock = inner, log, clock
        self.writes_alongside = inner.writes_alongside
        self.stream = inner.stream

    def open(self) -> None:
        self._inner.open()
        self._log.note(self._clock.now_ns(), "open")
        self._log.begin()

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            self._log.note(self._clock.now_ns(), "close")
            self._log.end()

    def write(self, data: bytes) -> None:
        self._log.note(self._clock.now_ns(), "write", data)
        self._inner.write(data)

    def read(self, at_most: int, timeout_s: float) -> bytes:
        data = self._inner.read(at_most, timeout_s)
        if data:
            self._log.note(self._clock.now_ns(), "read", data)
        return data

    def clear(self) -> None:
        self._inner.clear()


class LoggedLink:
    """A simulated cable whose bytes are noted, at the times of the simulation."""

    def __init__(self, inner: Link, log: WireLog) -> None:
        self._inner, self._log, self._last_ns = inner, log, 0
        log.begin()

    def write(self, data: bytes, now_ns: int) -> None:
        self._last_ns = now_ns
        self._log.note(now_ns, "write", data)
        self._inner.write(data, now_ns)

    def next_chunk(self, before_ns: int) -> tuple[int, bytes] | None:
        arrived = self._inner.next_chunk(before_ns)
        if arrived is not None:
            self._last_ns = arrived[0]
            self._log.note(arrived[0], "read", arrived[1])
        return arrived

    def close(self) -> None:
        self._inner.close()
        self._log.note(self._last_ns, "close")
        self._log.end()


def wire_log(name: str, about: Mapping[str, Any]) -> WireLog | None:
    """A log for the instrument `name`, where the environment asks for one. Each process has files
    of its own."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    return WireLog(Path(folder).expanduser() / f"{plain}-{os.getpid()}.jsonl", about)


def logged(transport: BlockingTransport, log: WireLog | None, clock: Clock) -> BlockingTransport:
    """The same, noted."""
    return transport if log is None else LoggedTransport(transport, log, clock)


def logged_plug(plug: Callable[[], Link], log: WireLog | None) -> Callable[[], Link]:
    """The same, noted."""
    return plug if log is None else lambda: LoggedLink(plug(), log)


def read_wire_log(path: Path) -> tuple[dict[str, Any], list[tuple[int, str, bytes]]]:
    """What a log says of itself, and its notes. A last line that was cut short is left out.
    ValueError for a file that is no wire log."""
    lines = path.read_text(encoding="utf-8").splitlines()
    about: dict[str, Any] = {}
    with contextlib.suppress(ValueError, IndexError):
        about = json.loads(lines[0])
    if about.get("schema") != SCHEMA:
        raise ValueError(f"{path} is no {SCHEMA}")
    notes = []
    for line in lines[1:]:
        try:
            said = json.loads(line)
        except ValueError:
            break
        if "t_ns" in said:
            notes.append((said["t_ns"], said["do"], said.get("data", "").encode("latin-1")))
    return about, notes
