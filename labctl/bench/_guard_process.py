"""Starts the guard's process for a bench, and waits until it holds everything."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from labctl import platform, talk
from labctl.bench._fed import FieldCoil
from labctl.bench._file import BenchFile
from labctl.bench._remote import RemoteGuards
from labctl.bench._tripped import latch_of
from labctl.clock import NS, Clock
from labctl.errors import InstrumentError, LabctlError, RefusedError
from labctl.events import COIL, HEATER, LASER
from labctl.instruments import GATES
from labctl.talk import Channel, GuardSpec, WireError

_READY_NS = 30 * NS
_POLL_NS = NS // 200
METER = "meter"


def owned_by_guard(
    bench_file: BenchFile, roles: Iterable[str], sources: Iterable[str]
) -> tuple[str, ...]:
    """The instruments (keys, in order) whose ports the guard holds alone. RefusedError where one of
    them is read by the engine too: a port has one owner."""
    with_light = (METER, *GATES) if LASER in sources else ()
    held = {*sources, *with_light}
    roles = tuple(roles)
    keys = dict.fromkeys(bench_file.roles[r].instrument for r in roles if r in held)
    for role in roles:
        key = bench_file.roles[role].instrument
        if role not in held and key in keys:
            raise RefusedError(
                f"'{key}' has the role '{role}' and one that the guard holds alone",
                where=bench_file.source_file,
                fix="Give the two roles to two instruments.",
            )
    return tuple(keys)


def setup_of(
    bench_file: BenchFile,
    roles: Iterable[str],
    specs: Mapping[str, GuardSpec],
    zero_ns: int,
    *,
    unattended: bool = False,
) -> talk.Setup:
    """All that the guard must know, in plain values. `unattended`: nobody is to arm at the bench,
    which its file must allow."""
    roles = tuple(roles)
    entries = bench_file.instruments
    light = LASER in specs
    meter = bench_file.roles[METER].instrument if light and METER in roles else ""
    return talk.Setup(
        bench=bench_file.name,
        zero_ns=zero_ns,
        instruments=tuple(
            talk.OwnedInstrument(
                key, entries[key].driver, entries[key].address, dict(entries[key].settings)
            )
            for key in owned_by_guard(bench_file, roles, specs)
        ),
        sources=tuple(_source(bench_file, name, spec) for name, spec in specs.items()),
        gates={
            role: bench_file.roles[role].instrument for role in GATES if light and role in roles
        },
        meter=meter,
        pick_off=bench_file.pick_off.ratio if meter and bench_file.pick_off else 1.0,
        control=str(platform.guard_socket(os.getpid())),
        latch=latch_of(bench_file, specs),
        act_hold_s=bench_file.arming.act_holds_s,
        unattended_by=bench_file.unattended_by if unattended else "",
    )


def _source(bench_file: BenchFile, name: str, spec: GuardSpec) -> talk.OwnedSource:
    key = bench_file.roles[name].instrument
    laser = bench_file.power_at_sample
    fed = {HEATER: bench_file.heater, COIL: bench_file.coil}.get(name)
    if fed is not None:
        by_current = isinstance(fed, FieldCoil) and fed.drive == "current"
        return talk.OwnedSource(
            name, key, spec, resistance_ohm=fed.resistance_ohm, by_current=by_current
        )
    if laser is None:
        raise RefusedError(f"bench {bench_file.name} has no calibration of its {name}")
    return talk.OwnedSource(name, key, spec, laser.threshold, laser.slope)


class GuardStart:
    """A process on its way up: `launch`, then `await ready()`."""

    def __init__(
        self,
        clock: Clock,
        setup: talk.Setup,
        specs: Mapping[str, GuardSpec],
        hold: tuple[int, ...] = (),
    ) -> None:
        """`hold`: file handles that stay open as long as the process lives, the bench's locks."""
        self._clock = clock
        ours, theirs = platform.message_pair()
        with theirs, tempfile.TemporaryFile() as said:
            self._said = os.dup(said.fileno())
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "labctl.guard.process", str(theirs.fileno())],
                pass_fds=(theirs.fileno(), *hold),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                # Ctrl-C and a closed terminal are for the engine, which asks for off.
                start_new_session=True,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                },
            )
        self._channel = Channel(ours)
        self.guards = RemoteGuards(clock, specs, self._process, self._channel, Path(setup.control))
        self._setup = setup

    async def ready(self) -> tuple[Mapping[str, talk.Found], tuple[LabctlError, ...]]:
        """What it found, by instrument, or why it holds nothing."""
        deadline_ns = self._clock.now_ns() + _READY_NS
        try:
            self._channel.send(self._setup)
            while self._clock.now_ns() < deadline_ns:
                for message in self._channel.receive():
                    if isinstance(message, talk.Refused):
                        return {}, message.causes
                    if isinstance(message, talk.Ready):
                        return {found.key: found for found in message.found}, ()
                await self._clock.sleep(_POLL_NS)
        except WireError as error:
            return {}, (
                InstrumentError("the guard's process did not start", seen=self._last(error)),
            )
        finally:
            os.close(self._said)
        return {}, (InstrumentError("the guard's process is not ready in time"),)

    def _last(self, error: WireError) -> str:
        """The last line that it wrote before it went."""
        with contextlib.suppress(OSError):
            lines = os.pread(self._said, 1 << 16, 0).decode(errors="replace").splitlines()
            if lines:
                return lines[-1]
        return str(error)
