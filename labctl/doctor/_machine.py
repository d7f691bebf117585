"""The disk that the records go to, the computer's clock, and the broker."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from labctl import platform
from labctl.clock import real_ns
from labctl.doctor._finding import Finding, bad, not_looked, ok, warn
from labctl.errors import Exit, LabctlError
from labctl.telemetry import BrokerChoice, NoBrokerError, embedded_broker

_LEAST_FREE = 100e6
_SOON_FULL = 2e9
"""A run of an hour at ten readings a second with everything in it is some 50 MB."""
_SLOW_S = 0.2
_SYNCS = 8
_NOT_SYNCHRONISED = 5
"""TIME_ERROR of adjtimex(2)."""
_TIMEX_AT_MOST = 1024


def disk(runs: Path, syncs: Callable[[int], float] | None = None) -> Finding:
    """Room and speed where the records go. `syncs`: how long one of so many takes at worst, s."""
    folder = runs.resolve()
    while not folder.is_dir():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        fix = "Name a folder of your own: `--runs DIR` or LABCTL_RUNS."
        return bad("disk", f"{folder} cannot be written to", fix, Exit.DATA)
    free = shutil.disk_usage(folder).free
    try:
        worst_s = (syncs or (lambda n: _syncs(folder, n)))(_SYNCS)
    except OSError as error:
        return bad("disk", f"{folder} does not take data: {error}", "Look at the disk.", Exit.DATA)
    words = f"{free / 1e9:.1f} GB free at {folder}; a sync takes {worst_s * 1e3:.0f} ms at worst"
    if free < _LEAST_FREE:
        return bad("disk", words, "Make room, or name another folder with --runs.", Exit.DATA)
    if free < _SOON_FULL:
        return warn("disk", words, "Make room before a long run.")
    if worst_s > _SLOW_S:
        fix = "Keep records on a local disk, not on a network share, USB stick or synced folder."
        return warn("disk", words, fix)
    return ok("disk", words)


def clock(state: Callable[[], int | None] | None = None) -> Finding:
    """Whether the computer's clock is kept right. `state`: instead of asking the kernel."""
    found = (state or _kernel_clock)()
    if found is None:
        return not_looked("clock", "this system cannot be asked whether its clock is synchronised")
    if found == _NOT_SYNCHRONISED:
        return warn(
            "clock",
            "nothing keeps it right: records would carry a time that drifts",
            "`sudo timedatectl set-ntp true` (or install chrony); a bench without a network needs "
            "its clock set by hand. Durations of a run do not hang on it.",
        )
    return ok("clock", "kept right by a time service")


def broker(choice: str, patience_s: float = 1.0) -> Finding:
    """The MQTT broker that a run would take: a view, which no run needs."""
    try:
        told = BrokerChoice.parse(choice)
    except LabctlError as error:
        return bad("broker", str(error), error.fix, error.exit_code)
    if told.off:
        return ok("broker", "off: runs are not published")
    if told.address is None:
        try:
            return ok("broker", f"one of our own on loopback: {embedded_broker()}")
        except NoBrokerError as error:
            return warn("broker", error.what, error.fix)
    where = (told.address.host, told.address.port)
    try:
        socket.create_connection(where, timeout=patience_s).close()
    except OSError as error:
        fix = "Start it, or take another by LABCTL_BROKER; a run goes on without it."
        return warn("broker", f"{told.address} does not answer: {error}", fix)
    return ok("broker", f"{told.address} answers")


def _syncs(folder: Path, number: int) -> float:
    worst_ns = 0
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".labctl-doctor-") as file:
        for _ in range(number):
            file.write(b"\0" * 4096)
            file.flush()
            begun_ns = real_ns()
            platform.sync_data(file.fileno())
            worst_ns = max(worst_ns, real_ns() - begun_ns)
    return worst_ns / 1e9


def _kernel_clock() -> int | None:
    """What adjtimex(2) returns when nothing is changed."""
    if sys.platform != "linux":
        return None
    # Mode 0: only read. Longer than any kernel's struct timex.
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_AT_MOST))
    return None if state < 0 else int(state)
