"""A bench file -> a connected, identified Bench, or one tree of all that is missing.

SIMULATED is found here, never declared: every instrument that the run needs is either in-process
(`sim://`) or a server that answered the simulator's own handshake (`sim+...`). Anything else makes
the bench REAL, and on a REAL bench nothing simulated may guard and nothing may be faked.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

from labctl.bench._file import BenchFile
from labctl.bench._guard_process import GuardStart, owned_by_guard, setup_of
from labctl.bench._lock import BenchLock, take
from labctl.bench._medium_roles import LEAST_PERIOD_S, AssayRole, DoserRole, ThermostatRole
from labctl.bench._reach import reach
from labctl.bench._remote import RemoteGuards
from labctl.bench._roles import ThermometerRole
from labctl.bench._tripped import latch_of, refuse_latched
from labctl.clock import Clock
from labctl.errors import BenchError, InputError, LabctlError, RefusedError
from labctl.events import COIL, LASER, Beam, InstrumentFound, Invalid, Mode, Reading
from labctl.evidence import eyes_of
from labctl.guard import Guards
from labctl.instruments import (
    ASSAY,
    DOSER,
    MEDIUM,
    THERMOSTAT,
    Assay,
    Doser,
    Gate,
    GateRole,
    Identity,
    Instrument,
    MeterRole,
    PowerMeter,
    SimSession,
    Source,
    SourceRole,
    SourceState,
    Thermometer,
    Thermostat,
    make_instrument,
    renamed,
)
from labctl.talk import AnyGuards, GuardReadings, GuardSpec, Trip

OnTrouble = Callable[[str, str, str, str], None]
"""Told (instrument, address, what, detail) when a port misbehaves."""


class Bench:
    """Connected instruments in their roles. Obtain it from `connect`; `await close()`."""

    def __init__(
        self, bench_file: BenchFile, clock: Clock, mode: Mode, instruments: Mapping[str, Instrument]
    ) -> None:
        self.file = bench_file
        self.mode = mode
        self.instruments = dict(instruments)
        self.thermometers: list[ThermometerRole] = []
        self.meter: MeterRole | None = None
        self.sources: dict[str, SourceRole] = {}
        """What can put energy into the sample, by role: `laser`, `heater`."""
        self.gates: list[GateRole] = []
        """What stands in the laser's way: `shutter`, `deadman`."""
        self.thermostat: ThermostatRole | None = None
        self.doser: DoserRole | None = None
        self.assay: AssayRole | None = None
        self.on_trouble: OnTrouble | None = None
        self._clock = clock
        self._remote: RemoteGuards | None = None
        self._owned: tuple[str, ...] = ()
        self._lock = BenchLock()

    def locked_by(self, lock: BenchLock) -> None:
        """These locks are given back when every port is released."""
        self._lock = lock

    def held_by(self, remote: RemoteGuards, owned: tuple[str, ...]) -> None:
        """A process of its own holds these instruments; here their ports stay closed."""
        self._remote, self._owned = remote, owned

    def guards(
        self, specs: Mapping[str, GuardSpec], on_trip: Callable[[Trip], None], log: Path
    ) -> AnyGuards:
        """What guards this run's sources: in this process, or in one of its own, which writes its
        own `log`. Called once."""

        def guards(tell: Callable[[Trip], None]) -> Guards:
            eyes = eyes_of(specs, self.sources, self.meter, self._clock, self.gates)
            return Guards(eyes, self._clock, tell)

        def spare(tell: Callable[[Trip], None]) -> Guards:
            latch = latch_of(self.file, specs)
            return guards(lambda trip: tell(latch.keep(trip)))

        if self._remote is None:
            return guards(on_trip)
        ports = [self.instruments[key] for key in self._owned]
        self._remote.begin(on_trip, self._trouble_of_owned, log, spare, ports)
        return self._remote

    def _trouble_of_owned(self, key: str, what: str, detail: str) -> None:
        if self.on_trouble is not None:
            self.on_trouble(key, str(self.instruments[key].address), what, detail)

    def found(self, t_ns: int) -> tuple[InstrumentFound, ...]:
        """Who answered, for the record."""
        return tuple(
            InstrumentFound(
                t_ns,
                key,
                instrument.spec.name,
                str(instrument.identity),
                str(instrument.address),
                instrument.spec.confirms_emission,
            )
            for key, instrument in self.instruments.items()
        )

    async def read_all(self, guards: AnyGuards | None) -> tuple[Reading | Invalid, ...]:
        """Everything, read side by side. The guards see their own instruments' readings first.

        Raises the error of an instrument that is lost; one that was only late is Invalid.
        """
        jobs: list[Coroutine[Any, Any, object]] = [role.read() for role in self.thermometers]
        if self.meter is not None and LASER not in self.sources:
            # Of a laser that labctl does not control: nobody guards with it.
            jobs.append(self.meter.read_power_at_sample())
        if self.thermostat is not None:
            jobs.append(self.thermostat.read())
        watched = [guards.readings()] if guards is not None else []
        results = await self._clock.together(*jobs, *watched)
        readings: list[Reading | Invalid] = []
        for given in results[: len(jobs)]:
            if isinstance(given, tuple):
                readings.extend(given)
            elif isinstance(given, Reading | Invalid):
                readings.append(given)
        told = cast(Mapping[str, GuardReadings], results[-1]) if watched else {}
        for name, taken in told.items():
            if taken.lost is not None:
                raise taken.lost
            if taken.power is not None:
                readings.append(taken.power)
            if taken.before_shutter is not None:
                readings.append(taken.before_shutter)
            readings.extend(taken.gates)
            if taken.source is not None:
                readings.extend(_of_source(name, taken.source, self._clock.now_ns()))
        return tuple(readings)

    async def close(self) -> None:
        """Release every port, also behind one that cannot be released, whose error is raised then.
        Whoever lit the source has put it out before."""
        try:
            if self._remote is not None:
                await self._remote.end()
        finally:
            try:
                await _release(self.instruments.values())
            finally:
                self._lock.release()

    async def truth(self, session: SimSession | None) -> Mapping[str, Any] | None:
        """What is true of a simulated world; None on a REAL bench. No checker reads it."""
        if session is not None:
            return session.truth()
        for instrument in self.instruments.values():
            if instrument.simulator is not None:
                return await instrument.truth()
        return None


