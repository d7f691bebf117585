"""Hands for the simulated bench: what a person types where it is served opens and closes things.

One line each: `open` and `close` (the interlock), `key off` and `key on`. So that somebody may try
what a bench asks of a person without a bench.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from typing import IO

from labctl_simulators.world import World

WORDS = "open, close (the interlock), key off, key on"


def do(world: World, line: str) -> str:
    """Do what a line says; returns what there is to say of it."""
    words = " ".join(line.lower().split())
    laser = world.laser
    if words == "open":
        laser.open_interlock()
        return "the interlock is open"
    if words == "close":
        laser.close_interlock()
        return "the interlock is closed"
    if words == "key off":
        laser.key_on = laser.output_on = laser.lit = False
        return "the key is off"
    if words == "key on":
        laser.key_on = True
        return "the key is on"
    return f"there are: {WORDS}"


@contextlib.contextmanager
def at(stream: IO[str] | None, told: Callable[[str], object]) -> Iterator[None]:
    """Hand each line that is typed at `stream` to `told`, on the running loop, for the length of a
    `with`. Does nothing where nobody can type."""
    loop = asyncio.get_running_loop()
    try:
        handle = -1 if stream is None or stream.closed else stream.fileno()
        if handle < 0:
            raise OSError("nothing to read from")
        buffer = bytearray()

        def read() -> None:
            # Whoever reads a terminal from the background is stopped by it.
            if os.isatty(handle) and os.tcgetpgrp(handle) != os.getpgrp():
                return
            chunk = os.read(handle, 4096)
            if not chunk:
                loop.remove_reader(handle)
                return
            buffer.extend(chunk)
            while (end := buffer.find(b"\n")) >= 0:
                line = bytes(buffer[:end]).decode(errors="replace")
                del buffer[: end + 1]
                told(line)

        loop.add_reader(handle, read)
    except (OSError, ValueError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        loop.remove_reader(handle)