def _of_source(name: str, state: SourceState, now_ns: int) -> Iterator[Reading | Invalid]:
    """What a source says of itself, as channels. What it cannot read is not there: a read-back
    that is missing must not look like one."""
    if state.beam is not Beam.UNKNOWN:
        yield Reading(f"{name}.emission", 1.0 if state.beam is Beam.ON else 0.0, "", now_ns)
    if state.interlock_closed is not None:
        yield Reading(f"{name}.interlock", 1.0 if state.interlock_closed else 0.0, "", now_ns)
    for reading in state.readings:
        yield renamed(reading, f"{name}.{reading.channel}")


async def connect(
    bench_file: BenchFile,
    needs: Iterable[str],
    clock: Clock,
    session: SimSession | None,
    specs: Mapping[str, GuardSpec] | None = None,
    *,
    unattended: bool = False,
) -> Bench:
    """Open and identify everything that `needs` (roles) hang on, side by side. With `specs`, the
    limits of each source that is to be lit, what lights and what confirms is held by a guard in a
    process of its own, unless everything is in-process.

    Raises BenchError with every cause at once, RefusedError naming who holds a port already, and
    SafetyError where it is to be lit and an earlier run's trip stands, with every port released.
    """
    needs = tuple(needs)
    found = reach(bench_file, needs)
    start: GuardStart | None = None
    owned: tuple[str, ...] = ()
    if specs and not found.in_process:
        owned = owned_by_guard(bench_file, needs, specs)
        refuse_latched(bench_file)
    lock = take(bench_file, found.keys)
    made: dict[str, Instrument] = {}
    box: list[Bench] = []
    try:
        if owned:
            setup = setup_of(bench_file, needs, specs or {}, clock.zero_ns, unattended=unattended)
            start = GuardStart(clock, setup, specs or {}, lock.handles)
        for key in found.keys:
            entry = bench_file.instruments[key]
            made[key] = make_instrument(
                key,
                entry.driver,
                entry.address,
                entry.settings,
                clock,
                session=session,
                on_trouble=_teller(box, key, entry.address),
            )
        ours = [i for key, i in made.items() if key not in owned]
        connected = await clock.together(*(_connect_one(i) for i in ours), _guard(start, made))
        causes = [error for errors in connected for error in errors]
        if causes:
            raise BenchError(
                f"{len(causes)} of {len(made)} instruments of {bench_file.name} are not there",
                causes,
            )
        mode = _mode(made.values())
        bench = Bench(bench_file, clock, mode, made)
        box.append(bench)
        if start is not None:
            bench.held_by(start.guards, owned)
        _assign(bench, needs, clock)
        _refuse_mixed(bench)
    except BaseException:
        # A stop while connecting too leaves no port open.
        try:
            if start is not None:
                await start.guards.end()
            await _release(made.values())
        finally:
            lock.release()
        raise
    bench.locked_by(lock)
    return bench


async def _release(instruments: Iterable[Instrument]) -> None:
    first: LabctlError | None = None
    for instrument in instruments:
        try:
            await instrument.close()
        except LabctlError as error:
            first = first or error
    if first is not None:
        raise first


def _teller(box: list[Bench], key: str, address: str) -> Callable[[str, str], None]:
    def tell(what: str, detail: str) -> None:
        if box and box[0].on_trouble is not None:
            box[0].on_trouble(key, address, what, detail)

    return tell


async def _connect_one(instrument: Instrument) -> Sequence[LabctlError]:
    try:
        await instrument.connect()
    except LabctlError as error:
        return (error,)
    return ()


async def _guard(start: GuardStart | None, made: Mapping[str, Instrument]) -> Sequence[LabctlError]:
    """Wait for the guard, and take over who answered it."""
    if start is None:
        return ()
    found, causes = await start.ready()
    for key, who in found.items():
        made[key].identity = Identity(who.make, who.model, who.serial, who.firmware)
        made[key].simulated = who.simulated
    return causes


def _mode(instruments: Iterable[Instrument]) -> Mode:
    return Mode.SIMULATED if all(i.simulated for i in instruments) else Mode.REAL


def _assign(bench: Bench, needs: Iterable[str], clock: Clock) -> None:
    """Give every needed role its instrument, checking that it can do what the role asks."""
    channels: dict[str, dict[str, str]] = {}
    for name in needs:
        role = bench.file.roles[name]
        instrument = bench.instruments[role.instrument]
        driver = instrument.driver
        if name in MEDIUM:
            _assign_medium(bench, name, instrument, clock)
        elif isinstance(driver, Thermometer):
            channels.setdefault(role.instrument, {})[role.channel] = f"{name}.temperature"
        elif isinstance(driver, PowerMeter):
            pick_off = bench.file.pick_off
            if pick_off is None:
                raise InputError(
                    f"{name}: power on the meter's head cannot be turned into power at the sample",
                    where=bench.file.source_file,
                    fix="Give the meter a `pick_off: {ratio: ..., deviation: ...}`.",
                )
            bench.meter = MeterRole(instrument, driver, pick_off.ratio, clock.now_ns)
        elif isinstance(driver, Gate):
            bench.gates.append(GateRole(name, instrument, driver))
        elif isinstance(driver, Source):
            bench.sources[name] = SourceRole(
                instrument,
                driver,
                instrument.spec.confirms_emission,
                partial(bench.file.level_for, source=name),
                bench.file.coil.measured_w if name == COIL and bench.file.coil else None,
            )
    for key, names in channels.items():
        instrument = bench.instruments[key]
        if isinstance(instrument.driver, Thermometer):
            bench.thermometers.append(
                ThermometerRole(
                    instrument,
                    instrument.driver,
                    names,
                    clock.now_ns,
                    {f"{r}.temperature": o.offset_k for r, o in bench.file.offsets.items()},
                )
            )


def _assign_medium(bench: Bench, name: str, instrument: Instrument, clock: Clock) -> None:
    """Thermostat, doser or assay; InputError for an instrument that is none."""
    driver, file = instrument.driver, bench.file
    if name == THERMOSTAT and isinstance(driver, Thermostat) and file.max_bath_degc is not None:
        bench.thermostat = ThermostatRole(
            instrument,
            driver,
            file.max_bath_degc,
            file.limits.temperature_degc,
            clock.now_ns,
            max(LEAST_PERIOD_S, file.instruments[instrument.name].min_period_s or 0.0),
        )
    elif name == DOSER and isinstance(driver, Doser):
        bench.doser = DoserRole(instrument, driver, file.stocks)
    elif name == ASSAY and isinstance(driver, Assay):
        bench.assay = AssayRole(instrument, driver, file.assays, clock.now_ns)
    else:
        raise InputError(
            f"the role '{name}' is given to {instrument.name}, a {instrument.spec.name}, which is "
            "none, or the bench does not say what is needed of it",
            where=file.source_file,
            fix="Mend `roles`, or `thermostat`, in the bench file.",
        )


def _refuse_mixed(bench: Bench) -> None:
    """A REAL emitter may not be guarded by a simulated sensor."""
    real = [name for name, source in bench.sources.items() if not source.instrument.simulated]
    for name in real:
        for role in (*bench.thermometers, bench.meter):
            if role is not None and role.instrument.simulated:
                raise RefusedError(
                    f"{role.instrument.name} is simulated and would guard a REAL {name}",
                    where=bench.file.source_file,
                    fix=f"Guard a real {name} with real instruments.",
                )
